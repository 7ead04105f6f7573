"""What meters behind a point counted in one period, and what was used there (docs/cluster.md, storages and own use)."""

from __future__ import annotations

from typing import NamedTuple

from central.explaining.case import Case, Row


class Counted(NamedTuple):
    """The meters of one role and direction behind a point, in one period."""

    there: bool
    """Whether any hangs there then."""
    known: bool
    """Whether each of them has a value."""
    wh: int
    """Their sum; 0 where not known."""


def counted(case: Case, point: str, role: str, direction: str, start: int) -> Counted:
    """``role`` is generation or storage; a storage draws its charge and injects its discharge."""
    there = [row["serial"] for row in meters_behind(case, point, role) if case.valid(row, start)]
    key = (point, role, direction)
    rows = [row for row in case.behind_at(start) if (row["point"], row["role"], row["direction"]) == key]
    # What a meter says while it doesn't hang there is nothing.
    values = [row["wh"] for row in rows if row["meter"] in there]
    known = 0 < len(there) <= len(values)
    return Counted(bool(there), known, sum(values) if known else 0)


def meters_behind(case: Case, point: str, role: str) -> list[Row]:
    """The records of a point's meters of one role, whenever they are valid."""
    return [row for row in case.dated("meters", point, "point") if row["role"] == role]


def by_meter(case: Case, point: str, row: Row) -> bool:
    """Whether a storage's meter decides what of a discharge is renewable; ``row`` is the point's."""
    settings = case.settings
    if settings.storage == "as_metered" or settings.storage_origin != "by_meter" or not row["injected"]:
        return False
    if not meters_behind(case, point, "storage"):
        return False
    return not row.get("storage") or bool(meters_behind(case, point, "generation"))


def lacks_meter_behind(case: Case, point: str, start: int) -> bool:
    """Whether a meter behind the point, which decides too, has no value: the point isn't known then."""
    row = case.point_at(point, start)
    charge = counted(case, point, "storage", "drawn", start)
    discharge = counted(case, point, "storage", "injected", start)
    stored = charge.known and discharge.known
    if by_meter(case, point, row) and charge.there and not stored:
        return True
    if case.settings.ratio_denominator != "gross" or (row["injected"] and row.get("storage")):
        return False
    made = counted(case, point, "generation", "injected", start)
    needs_made = made.there or (row["drawn"] and row["injected"])
    return (needs_made and not made.known) or (charge.there and not stored)


def own_use(case: Case, point: str, injected: int, start: int) -> int:
    """Generation + discharge - charge - injected, never below 0; none at a storage's own point."""
    row = case.point_at(point, start)
    if row["injected"] and row.get("storage"):
        return 0
    made = counted(case, point, "generation", "injected", start)
    charge = counted(case, point, "storage", "drawn", start)
    discharge = counted(case, point, "storage", "injected", start)
    if not (made.there or charge.there):
        return 0
    stored = discharge.wh - charge.wh if charge.known and discharge.known else 0
    return max(made.wh + stored - injected, 0)
