"""Stands of one epoch become energies: differences, proofs over gaps, zeros between equal stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.energies import energies_of
from central.readings import STANDS
from central.tables import CLUSTER, METERS, POINTS
from metering.energy import half_up

T0 = datetime(2026, 6, 1, tzinfo=UTC)
IMPORT, EXPORT = "1-0:1.8.0", "1-0:2.8.0"


def stand(
    hour: float, wh: str, *, meter: str = "M1", register: str = IMPORT, epoch: str = "e1", quality: str = "measured"
):
    at = T0 + timedelta(hours=hour)
    row = {"meter": meter, "register": register, "epoch": epoch, "gateway": "g", "at": at, "wh": wh, "resolution": "1"}
    return row | {"before": at, "after": at, "quality": quality, "clock": "simulated", "journal": 1}


def meter(
    serial: str = "M1",
    point: str = "P1",
    role: str = "settlement",
    multiplier: str = "1",
    gateway: str = "",
    first=None,
    last=None,
):
    row = {"cluster": "T", "serial": serial, "point": point, "role": role, "multiplier": multiplier, "gateway": gateway}
    return row | {"valid_from": first, "valid_to": last}


def run(stands: list[dict], meters: list[dict] | None = None, *, injected: bool = True, period: str = "hour"):
    point = {"cluster": "T", "point": "P1", "member": "A", "drawn": True, "injected": injected, "res": True}
    other = point | {"point": "P2"}
    return energies_of(
        {
            "cluster": pa.Table.from_pylist([{"cluster": "T", "period": period, "registered_from": T0}], CLUSTER),
            "points": pa.Table.from_pylist([point, other], POINTS),
            "meters": pa.Table.from_pylist(meters or [meter()], METERS),
            "stands": pa.Table.from_pylist(stands, STANDS),
        }
    )


def energies(result: dict[str, pa.Table]) -> list[tuple]:
    rows = result["energies"].to_pylist()
    found = [(r["point"], r["direction"], (r["start"] - T0) / timedelta(hours=1), r["wh"]) for r in rows]
    return sorted(found)


def test_neighbouring_stands_give_an_hours_energy_and_its_quality() -> None:
    result = run([stand(0, "100"), stand(1, "130"), stand(2, "131", quality="interpolated")])
    assert energies(result) == [("P1", "drawn", 0, 30), ("P1", "drawn", 1, 1)]
    assert result["energies"]["quality"].to_pylist() == ["measured", "interpolated"]
    assert result["gaps"].num_rows == 0


def test_a_gap_proves_its_sum_and_fills_no_hour() -> None:
    result = run([stand(0, "100"), stand(3, "190"), stand(4, "200")])
    assert energies(result) == [("P1", "drawn", 3, 10)]
    (gap,) = result["gaps"].to_pylist()
    assert gap["proved"]
    assert gap["then_wh"] - gap["first_wh"] == 90
    assert (gap["since"], gap["until"]) == (T0, T0 + timedelta(hours=3))


def test_two_equal_stands_prove_zero_for_each_hour_between() -> None:
    assert energies(run([stand(0, "100"), stand(3, "100")])) == [("P1", "drawn", h, 0) for h in range(3)]


def test_nothing_is_differenced_across_two_epochs() -> None:
    result = run([stand(0, "100"), stand(1, "5", epoch="e2"), stand(2, "9", epoch="e2")])
    assert energies(result) == [("P1", "drawn", 1, 4)]


def test_two_lives_that_agree_on_an_hour_give_one_energy() -> None:
    two = [stand(h, str(h * 10), epoch="e1") for h in (0, 1)] + [stand(h, str(h * 10 + 5), epoch="e2") for h in (0, 1)]
    assert energies(run(two)) == [("P1", "drawn", 0, 10)]


def test_two_lives_that_differ_on_an_hour_leave_it_missing_and_are_reported() -> None:
    two = [stand(h, str(h * 10), epoch="e1") for h in (0, 1)] + [stand(h, str(h * 11), epoch="e0") for h in (0, 1, 2)]
    result = run(two)
    assert energies(result) == [("P1", "drawn", 1, 11)]
    (double,) = result["doubles"].to_pylist()
    assert (double["start"], double["low_wh"], double["high_wh"]) == (T0, 10, 11)


def test_only_the_gateway_that_the_record_names_counts() -> None:
    own = [stand(h, str(h * 10)) for h in (0, 1)]
    foreign = [stand(h, str(h * 99), epoch="e0") | {"gateway": "evil"} for h in (0, 1)]
    assert energies(run(own + foreign, [meter(gateway="g")])) == [("P1", "drawn", 0, 10)]


def test_the_lives_of_a_register_are_told() -> None:
    result = run([stand(0, "100"), stand(1, "110"), stand(2, "5", epoch="e2"), stand(3, "7", epoch="e2")])
    lives = [(row["epoch"], row["first_wh"], row["last_wh"]) for row in result["lives"].to_pylist()]
    assert sorted(lives) == [("e1", 100, 110), ("e2", 5, 7)]


def test_a_fall_within_an_epoch_is_no_energy_and_is_reported() -> None:
    result = run([stand(0, "100"), stand(1, "50"), stand(2, "60")])
    assert energies(result) == [("P1", "drawn", 1, 10)]
    (gap,) = result["gaps"].to_pylist()
    assert not gap["proved"]
    assert (gap["first_wh"], gap["then_wh"]) == (100, 50)


@pytest.mark.parametrize("role", ["generation", "storage", "submeter", "heat", "charging"])
def test_only_settlement_meters_make_drawn_and_injected(role: str) -> None:
    assert energies(run([stand(0, "1"), stand(1, "2")], [meter(role=role)])) == []


def test_import_is_drawn_export_is_injected_reactive_is_neither_and_undeclared_is_nothing() -> None:
    both = [stand(h, str(h), register=r) for r in (IMPORT, EXPORT, "1-0:3.8.0") for h in (0, 1)]
    assert energies(run(both)) == [("P1", "drawn", 0, 1), ("P1", "injected", 0, 1)]
    assert energies(run(both, injected=False)) == [("P1", "drawn", 0, 1)]


def test_each_stand_is_rounded_once_after_the_multiplier() -> None:
    stands = [stand(0, "0.0125"), stand(1, "0.0375"), stand(2, "10.4")]
    assert energies(run(stands, [meter(multiplier="40")])) == [("P1", "drawn", 0, 1), ("P1", "drawn", 1, 414)]


def test_a_meter_that_moves_is_differenced_within_each_record_only() -> None:
    moved = T0 + timedelta(hours=2)
    stands = [stand(h, str(h * h)) for h in range(5)]
    meters = [meter(last=moved), meter(point="P2", first=moved, multiplier="10")]
    assert energies(run(stands, meters)) == [
        ("P1", "drawn", 0, 1),
        ("P1", "drawn", 1, 3),
        ("P2", "drawn", 2, 50),
        ("P2", "drawn", 3, 70),
    ]


def test_quarter_stands_serve_quarters_and_the_full_hours_ones_hours() -> None:
    stands = [stand(q / 4, str(q)) for q in range(9)]
    assert energies(run(stands)) == [("P1", "drawn", 0, 4), ("P1", "drawn", 1, 4)]
    assert [row[3] for row in energies(run(stands, period="quarter"))] == [1] * 8


def test_a_missing_full_hour_is_not_made_up_from_the_quarters_around_it() -> None:
    stands = [stand(h / 4, str(100 + 7 * h)) for h in range(13) if h != 4]
    result = run(stands)
    assert energies(result) == [("P1", "drawn", 2, 28)]
    assert result["gaps"].select(["first_wh", "then_wh", "proved"]).to_pylist() == [
        {"first_wh": 100, "then_wh": 156, "proved": True}
    ]
    quarters = run(stands, period="quarter")
    assert [start for _, _, start, _ in energies(quarters)] == [h / 4 for h in range(12) if h not in {3, 4}]


@given(
    st.lists(st.decimals(min_value=0, max_value=999, places=3), min_size=9, max_size=30),
    st.sampled_from(["1", "20", "0.75"]),
    st.sets(st.integers(0, 29), max_size=4),
)
def test_an_hour_is_the_sum_of_its_quarters_wherever_both_are_known(steps, multiplier: str, lost: set[int]) -> None:
    total, stands = Decimal(5_000_000), []
    for number, step in enumerate(steps):
        total += step
        stands.append(stand(number / 4, str(total)))
    stands = [one for number, one in enumerate(stands) if number not in lost]
    hours = {start: wh for _, _, start, wh in energies(run(stands, [meter(multiplier=multiplier)]))}
    quarters = {
        start: wh for _, _, start, wh in energies(run(stands, [meter(multiplier=multiplier)], period="quarter"))
    }
    for start, wh in hours.items():
        parts = [quarters.get(start + i / 4) for i in range(4)]
        if None not in parts:
            assert sum(parts) == wh


def test_an_unknown_meter_gives_nothing_and_no_stands_give_empty_tables() -> None:
    assert energies(run([stand(0, "1", meter="X"), stand(1, "2", meter="X")])) == []
    result = run([])
    assert (result["energies"].num_rows, result["gaps"].num_rows) == (0, 0)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.decimals(0, 9000, places=3)), min_size=1, max_size=20),
    st.sampled_from(["1", "20", "0.5", "40.25"]),
    st.data(),
)
def test_energies_and_proofs_telescope_whatever_is_missing(steps, multiplier: str, data: st.DataObject) -> None:
    hour, wh, stands = 0, Decimal(0), []
    for gap, more in steps:
        hour, wh = hour + 1 + gap, wh + more
        stands.append(stand(hour, f"{wh:f}"))
    result = run(data.draw(st.permutations(stands)), [meter(multiplier=multiplier)])
    energy = sum(result["energies"]["wh"].to_pylist())
    unequal = [g for g in result["gaps"].to_pylist() if g["then_wh"] != g["first_wh"]]
    proved = sum(g["then_wh"] - g["first_wh"] for g in unequal)
    ends = [half_up(Fraction(s["wh"]) * Fraction(multiplier)) for s in (stands[0], stands[-1])]
    assert energy + proved == ends[1] - ends[0]


def test_meters_behind_a_point_give_their_own_energies_and_nothing_else() -> None:
    storage = [stand(h, str(h * 10), meter="B", register=r) for h in (0, 1) for r in (IMPORT, EXPORT)]
    inverters = [stand(h, str(h * h), meter=m, register=EXPORT) for h in (0, 1, 2) for m in ("I1", "I2")]
    meters = [
        meter("B", role="storage", multiplier="2"),
        meter("I1", role="generation"),
        meter("I2", role="generation"),
    ]
    result = run(storage + inverters, [meter(), *meters, meter("X", role="submeter")])
    rows = [
        (r["role"], r["meter"], r["direction"], (r["start"] - T0) / timedelta(hours=1), r["wh"])
        for r in result["behind"].to_pylist()
    ]
    assert sorted(rows) == [
        ("generation", "I1", "injected", 0, 1),
        ("generation", "I1", "injected", 1, 3),
        ("generation", "I2", "injected", 0, 1),
        ("generation", "I2", "injected", 1, 3),
        ("storage", "B", "drawn", 0, 20),
        ("storage", "B", "injected", 0, 20),
    ]
    assert [result[name].num_rows for name in ("energies", "gaps", "lives", "doubles")] == [0] * 4


def test_two_lives_of_a_meter_behind_that_differ_leave_its_period_missing() -> None:
    two = [stand(h, str(h * wh), meter="B", epoch=e) for h in (0, 1) for e, wh in (("e1", 10), ("e2", 11))]
    assert run(two, [meter("B", role="storage")])["behind"].num_rows == 0
