"""Methods of estimation, each a pure function; and sums that are exactly what stands prove, whatever is measured between."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.estimate import Estimate
from central.estimated import estimated_table, fill, outcomes, with_estimated
from central.estimates.asked import instant_of
from central.estimates.given_files import BadFileError, values_of, weights_of
from central.estimation import METHODS
from central.estimation.history import Given, History, NotEstimatedError, Unit
from central.free_days import DayKind
from central.local_days import LocalDays
from central.tables import DOUBLES, ENERGIES, GAPS
from metering.period import HOUR, QUARTER, day_start
from metering.point import Direction

NOON = day_start(date(2026, 10, 14)) + 12 * HOUR
"""A Wednesday."""


BEFORE = day_start(date(2026, 9, 14))


def history(values: dict[int, int], first: datetime = BEFORE, count: int = 24 * 40) -> History:
    """Hours from ``first`` on; values by seconds since 1970, the rest not known."""
    starts = np.arange(count, dtype=np.int64) * 3600 + int(first.timestamp())
    known = np.isin(starts, list(values))
    wh = np.array([values.get(start, 0) for start in starts.tolist()], dtype=np.int64)
    return History(starts, 3600, wh, known, LocalDays.of_periods(starts, 3600))


def at(moment: datetime) -> int:
    return int(moment.timestamp())


def places(of: History, *moments: datetime) -> np.ndarray:
    return np.searchsorted(of.starts, [at(moment) for moment in moments])


def test_linear_bridges_two_hours_on_a_straight_line() -> None:
    known = history({at(NOON - HOUR): 100, at(NOON + 2 * HOUR): 402})
    assert METHODS["linear"](known, places(known, NOON, NOON + HOUR), Given()) == [201, 301]
    falling = history({at(NOON - HOUR): 7, at(NOON + HOUR): 0})
    assert METHODS["linear"](falling, places(falling, NOON), Given()) == [4]


def test_linear_refuses_more_than_two_hours_and_what_has_no_neighbour() -> None:
    known = history({at(NOON - HOUR): 100, at(NOON + 3 * HOUR): 400})
    with pytest.raises(NotEstimatedError, match="at most 2 hours, and 3 are missing"):
        METHODS["linear"](known, places(known, NOON, NOON + HOUR, NOON + 2 * HOUR), Given())
    with pytest.raises(NotEstimatedError, match="just before and just after"):
        METHODS["linear"](known, places(known, NOON), Given())


def test_like_days_takes_the_median_of_the_same_clock_hour_on_days_of_the_kind() -> None:
    workdays = [date(2026, 10, day) for day in (5, 6, 7, 8, 9, 12, 13)]
    values = {at(day_start(day) + 12 * HOUR): 100 * i for i, day in enumerate(workdays)}
    weekend = {at(day_start(date(2026, 10, day)) + 12 * HOUR): 10**6 for day in (10, 11)}
    known = history(values | weekend)
    assert METHODS["like_days"](known, places(known, NOON), Given(weeks=2)) == [300]
    # Of six values, the mean of the middle two, half-up.
    fewer = history({key: value + (key % 2) for key, value in list(values.items())[1:]})
    assert METHODS["like_days"](fewer, places(fewer, NOON), Given(weeks=2)) == [350]
    with pytest.raises(NotEstimatedError, match="finds 0 measured values of the time 2026-10-14 13:00"):
        METHODS["like_days"](known, places(known, NOON + HOUR), Given(weeks=2))


def test_like_days_across_the_change_of_the_clock_means_the_hour_of_the_clock() -> None:
    later = day_start(date(2026, 10, 27)) + 12 * HOUR
    values = {at(day_start(date(2026, 10, day)) + 12 * HOUR): 500 for day in (19, 20, 21, 22)}
    known = history(values, count=24 * 50)
    assert (later.hour, NOON.hour) == (11, 10)
    assert METHODS["like_days"](known, places(known, later), Given()) == [500]


def test_a_profile_gives_weights_and_names_what_it_lacks() -> None:
    known = history({})
    weights = {Unit(DayKind.WORKDAY, 12): Decimal("1.5"), Unit(DayKind.WORKDAY, 13): Decimal(3)}
    found = METHODS["profile"](known, places(known, NOON, NOON + HOUR), Given(weights=weights))
    assert found == [1_500_000, 3_000_000]
    with pytest.raises(NotEstimatedError, match="workday, hour 14"):
        METHODS["profile"](known, places(known, NOON + 2 * HOUR), Given(weights=weights))


def test_the_meters_own_profile_and_manual_values_must_have_every_period() -> None:
    known = history({})
    values = {at(NOON): 5, at(NOON + HOUR): 7}
    one = places(known, NOON)
    assert METHODS["own_load_profile"](known, one, Given(values=values)) == [5]
    with pytest.raises(NotEstimatedError, match="nothing is put over a value"):
        METHODS["manual"](known, one, Given(values=values))
    with pytest.raises(NotEstimatedError, match="has no value of 2026-10-14 14:00"):
        METHODS["own_load_profile"](known, places(known, NOON + 2 * HOUR), Given(values=values))


BEGIN = at(NOON)


def estimate(wh: dict[int, int], number: int = 1) -> Estimate:
    return Estimate(
        number=number,
        point="P",
        direction=Direction.DRAWN,
        method="manual",
        starts=tuple(BEGIN + 3600 * hour for hour in wh),
        wh=tuple(wh.values()),
        reason="r",
        by="b",
        at=NOON,
    )


def energies(wh: dict[int, int]) -> pa.Table:
    rows = [
        {"cluster": "C", "point": "P", "direction": "drawn", "start": BEGIN + 3600 * hour, "wh": value}
        for hour, value in wh.items()
    ]
    return pa.Table.from_pylist(rows, schema=ENERGIES)


def gaps(*spans: tuple[int, int, int]) -> dict[str, pa.Table]:
    """From hour, to hour, Wh that two stands prove."""
    rows = [
        {
            "point": "P",
            "direction": "drawn",
            "meter": "M",
            "since": BEGIN + 3600 * first,
            "until": BEGIN + 3600 * last,
            "first_wh": 1000,
            "then_wh": 1000 + wh,
            "proved": True,
        }
        for first, last, wh in spans
    ]
    return {"gaps": pa.Table.from_pylist(rows, schema=GAPS), "doubles": DOUBLES.empty_table()}


def counted(filled: pa.Table) -> dict[int, int]:
    return {(at(row["start"]) - BEGIN) // 3600: row["wh"] for row in filled.to_pylist()}


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[int, int], list[int], dict[int, int], dict[int, int]]:
    """True energies of some hours, the hours with a stand at their start, an estimate of them all, what is measured."""
    count = draw(st.integers(2, 24))
    true = {hour: draw(st.integers(0, 10**6)) for hour in range(count)}
    stands = sorted({0, count, *draw(st.lists(st.integers(0, count), max_size=6))})
    guessed = {hour: draw(st.integers(0, 10**6)) for hour in range(count)}
    # The operator knows some hours too, and is right.
    measured = {hour: true[hour] for hour in draw(st.sets(st.integers(0, count - 1)))}
    return true, stands, guessed, measured


@settings(deadline=None, max_examples=150)
@given(histories())
def test_between_two_stands_estimates_and_what_is_measured_add_up_to_exactly_what_is_proved(
    made: tuple[dict[int, int], list[int], dict[int, int], dict[int, int]],
) -> None:
    true, stands, guessed, measured = made
    proofs = [(first, last, sum(true[hour] for hour in range(first, last))) for first, last in pairwise(stands)]
    # Whole hours between two stands are measured; a longer gap is only proved.
    measured |= {first: wh for first, last, wh in proofs if last == first + 1}
    told = gaps(*(proof for proof in proofs if proof[1] > proof[0] + 1))
    one = estimate(guessed)
    filled = fill(energies(measured), told, [one])
    found = counted(estimated_table("C", filled))
    assert set(found) == set(true) - set(measured)
    assert min(found.values(), default=0) >= 0
    for first, last, wh in proofs:
        assert sum((measured | found)[hour] for hour in range(first, last)) == wh
    (outcome,) = outcomes(filled, [one])
    assert (outcome.counting, outcome.proved, outcome.measured) == (len(found), len(found), len(measured))
    assert outcome.replaced_wh == sum(guessed[hour] for hour in measured)
    everything = with_estimated(energies(measured), estimated_table("C", filled))
    assert sum(everything["wh"].to_pylist()) == sum(true.values())


def test_the_estimate_gives_the_shape_and_the_stands_the_sum() -> None:
    filled = fill(energies({}), gaps((0, 3, 10)), [estimate({0: 1, 1: 1, 2: 1})])
    assert counted(estimated_table("C", filled)) == {0: 4, 1: 3, 2: 3}
    filled = fill(energies({}), gaps((0, 3, 10)), [estimate({0: 0, 1: 0, 2: 0})])
    assert counted(estimated_table("C", filled)) == {0: 4, 1: 3, 2: 3}


def test_without_stands_the_sum_is_the_methods() -> None:
    filled = fill(energies({}), gaps(), [estimate({0: 5, 1: 6})])
    table = estimated_table("C", filled)
    assert counted(table) == {0: 5, 1: 6}
    assert table["proved"].to_pylist() == [False, False]


def test_more_measured_than_proved_is_a_contradiction_and_no_estimate_counts() -> None:
    one = estimate({1: 5, 2: 5})
    filled = fill(energies({0: 100}), gaps((0, 3, 99)), [one])
    assert counted(estimated_table("C", filled)) == {}
    assert outcomes(filled, [one])[0].contradicted == 2


def test_a_part_of_a_gap_stays_as_estimated_while_the_whole_has_room_for_it() -> None:
    filled = fill(energies({}), gaps((0, 4, 20)), [estimate({0: 10, 1: 10})])
    assert counted(estimated_table("C", filled)) == {0: 10, 1: 10}
    filled = fill(energies({}), gaps((0, 4, 19)), [estimate({0: 10, 1: 10})])
    assert counted(estimated_table("C", filled)) == {}


def test_a_period_with_two_measured_values_gets_no_estimate() -> None:
    double = {"point": "P", "direction": "drawn", "start": BEGIN, "low_wh": 1, "high_wh": 2}
    told = gaps() | {"doubles": pa.Table.from_pylist([double], schema=DOUBLES)}
    assert counted(estimated_table("C", fill(energies({}), told, [estimate({0: 5, 1: 6})]))) == {1: 6}


def test_files_of_values_and_weights_name_all_their_bad_rows(tmp_path: Path) -> None:
    file = tmp_path / "v.csv"
    file.write_text("start,wh\n2026-10-14T12:00:00+02:00,5\n2026-10-14T13:00:00+02:00,7\n", encoding="utf-8")
    assert values_of(file, HOUR) == {BEGIN: 5, BEGIN + 3600: 7}
    file.write_text("start,wh\n2026-10-14T12:00:00,5\n2026-10-14T12:10:00Z,7\nx,1\n2026-10-14T12:00Z,-1\n", "utf-8")
    with pytest.raises(BadFileError) as bad:
        values_of(file, HOUR)
    assert [line.split(": ")[1] for line in str(bad.value).split("\n")] == ["line 2", "line 3", "line 4", "line 5"]
    quarters = "".join(f"{(NOON + QUARTER * i).isoformat()},{i}\n" for i in range(4))
    file.write_text(f"start,wh\n{quarters}", encoding="utf-8")
    assert values_of(file, HOUR) == {BEGIN: 6}
    file.write_text("day,hour,weight\nworkday,12,1.5\nmonday,1,1\nfree,24,1\nfree,1,-1\n", encoding="utf-8")
    with pytest.raises(BadFileError) as bad:
        weights_of(file)
    assert len(str(bad.value).split("\n")) == 3


def test_an_hour_that_comes_twice_must_be_written_with_its_offset() -> None:
    assert instant_of("2026-10-05", end=False) == datetime(2026, 10, 4, 22, tzinfo=UTC)
    assert instant_of("2026-10-05", end=True) == datetime(2026, 10, 5, 22, tzinfo=UTC)
    assert instant_of("2026-10-05T14:00", end=False) == datetime(2026, 10, 5, 12, tzinfo=UTC)
    assert instant_of("2026-10-25T02:00+01:00", end=True) == datetime(2026, 10, 25, 1, tzinfo=UTC)
    for text in ("2026-10-25T02:00", "2026-03-29T02:30", "2026-13-01", "soon"):
        with pytest.raises(ValueError, match=r"2026|soon"):
            instant_of(text, end=False)
