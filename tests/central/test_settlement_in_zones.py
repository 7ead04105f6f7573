"""Whatever the settings: zones, rates that change, points that change hands and storages, checked from the shares up."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from central.settings import CHOICES
from central.settlement import settle
from central.tables import RATES, ZONES
from tests.central.reference import random_case, random_window
from tests.central.test_points_in_time import in_two_rows
from tests.central.test_settlement import RATE, START, settings_of, stocks_of, tables_of

every_setting = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})
NAME = {"cluster": "T"}
PRICES = {
    ("network_variable", "C11", ""): [("0.25", 0, None)],
    ("network_variable", "Z", "early"): [("0.1", 0, None)],
    ("network_variable", "Z", "late"): [("0.3", 0, 2), ("0.35", 2, None)],
    ("quality", "", ""): [(RATE["quality"], 0, None)],
    ("oze", "", ""): [(RATE["oze"], 0, 1), ("0.0091", 1, None)],
    ("chp", "", ""): [(RATE["chp"], 0, None)],
}
"""By component, tariff and zone: prices with their first period and the first without. Periods are of 2, 3, 4 o'clock."""


def priced() -> dict[str, pa.Table]:
    rates = [
        NAME
        | {"component": component, "tariff": tariff, "zone": zone, "zl_per_kwh": price, "status": "verified"}
        | {"source": "", "valid_from": START + timedelta(hours=first) if first else None}
        | {"valid_to": None if last is None else START + timedelta(hours=last)}
        for (component, tariff, zone), prices in PRICES.items()
        for price, first, last in prices
    ]
    windows = [("early", "0-3"), ("late", "3-24")]
    zones = [NAME | {"tariff": "Z", "dso": "", "zone": zone, "months": "", "days": "", "hours": hours,
                     "source": "", "status": "verified", "decision_no": ""} for zone, hours in windows]  # fmt: skip
    return {"rates": pa.Table.from_pylist(rates, RATES), "zones": pa.Table.from_pylist(zones, ZONES)}


def price_of(component: str, tariff: str, period: int) -> tuple[str, str]:
    """The zone and price of a period, by hand."""
    zone = ("early" if period == 0 else "late") if (component, tariff) == ("network_variable", "Z") else ""
    key = (component, tariff if component == "network_variable" else "", zone)
    for price, first, last in PRICES[key]:
        if period >= first and (last is None or period < last):
            return zone, price
    raise AssertionError(key)


@given(st.integers(2 * 10**6, 3 * 10**6), every_setting, st.randoms())
@settings(max_examples=40, deadline=None)
def test_every_charge_is_made_of_the_shares_of_its_owner_zone_and_rate(seed, chosen, mixing) -> None:
    points, regimes, _, periods = random_case(seed)
    chosen |= {"ec_outcome_date": date(2026, 5, 31), "excluded_regimes": list(chosen["excluded_regimes"])}
    r = random.Random(seed)
    held = {p.id: (900, 400) for p in points if p.is_storage}
    tables = tables_of(points, regimes, periods, window=random_window(seed, points, len(periods)))
    tables |= priced() | {"stocks": stocks_of(held)}
    rows = [row | {"tariff": r.choice(["Z", "C11"])} for row in tables["points"].to_pylist()]
    tables["points"] = pa.Table.from_pylist(rows, tables["points"].schema)
    changes = {p.id: (r.randrange(0, 4), {"member": r.choice(list(regimes)), "tariff": r.choice(["Z", "C11"])})
               for p in points if r.random() < 0.6}  # fmt: skip
    tables["points"] = in_two_rows(tables["points"], changes)
    result = settle(tables, settings_of(chosen))

    hours = {row["start"]: row for row in result["hours"].to_pylist()}
    shares = [row for row in result["shares"].to_pylist() if row["status"] == "complete"]
    for at, hour in hours.items():
        assert hour["covered_wh"] is None or hour["covered_wh"] == sum(
            row["allocated_wh"] for row in shares if row["start"] == at
        )
    wanted: dict[tuple[str, ...], list[Fraction | int]] = {}
    tariff_of = {row["point"]: row["tariff"] for row in rows}
    draws = {p.id for p in points if "drawn" in p.directions}
    for row in shares:
        drawn = row["drawn_wh"] or 0
        assert 0 <= row["allocated_wh"] <= drawn
        assert 0 <= row["relieved_wh"] <= drawn
        assert row["relieved_wh"] <= row["allocated_wh"] or chosen["forfeited"] == "redistributed"
        if row["point"] not in draws:
            continue
        period, point = (row["start"] - START) // timedelta(hours=1), row["point"]
        since, other = changes.get(point, (99, {}))
        tariff = other["tariff"] if period >= since else tariff_of[point]
        off = 1 - Fraction(hours[row["start"]]["multiplier"] or 1)
        for component in RATE:
            zone, price = price_of(component, tariff, period)
            sums = wanted.setdefault((row["member"], point, component, zone, price), [0, 0, Fraction(0), Fraction(0)])
            whole, relieved = drawn + (row.get("charge_wh") or 0), row["relieved_wh"]
            part = relieved if component in {"oze", "chp"} else off * relieved
            for i, more in enumerate((whole, relieved, Fraction(price) * whole / 1000, Fraction(price) * part / 1000)):
                sums[i] += more
    industrial = {p.id for p in points if p.industrial_pct}
    known = [row for row in result["charges"].to_pylist() if row["drawn_wh"] is not None]
    assert len(known) == len(wanted), "one row for each owner, point, component, zone and rate"
    for row in known:
        key = (row["member"], row["point"], row["component"], row["zone"], row["rate"])
        drawn, relieved, full, relief = wanted[key]
        assert (row["drawn_wh"], row["relieved_wh"]) == (drawn, relieved)
        if row["component"] == "oze" and row["point"] in industrial:
            continue
        assert Fraction(row["full_exact_zl"]) == full
        if row["component"] in {"oze", "chp"} or chosen["tier_base"] == "covered":
            assert Fraction(row["relief_exact_zl"]) == relief
        assert 0 <= Fraction(row["relief_exact_zl"]) <= full

    mixed = dict(tables)
    for name, table in tables.items():
        if name != "periods":
            order = list(range(table.num_rows))
            mixing.shuffle(order)
            mixed[name] = table.take(pa.array(order, pa.int64()))
    assert settle(mixed, settings_of(chosen)) == result
