"""The pure step: tables in, tables out, compared with the slow reference."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.allocation.proportional import allocate
from central.settings import CHOICES, Settings
from central.settlement import settle
from central.tables import (
    AMENDMENTS,
    BEHIND,
    CLUSTER,
    CONDITIONS_FAILED,
    ENERGIES,
    INDUSTRIAL,
    MEMBERS,
    METERS,
    OUTPUTS,
    PERIODS,
    POINTS,
    RATES,
    STOCKS,
)
from metering.energy import half_up, share
from tests.central.reference import RES, Window, half_up_4, random_case, random_regime, random_window, settle_period

START = datetime(2026, 6, 1, tzinfo=UTC)
BEHIND_OF = {
    "charge": {"role": "storage", "direction": "drawn"},
    "discharge": {"role": "storage", "direction": "injected"},
    "generation": {"role": "generation", "direction": "injected"},
}
RATE = {"network_variable": "0.2", "quality": "0.0331", "oze": "0.0073", "chp": "0.003"}


def tables_of(points, regimes, periods, *, start=START, registered=datetime(2024, 10, 1, tzinfo=UTC), window=None):
    name = {"cluster": "T"}
    starts = [start + timedelta(hours=h) for h in range(len(periods))]
    rows = [
        name
        | {"point": p.id, "member": p.member, "drawn": "drawn" in p.directions, "injected": "injected" in p.directions}
        | {"res": p.source in RES, "tariff": "", "regime": p.regime, "valid_from": None, "valid_to": None}
        | {"storage": p.is_storage}
        for p in points
    ]
    energies = [
        name | {"point": p, "direction": d, "start": at, "wh": wh}
        for at, values in zip(starts, periods, strict=True)
        for p, ways in values.items()
        for d, wh in ways.items()
        if wh is not None and d not in BEHIND_OF
    ]
    behind = [
        name | {"point": p, "meter": f"{p}-{BEHIND_OF[kind]['role']}", "start": at, "wh": wh} | BEHIND_OF[kind]
        for at, values in zip(starts, periods, strict=True)
        for p, ways in values.items()
        for kind, wh in ways.items()
        if wh is not None and kind in BEHIND_OF
    ]
    meters = [
        name | {"serial": f"{p.id}-{role}", "point": p.id, "role": role, "multiplier": "1", "gateway": ""}
        for p in points
        for role in ("storage", "generation")
        if getattr(p, f"{role}_meter")
    ]
    rates = [
        name | {"component": c, "tariff": "", "zone": "", "zl_per_kwh": z, "source": "", "status": "verified"}
        for c, z in RATE.items()
    ]
    return {
        "cluster": pa.Table.from_pylist([name | {"period": "hour", "registered_from": registered}], CLUSTER),
        "periods": pa.Table.from_pylist([name | {"month": "2026-06", "start": at} for at in starts], PERIODS),
        "members": pa.Table.from_pylist([name | {"member": m, "regime": r} for m, r in regimes.items()], MEMBERS),
        "points": pa.Table.from_pylist(rows, POINTS),
        "energies": pa.Table.from_pylist(energies, ENERGIES),
        "behind": pa.Table.from_pylist(behind, BEHIND),
        "meters": pa.Table.from_pylist(meters, METERS),
        "rates": pa.Table.from_pylist(rates, RATES),
        "industrial": pa.Table.from_pylist(
            [name | {"point": p.id, "pct": p.industrial_pct} for p in points if p.industrial_pct], INDUSTRIAL
        ),
        **(windows_of(window, start) if window else {}),
    }


def windows_of(window: Window, start: datetime) -> dict[str, pa.Table]:
    """The tables that say when relief exists: cluster, amendments and conditions_failed."""
    name = {"cluster": "T"}

    def at(i: int | None) -> datetime | None:
        return None if i is None else start + timedelta(hours=i)

    about = name | {"period": "hour", "registered_from": at(window.registered), "struck_off": at(window.struck_off)}
    amended = [
        name | {"point": p, "amended": at(i), "valid_from": at(a), "valid_to": at(b)}
        for p, rows in window.amended.items()
        for i, a, b in rows
    ]
    failed = [name | {"valid_from": at(a), "valid_to": at(b)} for a, b in window.failed]
    return {
        "cluster": pa.Table.from_pylist([about], CLUSTER),
        "amendments": pa.Table.from_pylist(amended, AMENDMENTS),
        "conditions_failed": pa.Table.from_pylist(failed, CONDITIONS_FAILED),
    }


def stocks_of(held: dict[str, tuple[int, int]]) -> pa.Table:
    rows = [{"cluster": "T", "point": p, "total_wh": total, "res_wh": res} for p, (total, res) in held.items()]
    return pa.Table.from_pylist(rows, STOCKS)


def settings_of(chosen: dict) -> Settings:
    return Settings(**{k: tuple(v) if isinstance(v, list) else v for k, v in chosen.items()})


@pytest.mark.parametrize("block", range(10))
def test_thousands_of_random_clusters_agree_with_the_slow_reference(block: int) -> None:
    for seed in range(block * 300, block * 300 + 300):
        points, regimes, chosen, periods = random_case(seed)
        chosen |= random_regime(seed)
        window = random_window(seed, points, len(periods))
        assert_settles_as_the_reference(points, regimes, chosen, periods, window, seed)


def assert_settles_as_the_reference(points, regimes, chosen, periods, window, seed) -> dict[str, pa.Table]:
    def open_or_not(i: int) -> None:
        for p in points:
            p.granted = window.is_open(i, p, chosen)

    held = {p.id: (900, 400) for p in points if len(p.id) % 2 and p.is_storage}
    tables = tables_of(points, regimes, periods, window=window) | {"stocks": stocks_of(held)}
    result = settle(tables, settings_of(chosen))
    assert_agrees(result, points, regimes, chosen, periods, True, seed, held, open_or_not)
    return result


def assert_agrees(result, points, regimes, chosen, periods, relief, seed, held, before=lambda _: None) -> None:
    """``before`` sets points and regimes to what holds in a period."""
    hours, shares = result["hours"].to_pylist(), result["shares"].to_pylist()
    order = sorted((p.id for p in points), key=str.encode)
    assert [row["point"] for row in shares] == order * len(periods), seed
    drawn, relieved, reduced, oze, exempt = ({p.id: Fraction(0) for p in points} for _ in range(5))
    any_complete = False
    for i, values in enumerate(periods):
        for p in points:
            p.values = values[p.id]
        before(i)
        expected = settle_period(points, regimes, chosen, relief, held)
        hour = hours[i]
        assert (hour["status"] == "complete") == expected["complete"], seed
        for row in shares[i * len(points) : (i + 1) * len(points)]:
            wanted = expected["shares"][row["point"]]
            assert {way: row[f"{way}_wh"] for way in wanted} == wanted, (seed, i, row)
        if not expected["complete"]:
            assert {hour[k] for k in ("drawn_wh", "covered_wh", "ratio_pct", "multiplier")} == {None}
            continue
        any_complete = True
        assert {k: hour[k] for k in expected["hours"]} == expected["hours"], seed
        ratio, multiplier = expected["ratio"], expected["multiplier"]
        assert hour["ratio_pct"] == (None if ratio is None else half_up_4(ratio)), seed
        assert (None if multiplier is None else Fraction(hour["multiplier"])) == multiplier, seed
        for name, row in expected["shares"].items():
            drawn[name] += expected["full"][name]
            relieved[name] += row["relieved"]
            reduced[name] += expected["reduced"][name]
            oze[name] += expected["oze"][name][0]
            exempt[name] += expected["oze"][name][1]
    after = {row["point"]: (row["total_wh"], row["res_wh"]) for row in result["stocks"].to_pylist()}
    assert {name: stock for name, stock in after.items() if name in held or stock != (0, 0)} == held, seed
    for row in result["charges"].to_pylist():
        if not any_complete:
            assert row["drawn_wh"] is None
            assert row["full_zl"] is None
            continue
        price, name = Fraction(RATE[row["component"]]), row["point"]
        wh = {"oze": (oze, exempt), "chp": (drawn, relieved)}.get(row["component"], (drawn, reduced))
        full, relief_zl = (one[name] * price / 1000 for one in wh)
        assert Fraction(row["full_exact_zl"]) == full, (seed, row)
        assert Fraction(row["relief_exact_zl"]) == relief_zl, (seed, row)
        assert Fraction(row["full_zl"]) == Fraction(half_up(full * 100), 100)
        assert Fraction(row["charge_zl"]) == Fraction(row["full_zl"]) - Fraction(row["relief_zl"])
        assert Decimal(row["relief_exact_zl"]).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(row["relief_zl"])


def test_the_results_have_the_published_schemas() -> None:
    points, regimes, chosen, periods = random_case(1)
    result = settle(tables_of(points, regimes, periods), settings_of(chosen))
    assert {name: table.schema for name, table in result.items()} == dict(OUTPUTS)


def test_the_order_of_the_rows_does_not_matter() -> None:
    points, regimes, chosen, periods = random_case(12)
    tables = tables_of(points, regimes, periods)
    mixed = {**tables}
    for name in ("points", "energies", "members"):
        order = np.random.default_rng(5).permutation(tables[name].num_rows)
        mixed[name] = tables[name].take(pa.array(order))
    assert settle(tables, settings_of(chosen)) == settle(mixed, settings_of(chosen))


every_setting = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})


@given(st.integers(3000, 10**6), every_setting, st.sampled_from([date(2026, 5, 31), date(2026, 6, 2)]), st.randoms())
@settings(max_examples=250, deadline=None)
def test_whatever_the_settings_shares_keep_their_bounds_and_the_reference_agrees(seed, chosen, day, mixing) -> None:
    points, regimes, _, periods = random_case(seed)
    chosen |= {"ec_outcome_date": day, "excluded_regimes": list(chosen["excluded_regimes"])}
    window = random_window(seed, points, len(periods))
    result = assert_settles_as_the_reference(points, regimes, chosen, periods, window, seed)
    rows = [row for row in result["shares"].to_pylist() if row["status"] == "complete"]
    for row in rows:
        drawn = row["drawn_wh"] or 0
        assert 0 <= row["allocated_wh"] <= drawn
        assert 0 <= row["relieved_wh"] <= drawn
        assert row["relieved_wh"] <= row["allocated_wh"] or chosen["forfeited"] == "redistributed"
    for hour in result["hours"].to_pylist():
        of_hour = [row["allocated_wh"] for row in rows if row["start"] == hour["start"]]
        assert not of_hour or sum(of_hour) == hour["covered_wh"]
    tables = tables_of(points, regimes, periods, window=window)
    for name, table in tables.items():
        if name != "periods":
            order = list(range(table.num_rows))
            mixing.shuffle(order)
            tables[name] = table.take(pa.array(order, pa.int64()))
    in_order = tables_of(points, regimes, periods, window=window)
    assert settle(tables, settings_of(chosen)) == settle(in_order, settings_of(chosen))


def test_two_energies_for_one_key_are_refused() -> None:
    points, regimes, chosen, periods = random_case(3)
    tables = tables_of(points, regimes, periods)
    tables["energies"] = pa.concat_tables([tables["energies"], tables["energies"].slice(0, 1)])
    with pytest.raises(ValueError, match=r"two .* energies for one point and period"):
        settle(tables, settings_of(chosen))


def test_settle_runs_in_a_bare_process_without_io() -> None:
    code = (
        "import builtins, pickle, socket, sys; tables, settings = pickle.load(sys.stdin.buffer)\n"
        "import central.settlement as s\n"
        "s.settle(tables, settings)  # loads what pyarrow loads on first use\n"
        "def no(*a, **k): raise AssertionError('I/O')\n"
        "builtins.open = no; socket.socket = no\n"
        "r = s.settle(tables, settings); sys.stdout.buffer.write(pickle.dumps(r))\n"
        "assert not {'sqlite3', 'litestar', 'aiomqtt', 'structlog'} & set(sys.modules), sorted(sys.modules)\n"
    )
    points, regimes, chosen, periods = random_case(8)
    tables, settings = tables_of(points, regimes, periods), settings_of(chosen)
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps((tables, settings)), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert pickle.loads(done.stdout) == settle(tables, settings)


weights = st.lists(st.integers(0, 2**42) | st.integers(0, 5), min_size=1, max_size=12)


@given(weights, st.data())
def test_the_parts_sum_to_the_whole_and_no_part_exceeds_its_weight(row: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(row)))
    parts = allocate(np.array([row], dtype=np.int64), np.array([total], dtype=np.int64))[0].tolist()
    assert sum(parts) == total
    assert all(0 <= part <= weight for part, weight in zip(parts, row, strict=True))
    if sum(row):
        assert parts == share(total, row)
        assert all(abs(Fraction(w * total, sum(row)) - part) < 1 for w, part in zip(row, parts, strict=True))


def test_a_product_beyond_63_bits_neither_wraps_nor_is_refused() -> None:
    row = [2**42, 2**42 - 1, 3]
    parts = allocate(np.array([row], dtype=np.int64), np.array([2**43 - 2], dtype=np.int64))[0].tolist()
    assert parts == share(2**43 - 2, row)
    assert sum(parts) == 2**43 - 2
