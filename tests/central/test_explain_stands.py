"""Energies of stands explained by looking at the stands one by one: whatever lives, exchanges and gateways there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from central.energies import energies_of
from central.explaining.case import Case, Tables
from central.explaining.metered import energy
from central.explaining.step import View
from central.explaining.telling import plain
from central.settings import Settings
from central.tables import HOURS, SHARES
from tests.central.explained_stands import COUNT, at, random_lives
from tests.central.test_explain_months import NothingBelow


class Stands(NothingBelow):
    """Stands and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table | None:
        column = self.table["at"]
        low, high = (pa.scalar(one, column.type) for one in (first, last))
        return self.table.filter(pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high)))


@given(st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_every_energy_is_two_stands_and_every_missing_one_has_no_two(seed: int) -> None:
    tables = random_lives(seed)
    told = energies_of(tables)
    outputs = {"shares": SHARES.empty_table(), "hours": HOURS.empty_table()}
    inputs = Tables({**tables, "energies": told["energies"]}, outputs, Settings(), None, told["doubles"])
    case = Case(inputs, Stands(tables["stands"]), "2026-06")
    for hour in range(COUNT):
        start = int(at(hour).timestamp())
        rows = case.energies_at(start)
        for key in ((point, way) for point in ("A1", "A2") for way in ("drawn", "injected")):
            row = rows.get(key)
            step = energy(case, *key, start, row, View(3, None))
            assert step.disagreements == [], (hour, key)
            assert step.value == (None if row is None else str(row["wh"])), (hour, key)
            assert "why.came_later" not in {how.key for how in step.how}, (hour, key)
            assert plain(step)
