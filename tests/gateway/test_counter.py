from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.counter import Counter, Judgement, serial_of
from gateway.observation import Observation
from metering.period import HOUR
from metering.wire import ClockState
from runtime.timebase import Timebase

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def seen(second: float, wh: object) -> Observation:
    at = NOON + timedelta(seconds=second)
    return Observation(None if wh is None else Decimal(str(wh)), Decimal(1), at, at + timedelta(milliseconds=40))


def live(*observations: Observation, power: int = 72_000) -> tuple[Counter, list[Judgement]]:
    """What becomes of the observations; the first one is read twice, so that the life rests on two readings."""
    counter, judged = Counter(power), []
    for one in observations:
        counter, judgement = counter.observe(one)
        judged.append(judgement)
        if len(judged) == 1:
            counter, _ = counter.observe(one)
    return counter, judged


def names(judged: list[Judgement]) -> list[str]:
    return [event.name for one in judged for event in one.events]


def test_the_first_value_starts_the_first_epoch_named_by_its_instant():
    counter, judged = live(seen(0, 5000), seen(10, 5003))
    assert [one.epoch for j in judged for one in j.accepted] == ["2026-10-01T12:00:00.040000Z"] * 2
    assert names(judged) == ["epoch_started"]
    assert counter.last.wh == 5003


def test_one_reading_against_one_proves_neither_and_begins_another_life():
    counter, first = Counter(72_000).observe(seen(0, 0))
    assert counter.young
    counter, second = counter.observe(seen(10, 5_000_000))
    assert [event.name for event in second.events] == ["epoch_started"]
    assert second.events[0].fields["cause"] == "rises too fast"
    assert (counter.young, counter.last.wh) == (True, 5_000_000)
    assert first.accepted[0].epoch != second.accepted[0].epoch
    counter, third = counter.observe(seen(20, 5_000_001))
    assert not counter.young
    assert third.accepted[0].epoch == second.accepted[0].epoch


def test_nonsense_is_rejected_and_the_next_value_heals_it():
    for nonsense in (None, -1, 0, 4999, 5400, 10**15, "1E+30"):
        counter, judged = live(seen(0, 5000), seen(10, nonsense), seen(20, 5004))
        assert [len(one.accepted) for one in judged] == [1, 0, 1], nonsense
        assert names(judged) == ["epoch_started", "value_rejected", "value_plausible_again"]
        assert counter.last.epoch == judged[0].accepted[0].epoch


def test_a_fall_at_the_end_of_a_counter_is_no_rollover():
    counter, judged = live(seen(0, 9_999_999), seen(10, 3), seen(20, 10_000_001))
    assert [len(one.accepted) for one in judged] == [1, 0, 1]
    assert counter.last.epoch == judged[0].accepted[0].epoch


def test_three_polls_over_half_a_minute_that_agree_begin_a_new_life():
    counter, judged = live(seen(0, 5000), *(seen(10 * i, i) for i in range(1, 6)))
    assert [len(one.accepted) for one in judged] == [1, 0, 0, 0, 0, 5]
    assert {one.epoch for one in judged[-1].accepted} == {"2026-10-01T12:00:10.040000Z"}
    assert names(judged) == ["epoch_started", "value_rejected", "register_reset", "epoch_started"]
    assert judged[-1].events[0].fields == {"last_wh": "5000", "wh": "1"}
    assert counter.last.wh == 5


def test_three_quick_polls_are_not_enough_for_a_new_life():
    _, judged = live(seen(0, 5000), seen(1, 0), seen(2, 0), seen(3, 0), seen(4, 5001))
    assert [len(one.accepted) for one in judged] == [1, 0, 0, 0, 1]


def test_polls_that_contradict_each_other_never_begin_a_new_life():
    _, judged = live(seen(0, 5000), *(seen(60 * i, (4000, 100)[i % 2]) for i in range(1, 9)))
    assert sum(len(one.accepted) for one in judged) == 1


