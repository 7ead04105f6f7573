"""Energy that a member was allocated and that has no relief, with the reasons (art. 184k ust. 1, 4 and 5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.explaining.case import Case
from central.explaining.entitled import hindrances
from central.explaining.step import Said
from central.grid import Ints, seconds
from central.statements.told import Told
from metering.period import day_start

_BOUNDS = (day_start(date(2024, 7, 2)), day_start(date(2030, 1, 1)))
"""From when to when art. 184k counts at all."""


class Without(msgspec.Struct, kw_only=True):
    """Of one point and one set of reasons."""

    point: str
    periods: int
    wh: int
    """Allocated."""
    reasons: list[Said]
    """None: nothing that is recorded explains it; ``explain`` of an hour tells more."""


def without_relief(told: Told, member: str) -> list[Without]:
    """Each point's, in the order of their ids."""
    shares = told.shares(member)
    bare = shares.filter(pc.and_(pc.greater(shares["allocated_wh"], 0), pc.equal(shares["relieved_wh"], 0)))
    if not bare.num_rows:
        return []
    # Reasons change only where a row begins or ends: they are looked for once for each stretch between.
    stretch = np.searchsorted(_cuts(told), seconds(bare["start"]), side="right")
    rows: dict[str, dict[int, list[tuple[int, int]]]] = {}
    points = bare["point"].cast(pa.string()).to_pylist()
    for point, at, start, wh in zip(
        points, stretch.tolist(), seconds(bare["start"]).tolist(), bare["allocated_wh"].to_pylist(), strict=True
    ):
        rows.setdefault(point, {}).setdefault(at, []).append((start, wh))
    return [one for point in sorted(rows) for one in _of_point(told.case, point, rows[point])]


def _of_point(case: Case, point: str, stretches: dict[int, list[tuple[int, int]]]) -> Iterator[Without]:
    found: dict[tuple[str, ...], Without] = {}
    for periods in stretches.values():
        reasons = hindrances(case, point, periods[0][0])
        key = tuple(sorted(str(one) for one in reasons))
        one = found.setdefault(key, Without(point=point, periods=0, wh=0, reasons=reasons))
        one.periods += len(periods)
        one.wh += sum(wh for _, wh in periods)
    yield from found.values()


def _cuts(told: Told) -> Ints:
    """The instants at which what keeps a point from relief may change, seconds since 1970."""
    found = {int(at.timestamp()) for at in _BOUNDS}
    if told.settings.ec_outcome_date is not None:
        found.add(int(day_start(told.settings.ec_outcome_date).timestamp()))
    for name, table in told.inputs.items():
        columns = ("registered_from", "struck_off") if name == "cluster" else ("valid_from", "valid_to", "amended")
        for column in columns:
            if column in table.schema.names and pa.types.is_timestamp(table.schema.field(column).type):
                found.update(seconds(table[column].drop_null()).tolist())
    return np.array(sorted(found), dtype=np.int64)
