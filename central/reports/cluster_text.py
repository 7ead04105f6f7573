"""What ``klaster-central cluster …`` says in a terminal, at 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from central.cluster.verdict import State, Verdict
from central.validity import Span
from metering.period import local_text
from runtime import console

_TITLES = {
    State.NOT_MET: "Not met",
    State.NOT_KNOWN: "Not known: the data that would tell are absent",
    State.NOTICE: "To know",
    State.MET: "Met",
}
_COLUMNS = 100


def print_verdicts(cluster: str, verdicts: Sequence[Verdict]) -> None:
    """By state, what isn't met first, and a sum."""
    for state, title in _TITLES.items():
        rows = [one for one in verdicts if one.state is state]
        if rows:
            console.say(f"{title}: {len(rows)}", style="bold")
        for one in rows:
            _say("  ".join(filter(None, (one.article, one.rule, one.subject, _span(one.span)))), indent=2)
            _say(one.text, indent=4)
    failed = sum(1 for one in verdicts if one.state is State.NOT_MET)
    unknown = sum(1 for one in verdicts if one.state is State.NOT_KNOWN)
    console.say(f"{cluster}: {failed} not met, {unknown} not known. A settlement is made all the same.")


def _span(span: Span) -> str:
    first, last = (local_text(at) if at else "" for at in span)
    return f"{first} – {last}".strip() if first or last else ""


def _say(text: str, *, indent: int) -> None:
    gap = " " * indent
    for line in textwrap.wrap(text, _COLUMNS, initial_indent=gap, subsequent_indent=gap, break_long_words=False):
        console.say(line)
