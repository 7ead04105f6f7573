"""Each check of validation: a made series that triggers it with its numbers, and one just below the limit that doesn't."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import numpy as np
import pandas as pd
import pvlib
import pytest

from central.finding import ACCEPTABLE, VALIDATED
from central.free_days import DayKind, day_kind, free_days
from central.limits import Limits, read_limits
from central.sun import elevation
from metering.period import WARSAW, day_periods
from tests.central.made_series import DRAWS, FIRST, HOUR, LAST, MONTH, PV, behind, found, hourly, series, table

AT = datetime(2026, 10, 14, 10, tzinfo=UTC)
"""A Wednesday, 12:00 local."""


def load(at: datetime) -> int:
    """What a school draws: more by day, and more on workdays."""
    there = at.astimezone(WARSAW)
    return 300 + 200 * (7 <= there.hour < 16) * (there.weekday() < 5) + there.day


@pytest.mark.parametrize(("wh", "count"), [(11_000, 0), (11_001, 1)])
def test_more_than_the_contracted_power_carries(wh: int, count: int) -> None:
    one = found(series(hourly("D", "drawn", lambda at: wh if at == AT else load(at))), "over_power")
    assert len(one) == count
    if one:
        assert (one[0].what, one[0].where, one[0].since, one[0].until) == ("D", "drawn", AT, AT + HOUR)
        assert (one[0].first, one[0].second, one[0].unit) == ("11001", "11000", "Wh")


@pytest.mark.parametrize(("wh", "count"), [(5500, 0), (5501, 1)])
def test_more_injected_than_what_is_installed_can_give(wh: int, count: int) -> None:
    plant = [{"id": "I", "point": "S", "kind": "pv", "power_kw": 5}]
    made = series(hourly("S", "injected", lambda at: wh if at == AT else 0), more={"installations": plant})
    assert len(found(made, "over_power")) == count


def test_without_a_contracted_or_installed_power_nothing_is_held_against_it() -> None:
    made = series(hourly("S", "injected", lambda at: 10**9 if at == AT else 0))
    assert found(made, "over_power") == []


@pytest.mark.parametrize(("hours", "count"), [(24, 0), (25, 1)])
def test_a_register_that_stands_still(hours: int, count: int) -> None:
    made = series(hourly("D", "drawn", lambda at: 0 if AT <= at < AT + hours * HOUR else load(at)))
    one = found(made, "stuck")
    assert [(f.since, f.until, f.first, f.second, f.unit) for f in one] == [
        (AT, AT + 25 * HOUR, "25", "24", "hours")
    ] * count


@pytest.mark.parametrize(("hours", "count"), [(54, 0), (55, 1)])
def test_a_register_that_rests_every_night_may_rest_three_times_as_long(hours: int, count: int) -> None:
    begin = AT.replace(hour=14)

    def sun(at: datetime) -> int:
        if at >= begin:
            return int(at >= begin + hours * HOUR)
        return 500 if 8 <= at.hour < 14 else 0

    one = found(series(hourly("S", "injected", sun)), "stuck")
    assert [(f.since, f.first, f.second) for f in one] == [(begin, "55", "54")] * count


def test_a_register_that_never_counted_is_not_stuck() -> None:
    assert found(series(hourly("S", "injected", lambda _: 0)), "stuck") == []


def test_a_stretch_that_began_before_the_month_is_told_from_its_beginning() -> None:
    begin = MONTH.start - 30 * HOUR
    made = series(hourly("D", "drawn", lambda at: 0 if begin <= at < MONTH.start + 9 * HOUR else load(at)))
    (one,) = found(made, "stuck")
    assert (one.since, one.first) == (begin, "39")


@pytest.mark.parametrize("above", [0, 1])
def test_a_spike_against_like_days(above: int) -> None:
    def flat(at: datetime) -> int:
        return 400

    made = series(hourly("D", "drawn", lambda at: 2000 + above if at == AT else flat(at)))
    one = found(made, "spike")
    assert [(f.since, f.first, f.second) for f in one] == [(AT, "2001", "2000")] * above


def test_a_high_hour_is_no_spike_where_like_days_had_as_much_at_another_time() -> None:
    def peaky(at: datetime) -> int:
        return 5000 if at.hour == 5 else 100

    assert found(series(hourly("D", "drawn", lambda at: 5000 if at == AT else peaky(at))), "spike") == []
    assert len(found(series(hourly("D", "drawn", lambda at: 5001 if at == AT else peaky(at))), "spike")) == 1


def test_a_spike_needs_three_like_days() -> None:
    made = series(hourly("D", "drawn", lambda at: 9000 if at == AT else 400, first=AT - 2 * 24 * HOUR))
    assert found(made, "spike") == []


@pytest.mark.parametrize(("hours", "small", "count"), [(6, 400, 1), (6, 399, 0), (5, 400, 0)])
def test_both_directions_at_once_beyond_reason(hours: int, small: int, count: int) -> None:
    limits = Limits(both_ways_min_wh=300)
    rows = hourly("S", "drawn", lambda at: small if AT <= at < AT + hours * HOUR else 0)
    rows += hourly("S", "injected", lambda at: 1000 if AT <= at < AT + hours * HOUR else 0)
    one = found(series(rows, limits=limits), "both_ways")
    assert [(f.since, f.until, f.first, f.second) for f in one] == [(AT, AT + 6 * HOUR, "2400", "2400")] * count


def test_a_little_of_both_is_in_reason() -> None:
    rows = hourly("S", "drawn", lambda _: 499) + hourly("S", "injected", lambda _: 499)
    assert found(series(rows), "both_ways") == []


@pytest.mark.parametrize(("wh", "count"), [(5, 0), (6, 1)])
def test_injection_at_a_point_without_a_source(wh: int, count: int) -> None:
    undeclared = table(hourly("D", "injected", lambda at: wh if AT <= at < AT + 2 * HOUR else 0))
    one = found(series([], undeclared=undeclared, limits=Limits(no_source_wh=5)), "no_source")
    assert [(f.what, f.since, f.until, f.first, f.second) for f in one] == [
        ("D", AT, AT + 2 * HOUR, "12", "10")
    ] * count


MIDNIGHT = datetime(2026, 10, 14, 22, tzinfo=UTC)


@pytest.mark.parametrize(("wh", "count"), [(50, 0), (51, 1)])
def test_photovoltaics_at_night_and_nights_that_follow_are_one(wh: int, count: int) -> None:
    nights = {MIDNIGHT, MIDNIGHT + 2 * HOUR, MIDNIGHT + 24 * HOUR}
    one = found(series(hourly("S", "injected", lambda at: wh if at in nights else 0)), "pv_at_night")
    assert [(f.since, f.until, f.first, f.second) for f in one] == [
        (MIDNIGHT, MIDNIGHT + 25 * HOUR, "51", "50")
    ] * count


def test_a_storage_behind_the_point_may_inject_at_night() -> None:
    meters = [{"serial": "B", "point": "S", "role": "storage"}]
    made = series(hourly("S", "injected", lambda at: 900 if at == MIDNIGHT else 0), more={"meters": meters})
    assert found(made, "pv_at_night") == []


def test_at_dusk_and_by_day_photovoltaics_inject() -> None:
    made = series(hourly("S", "injected", lambda at: 900 if 5 <= at.hour < 16 else 0))
    assert found(made, "pv_at_night") == []


LONG = date(2026, 10, 25)


@pytest.mark.parametrize(("absent", "count"), [((2,), 1), ((24,), 1), ((), 0), ((2, 3), 0)])
def test_twenty_four_values_on_a_day_of_twenty_five_hours(absent: tuple[int, ...], count: int) -> None:
    hours = [period.start for period in day_periods(LONG)]
    lacking = {hours[i] for i in absent}
    one = found(series(hourly("D", "drawn", lambda at: None if at in lacking else load(at))), "long_day")
    assert [(f.since, f.until, f.first, f.second) for f in one] == [(hours[0], hours[-1] + HOUR, "24", "25")] * count


def test_a_long_day_is_not_judged_before_it_has_ended() -> None:
    now = datetime(2026, 10, 25, 22, 59, tzinfo=UTC)
    made = series(hourly("D", "drawn", load, last=now.replace(minute=0)), now=now)
    assert found(made, "long_day") == []


@pytest.mark.parametrize(("kind", "one", "other"), [
    ("operator_differs", "own", "operator"),
    ("quarters_hours", "quarters_given", "hours_given"),
])  # fmt: skip
@pytest.mark.parametrize(("wh", "count"), [(20_200, 0), (20_201, 1), (19_799, 1), (None, 0)])
def test_two_sources_of_one_hour_that_differ(kind: str, one: str, other: str, wh: int | None, count: int) -> None:
    first = table(hourly("D", "drawn", lambda at: wh if at == AT else load(at)))
    second = table(hourly("D", "drawn", lambda at: 20_000 if at == AT else load(at)))
    told = found(series([], **{one: first, other: second}), kind)
    assert [(f.since, f.until, f.first, f.second) for f in told] == [(AT, AT + HOUR, str(wh), "20000")] * count


DAY = [period.start for period in day_periods(date(2026, 10, 14))]


@pytest.mark.parametrize(("extra", "count"), [(0, 0), (1, 1)])
def test_submeters_that_count_more_than_the_settlement_meter_leaves(extra: int, count: int) -> None:
    meters = [
        {"serial": "G", "point": "S", "role": "generation"},
        *({"serial": name, "point": "S", "role": "submeter"} for name in ("U1", "U2")),
    ]
    # 24 h × (5000 − 1000 + 2000) Wh were used there, and 3 % more is allowed.
    used = 24 * 6000
    summed = used + used * 3 // 100 + extra
    rows = hourly("S", "drawn", lambda _: 5000) + hourly("S", "injected", lambda _: 1000)
    counted = [("S", "generation", "G", "injected", at, 2000) for at in DAY]
    counted += [("S", "submeter", "U1", "drawn", at, 0) for at in DAY]
    counted += [("S", "submeter", "U2", "drawn", at, summed if at == DAY[5] else 0) for at in DAY]
    one = found(series(rows, more={"meters": meters}, behind=behind(counted)), "submeters")
    assert [(f.since, f.until, f.first, f.second) for f in one] == [
        (DAY[0], DAY[-1] + HOUR, str(summed), str(summed - 1))
    ] * count
    lacking = series(rows, more={"meters": meters}, behind=behind(counted[:-1]))
    assert found(lacking, "submeters") == []


@pytest.mark.parametrize(("extra", "count"), [(0, 0), (1, 1)])
def test_more_injected_than_was_generated_and_discharged(extra: int, count: int) -> None:
    meters = [{"serial": role, "point": "S", "role": role} for role in ("generation", "storage")]
    limit = 24 * 3000 + 24 * 3000 * 3 // 100
    rows = hourly("S", "injected", lambda at: limit + extra if at == DAY[9] else 0)
    counted = [("S", "generation", "generation", "injected", at, 2000) for at in DAY]
    counted += [("S", "storage", "storage", "injected", at, 1000) for at in DAY]
    one = found(series(rows, more={"meters": meters}, behind=behind(counted)), "generation")
    assert [(f.since, f.until, f.first, f.second) for f in one] == [
        (DAY[0], DAY[-1] + HOUR, str(limit + 1), str(limit))
    ] * count


def test_a_well_kept_month_has_no_finding_and_every_kind_can_be_accepted() -> None:
    def sun(at: datetime) -> int:
        return round(max(0.0, float(elevation(np.array([int(at.timestamp()) + 1800]), 52, 19)[0])) * 100)

    rows = hourly("D", "drawn", load) + hourly("S", "drawn", load) + hourly("S", "injected", sun)
    made = series(rows)
    assert [one for kind in VALIDATED for one in found(made, kind)] == []
    assert set(VALIDATED) <= ACCEPTABLE


def test_what_lies_outside_a_points_validity_is_not_looked_at() -> None:
    ended = DRAWS | {"valid_to": date(2026, 10, 10)}
    made = series(hourly("D", "drawn", lambda at: 10**7 if at == AT else 100), points=[ended, PV])
    assert found(made, "over_power") == []


def test_a_finding_stays_the_same_while_it_begins_at_the_same_hour() -> None:
    keys = {
        found(series(hourly("D", "drawn", lambda at, n=n: 0 if AT <= at < AT + n * HOUR else load(at))), "stuck")[0].key
        for n in (30, 40)
    }
    assert len(keys) == 1


def test_the_sun_stands_where_another_hand_sees_it() -> None:
    at = np.arange(1_780_000_000, 1_780_000_000 + 366 * 86400, 7013)
    index = pd.to_datetime(at, unit="s", utc=True)
    seen = pvlib.solarposition.get_solarposition(index, 52.23, 21.01)["elevation"].to_numpy()
    assert np.abs(elevation(at, 52.23, 21.01) - seen).max() < 0.5


def test_days_free_from_work_by_law_as_another_hand_knows_them() -> None:
    for year in (2024, 2025, 2026, 2027, 2038):
        known = {day for day in holidays.country_holidays("PL", years=year) if day.weekday() != 6}
        assert {day for day in free_days(year) if day.weekday() != 6} == known
    assert day_kind(date(2026, 6, 4)) is DayKind.FREE
    assert [day_kind(date(2026, 10, day)) for day in (16, 17, 18)] == [DayKind.WORKDAY, DayKind.SATURDAY, DayKind.FREE]


def test_limits_name_every_problem_at_once() -> None:
    limits, problems = read_limits({"spike_times": 9, "stuck_h": 1, "nonsense": 1, "latitude": "x"}, "c.toml")
    assert limits.spike_times == 9
    assert [problem.key for problem in problems] == ["validation.stuck_h", "validation.nonsense", "validation.latitude"]
    _, alone = read_limits({"latitude": 52.1}, "c.toml")
    assert "go together" in alone[0].expected


def test_the_months_ends_are_where_they_should_be() -> None:
    made = series([])
    assert (made.at(made.month.start), made.at(made.month.stop)) == (MONTH.start, MONTH.end)
    assert (made.at(0), made.at(len(made.starts))) == (FIRST, LAST)
    assert timedelta(seconds=made.length_s) == HOUR
