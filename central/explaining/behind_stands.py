"""What meters behind a point counted in a period, each with the stands that say so."""

from __future__ import annotations

from central.explaining.behind import meters_behind
from central.explaining.case import Case, at_text
from central.explaining.metered import from_stands
from central.explaining.step import Said, Step, View


def counted_behind(case: Case, point: str, role: str, direction: str, start: int, view: View) -> tuple[Step, ...]:
    """A step for each meter of the role that has a value in the period."""
    if view.depth <= 0:
        return ()
    made = []
    for row in case.behind_at(start):
        if (row["point"], row["role"], row["direction"]) != (point, role, direction):
            continue
        meters = [one for one in meters_behind(case, point, role) if one["serial"] == row["meter"]]
        if not any(case.valid(one, start) for one in meters):
            continue
        way = {("storage", "drawn"): "charge", ("storage", "injected"): "discharge"}.get((role, direction), "yield")
        facts = {"meter": row["meter"], "point": point, "start_at": at_text(start), "way_key": f"behind.{way}"}
        made.append(from_stands(case, Said("energy.behind", facts), row, meters, start, view.deeper))
    return tuple(made)
