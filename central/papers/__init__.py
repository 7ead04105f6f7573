"""Statutory papers as data (sheets and rows) and as files, and the calendar of deadlines."""
