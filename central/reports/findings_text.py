"""Findings as a person reads them in a terminal, at 100 columns: heaviest first, each with its way out."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Any

from central.finding import when
from runtime import console

_TITLES = {
    "blocks": "What keeps a month from being settled",
    "doubt": "What puts figures in doubt",
    "watch": "What to watch",
}
_COLUMNS = 100


def print_findings(answer: dict[str, Any]) -> None:
    """By weight, one after another, or that there are none."""
    rows = answer["findings"]
    for weight, title in _TITLES.items():
        of_weight = [row for row in rows if row["weight"] == weight]
        if of_weight:
            console.say(f"{title}: {len(of_weight)}", style="bold")
        for row in of_weight:
            _print(row)
    if answer["unread"]:
        console.say(f"{answer['unread']} messages of the journal are yet to be looked through for gateways' clocks.")
    closed = sum(1 for row in rows if row["closed"])
    count = len(rows) - closed
    also = f", {closed} closed" if closed else ""
    console.say(f"{count or 'No'} open finding{'s' if count != 1 else ''}{also} in {answer['span']}.")


def print_validated(answer: dict[str, Any]) -> None:
    """What is doubted, then what was accepted with who and why."""
    for row in answer["findings"]:
        _print(row)
    if answer["accepted"]:
        console.say(f"Accepted: {len(answer['accepted'])}", style="bold")
    for row in answer["accepted"]:
        _print(row)
    count = len(answer["findings"])
    console.say(f"{count or 'No'} doubt{'s' if count != 1 else ''} in {answer['span']}.")


def _print(row: dict[str, Any]) -> None:
    _say(f"{row['kind']}  {row['what']}  {_span(row)}".rstrip(), indent=2, style="bold")
    _say(row["text"], indent=4)
    _say(f"where: {row['where']}" if row["where"] else "", indent=4)
    _say(f"way out: {row['way_out']}", indent=4)
    opened = f", opened {_when(row['opened'])}" if row["opened"] else ", not recorded yet"
    _say(f"id {row['id']}{opened}{_closed(row)}", indent=4)


def _span(row: dict[str, Any]) -> str:
    since, until = _when(row["since"]), _when(row["until"])
    return since if since == until else f"{since} – {until}"


def _closed(row: dict[str, Any]) -> str:
    if not row["closed"]:
        return ""
    word = row["acknowledged"]
    return f", closed {_when(row['closed'])}" + (f" by {word['by']}: {word['reason']}" if word else " by itself")


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