def test_a_silent_word_between_them_makes_the_witnesses_begin_again():
    _, judged = live(seen(0, 5000), seen(20, 0), seen(40, 0), seen(60, None), seen(80, 1), seen(100, 2), seen(120, 3))
    assert [len(one.accepted) for one in judged] == [1, 0, 0, 0, 0, 0, 3]


def test_a_meter_exchanged_for_one_that_shows_more_is_a_new_life_too():
    _, judged = live(seen(0, 5000), *(seen(20 * i, 90_000_000 + i) for i in range(1, 4)))
    assert len(judged[-1].accepted) == 3
    assert judged[-1].accepted[0].epoch != judged[0].accepted[0].epoch


def test_a_long_silence_leaves_room_for_all_the_energy_of_that_time():
    hours = 100
    most = 72_000 * hours
    _, judged = live(seen(0, 5000), seen(3600 * hours, 5000 + most))
    assert len(judged[-1].accepted) == 1
    _, judged = live(seen(0, 5000), seen(3600 * hours, 5000 + most + 10))
    assert judged[-1].accepted == ()


def test_a_restart_goes_on_in_the_same_epoch():
    counter, _ = live(seen(0, 5000))
    again = Counter(72_000, counter.last)
    _, judgement = again.observe(seen(3600, 6000))
    assert judgement.accepted[0].epoch == counter.last.epoch
    assert judgement.events == ()


def test_a_clock_that_was_years_ahead_once_does_not_silence_a_register():
    years = 3600 * 24 * 365 * 70
    counter, judged = live(seen(years, 5000), *(seen(20 * i, 5000 + i) for i in range(4)))
    assert [len(one.accepted) for one in judged] == [1] * 5
    assert len({one.epoch for j in judged for one in j.accepted}) == 1
    assert counter.last.received < NOON + timedelta(minutes=5)


def test_a_clock_that_starts_too_early_after_a_power_cut_ends_no_life():
    counter, _ = live(seen(3600, 5000))
    again, judgement = Counter(72_000, counter.last, restored=True).observe(seen(2700, 252_700))
    assert judgement.accepted == ()
    for second in (2701, 2760, 2820, 21_600):
        again, judgement = again.observe(seen(second, 250_000 + second))
        assert [one.epoch for one in judgement.accepted] == [counter.last.epoch]


def test_after_a_restart_one_reading_out_of_bounds_is_not_believed_and_a_second_one_is():
    counter, _ = live(seen(0, 5000))
    spike, judgement = Counter(72_000, counter.last, restored=True).observe(seen(60, 9_000_000))
    assert judgement.accepted == ()
    _, judgement = spike.observe(seen(60.1, 5001))
    assert (judgement.accepted[0].wh, judgement.accepted[0].epoch) == (5001, counter.last.epoch)
    _, judgement = spike.observe(seen(60.1, 9_000_001))
    assert (judgement.accepted[0].wh, judgement.accepted[0].epoch) == (9_000_001, counter.last.epoch)


def test_after_a_restart_a_clock_that_keeps_time_says_what_is_too_fast():
    counter, _ = live(seen(0, 5000))
    synchronised = Timebase(ClockState.SYNCHRONISED)
    again = Counter(72_000, counter.last, restored=True)
    for second in (60, 60.1, 95):
        again, judgement = again.observe(replace(seen(second, 9_000_000 + second), base=synchronised))
    assert judgement.accepted[0].epoch != counter.last.epoch


def test_a_register_that_was_stuck_for_hours_stays_in_its_life_if_all_that_time_explains_its_next_value():
    stuck = [seen(10 * i, 5000) for i in range(1, 2000)]
    counter, judged = live(seen(-10, 4990), seen(0, 5000), *stuck, seen(20_000, 250_000), seen(20_000.1, 250_000))
    assert [len(one.accepted) for one in judged[-3:]] == [1, 0, 1]
    assert counter.last.epoch == judged[0].accepted[0].epoch
    assert names(judged) == ["epoch_started", "value_rejected", "value_plausible_again"]


