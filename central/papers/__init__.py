"""Statutory papers as data (sheets and rows) and as files, the calendar of deadlines, and members' statements."""
