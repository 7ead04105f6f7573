"""The tier radar beside a settlement of what would have been, and beside numbers made by hand."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from central.cli import main
from central.cluster import Cluster
from central.cluster.loading import cluster_of
from central.master import master_tables, periods_table
from central.radar.lacks import Lack, month_lacks
from central.radar.slots import best_hours, radar_answer, ranked, slots_of
from central.rates import Component, Rate
from central.settlement import settle
from central.tables import ENERGIES
from metering.period import Month

MONTH = Month(2026, 10)
POINTS = """
[cluster]
name = "Radar"
registered_from = 2025-01-01
[settings]
{settings}
[[members]]
id = "A"
kind = "gmina"
[[members]]
id = "P"
[[members]]
id = "X"
regime = "net_metering"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
tariff = "C11"
[[points]]
id = "A2"
member = "A"
directions = ["drawn"]
tariff = "G11"
[[points]]
id = "P1"
member = "P"
directions = ["injected"]
source = "pv"
[[points]]
id = "X1"
member = "X"
directions = ["drawn"]
tariff = "G11"
"""
RATES = (
    Rate(component=Component.NETWORK_VARIABLE, tariff="C11", zl_per_kwh="0.2000"),
    Rate(component=Component.NETWORK_VARIABLE, tariff="G11", zl_per_kwh="0.1003"),
    Rate(component=Component.QUALITY, zl_per_kwh="0.0331"),
    Rate(component=Component.OZE, zl_per_kwh="0.0073"),
    Rate(component=Component.CHP, zl_per_kwh="0.003"),
)
READINGS = ("", 'tier_base = "all_drawn"', 'above_100 = "literal"', 'forfeited = "redistributed"',
            'excluded_mode = "full"', 'ratio_numerator = "covered"')  # fmt: skip


def cluster(lines: str = "") -> Cluster:
    return cluster_of(tomllib.loads(POINTS.format(settings=lines)), "cluster.toml")


def tables(of: Cluster, hours: list[dict[str, int]], rates: tuple[Rate, ...] = RATES) -> dict[str, pa.Table]:
    """A month whose first hours have these energies, by point; no others have any."""
    rows = [
        {
            "cluster": of.name,
            "point": point,
            "direction": "injected" if point == "P1" else "drawn",
            "start": MONTH.start + timedelta(hours=i),
            "wh": wh,
        }
        for i, hour in enumerate(hours)
        for point, wh in hour.items()
    ]
    energies = pa.Table.from_pylist(rows, schema=ENERGIES)
    return {**master_tables(of, rates), "periods": periods_table(of, MONTH), "energies": energies}


def relief(of: Cluster, hours: list[dict[str, int]]) -> Fraction:
    """The relief of the reduced components of the month, exactly, by the settlement itself."""
    rows: list[dict[str, Any]] = settle(tables(of, hours), of.settings)["charges"].to_pylist()
    kept = [row for row in rows if row["component"] in {"network_variable", "quality"} and row["relief_exact_zl"]]
    return sum((Fraction(Decimal(row["relief_exact_zl"])) for row in kept), Fraction(0))


def test_a_step_is_worth_what_its_relief_is_more_by_hand() -> None:
    # 100 kWh drawn, all at one rate of 0.2331 zł; 60 injected: nothing off. 60.001: 5 % off of 60.001 kWh.
    found = month_lacks(MONTH, tables(cluster(), [{"A1": 100_000, "A2": 0, "X1": 0, "P1": 60_000}]), cluster().settings)
    [lack] = found.lacks
    assert (lack.hour, lack.step, lack.next_step, lack.missing_wh) == (0, 0, 1, 1)
    assert lack.worth == Fraction(60_001 * 5 * 2331, 1000 * 100 * 10_000)
    # 60 of 99.999 kWh is more than 60 %.
    assert lack.less_drawn_wh == 1
    assert found.complete == {0: 1}


def test_an_hour_at_the_last_step_or_without_draw_lacks_nothing_and_an_incomplete_one_is_passed_over() -> None:
    hours = [
        {"A1": 100, "A2": 0, "X1": 0, "P1": 100},
        {"A1": 0, "A2": 0, "X1": 0, "P1": 50},
        {"A1": 100, "A2": 0, "X1": 0},
    ]
    found = month_lacks(MONTH, tables(cluster(), hours), cluster().settings)
    assert not found.lacks
    assert found.complete == {0: 1, 1: 1}


def test_without_a_rate_nothing_is_worth_a_known_amount() -> None:
    hours = [{"A1": 100_000, "A2": 0, "X1": 0, "P1": 65_000}]
    [lack] = month_lacks(MONTH, tables(cluster(), hours, RATES[:2]), cluster().settings).lacks
    assert lack.worth is None
    [slot] = [one for one in slots_of([month_lacks(MONTH, tables(cluster(), hours, RATES[:2]), cluster().settings)],
                                      None) if one.lacking]  # fmt: skip
    assert (slot.worth, slot.best) == (None, None)


hour = st.fixed_dictionaries({name: st.integers(0, 3000) for name in ("A1", "A2", "X1", "P1")})


@settings(max_examples=60, deadline=None)
@given(hours=st.lists(hour, min_size=1, max_size=3), reading=st.sampled_from(READINGS))
def test_every_worth_is_what_the_settlement_gives_with_the_missing_energy(
    hours: list[dict[str, int]], reading: str
) -> None:
    of = cluster(reading)
    found = month_lacks(MONTH, tables(of, hours), of.settings)
    before = relief(of, hours)
    for lack in found.lacks:
        i = int((lack.start - MONTH.start) / timedelta(hours=1))
        then = [dict(one) for one in hours]
        then[i]["P1"] += lack.missing_wh
        assert relief(of, then) - before == lack.worth
        if lack.missing_wh > 1:
            then[i]["P1"] -= 1
            same = month_lacks(MONTH, tables(of, then), of.settings).lacks
            assert [one.step for one in same if one.start == lack.start] == [lack.step]


@settings(max_examples=60, deadline=None)
@given(one=hour)
def test_drawing_so_much_less_reaches_the_step_and_a_wh_fewer_does_not(one: dict[str, int]) -> None:
    one = one | {"A2": 0, "X1": 0}
    for lack in month_lacks(MONTH, tables(cluster(), [one]), cluster().settings).lacks:
        if lack.less_drawn_wh is None:
            assert one["P1"] == 0 or lack.next_step < 5
            continue
        for less, reached in ((lack.less_drawn_wh, True), (lack.less_drawn_wh - 1, False)):
            then = month_lacks(MONTH, tables(cluster(), [one | {"A1": one["A1"] - less}]), cluster().settings).lacks
            step = then[0].step if then else 5
            assert (step >= lack.next_step) is reached


def made(hour_: int, missing: int, worth: int) -> Lack:
    return Lack(MONTH.start, hour_, 0, 1, missing, None, 1000, Fraction(worth))


def test_of_all_amounts_the_one_that_pays_most_for_each_kwh_is_found() -> None:
    from central.radar.lacks import MonthLacks

    lacks = [made(12, 10, 1), made(12, 20, 9), made(12, 500, 1), made(13, 100, 1)]
    months = [MonthLacks(MONTH, {12: 5, 13: 1}, lacks)]
    slots = slots_of(months, None)
    noon = slots[12]
    assert (noon.complete, noon.lacking, noon.missing_wh, noon.within, noon.worth) == (5, 3, 530, 2, 11)
    # 20 Wh in each of 5 hours: two hours are reached, 10 zł for 100 Wh. Brute force over all amounts says the same.
    candidates = {
        wh: Fraction(sum(one.worth or 0 for one in lacks[:3] if one.missing_wh <= wh), 5 * wh) for wh in range(1, 600)
    }
    assert noon.best is not None
    assert (noon.best.wh, noon.best.reached, noon.best.worth) == (20, 2, 10)
    assert candidates[noon.best.wh] == max(candidates.values())
    assert [one.hour for one in ranked(slots)] == [12, 13]
    assert [one.missing_wh for one in best_hours(months, 2)] == [20, 10]


@pytest.mark.parametrize("within", [None, 15])
def test_the_answer_has_every_hour_of_the_day(within: int | None) -> None:
    found = month_lacks(MONTH, tables(cluster(), [{"A1": 100, "A2": 0, "X1": 0, "P1": 61}]), cluster().settings)
    answer = radar_answer("Radar", [found], within)
    assert [row["hour"] for row in answer["slots"]] == list(range(24))
    assert answer["slots"][0]["within_reach"] == (0 if within is None else 1)
    assert answer["hours"][0]["local"] == "2026-10-01T00:00:00+02:00"


def test_the_radar_of_files_says_what_their_hours_lack(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(POINTS.format(settings=""), encoding="utf-8")
    prices = (("network_variable", "0.2"), ("quality", "0.0331"), ("oze", "0.0073"), ("chp", "0.003"))
    rates = "".join(f'[[rates]]\ncomponent = "{name}"\nzl_per_kwh = "{price}"\n' for name, price in prices)
    (tmp_path / "rates.toml").write_text(rates, encoding="utf-8")
    hour = {"A1": 100_000, "A2": 0, "X1": 0, "P1": 60_000}
    rows = [
        f"{name},{'injected' if name == 'P1' else 'drawn'},{at},{wh}\n"
        for at in ("2025-03-29T23:00:00Z", "2025-04-02T10:00:00Z")
        for name, wh in hour.items()
    ]
    (tmp_path / "readings.csv").write_text("point,direction,start,wh\n" + "".join(rows), encoding="utf-8")
    options = [f"--{name}={tmp_path / name}.{'csv' if name == 'readings' else 'toml'}"
               for name in ("cluster", "rates", "readings")]  # fmt: skip
    done = CliRunner().invoke(main, ["radar", "--year", "2025", *options, "--json"])
    assert done.exit_code == 3, "only two hours of two months have values"
    answer = json.loads(done.stdout)
    assert answer["months"] == ["2025-03", "2025-04"]
    assert answer["incomplete"] == 31 * 24 - 1 + 30 * 24 - 2
    found = {(row["month"], row["hour"]): row for row in answer["slots"] if row["lacking"]}
    assert sorted(found, key=str) == [("2025-03", 0), ("2025-04", 12), (None, 0), (None, 12)]
    assert (found["2025-04", 12]["missing_wh"], found["2025-04", 12]["worth_zl"]) == (1, "0.699311655")
    text = CliRunner().invoke(main, ["radar", "--year", "2025", *options]).stdout
    table = text.split("Worth by hour and month, whole zł\n")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == ["hour", "03", "04"]
    assert [line.split() for line in table[2:]][12] == ["12:00", "1"]
