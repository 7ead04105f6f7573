"""A member in one period: the sum of its points."""

from __future__ import annotations

import msgspec

from central.explaining.case import Case, at_text
from central.explaining.point_hour import point_hour
from central.explaining.question import Asked
from central.explaining.step import Said, Step, View, listed, named


def member_hour(case: Case, asked: Asked, view: View) -> Step:
    """A member in one period: the sum of its points."""
    start = asked.start or 0
    rows = [row for row in case.shares_at(start) if row["member"] == asked.member]
    known = [(row["point"], row[f"{asked.quantity}_wh"]) for row in rows if row[f"{asked.quantity}_wh"] is not None]
    unknown = [row["point"] for row in rows if row["drawn_wh"] is row["injected_wh"] is None]

    def make(point: str, deeper: View) -> Step:
        return point_hour(case, msgspec.structs.replace(asked, member="", point=point), deeper)

    how = [Said("rule.sum_points", {"count_n": len(known)})]
    if unknown:
        how.append(Said("rule.unknown_parts", {"names": ", ".join(unknown[:10]), "count_n": len(unknown)}))
    total = sum(wh for _, wh in known) if known and not unknown else None
    return Step(
        what=named("member_hour", asked.quantity, {"member": asked.member, "start_at": at_text(start)}),
        value=None if total is None else str(total),
        unit="Wh",
        how=tuple(how),
        parts=listed(view, known, "Wh", make),
        ask=asked.query(),
    )
