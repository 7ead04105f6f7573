"""Deadlines as an iCalendar file (RFC 5545): whole days, with alarms before them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from central.papers.duties import Duty, DutyState
from central.papers.duty_words import STATES, WHO, title

_OCTETS: Final = 75
"""Of a line without its end (section 3.1)."""


def calendar_text(cluster: str, duties: Iterable[Duty], now: datetime, language: str = "pl") -> bytes:
    """The file: an event for each duty on the day on which it is due; one that isn't done has alarms."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//klaster//deadlines//PL", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{escaped(cluster)}")
    for duty in duties:
        lines += _event(cluster, duty, now, language)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def _event(cluster: str, duty: Duty, now: datetime, language: str) -> Iterator[str]:
    text = title(duty, language)
    more = [duty.article, WHO[language][duty.who], STATES[language][duty.state], duty.done_by]
    yield "BEGIN:VEVENT"
    yield f"UID:{hashlib.sha256(f'{cluster}/{duty.key}'.encode()).hexdigest()[:32]}@klaster"
    yield f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{duty.due:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{duty.due + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escaped(text)}"
    yield f"DESCRIPTION:{escaped(' · '.join(one for one in more if one))}"
    yield "TRANSP:TRANSPARENT"
    for days in duty.warn_days if duty.state in {DutyState.OPEN, DutyState.LATE} else ():
        yield from (
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{escaped(text)}",
            f"TRIGGER:-P{days}D",
            "END:VALARM",
        )
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """A TEXT value (section 3.3.11); control characters, which it can't hold, are left out."""
    kept = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", "", text)
    return kept.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> bytes:
    """A content line in pieces of at most 75 octets, none of which cuts a letter (section 3.1)."""
    pieces, piece = [], b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > _OCTETS:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
