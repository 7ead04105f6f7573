"""One number explained: from what was asked to the tree of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from central.explaining.case import Case
from central.explaining.charged import charged
from central.explaining.cluster_hour import cluster_hour
from central.explaining.energies_of_day import day_sum
from central.explaining.energies_of_month import month_sum
from central.explaining.member_hour import member_hour
from central.explaining.money import COMPONENTS, money
from central.explaining.percents import percents
from central.explaining.point_hour import point_hour
from central.explaining.question import CHARGED, GROSS, MONEY, SHARES, STEP_WORTH, Asked, QuestionError
from central.explaining.step import Step, View
from central.explaining.worth import worth

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
    if asked.quantity == CHARGED:
        return charged(case, asked, view)
    if asked.quantity == STEP_WORTH:
        return worth(case, asked, view)
    if asked.quantity in SHARES:
        return percents(case, asked, view, _energies)
    return _energies(case, asked, view)


def _energies(case: Case, asked: Asked, view: View) -> Step:
    if asked.day:
        return day_sum(case, asked, view)
    if asked.start is None:
        return month_sum(case, asked, view)
    if asked.point:
        return point_hour(case, asked, view)
    if asked.member:
        return member_hour(case, asked, view)
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
