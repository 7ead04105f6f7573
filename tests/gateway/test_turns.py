from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from gateway.turns import Turns
from metering.period import QUARTER

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
TEN = timedelta(seconds=10)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def test_polls_fall_on_the_grid_and_on_the_full_hour():
    turns, polled = Turns([TEN], at(-23)), []
    now = at(-23)
    for _ in range(4):
        now = max(now, turns.next_due(now))
        turn = turns.take(now, 0.0)
        polled.append((now - NOON).total_seconds())
        turns.done(turn, now + timedelta(seconds=0.1))
    assert polled == [-23, -20, -10, 0]


def test_a_poll_that_overran_the_grid_is_followed_at_once():
    turns = Turns([TEN], at(-10))
    turn = turns.take(at(-10), 0.0)
    turns.done(turn, at(2))
    assert turns.next_due(at(2)) == NOON
    turns.done(turns.take(at(2), 0.0), at(3))
    assert turns.next_due(at(3)) == at(10)


def test_polls_that_always_overrun_come_back_to_the_grid():
    turns, begun, now = Turns([TEN], NOON), [], NOON
    for _ in range(6):
        now = max(now, turns.next_due(now))
        turn = turns.take(now, 0.0)
        begun.append((now - NOON).total_seconds())
        now += timedelta(seconds=12)
        turns.done(turn, now)
    assert begun == [0, 12, 30, 42, 60, 72]


def test_every_meter_gets_its_turn_on_a_crowded_line():
    turns, polled, now = Turns([TEN] * 3, NOON), [], NOON
    for _ in range(90):
        now = max(now, turns.next_due(now))
        turn = turns.take(now, 0.0)
        polled.append(turn.index)
        now += timedelta(seconds=10)
        turns.done(turn, now)
    assert all(28 <= polled.count(index) <= 32 for index in range(3)), polled


def test_a_silent_meter_is_asked_less_and_less_but_shortly_before_the_full_hour_and_at_it():
    turns, asked = Turns([TEN, TEN], at(-1200)), []
    for second in range(-1200, 1200, 10):
        while turn := turns.take(at(second), float(second + 1200)):
            if turn.index == 0:
                asked.append(second)
                turns.failed(turn, at(second), float(second + 1200))
            else:
                turns.done(turn, at(second))
    pauses = [later - sooner for sooner, later in itertools.pairwise(asked)]
    assert pauses[:7] == [10, 10, 10, 20, 40, 80, 160]
    assert max(pauses) == 220
    assert 0 in asked
    assert any(-120 <= second < 0 for second in asked)


def test_a_meter_is_asked_again_within_four_minutes_of_its_return_however_far_its_grid():
    for every in (1, 10, 60, 180, 300):
        turns, asked = Turns([timedelta(seconds=every)], at(100)), []
        for second in range(100, 3500):
            if turn := turns.take(at(second), float(second)):
                asked.append(second)
                turns.failed(turn, at(second), float(second))
        assert max(later - sooner for sooner, later in itertools.pairwise(asked)) <= max(240, every)


def test_with_stands_at_quarters_a_silent_meter_is_asked_shortly_before_each_and_at_it():
    turns, asked = Turns([TEN], at(100), [QUARTER]), []
    for second in range(100, 7300, 10):
        if turn := turns.take(at(second), float(second)):
            asked.append(second)
            turns.failed(turn, at(second), float(second))
    for quarter in range(900, 7201, 900):
        assert any(quarter - 120 <= second < quarter for second in asked), quarter
        assert quarter in asked


def test_simulated_hours_that_fly_by_bring_no_probe_before_each():
    turns, asked = Turns([TEN], NOON), []
    for step in range(0, 24 * 3600, 10):
        if turn := turns.take(at(step), step / 3600):
            asked.append(step)
            turns.failed(turn, at(step), step / 3600)
    assert sum(step % 3600 != 0 for step in asked[3:]) <= 3


def test_a_unit_that_rests_is_not_asked_before():
    turns = Turns([timedelta(seconds=1)], at(100))
    turns.failed(turns.take(at(100), 100.0), at(101), 101.0, 104.0)
    assert [second for second in range(101, 106) if turns.take(at(second), float(second))] == [104, 105]


def test_a_meter_that_answers_again_is_back_on_its_grid():
    turns = Turns([TEN], NOON)
    for second in range(5):
        turns.failed(turns.take(at(10 * second), 1000.0 * second), at(10 * second), 1000.0 * second)
    turns.done(turns.take(at(50), 9999.0), at(50))
    assert turns.take(at(60), 9999.0) is not None


def test_a_silent_meter_lets_the_others_go_first():
    turns = Turns([TEN, TEN], NOON)
    turns.failed(turns.take(NOON, 0.0), NOON, 0.0)
    turns.done(turns.take(NOON, 0.0), NOON)
    assert turns.take(at(10), 10.0).index == 1


def test_a_clock_set_back_brings_the_turns_home():
    turns = Turns([TEN], at(86400 * 365))
    turns.done(turns.take(at(86400 * 365), 0.0), at(86400 * 365))
    assert turns.next_due(NOON) == at(10)


def test_a_silent_meter_on_quarter_stands_is_asked_at_every_quarter_though_it_pauses():
    asked: dict[int, list[int]] = {0: [], 1: []}
    turns = Turns([TEN, TEN], at(-100), [timedelta(hours=1), timedelta(minutes=15)])
    for second in range(-100, 3000, 10):
        while turn := turns.take(at(second), float(second + 100)):
            asked[turn.index].append(second)
            # A pause begun 10 s before each quarter lasts for a minute: only its own stands are tried in it.
            turns.failed(turn, at(second), float(second + 100))
            turn.failures = 5 if (second + 10) % 900 == 0 else 0
    assert {0, 900, 1800, 2700} <= set(asked[1])
    assert 0 in asked[0]
