"""What ``klaster-central cluster …`` says in a terminal, at 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from central.cluster.changes import Change
from central.cluster.history import Entry
from central.cluster.replacing import Replaced
from central.cluster.verdict import State, Verdict
from central.reports.spoken import ENGLISH, Spoken
from central.validity import Span
from metering.period import local_text
from runtime import console

_STATES = (State.NOT_MET, State.NOT_KNOWN, State.NOTICE, State.MET)
_COLUMNS = 100
_SHOWN = 20
"""So many changes of an import are shown."""


def print_verdicts(cluster: str, verdicts: Sequence[Verdict], say: Spoken = ENGLISH) -> None:
    """By state, what isn't met first, and a sum."""
    for state in _STATES:
        rows = [one for one in verdicts if one.state is state]
        if rows:
            console.say(f"{say(f'verdicts.title.{state.value}')}: {len(rows)}", style="bold")
        for one in rows:
            _say("  ".join(filter(None, (one.article, one.rule, one.subject, _span(one.span)))), indent=2)
            _say(say.note(one.said), indent=4)
    failed = sum(1 for one in verdicts if one.state is State.NOT_MET)
    unknown = sum(1 for one in verdicts if one.state is State.NOT_KNOWN)
    console.say(say("verdicts.title.sum", cluster=cluster, failed=failed, unknown=unknown))


def _span(span: Span) -> str:
    first, last = (local_text(at) if at else "" for at in span)
    return f"{first} – {last}".strip() if first or last else ""


def _say(text: str, *, indent: int) -> None:
    gap = " " * indent
    for line in textwrap.wrap(text, _COLUMNS, initial_indent=gap, subsequent_indent=gap, break_long_words=False):
        console.say(line)


def print_changes(found: Sequence[Change], *, as_json: bool) -> None:
    """Cell by cell; a row that came or went is one block."""
    if as_json:
        console.print_json({"changes": found})
        return
    for one in found:
        _say(f"{one.table}  {one.row}  {one.column}: {_was(one)}", indent=0)
    console.say(f"{len(found)} cell{'s' if len(found) != 1 else ''} differ{'' if len(found) != 1 else 's'}.")


def _was(change: Change) -> str:
    if change.before is None:
        return f"new row, {_cell(change.after)}"
    if change.after is None:
        return f"row removed, was {_cell(change.before)}"
    return f"{_cell(change.before)} → {_cell(change.after)}"


def _cell(text: str | None) -> str:
    return f'"{text}"' if text else "empty"


def print_replaced(cluster_file: Path, done: Replaced, *, as_json: bool) -> None:
    """What an import did."""
    if as_json:
        console.print_json({"entry": done.entry, "copy": str(done.copy) if done.copy else None})
        return
    if done.entry is None:
        console.say(f"{cluster_file}: says the same already; nothing was changed")
        return
    for one in done.entry.changes[:_SHOWN]:
        _say(f"{one.table}  {one.row}  {one.column}: {_was(one)}", indent=2)
    if len(done.entry.changes) > _SHOWN:
        _say(f"and {len(done.entry.changes) - _SHOWN} more, see klaster-central cluster history", indent=2)
    kept = f"; the old file is {done.copy.name}" if done.copy else ""
    console.say(f"{cluster_file}: {_cells(len(done.entry.changes))} changed by {done.entry.by}{kept}")


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"


def print_history(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Every entry with its changes, oldest first."""
    if as_json:
        console.print_json({"entries": entries})
        return
    if not entries:
        console.say("Nothing has been recorded yet: the first cluster import or the running central begins the record.")
        return
    for entry in entries:
        who = entry.by or "nobody knows who"
        head = f"{entry.number}  {local_text(entry.at)}  {who}  {entry.how}: {_cells(len(entry.changes))}"
        console.say(head, style="bold")
        if entry.how == "begun":
            continue
        for one in entry.changes:
            _say(f"{one.table}  {one.row}  {one.column}: {_was(one)}", indent=4)
    count = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    console.say(f"{count}, the chain holds; newest digest {entries[-1].digest}")
