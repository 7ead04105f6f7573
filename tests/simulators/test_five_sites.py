from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.obis import ACTIVE_EXPORT
from simulators.ledger import Ledger, keep_books, true_flows
from simulators.scenario import Scenario, load_scenario, scenario_path
from simulators.storage import Storage, run
from simulators.world import World

STEPS = 1450


@pytest.fixture(scope="module")
def five() -> Scenario:
    return load_scenario(scenario_path("five-sites"))


@pytest.fixture(scope="module")
def there(five: Scenario) -> World:
    return World(five)


@pytest.fixture(scope="module")
def books(five: Scenario, there: World) -> Ledger:
    return keep_books(five, true_flows(five, there, five.scenario.until))


def test_the_storage_charges_by_day_and_gives_in_the_evening(there: World) -> None:
    seen = there.series("GX-24020082", STEPS)
    assert not (seen.import_w[:STEPS] * seen.export_w[:STEPS]).any()
    evening = slice(10 + 17 * 60, 10 + 22 * 60)
    assert seen.export_w[evening].any()
    assert not seen.import_w[evening].any()
    given_w = seen.export_w[:STEPS].copy()
    given_w[evening] = 0
    assert not given_w.any()


def test_the_storages_own_point_sees_its_load_and_the_storage(there: World) -> None:
    point, battery = there.series("24020074", STEPS), there.series("GX-24020082", STEPS)
    net = point.import_w - point.export_w
    assert ((net - (battery.import_w - battery.export_w))[:STEPS] > 0).all()


def test_the_charged_counter_begins_again_on_this_day(there: World) -> None:
    charged = there.series("GX-24020082", STEPS).import_wh
    assert charged[0] < 6_553_600 < charged[STEPS - 1]


def test_the_daily_yield_begins_again_at_local_midnight(five: Scenario, there: World) -> None:
    midnight = five.first_hour
    noon = there.reading("INV-24020066", midnight + timedelta(hours=12))
    assert 0 < noon.export_today_wh < noon.export_wh
    night = there.reading("INV-24020066", midnight + timedelta(hours=24))
    assert night.export_today_wh == 0
    assert night.export_wh > noon.export_wh


def test_the_books_expect_of_a_sleeping_inverter_only_what_it_can_tell(books: Ledger) -> None:
    hours = [stand.at.hour for stand in books.stands if stand.meter == "INV-24020066"]
    assert {stand.register for stand in books.stands if stand.meter == "INV-24020066"} == {ACTIVE_EXPORT}
    assert {6, 10, 14} <= set(hours)
    assert not {22, 23, 0, 1} & set(hours)


def test_what_the_storages_point_draws_is_left_out_of_drawn(books: Ledger) -> None:
    hour = next(one for one in books.balance if one.start.hour == 10)
    drawn = {
        one.point[-2:]: one.wh for one in books.energies if one.start == hour.start and one.direction.value == "drawn"
    }
    assert drawn["58"] > 0
    assert hour.drawn_wh == sum(drawn.values()) - drawn["58"]


def test_what_the_storage_injects_is_not_renewable(books: Ledger) -> None:
    hour = next(one for one in books.balance if one.start.hour == 18)
    point = [one for one in books.energies if one.start == hour.start and one.point.endswith("58")]
    assert {one.direction.value: one.wh > 0 for one in point} == {"drawn": False, "injected": True}
    renewable = [
        one.wh
        for one in books.energies
        if one.start == hour.start and one.direction.value == "injected" and not one.point.endswith("58")
    ]
    assert hour.injected_res_wh == sum(renewable)


@given(st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=200), st.integers(0, 2**32))
def test_a_storage_keeps_its_bounds_and_gives_no_more_than_it_took(surplus: list[int], seed: int) -> None:
    storage = Storage(capacity_wh=10_000, power_w=20_000)
    evening = np.random.default_rng(seed).integers(0, 2, len(surplus)).astype(bool)
    done = run(storage, storage.first_ws, np.array(surplus, dtype=np.int64), evening, 60)
    assert (done.stored_ws >= 10_000 * 36 * 10).all()
    assert (done.stored_ws <= 10_000 * 36 * 95).all()
    assert (np.abs(done.power_w) <= 20_000).all()
    assert int(done.stored_ws[-1]) - storage.first_ws <= int(done.power_w.sum()) * 60