def test_a_register_that_was_stuck_and_jumps_by_more_than_all_that_time_begins_a_new_life():
    stuck = [seen(10 * i, 5000) for i in range(1, 100)]
    most = 72_000 * 1010 // 3600
    jumps = [seen(1000 + 20 * i, 5003 + most + 400 * i) for i in range(4)]
    counter, judged = live(seen(-10, 4990), seen(0, 5000), *stuck, *jumps)
    assert counter.last.epoch != judged[0].accepted[0].epoch
    assert names(judged)[-2:] == ["exchange_supposed", "epoch_started"]


def test_a_glitch_after_hours_of_standing_still_is_not_believed_at_once():
    stuck = [seen(10 * i, 5000) for i in range(1, 2000)]
    counter, judged = live(seen(0, 5000), *stuck, seen(20_000, 250_000), seen(20_000.1, 5000))
    assert (counter.last.wh, len(judged[-1].accepted)) == (5000, 1)


def test_the_steady_clock_judges_a_rise_where_the_other_one_was_set():
    def by(origin: datetime, second: float, wh: int) -> Observation:
        return replace(seen(second, wh), base=Timebase(ClockState.SYNCHRONISED, origin))

    # Set forward by an hour between two polls: 10 s have passed, 72 kW make 200 Wh of them.
    _, judged = live(by(NOON, 0, 5000), by(NOON + HOUR, 3610, 5300))
    assert judged[-1].accepted == ()
    _, judged = live(by(NOON, 0, 5000), by(NOON + HOUR, 3610, 5200))
    assert len(judged[-1].accepted) == 1
    # Set back: what is too fast is still too fast.
    _, judged = live(by(NOON, 0, 5000), by(NOON - HOUR, -3590, 5300))
    assert judged[-1].accepted == ()


def test_another_serial_number_begins_a_new_life_at_once_with_both_numbers():
    counter, judged = live(seen(0, 5000))
    counter = counter.told("A1")
    counter, first = counter.observe(seen(10, 5001))
    assert first.accepted[0].epoch == judged[0].accepted[0].epoch
    counter, second = counter.told("B2").observe(seen(20, 5002))
    assert second.accepted[0].epoch == "2026-10-01T12:00:20.040000Z#B2"
    assert serial_of(counter.last.epoch) == "B2"
    assert [event.name for event in second.events] == ["meter_exchanged", "epoch_started"]
    assert second.events[0].fields == {"last_serial": "A1", "serial": "B2", "last_wh": "5001", "wh": "5002"}
    assert counter.told("B2") == counter


def test_an_exchange_before_the_new_meter_says_its_value_is_told_with_the_last_one():
    counter, _ = live(seen(0, 5000))
    _, judgement = counter.told("A1").told("B2").told("C3").observe(seen(20, 7))
    assert judgement.events[0].fields["last_wh"] == "5000"


def test_with_a_known_serial_number_a_fall_is_a_reset_and_no_exchange():
    counter, _ = live(seen(0, 5000))
    counter = counter.told("A1")
    for i in range(1, 6):
        counter, judgement = counter.observe(seen(10 * i, 4000 + i))
    assert [event.name for event in judgement.events] == ["register_reset", "epoch_started"]


def test_after_a_restart_a_fall_is_still_a_fall():
    counter, _ = live(seen(0, 5000))
    again, judgement = Counter(72_000, counter.last, restored=True).observe(seen(60, 4000))
    assert judgement.accepted == ()
    _, judgement = again.observe(seen(120, 5001))
    assert judgement.accepted[0].epoch == counter.last.epoch


def test_zeros_for_hours_begin_no_new_life_and_the_old_one_goes_on():
    zeros = [seen(10 * i, 0) for i in range(1, 1000)]
    counter, judged = live(seen(0, 50_000), *zeros, seen(10_000, 100_000))
    assert sum(len(one.accepted) for one in judged) == 2
    assert counter.last.epoch == judged[0].accepted[0].epoch
    assert names(judged) == ["epoch_started", "value_rejected", "value_plausible_again"]


