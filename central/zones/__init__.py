"""Zones of tariffs as dated calendars: which zone an hour of Europe/Warsaw is in, by month, day and hour.

``klaster`` ships some in ``shipped/``, each with its source or marked illustrative; a rates file may hold its own.
"""

from central.zones.calendar import ALL, DAYS, Calendar, Window, calendar_problems

__all__ = ["ALL", "DAYS", "Calendar", "Window", "calendar_problems"]
