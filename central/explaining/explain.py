"""One number explained: from what was asked to the tree of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from central.explaining.case import Case, at_text
from central.explaining.cluster_hour import cluster_hour
from central.explaining.energies_of_month import month_sum
from central.explaining.money import COMPONENTS, money
from central.explaining.point_hour import point_hour
from central.explaining.question import GROSS, MONEY, Asked, QuestionError
from central.explaining.step import Said, Step, View, listed, named

_NAMED: Final = 5
__all__ = ["COMPONENTS", "explain"]


def explain(case: Case, asked: Asked, view: View) -> Step:
    """Explain a number of the case's month.

    Raises:
        QuestionError: there is no such member, point, component's row or period.
    """
    _known(case, asked)
    if asked.quantity in (*MONEY, *GROSS):
        return money(case, asked, view)
    if asked.start is None:
        return month_sum(case, asked, view)
    if asked.point:
        return point_hour(case, asked, view)
    if asked.member:
        return _member_hour(case, asked, view)
    return cluster_hour(case, asked, view)


def _known(case: Case, asked: Asked) -> None:
    if asked.member and asked.member not in case.members:
        raise QuestionError(f"member: {asked.member[:60]!r} is none of this cluster's; {_some(case.members)}")
    if asked.point and asked.point not in case.points:
        raise QuestionError(f"point: {asked.point[:60]!r} is none of this cluster's; {_some(case.points)}")
    if asked.start is not None and asked.start not in case.hours:
        raise QuestionError(f"hour: not a period of {case.month}")
    if asked.zone is not None:
        zones = {row["zone"] for point in case.points for row in case.charges(point)}
        if asked.zone not in zones:
            raise QuestionError(f"zone: {asked.zone[:60]!r} is none of {case.month}; known: {', '.join(sorted(zones))}")


def _some(names: Iterable[str]) -> str:
    """What there is, as far as it fits into a sentence."""
    known = sorted(names)
    more = f" … {len(known)} in all" if len(known) > _NAMED else ""
    return f"there are: {', '.join(name[:30] for name in known[:_NAMED])}{more}"


def _member_hour(case: Case, asked: Asked, view: View) -> Step:
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