def test_a_reset_register_that_begins_to_count_is_a_new_life():
    zeros = [seen(10 * i, 0) for i in range(1, 100)]
    counter, judged = live(seen(0, 50_000), *zeros, seen(1000, 3))
    assert counter.last.wh == 3
    assert counter.last.epoch != judged[0].accepted[0].epoch


@given(st.lists(st.integers(-10, 10**6) | st.none(), max_size=40))
def test_within_one_epoch_accepted_values_never_fall_and_never_outrun_the_power(values):
    _, judged = live(*(seen(10 * i, value) for i, value in enumerate(values)))
    accepted = [one for j in judged for one in j.accepted]
    for before, after in pairwise(accepted):
        assert before.received <= after.sent
        if before.epoch == after.epoch:
            hours = Decimal((after.received - before.sent).total_seconds()) / 3600
            assert 0 <= after.wh - before.wh <= 72_000 * hours + 2


TURN = Decimal(10_000)


def turning(second: float, wh: object, scale: object = 1) -> Observation:
    at = NOON + timedelta(seconds=second)
    return Observation(Decimal(str(wh)), Decimal(1), at, at, Decimal(str(scale)), TURN)


def test_with_a_known_modulus_a_fall_that_a_wrap_explains_goes_on_counting():
    values = ((0, 9990), (10, 5), (10.1, 5), (20, 9), (30, 6), (40, 60))
    counter, judged = live(*(turning(*one) for one in values))
    assert [[one.wh for one in j.accepted] for j in judged] == [[9990], [], [10_005], [10_009], [], [10_060]]
    assert names(judged)[:4] == ["epoch_started", "value_rejected", "value_plausible_again", "counter_rolled_over"]
    assert counter.last.wraps == 1
    again = Counter(72_000, counter.last)
    _, judgement = again.observe(turning(50, 61))
    assert judgement.accepted[0].wh == 10_061


def test_a_false_zero_at_the_end_of_a_counter_is_no_rollover():
    counter, judged = live(turning(0, 9990), turning(10, 0), turning(10.1, 9991))
    assert (counter.last.wh, counter.last.wraps) == (9991, 0)
    assert "counter_rolled_over" not in names(judged)


def test_a_fall_that_no_wrap_explains_is_no_rollover():
    _, judged = live(turning(0, 5000), *(turning(20 * i, i) for i in range(1, 4)))
    assert names(judged) == ["epoch_started", "value_rejected", "register_reset", "epoch_started"]
    assert judged[-1].accepted[0].wraps == 0


def test_a_silence_that_may_hide_a_whole_turn_begins_a_new_life():
    silent = 9999 / 72_000 * 3600
    _, judged = live(turning(0, 100), turning(silent - 60, 200))
    assert len(judged[-1].accepted) == 1
    _, judged = live(turning(0, 100), *(turning(silent + 20 * i, 200 + i) for i in range(3)))
    assert [len(one.accepted) for one in judged] == [1, 0, 0, 3]
    assert judged[1].events[0].fields["problem"] == "unread for a whole turn of the counter"


def test_a_changed_weight_of_a_count_begins_a_new_life():
    _, judged = live(turning(0, 100), *(turning(20 * i, 100 + i, scale=10) for i in range(1, 4)))
    assert judged[1].events[0].fields["problem"] == "the weight of a count changed"
    assert len(judged[-1].accepted) == 3


@given(st.lists(st.integers(0, 150), max_size=60), st.integers(0, 9999))
def test_a_wrapping_register_counts_as_one_that_never_wraps(rises, start):
    true, observations = start, [turning(0, start)]
    for number, rise in enumerate(rises, 1):
        true += rise
        observations += [turning(10 * number, true % 10_000), turning(10 * number + 0.1, true % 10_000)]
    counter, judged = live(*observations)
    assert counter.last.wh == true
    assert len({one.epoch for j in judged for one in j.accepted}) == 1
