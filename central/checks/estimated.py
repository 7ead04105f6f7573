"""``estimated``: values that somebody estimated by name, and what became of them as measured ones came."""

from __future__ import annotations

from collections.abc import Iterator

from central.asked_for import asked_words
from central.estimate import Outcome
from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import joined, sentence, way


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each estimate; over when measured values have taken the place of all of it."""
    for outcome in seen.outcomes:
        one = outcome.estimate
        asked = asked_words(seen.asked, one.point, one.since)
        yield found(
            kind="estimated",
            what=one.point,
            where=way(one.direction),
            since=one.since,
            until=one.until,
            first=str(outcome.counting_wh),
            second=str(sum(one.wh)),
            unit="Wh",
            text=joined([_estimate(outcome), *asked]),
            way_out="nothing needs to be done: measured values that come take its place; estimate --undo takes it back",
            identity=(one.id,),
            over=not outcome.counting and not outcome.contradicted,
        )


def _estimate(outcome: Outcome) -> Note:
    one = outcome.estimate
    return sentence(
        "findings.estimated",
        "{id}, {method} by {by}: {said}; {reason}",
        id=one.id,
        method=Note(f"findings.method.{one.method}", one.method),
        by=one.by,
        said=_said(outcome),
        reason=one.reason,
    )


def _said(outcome: Outcome) -> list[Note]:
    parts = [
        sentence(
            "findings.estimated_count",
            "{counting_num} of {all_num} values count, {wh_num} Wh",
            counting_num=outcome.counting,
            all_num=len(outcome.estimate.starts),
            wh_num=outcome.counting_wh,
        )
    ]
    if outcome.proved:
        said = "the sum of {count_num} is what stands prove"
        parts.append(sentence("findings.estimated_proved", said, count_num=outcome.proved))
    if outcome.counting > outcome.proved:
        said = "nothing proves the sum of {count_num}"
        parts.append(sentence("findings.estimated_unproved", said, count_num=outcome.counting - outcome.proved))
    if outcome.measured:
        said = "{count_num} were replaced by measured values: {replaced_num} Wh estimated, {measured_num} Wh measured"
        facts = {"replaced_num": outcome.replaced_wh, "measured_num": outcome.measured_wh}
        parts.append(sentence("findings.estimated_measured", said, count_num=outcome.measured, **facts))
    if outcome.contradicted:
        said = "{count_num} don't count: stands prove that their sum can't be"
        parts.append(sentence("findings.estimated_contradicted", said, count_num=outcome.contradicted))
    return parts
