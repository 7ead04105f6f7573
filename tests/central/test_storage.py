"""Storage in settlement: the two stocks, what is left out, what a meter shows, and what is missing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.behind import Metered
from central.settings import CHOICES, Settings
from central.settlement import settle
from central.storage import Flow, keep_stocks
from metering.energy import half_up
from tests.central.reference import RefPoint, random_case
from tests.central.test_settlement import START, settings_of, stocks_of, tables_of

TOWN = RefPoint(id="A", member="M", directions=("drawn",))
STORAGE = RefPoint(id="S", member="N", directions=("drawn", "injected"), source="storage")
FARM = RefPoint(id="F", member="N", directions=("drawn", "injected"), source="pv", storage_meter=True)
METERED_FARM = dataclasses.replace(FARM, generation_meter=True)
REGIMES = {"M": "none", "N": "none"}


def run(points: list[RefPoint], periods: list[dict], *, held: dict[str, tuple[int, int]] | None = None, **chosen: str):
    tables = tables_of(points, REGIMES, periods) | {"stocks": stocks_of(held or {})}
    return settle(tables, Settings(**chosen))


def storage_hour(charge: int, discharge: int, generation: int | None = None) -> dict:
    mine = {"drawn": charge, "injected": discharge, "generation": generation}
    return {"A": {"drawn": 1000}, "S": mine}


def farm_hour(injected: int, charge: int | None, discharge: int | None, generation: int | None = None) -> dict:
    mine = {"drawn": 0, "injected": injected, "charge": charge, "discharge": discharge, "generation": generation}
    return {"A": {"drawn": 1000}, "F": mine}


def hour(result: dict[str, pa.Table], i: int = 0) -> dict:
    return result["hours"].to_pylist()[i]


def stocks(result: dict[str, pa.Table]) -> list[tuple[int, int]]:
    return [(row["total_wh"], row["res_wh"]) for row in result["storages"].to_pylist()]


flows = st.lists(st.tuples(*[st.integers(0, 2**41) | st.integers(0, 9)] * 3, st.booleans()), max_size=30)


@settings(deadline=None)
@given(flows, st.integers(0, 2**45), st.integers(0, 2**45))
def test_the_stocks_stay_whole_and_ordered_and_no_more_renewable_comes_out_than_went_in(rows, one: int, other: int):
    opening = (max(one, other), min(one, other))
    columns = [np.array([row[i] for row in rows], dtype=np.int64) for i in range(3)]
    charge, discharge, own = columns
    counted = np.array([row[3] for row in rows], dtype=np.bool_)
    metered = Metered(counted, counted, own)
    flow = Flow(0, charge, discharge, metered, counted, discharge, shared=False)
    part, total, res = (column.tolist() for column in keep_stocks(flow, counted, *opening))
    held = opening
    for i, (c, d, g, counts) in enumerate(rows):
        expected = 0
        if counts:
            held = held[0] + c, held[1] + min(c, g)
            share = half_up(Fraction(d * held[1], held[0])) if held[0] else 0
            expected = min(held[1], share)
            held = max(held[0] - d, 0), held[1] - expected
        assert (part[i], total[i], res[i]) == (expected, *held)
        assert 0 <= res[i] <= total[i]
    entered = sum(min(c, g) for c, _, g, counts in rows if counts)
    assert sum(part) <= opening[1] + entered


@settings(deadline=None)
@given(
    st.integers(0, 10**6),
    st.fixed_dictionaries(
        {
            name: st.sampled_from(CHOICES[name])
            for name in (
                "storage",
                "storage_origin",
                "storage_tracing",
                "forfeited",
                "tier_base",
                "netting",
                "excluded_mode",
            )
        }
    ),
)
def test_with_every_setting_nothing_is_shared_beyond_what_was_drawn(seed: int, chosen: dict) -> None:
    points, regimes, others, periods = random_case(seed)
    held = {p.id: (seed % 1000 + 300, seed % 300) for p in points if p.is_storage}
    tables = tables_of(points, regimes, periods) | {"stocks": stocks_of(held)}
    result = settle(tables, settings_of(others | chosen))
    covered = {row["start"]: row["covered_wh"] for row in result["hours"].to_pylist()}
    allocated = dict.fromkeys(covered, 0)
    for row in result["shares"].to_pylist():
        if row["status"] == "complete":
            assert 0 <= row["allocated_wh"] <= (row["drawn_wh"] or 0)
            assert 0 <= row["relieved_wh"] <= (row["drawn_wh"] or 0)
            allocated[row["start"]] += row["allocated_wh"]
    assert {at: wh for at, wh in allocated.items() if covered[at] is not None} == {
        at: wh for at, wh in covered.items() if wh is not None
    }
    for row in result["hours"].to_pylist():
        if row["status"] == "complete":
            injected = row["injected_res_wh"] + row["injected_other_wh"]
            charge = row.get("storage_charge_wh", 0)
            assert row["from_grid_wh"] - row["to_grid_wh"] == row["drawn_wh"] + charge - injected
            assert row["injected_res_wh"] >= 0
            assert row["injected_other_wh"] >= 0
    for row in result["storages"].to_pylist():
        assert 0 <= row["res_wh"] <= row["total_wh"]
        if row["status"] == "complete":
            assert 0 <= row["given_res_wh"] <= row["given_wh"]


def test_two_months_one_after_the_other_are_as_one() -> None:
    periods = [
        storage_hour(c, d, g) for c, d, g in [(700, 0, 300), (11, 333, 7), (0, 217, 0), (450, 1, 449), (0, 9, 9)]
    ]
    points = [TOWN, dataclasses.replace(STORAGE, generation_meter=True)]
    whole = run(points, periods)
    first = run(points, periods[:2])
    tables = tables_of(points, REGIMES, periods[2:], start=START + timedelta(hours=2))
    second = settle(tables | {"stocks": first["stocks"]}, Settings())
    assert stocks(first) + stocks(second) == stocks(whole)
    assert second["stocks"] == whole["stocks"]
    assert stocks(whole)[0] == (700, 300)


def test_charging_is_left_out_of_drawn_and_pays_in_full() -> None:
    points = [TOWN, dataclasses.replace(STORAGE, generation_meter=True)]
    result = run(points, [storage_hour(600, 0, 150), storage_hour(0, 200, 0)])
    assert [hour(result, i)["drawn_wh"] for i in (0, 1)] == [1000, 1000]
    assert [hour(result, i)["storage_charge_wh"] for i in (0, 1)] == [600, 0]
    assert [hour(result, i)["storage_discharge_wh"] for i in (0, 1)] == [0, 200]
    assert hour(result)["from_grid_wh"] == 1600
    # 200 of 600 Wh leave, a quarter of the stock is renewable.
    assert (hour(result, 1)["injected_res_wh"], hour(result, 1)["injected_other_wh"]) == (50, 150)
    mine = next(row for row in result["shares"].to_pylist() if row["point"] == "S")
    assert (mine["drawn_wh"], mine["charge_wh"], mine["allocated_wh"]) == (0, 600, 0)
    charges = {(row["point"], row["component"]): row for row in result["charges"].to_pylist()}
    assert (charges["S", "oze"]["drawn_wh"], charges["S", "oze"]["relieved_wh"]) == (600, 0)
    assert charges["S", "oze"]["full_zl"] == charges["S", "oze"]["charge_zl"]


def test_an_excluded_storage_that_is_left_out_of_everything_is_in_no_sum_but_pays() -> None:
    tables = tables_of([TOWN, STORAGE], {"M": "none", "N": "net_billing"}, [storage_hour(600, 0), storage_hour(0, 200)])
    result = settle(tables, Settings(excluded_mode="full", excluded_regimes=("microinstallation",)))
    names = ("injected_other_wh", "storage_charge_wh", "storage_discharge_wh", "to_grid_wh")
    assert [[hour(result, i)[name] for name in names] for i in (0, 1)] == [[0] * 4, [0] * 4]
    assert {row["drawn_wh"] for row in result["charges"].to_pylist() if row["point"] == "S"} == {600}


def test_an_incomplete_period_changes_no_stock() -> None:
    lacking = storage_hour(50, 0) | {"A": {"drawn": None}}
    result = run([TOWN, STORAGE], [storage_hour(100, 0), lacking, storage_hour(0, 30)], held={"S": (10, 10)})
    assert stocks(result) == [(110, 10), (110, 10), (80, 7)]
    assert hour(result, 1)["storage_charge_wh"] is None


def test_the_stock_of_a_storage_that_is_gone_stays() -> None:
    result = run([TOWN], [{"A": {"drawn": 5}}], held={"OLD": (9, 4)})
    assert result["stocks"].to_pylist() == [{"cluster": "T", "point": "OLD", "total_wh": 9, "res_wh": 4}]


@pytest.mark.parametrize("held", [(5, 6), (-1, -1), (3, -1)])
def test_impossible_stocks_are_refused(held: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="renewable of"):
        run([TOWN, STORAGE], [storage_hour(1, 0)], held={"S": held})


def test_a_meter_on_the_storage_behind_the_plant_shows_what_is_renewable() -> None:
    # Charged 400 Wh, 300 of it generated there; then 200 leave, of which 150 reach the grid beside 50 from the sun.
    periods = [farm_hour(0, 400, 0, 300), farm_hour(150, 0, 200, 0), farm_hour(250, 0, 100, 150)]
    result = run([TOWN, METERED_FARM], periods, storage_origin="by_meter")
    assert stocks(result) == [(400, 300), (200, 150), (100, 75)]
    rows = [(hour(result, i)["injected_res_wh"], hour(result, i)["injected_other_wh"]) for i in range(3)]
    assert rows == [(0, 0), (113, 37), (150 + 75, 25)]  # 150 · 150/200 = 112.5
    assert "storage_charge_wh" not in hour(result), "charging behind a member's own point isn't left out"
    assert "charge_wh" not in result["shares"].schema.names


@pytest.mark.parametrize(("tracing", "renewable"), [("all", 250), ("none", 150), ("proportional", 225)])
def test_tracing_decides_on_the_storages_part_alone(tracing: str, renewable: int) -> None:
    periods = [farm_hour(250, 0, 100, 150)]
    held = {"F": (200, 150)}
    result = run([TOWN, METERED_FARM], periods, held=held, storage_origin="by_meter", storage_tracing=tracing)
    assert hour(result)["injected_res_wh"] == renewable


def test_without_a_generation_meter_nothing_shows_that_the_charge_was_renewable() -> None:
    result = run([TOWN, FARM], [farm_hour(0, 400, 0), farm_hour(150, 0, 200)], storage_origin="by_meter")
    assert stocks(result) == [(400, 0), (200, 0)]
    assert (hour(result, 1)["injected_res_wh"], hour(result, 1)["injected_other_wh"]) == (0, 150)


def test_generation_that_is_not_known_is_grid_energy_and_shown_as_not_known() -> None:
    result = run([TOWN, METERED_FARM], [farm_hour(0, 400, 0, None)], storage_origin="by_meter")
    assert stocks(result) == [(400, 0)]
    assert hour(result)["status"] == "complete"
    assert result["storages"]["generation_wh"].to_pylist() == [None]


@pytest.mark.parametrize(("charge", "discharge"), [(None, 5), (5, None), (None, None)])
def test_by_meter_a_storage_meters_missing_value_makes_the_period_incomplete(charge, discharge) -> None:
    periods = [farm_hour(100, charge, discharge, 9), farm_hour(100, 0, 0, 9)]
    result = run([TOWN, METERED_FARM], periods, held={"F": (50, 20)}, storage_origin="by_meter")
    assert [row["status"] for row in result["hours"].to_pylist()] == ["incomplete", "complete"]
    assert stocks(result) == [(50, 20), (50, 20)]
    assert result["storages"]["status"].to_pylist() == ["incomplete", "complete"]


def test_what_a_meter_says_after_it_was_exchanged_stands_for_no_value_of_the_new_one() -> None:
    periods = [farm_hour(150, 0, 200, 0), farm_hour(150, 0, 200, 0)]
    tables = tables_of([TOWN, METERED_FARM], REGIMES, periods) | {"stocks": stocks_of({"F": (500, 500)})}
    exchanged = tables["periods"]["start"][1].as_py()
    rows = tables["meters"].to_pylist()
    old = next(row for row in rows if row["role"] == "storage")
    rows = [row for row in rows if row is not old]
    rows += [old | {"valid_to": exchanged}, old | {"serial": "new", "valid_from": exchanged}]
    tables["meters"] = pa.Table.from_pylist(rows, tables["meters"].schema)
    result = settle(tables, Settings(storage_origin="by_meter"))
    assert [row["status"] for row in result["hours"].to_pylist()] == ["complete", "incomplete"]
    assert stocks(result) == [(300, 300), (300, 300)]


def test_until_shown_the_storages_discharge_counts_as_other() -> None:
    result = run([TOWN, METERED_FARM], [farm_hour(250, 0, 100, 150)], held={"F": (200, 150)})
    assert (hour(result)["injected_res_wh"], hour(result)["injected_other_wh"]) == (150, 100)


def test_until_shown_a_missing_value_leaves_the_hour_complete_and_all_that_is_injected_other() -> None:
    result = run([TOWN, METERED_FARM], [farm_hour(250, None, None, 150), farm_hour(250, 0, 100, 150)])
    assert [row["status"] for row in result["hours"].to_pylist()] == ["complete", "complete"]
    assert [hour(result, i)["injected_res_wh"] for i in (0, 1)] == [0, 150]
    assert result["storages"]["status"].to_pylist() == ["unshown", "complete"]
    assert result["storages"]["given_wh"].to_pylist() == [None, 100]


def test_as_metered_a_storage_meter_matters_to_nothing() -> None:
    result = run([TOWN, METERED_FARM], [farm_hour(250, None, None)], storage="as_metered", storage_origin="by_meter")
    assert (hour(result)["status"], hour(result)["injected_res_wh"]) == ("complete", 250)
    assert result["storages"].num_rows == 0


def test_what_a_gas_engine_charges_is_not_renewable() -> None:
    engine = dataclasses.replace(METERED_FARM, source="chp_gas")
    periods = [farm_hour(0, 400, 0, 400), farm_hour(300, 0, 200, 100)]
    result = run([TOWN, engine], periods, storage_origin="by_meter")
    assert (hour(result, 1)["injected_res_wh"], hour(result, 1)["injected_other_wh"]) == (0, 300)
