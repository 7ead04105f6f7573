from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gateway.boundary import Boundaries, Missing, StandAt, stand_at
from gateway.observation import Accepted
from metering.period import QUARTER
from metering.stand import Quality
from metering.wire import ClockState
from runtime.timebase import Timebase

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
GAP = timedelta(seconds=300)
MINUTE = timedelta(minutes=1)


def poll(second: float, wh: object, *, took: float = 0.0, epoch: str = "1", step: object = 1) -> Accepted:
    sent = NOON + timedelta(seconds=second)
    return Accepted(epoch, Decimal(str(wh)), Decimal(str(step)), sent, sent + timedelta(seconds=took))


def advance(*polls: Accepted, gap: timedelta = GAP, now: datetime | None = None) -> list[StandAt | Missing]:
    boundaries, found = Boundaries(gap), []
    for one in polls:
        boundaries, new = boundaries.advance(one.received, (one,))
        found += new
    if now:
        found += boundaries.advance(now, ())[1]
    return found


def test_a_poll_within_one_step_at_the_full_hour_is_exact():
    (stand,) = [one for one in advance(poll(-60, 100), poll(0, 140), poll(60, 200)) if isinstance(one, StandAt)]
    assert (stand.wh, stand.quality, stand.before, stand.after) == (140, Quality.MEASURED, NOON, NOON)


def test_two_equal_values_around_the_hour_prove_it():
    (stand,) = advance(poll(-7, 100, took=0.04), poll(3, 100, took=0.04))
    assert stand == StandAt(
        NOON, Decimal(100), Decimal(1), NOON - timedelta(seconds=6.96), NOON + timedelta(seconds=3),
        Quality.MEASURED, "1",
    )  # fmt: skip


def test_two_equal_values_prove_it_even_when_their_answers_took_long():
    (stand,) = advance(poll(-120, 100, took=60), poll(0, 100, took=60))
    assert (stand.wh, stand.quality, stand.before, stand.after) == (100, Quality.MEASURED, NOON - MINUTE, NOON)


def test_two_different_values_are_interpolated_in_proportion_to_time():
    (stand,) = advance(poll(-6, 100), poll(4, 111))
    assert (stand.wh, stand.quality) == (107, Quality.INTERPOLATED)  # 106.6


def test_an_answer_that_took_a_whole_step_is_not_interpolated_from():
    (stand,) = advance(poll(-120, 100), poll(-60, 200, took=60), poll(0, 300, took=60), poll(120, 500))
    assert (stand.before, stand.after, stand.wh) == (NOON - 2 * MINUTE, NOON + 2 * MINUTE, 300)


def test_polls_further_apart_than_the_gap_give_no_stand():
    assert advance(poll(-151, 100), poll(150, 200)) == [Missing(NOON, NOON)]
    assert len(advance(poll(-150, 100), poll(150, 200))) == 1
    assert advance(poll(-151, 100), poll(150, 100)) == [Missing(NOON, NOON)]


def test_an_hour_is_given_up_as_soon_as_no_poll_can_save_it():
    assert advance(poll(-10, 100), now=NOON + timedelta(seconds=290)) == []
    assert advance(poll(-10, 100), now=NOON + timedelta(seconds=291)) == [Missing(NOON, NOON)]


def test_two_lives_are_never_joined():
    assert advance(poll(-10, 100), poll(10, 105, epoch="2"), now=NOON + GAP) == [Missing(NOON, NOON)]


def test_days_without_polls_are_one_gap_and_the_next_hour_is_whole_again():
    found = advance(poll(-10, 100), poll(86400 * 30 - 10, 900), poll(86400 * 30 + 10, 900))
    missing, stand = found[:-1], found[-1]
    assert missing[0].first == NOON
    assert missing[-1].last == NOON + timedelta(days=30) - timedelta(hours=1)
    assert len(missing) <= 3
    assert stand.at == NOON + timedelta(days=30)


def test_a_restart_just_before_the_hour_loses_nothing():
    boundaries = Boundaries.after(poll(-10, 100), GAP)
    _, (stand,) = boundaries.advance(NOON + timedelta(seconds=15), (poll(15, 125),))
    assert (stand.at, stand.wh) == (NOON, 110)


def test_a_restart_after_an_exact_stand_waits_for_the_next_hour():
    assert Boundaries.after(poll(0, 100), GAP).pending == NOON + timedelta(hours=1)


def test_a_clock_set_back_for_years_goes_on_at_the_present():
    boundaries, _ = Boundaries(GAP).advance(NOON.replace(year=2090), (poll(0, 5),))
    boundaries, _ = boundaries.advance(NOON - MINUTE, (poll(-60, 100),))
    _, found = boundaries.advance(NOON + MINUTE, (poll(60, 100),))
    assert [one.at for one in found] == [NOON]


def test_quarters_are_the_same_with_another_length():
    boundaries = Boundaries(GAP, QUARTER)
    boundaries, _ = boundaries.advance(NOON - MINUTE, (poll(-60, 100),))
    found = []
    for minute in range(31):
        boundaries, new = boundaries.advance(NOON + minute * MINUTE, (poll(60 * minute, 100 + minute),))
        found += new
    assert [(one.at, one.wh) for one in found] == [(NOON, 100), (NOON + QUARTER, 115), (NOON + 2 * QUARTER, 130)]


