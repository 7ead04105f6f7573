"""Findings as a person reads them in a terminal, at 100 columns: heaviest first, each with its way out."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Any

import msgspec

from central.finding import WEIGHTS, when
from central.reports.note import Note
from central.reports.spoken import Spoken
from runtime import console

_COLUMNS = 100


def print_findings(answer: dict[str, Any], language: str = "en") -> None:
    """By weight, one after another, or that there are none."""
    say, rows = Spoken(language), answer["findings"]
    for weight in WEIGHTS:
        of_weight = [row for row in rows if row["weight"] == weight]
        if of_weight:
            console.say(say(f"findings.printed.{weight}", count=len(of_weight)), style="bold")
        for row in of_weight:
            _print(row, say)
    if answer["unread"]:
        console.say(say("findings.printed.unread", n=answer["unread"]))
    closed = sum(1 for row in rows if row["closed"])
    count = len(rows) - closed
    also = say("findings.printed.also_closed", count=closed) if closed else ""
    span = say("findings.printed.all_months") if answer["span"] == "all months" else answer["span"]
    key = "findings.printed.open" if count else "findings.printed.none_open"
    console.say(say(key, n=count, also=also, span=span))


def print_validated(answer: dict[str, Any]) -> None:
    """What is doubted, then what was accepted with who and why."""
    say = Spoken("en")
    for row in answer["findings"]:
        _print(row, say)
    if answer["accepted"]:
        console.say(f"Accepted: {len(answer['accepted'])}", style="bold")
    for row in answer["accepted"]:
        _print(row, say)
    count = len(answer["findings"])
    console.say(f"{count or 'No'} doubt{'s' if count != 1 else ''} in {answer['span']}.")


def _print(row: dict[str, Any], say: Spoken) -> None:
    _say(f"{_kind(row, say)}  {_said(row, 'what', say)}  {_span(row)}".rstrip(), indent=2, style="bold")
    _say(_said(row, "text", say), indent=4)
    _say(say("findings.printed.where", where=_said(row, "where", say)) if row["where"] else "", indent=4)
    _say(say("findings.printed.way_out", way_out=_said(row, "way_out", say)), indent=4)
    _say(_record(row, say), indent=4)


def _kind(row: dict[str, Any], say: Spoken) -> str:
    title = f"kind.{row['kind']}.title"
    return f"{say(title)} ({row['kind']})" if say.language != "en" and say.has(title) else str(row["kind"])


def _said(row: dict[str, Any], name: str, say: Spoken) -> str:
    """A part of a finding; of a record of an older klaster as far as it is known again."""
    if say.language == "en":
        return str(row[name])
    if name in row["notes"]:
        return say.note(msgspec.convert(row["notes"][name], Note))
    general = f"kind.{row['kind']}.{name}"
    if name == "way_out" and say.has(general):
        return say(general)
    return say.note(Note("", row[name])) if name == "text" else str(row[name])


def _span(row: dict[str, Any]) -> str:
    since, until = _when(row["since"]), _when(row["until"])
    return since if since == until else f"{since} – {until}"


def _record(row: dict[str, Any], say: Spoken) -> str:
    if not row["opened"]:
        return say("findings.printed.unrecorded", id=row["id"])
    facts = {"id": row["id"], "opened": _when(row["opened"]), "closed": _when(row["closed"])}
    if not row["closed"]:
        return say("findings.printed.recorded", **facts)
    if word := row["acknowledged"]:
        return say("findings.printed.closed_by", by=word["by"], reason=word["reason"], **facts)
    return say("findings.printed.closed", **facts)


def _when(text: str | None) -> str:
    return "" if text is None else when(datetime.fromisoformat(text))


def _say(text: str, *, indent: int, style: str | None = None) -> None:
    for line in textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
    ):
        console.say(line, style=style)
