"""Own and operators' values side by side, against the slow way of reckoning it; and fast for a large cluster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from central.comparison import side_by_side
from central.operator_energies import OPERATED
from central.tables import METERED, labels
from metering.period import Month, utc_text

MONTH = Month(2026, 10)
FIRST = datetime(2026, 10, 24, 20, tzinfo=UTC)
"""Around the day of 25 hours."""
KEYS = st.tuples(st.sampled_from("AB"), st.sampled_from(["drawn", "injected"]), st.integers(0, 28))
OWN = st.dictionaries(KEYS, st.integers(0, 9))
OPERATOR = st.dictionaries(KEYS, st.tuples(st.integers(0, 9), st.booleans()))


def tables(own: dict[Any, int], operator: dict[Any, tuple[int, bool]]) -> tuple[pa.Table, pa.Table]:
    def row(key: tuple[str, str, int], wh: int) -> dict[str, Any]:
        start = FIRST + timedelta(hours=key[2])
        return {"cluster": "T", "point": key[0], "direction": key[1], "start": start, "wh": wh, "quality": "measured"}

    theirs = [row(key, wh) | {"file": 3, "netted": netted} for key, (wh, netted) in operator.items()]
    mine = [row(key, wh) for key, wh in own.items()]
    return pa.Table.from_pylist(mine, schema=METERED), pa.Table.from_pylist(theirs, schema=OPERATED)


@given(own=OWN, operator=OPERATOR, tolerance=st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_it_is_what_one_would_reckon_by_hand(own: dict[Any, int], operator: dict[Any, Any], tolerance: int) -> None:
    answer = side_by_side(*tables(own, operator), MONTH, tolerance)
    seen = {(one["point"], one["direction"]): one for one in answer["points"]}
    assert list(seen) == sorted({key[:2] for key in (*own, *operator)})
    other = {"drawn": "injected", "injected": "drawn"}
    compared = 0
    for (point, way), told in seen.items():
        pairs = {}
        for (_, _, hour), (wh, netted) in sorted(i for i in operator.items() if i[0][:2] == (point, way)):
            mine = own.get((point, way, hour))
            if netted and any(key[:2] == (point, other[way]) for key in own):
                opposite = own.get((point, other[way], hour))
                mine = None if mine is None or opposite is None else max(mine - opposite, 0)
            if mine is not None:
                pairs[hour] = mine, wh
        differ = {hour: pair for hour, pair in pairs.items() if abs(pair[1] - pair[0]) > tolerance}
        hours = {key[2] for key in own if key[:2] == (point, way)}
        their_hours = {key[2] for key in operator if key[:2] == (point, way)}
        assert (told["both"], told["differing"]) == (len(pairs), len(differ))
        assert (told["only_own"], told["only_operator"]) == (len(hours - their_hours), len(their_hours) - len(pairs))
        assert told["difference_wh"] == (sum(b - a for a, b in pairs.values()) if pairs else None)
        assert {row["start"]: (row["own_wh"], row["operator_wh"]) for row in told["periods"]} == {
            utc_text(FIRST + timedelta(hours=hour)): pair for hour, pair in differ.items()
        }
        assert [(day["day"], day["differing"]) for day in told["days"]] == [
            (f"2026-10-{day}", count)
            for day, span in ((24, range(2)), (25, range(2, 27)), (26, range(27, 30)))
            if (count := sum(hour in differ for hour in span))
        ]
        whole = {day["day"]: day["own_wh"] for day in told["days"]}
        if "2026-10-25" in whole:
            assert whole["2026-10-25"] == sum(mine for hour, (mine, _) in pairs.items() if 2 <= hour < 27)
        compared += len(pairs)
    assert answer["compared"] == compared


def test_a_month_of_a_thousand_points_is_compared_in_about_a_second() -> None:
    points, hours = 1000, 745
    place, hour = np.divmod(np.arange(points * hours), hours)
    size = len(place)
    names = [f"P{number:04}" for number in range(points)]
    columns = {
        "cluster": labels(["T"], np.zeros(size, dtype=np.int64)),
        "point": labels(names, place),
        "direction": labels(["drawn"], np.zeros(size, dtype=np.int64)),
        "start": pa.array(int(MONTH.start.timestamp()) + hour * 3600).cast(METERED.field("start").type),
        "wh": pa.array(place + hour),
        "quality": labels(["measured"], np.zeros(size, dtype=np.int64)),
    }
    own = pa.table(columns, schema=METERED)
    more = {"file": pa.array(np.ones(size, dtype=np.int64)), "netted": pa.array(np.zeros(size, dtype=np.bool_))}
    operator = pa.table(columns | more | {"wh": pa.array(place + hour + (hour % 100 == 0) * 5)}, schema=OPERATED)
    began = time.process_time()
    answer = side_by_side(own, operator, MONTH, 1)
    assert time.process_time() - began < 4
    assert (answer["compared"], answer["differing"]) == (745_000, 8_000)