def test_above_16384_kwh_the_result_is_a_multiple_of_the_floats_step():
    (stand,) = advance(poll(-6, "40000003.90625", step="3.90625"), poll(4, "40000019.53125", step="3.90625"))
    assert stand.wh == Decimal("40000011.71875")
    assert stand.resolution == Decimal("3.90625")


def by(one: Accepted, origin: datetime, state: ClockState = ClockState.SYNCHRONISED) -> Accepted:
    return replace(one, base=Timebase(state, origin))


BOOTED = NOON - timedelta(hours=3)


def test_polls_on_both_sides_of_a_step_are_dated_by_the_steady_clock():
    # Set forward by a minute between the polls: 10 s have passed, and noon lay in the middle of them.
    before, after = by(poll(-65, 100), BOOTED - MINUTE), by(poll(5, 110), BOOTED)
    _, (stand,) = (
        Boundaries(GAP).advance(before.received, (before,), before.base)[0].advance(NOON + MINUTE, (after,), after.base)
    )
    assert (stand.before, stand.after, stand.wh) == (NOON - timedelta(seconds=5), NOON + timedelta(seconds=5), 105)


def test_a_step_noticed_without_a_poll_dates_what_was_polled_before():
    before = by(poll(-15, 100), BOOTED - MINUTE)
    boundaries, _ = Boundaries(GAP).advance(before.received, (before,), before.base)
    boundaries, found = boundaries.advance(NOON + MINUTE, (), Timebase(ClockState.SYNCHRONISED, BOOTED))
    assert found == [Missing(NOON, NOON)]
    assert boundaries.seen[0].sent == NOON + timedelta(seconds=45)


def test_a_machine_that_starts_in_the_past_makes_no_stand_before_its_clock_is_set():
    remembered = poll(-20, 100)
    boundaries = Boundaries.after(remembered, GAP)
    wrong = Timebase(ClockState.UNSYNCHRONISED, NOON - MINUTE, settled=False)
    for second, wh in ((-10, 500), (20, 502), (40, 504)):
        one = replace(poll(second, wh), base=wrong)
        boundaries, found = boundaries.advance(one.received, (one,), wrong)
        assert found == []
    # It is four hours later: what was polled on both sides of the false noon is dated anew.
    right = Timebase(ClockState.SYNCHRONISED, NOON - MINUTE + timedelta(hours=3, minutes=59))
    boundaries, found = boundaries.advance(NOON + timedelta(hours=4, seconds=10), (), right)
    assert all(isinstance(one, Missing) for one in found)
    assert (found[0].first, found[-1].last) == (NOON, NOON + timedelta(hours=3))
    one = replace(poll(4 * 3600 + 30, 520), base=right)
    _, found = boundaries.advance(one.received, (one,), right)
    assert [(stand.at, stand.before) for stand in found] == [
        (NOON + timedelta(hours=4), NOON + timedelta(hours=4) - timedelta(seconds=20))
    ]


def test_what_an_earlier_run_polled_is_not_joined_by_a_clock_that_nobody_set():
    one = by(poll(10, 105), NOON - MINUTE, ClockState.UNSYNCHRONISED)
    _, found = Boundaries.after(poll(-10, 100), GAP).advance(NOON + GAP, (one,), one.base)
    assert found == [Missing(NOON, NOON)]
    one = by(poll(10, 110), NOON - MINUTE)
    _, (stand,) = Boundaries.after(poll(-10, 100), GAP).advance(NOON + GAP, (one,), one.base)
    assert stand.wh == 105


def test_a_clock_that_loses_its_synchronisation_goes_on_making_stands():
    before, after = by(poll(-10, 100), BOOTED), by(poll(10, 120), BOOTED, ClockState.UNSYNCHRONISED)
    boundaries, _ = Boundaries(GAP).advance(before.received, (before,), before.base)
    _, (stand,) = boundaries.advance(NOON + MINUTE, (after,), after.base)
    assert stand.wh == 110


@given(
    st.lists(st.tuples(st.floats(1, 400), st.integers(0, 500), st.floats(0, 8)), min_size=2, max_size=60),
    st.integers(-3600, 0),
)
def test_stands_lie_between_their_polls_and_never_fall(steps, start):
    polls, second, wh = [], float(start), 0
    for pause, rise, took in steps:
        wh += rise
        polls.append(poll(second, wh, took=min(took, pause / 2)))
        second += pause
    stands = [one for one in advance(*polls) if isinstance(one, StandAt)]
    for one in stands:
        assert one.before <= one.at <= one.after
        assert one.after - one.before <= GAP
        below = max(p.wh for p in polls if p.received <= one.before)
        above = min(p.wh for p in polls if p.sent >= one.after)
        assert below <= one.wh <= above
    assert [one.at for one in stands] == sorted({one.at for one in stands})
    assert [one.wh for one in stands] == sorted(one.wh for one in stands)


@given(st.integers(1, 299), st.integers(1, 299), st.integers(1, 10**6))
def test_the_interpolated_value_is_the_exact_one_rounded_half_up(before, after, rise):
    stand = stand_at(NOON, (poll(-before, 0), poll(after, rise)), timedelta(seconds=600))
    exact = Fraction(rise * before, before + after)
    assert abs(Fraction(stand.wh) - exact) <= Fraction(1, 2)
    assert Fraction(stand.wh) == (exact + Fraction(1, 2)) // 1
