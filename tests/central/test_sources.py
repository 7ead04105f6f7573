"""What the sources gave adds up to what the balance counts, whatever the settings; storages move what is renewable."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from central.settlement import settle
from central.sources import injected_at
from tests.central.reference import random_case
from tests.central.test_settlement import settings_of, tables_of


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_sources_of_a_period_add_up_to_the_balance(seed: int) -> None:
    points, regimes, chosen, periods = random_case(seed)
    tables, reading = tables_of(points, regimes, periods), settings_of(chosen)
    hours = settle(tables, reading)["hours"].to_pylist()
    everything = [point.id for point in points]
    groups = {"all": everything} | {point: [point] for point in everything}
    always = {name: [(point, (None, None)) for point in points] for name, points in groups.items()}
    parts = injected_at(tables, reading, always)
    whole = parts.pop("all").tolist()
    assert np.sum(list(parts.values()), axis=0).tolist() == whole
    for row, wh in zip(hours, whole, strict=True):
        if row["status"] == "complete":
            assert row["injected_res_wh"] + row["injected_other_wh"] == wh
