from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from simulators.curves import Steps
from simulators.ledger import Ledger
from simulators.scenario import Scenario
from simulators.world import World, site_curves

STEPS = 1450


def test_at_the_school_drawn_less_injected_is_load_less_pv_in_every_step(scenario: Scenario, world: World) -> None:
    school = scenario.site("school")
    assert school is not None
    curves = site_curves(scenario, school, Steps(scenario.scenario.start, 60, STEPS))
    seen = world.series(school.settlement_meter.serial, STEPS)
    drawn, injected = seen.import_w[:STEPS], seen.export_w[:STEPS]
    assert np.array_equal(drawn - injected, curves.load_w - curves.pv_w)
    assert not (drawn * injected).any()
    assert drawn.any()
    assert injected.any()


def test_the_school_injects_less_than_its_inverter_makes(scenario: Scenario, world: World) -> None:
    injected = world.series("23010025", STEPS).export_wh
    made = world.series("23010033", STEPS).export_wh
    assert 0 < injected[STEPS] - injected[0] < made[STEPS] - made[0]
    assert not world.series("23010033", STEPS).import_w.any()


def test_registers_are_the_floor_of_the_exact_integral(scenario: Scenario, world: World) -> None:
    for _, meter in scenario.meters():
        series = world.series(meter.serial, STEPS)
        watt_seconds = 0
        for step in range(STEPS):
            expected = meter.export_wh + watt_seconds // (3600 * meter.multiplier)
            assert int(series.export_wh[step]) == expected
            watt_seconds += int(series.export_w[step]) * 60


def test_a_register_never_falls_and_begins_where_the_scenario_says(scenario: Scenario, world: World) -> None:
    for _, meter in scenario.meters():
        series = world.series(meter.serial, STEPS)
        assert (int(series.import_wh[0]), int(series.export_wh[0])) == (meter.import_wh, meter.export_wh)
        assert (np.diff(series.import_wh) >= 0).all()
        assert (np.diff(series.export_wh) >= 0).all()
        assert series.import_wh.dtype == np.int64


def test_one_register_begins_at_forty_thousand_kwh(scenario: Scenario) -> None:
    assert 40_000_000 in {stand for _, meter in scenario.meters() for stand in (meter.import_wh, meter.export_wh)}


def test_a_reading_stands_still_within_a_step(scenario: Scenario, world: World) -> None:
    noon = scenario.scenario.start + timedelta(hours=14)
    assert world.reading("23010025", noon) == world.reading("23010025", noon + timedelta(seconds=59))
    assert world.reading("23010041", noon) != world.reading("23010041", noon + timedelta(minutes=30))


def test_power_is_what_the_meter_sees_behind_its_transformers(scenario: Scenario, world: World) -> None:
    noon = scenario.scenario.start + timedelta(hours=14)
    step = world.step_of(noon)
    seen = world.series("23010041", step + 1)
    assert world.reading("23010041", noon).power_w == (int(seen.import_w[step]) - int(seen.export_w[step])) / 20
    assert world.reading("23010041", noon).power_w < 0


def test_days_computed_one_by_one_are_the_days_computed_at_once(scenario: Scenario) -> None:
    slowly, at_once = World(scenario), World(scenario)
    for hours in (1, 30, 50):
        slowly.reading("23010041", scenario.scenario.start + timedelta(hours=hours))
    assert np.array_equal(
        slowly.series("23010041", 3000).export_wh[:3000], at_once.series("23010041", 3000).export_wh[:3000]
    )


def test_the_day_has_hours_of_every_kind(ledger: Ledger) -> None:
    ratios = [100 * hour.injected_res_wh / hour.drawn_wh for hour in ledger.balance]
    assert sum(ratio < 60 for ratio in ratios) >= 3
    assert sum(60 <= ratio <= 100 for ratio in ratios) >= 3
    assert sum(ratio > 100 for ratio in ratios) >= 3


def test_before_its_start_a_world_has_no_reading(scenario: Scenario, world: World) -> None:
    with pytest.raises(ValueError, match="before the scenario's start"):
        world.reading("23010025", scenario.scenario.start - timedelta(seconds=1))


def test_another_seed_is_another_day(scenario: Scenario, world: World) -> None:
    header = msgspec.structs.replace(scenario.scenario, seed=1)
    other = World(msgspec.structs.replace(scenario, scenario=header))
    assert not np.array_equal(
        other.series("23010041", STEPS).export_w, world.series("23010041", STEPS).export_w[:STEPS]
    )
