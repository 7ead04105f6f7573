"""Whether a point has relief in a period, told with its reasons (art. 184k ust. 1, 4 and 5 of the RES Act).

Found from the tables by itself, row by row: what ``central.eligibility`` decides for whole arrays is checked by it.
"""

from __future__ import annotations

from datetime import date, datetime

from central.explaining.case import Case
from central.explaining.step import Said
from metering.period import day_start, utc_text

_IN_FORCE = day_start(date(2024, 7, 2))
_ENDS = day_start(date(2030, 1, 1))
_BARRED = {
    "art4_1": ("net_metering",),
    "art4_1a": ("net_billing",),
    "microinstallation": ("net_metering", "net_billing"),
}


def member_regime(case: Case, member: str, start: int) -> str:
    """A member's regime in a period."""
    dated = [row["regime"] for row in case.dated("regimes", member) if row["point"] is None and case.valid(row, start)]
    return str((dated or [case.members[member]["regime"]])[-1])


def point_regime(case: Case, point: str, start: int) -> str:
    """A point's regime in a period: its own, else its member's."""
    row = case.point_at(point, start)
    dated = case.dated("regimes", row["member"])
    own = [one["regime"] for one in dated if one["point"] == point and case.valid(one, start)]
    return str((own or [row["regime"]])[-1] or member_regime(case, row["member"], start))


def exclusion(case: Case, point: str, start: int) -> Said | None:
    """Why the point is excluded by a regime; None where it isn't."""
    barred = {regime for name in case.settings.excluded_regimes for regime in _BARRED[name]}
    mine = point_regime(case, point, start)
    if mine in barred:
        return Said("why.own_regime", {"point": point, "regime": mine})
    if case.settings.exclusion_scope == "ppe":
        return None
    member = case.point_at(point, start)["member"]
    whole = member_regime(case, member, start)
    if whole in barred:
        return Said("why.member_regime", {"member": member, "regime": whole})
    for other in case.points_of(member):
        row = case.point_at(other, start)
        mine_then = row["member"] == member and case.valid(row, start)
        if mine_then and point_regime(case, other, start) in barred:
            return Said("why.other_point", {"point": other, "regime": point_regime(case, other, start)})
    return None


def hindrances(case: Case, point: str, start: int) -> list[Said]:
    """Everything that keeps a valid point from relief in a period; nothing where it has it."""
    found = [*_outside(case, start), *_not_amended(case, point, start)]
    if excluded := exclusion(case, point, start):
        found.append(excluded)
    return found + _not_granted(case, point, start)


def _outside(case: Case, start: int) -> list[Said]:
    """What keeps the whole cluster from relief: from when to when there is any."""
    settings, struck = case.settings, case.about.get("struck_off")
    begins = {"why.not_registered": case.about["registered_from"], "why.not_in_force": _IN_FORCE}
    ends = {"why.ended": _ENDS} | ({"why.struck_off": struck} if struck is not None else {})
    found = []
    if settings.regime_status == "binding":
        if settings.ec_outcome == "none" or settings.ec_outcome_date is None:
            found.append(Said("why.no_outcome"))
        else:
            begins["why.before_outcome"] = day_start(settings.ec_outcome_date)
    found += [Said(key, {"from_at": utc_text(at)}) for key, at in begins.items() if start < at.timestamp()]
    found += [Said(key, {"from_at": utc_text(at)}) for key, at in ends.items() if start >= at.timestamp()]
    failed = case.tables.inputs.get("conditions_failed")
    if settings.conditions_fail == "no_relief" and failed is not None:
        found += [
            Said("why.condition_failed", _span(row["valid_from"], row["valid_to"]))
            for row in failed.to_pylist()
            if case.valid(row, start)
        ]
    return found


def _not_amended(case: Case, point: str, start: int) -> list[Said]:
    """The point's contract in that time; where nobody recorded its amendment, a simulation takes it as amended."""
    valid = [row for row in case.dated("amendments", point, "point") if case.valid(row, start)]
    if not valid:
        return [] if case.settings.regime_status == "simulation" else [Said("why.amendment_unknown")]
    amended = valid[-1]["amended"]
    if amended is not None and start >= amended.timestamp():
        return []
    return [Said("why.not_amended", {"from_at": utc_text(amended) if amended else None})]


def _not_granted(case: Case, point: str, start: int) -> list[Said]:
    member = case.point_at(point, start)["member"]
    found: list[Said] = []
    grants: dict[str | None, bool] = {}
    for row in case.dated("eligibility", member):
        if row["point"] not in {None, point}:
            continue
        inside = case.valid(row, start)
        if row["eligible"]:
            grants[row["point"]] = grants.get(row["point"], False) or inside
        elif inside:
            span = _span(row["valid_from"], row["valid_to"])
            found.append(Said("why.denied", {"holder": row["point"] or member, **span}))
    for of_point, granted in grants.items():
        if not granted:
            found.append(Said("why.not_granted", {"holder": of_point or member}))
    return found


def _span(first: datetime | None, last: datetime | None) -> dict[str, str | int | None]:
    return {"from_at": utc_text(first) if first else None, "to_at": utc_text(last) if last else None}


def in_sums(case: Case, point: str, start: int) -> bool:
    """Whether a valid point counts in the cluster's sums."""
    return case.settings.excluded_mode != "full" or exclusion(case, point, start) is None
