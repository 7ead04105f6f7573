"""``estimated``: values that somebody estimated by name, and what became of them as measured ones came."""

from __future__ import annotations

from collections.abc import Iterator

from central.asked_for import asked_words
from central.estimate import Outcome
from central.evidence import MonthSeen
from central.finding import Finding


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each estimate; over when measured values have taken the place of all of it."""
    for outcome in seen.outcomes:
        one = outcome.estimate
        asked = asked_words(seen.asked, one.point, one.since)
        yield Finding(
            kind="estimated",
            what=one.point,
            where=str(one.direction),
            since=one.since,
            until=one.until,
            first=str(outcome.counting_wh),
            second=str(sum(one.wh)),
            unit="Wh",
            text=f"{one.id}, {one.method} by {one.by}: {_said(outcome)}; {one.reason}{asked}",
            way_out="nothing needs to be done: measured values that come take its place; estimate --undo takes it back",
            identity=(one.id,),
            over=not outcome.counting and not outcome.contradicted,
        )


def _said(outcome: Outcome) -> str:
    count = len(outcome.estimate.starts)
    parts = [f"{outcome.counting} of {count} values count, {outcome.counting_wh} Wh"]
    if outcome.proved:
        parts.append(f"the sum of {outcome.proved} is what stands prove")
    if outcome.counting > outcome.proved:
        parts.append(f"nothing proves the sum of {outcome.counting - outcome.proved}")
    if outcome.measured:
        parts.append(
            f"{outcome.measured} were replaced by measured values: {outcome.replaced_wh} Wh estimated, "
            f"{outcome.measured_wh} Wh measured"
        )
    if outcome.contradicted:
        parts.append(f"{outcome.contradicted} don't count: stands prove that their sum can't be")
    return "; ".join(parts)
