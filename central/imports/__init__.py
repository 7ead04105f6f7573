"""Readings from files; a format is one file."""
