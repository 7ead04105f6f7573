"""Instants as a person writes them on a command line: a local day, or an hour of the local clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from metering.period import WARSAW, day_start

_YEARS = (2000, 2199)


def instant_of(text: str, *, end: bool) -> datetime:
    """The instant (UTC) that is meant: of a day its beginning, as an end the end of that day.

    Raises:
        ValueError: it can't be read, comes twice a year, or doesn't exist on the local clock.
    """
    if len(text) == len("2026-10-05"):
        try:
            day = date.fromisoformat(text)
            if not _YEARS[0] <= day.year <= _YEARS[1]:
                raise ValueError
        except ValueError as error:
            raise ValueError(f"{text!r} is not a day like 2026-10-05") from error
        return day_start(day + timedelta(days=1) if end else day)
    try:
        at = datetime.fromisoformat(text)
        if not _YEARS[0] <= at.year <= _YEARS[1]:
            raise ValueError
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a day like 2026-10-05 nor a time like 2026-10-05T14:00") from error
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    earlier, later = (at.replace(tzinfo=WARSAW, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        raise ValueError(
            f"{text} is twice or never on the clock of that day: write it with its offset, like {text}+01:00"
        )
    return earlier.astimezone(UTC)
