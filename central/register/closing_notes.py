"""What the lines of the closing list say, each in English with its key and facts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from central.estimate import Outcome
from central.finding import Finding
from central.register.accepted import gap_text
from central.register.manifest import AcceptedGap
from central.reports.note import Note, said
from central.sentence import heard
from metering.period import utc_text


def approval_note(run: str) -> Note:
    """The run that is approved; empty: none."""
    if run:
        return said("closing.said.approved", f"approved: {run}", run=run)
    return said("closing.said.not_approved", "no run of it is approved: approve CONFIG RUN --by NAME")


def missing_note(gap: AcceptedGap) -> Note:
    """A gap that nobody accepted."""
    return said("closing.said.missing", f"{gap_text(gap)}: missing", gap=[_gap(gap)])


def not_in_file_note(gap: AcceptedGap) -> Note:
    """A stretch that rests on operators' files and is in none."""
    return said("closing.said.not_in_file", f"{gap_text(gap)}: not in an operator's file", gap=[_gap(gap)])


def _gap(gap: AcceptedGap) -> Note:
    return said(
        "closing.said.gap",
        gap_text(gap),
        point=gap.point,
        way_key=f"completeness.{gap.direction}",
        since_at=utc_text(gap.since),
        until_at=utc_text(gap.until),
    )


def complete_note(lacking: Sequence[AcceptedGap]) -> Note:
    """Nothing is missing but what somebody accepted."""
    count = len(lacking)
    if not count:
        return said("closing.said.complete", "every value is there")
    text = f"{count} gaps, each accepted by name" if count > 1 else "1 gap, accepted by name"
    return said("closing.said.accepted", text, n=count)


def finding_note(name: str, one: Finding) -> Note:
    """An open finding; ``name`` is how it is called in commands."""
    text = f"{name} {one.kind} {one.what}: {one.text}"
    found, what = one.notes.get("text", heard(one.text)), one.notes.get("what")
    kind, of = f"kind.{one.kind}.title", one.what if what is None else [what]
    return said("closing.said.finding", text, id=name, kind_key=kind, what=of, found=[found])


def estimate_note(one: Outcome) -> Note:
    """An estimate that counts."""
    made = one.estimate
    kwh = f"{one.counting_wh / 1000:.3f}"
    return said(
        "closing.said.estimate",
        f"{made.id} {made.point} {made.direction.value} {made.method}: {one.counting} values, {kwh} kWh, by {made.by}: "
        f"{made.reason}",
        n=one.counting,
        id=made.id,
        point=made.point,
        way_key=f"completeness.{made.direction.value}",
        method_key=f"explain.method.{made.method}",
        energy_wh=one.counting_wh,
        by=made.by,
        reason=made.reason,
    )
