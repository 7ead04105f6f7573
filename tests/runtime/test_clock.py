from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metering.wire import ClockState
from runtime.clock import SETTLING, SimulationClock, SimulationSettings, SystemClock
from runtime.kernel_clock import _adjtimex, kernel_state
from runtime.timebase import STEP, Timebase

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
BOOTED = datetime(2026, 10, 1, 11, tzinfo=UTC)


class Set:
    """A machine whose clocks a test sets."""

    def __init__(self, wall: datetime, up: timedelta, known: ClockState) -> None:
        self.wall = wall
        self.up = up
        self.known = known
        self.interruptions: list[timedelta] = []

    def wall_ns(self) -> int:
        if self.interruptions:
            self.up += self.interruptions.pop()
        return (self.wall - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def steady_ns(self) -> int:
        return self.up // timedelta(microseconds=1) * 1000

    def state(self) -> ClockState:
        return self.known


def test_the_kernel_says_a_state_and_the_system_clock_says_the_same():
    state = kernel_state()
    assert state in {ClockState.SYNCHRONISED, ClockState.UNSYNCHRONISED}
    assert SystemClock().state is state
    assert SystemClock().timebase().state is state


def test_the_real_origin_stays_where_nobody_sets_the_clock():
    clock = SystemClock()
    assert clock.timebase().step_to(clock.timebase()) == timedelta(0)


@pytest.fixture
def found_anew():
    """The C library's function is looked for once; these tests have their own."""
    _adjtimex.cache_clear()
    yield
    _adjtimex.cache_clear()


@pytest.mark.usefixtures("found_anew")
def test_a_kernel_that_cannot_be_asked_leaves_the_clock_unknown(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    assert kernel_state() is ClockState.UNKNOWN


@pytest.mark.usefixtures("found_anew")
@pytest.mark.parametrize("answer", [0, 1, 2, 3, 4, 5, -1])
def test_what_adjtimex_answers_is_a_state(monkeypatch, answer):
    class Library:
        def adjtimex(self, _):
            return answer

    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Library())
    meant = {5: ClockState.UNSYNCHRONISED, -1: ClockState.UNKNOWN}
    assert kernel_state() is meant.get(answer, ClockState.SYNCHRONISED)


def test_the_origin_is_the_machines_start_and_moves_with_a_step_alone():
    machine = Set(NOON, NOON - BOOTED, ClockState.SYNCHRONISED)
    clock = SystemClock(machine)
    first = clock.timebase()
    assert first.origin == BOOTED
    machine.wall += timedelta(hours=1)
    machine.up += timedelta(hours=1)
    assert first.step_to(clock.timebase()) == timedelta(0)
    machine.wall -= timedelta(minutes=7)
    assert first.step_to(clock.timebase()) == timedelta(minutes=-7)


def test_an_interrupted_reading_is_no_step():
    machine = Set(NOON, NOON - BOOTED, ClockState.SYNCHRONISED)
    clock = SystemClock(machine)
    first = clock.timebase()
    machine.interruptions = [timedelta(0), timedelta(seconds=2)]
    machine.wall += timedelta(seconds=2)
    assert first.step_to(clock.timebase()) == timedelta(0)


def test_what_is_shorter_than_reading_two_clocks_may_take_is_no_step():
    first = Timebase(origin=NOON)
    assert first.step_to(Timebase(origin=NOON + STEP / 2)) == timedelta(0)
    assert first.step_to(Timebase(origin=NOON + STEP)) == STEP
    assert first.step_to(Timebase()) == timedelta(0)


def test_a_machine_that_has_just_started_settles_when_it_is_synchronised_and_stays_so():
    machine = Set(NOON, timedelta(minutes=1), ClockState.UNSYNCHRONISED)
    clock = SystemClock(machine)
    assert not clock.timebase().settled
    machine.known = ClockState.SYNCHRONISED
    assert clock.timebase().settled
    machine.known = ClockState.UNSYNCHRONISED
    base = clock.timebase()
    assert (base.settled, base.state) == (True, ClockState.UNSYNCHRONISED)


def test_a_machine_that_is_never_synchronised_settles_after_a_quarter_of_an_hour():
    clock = SystemClock(machine := Set(NOON, SETTLING - timedelta(seconds=1), ClockState.UNSYNCHRONISED))
    assert not clock.timebase().settled
    machine.up = SETTLING
    assert clock.timebase().settled


def test_simulated_time_is_settled_and_never_stepped():
    clock = SimulationClock(SimulationSettings(start=NOON, real_start=NOON, speed=60))
    assert clock.timebase() == Timebase(ClockState.SIMULATED)


def test_the_gateways_unit_lets_it_ask_the_kernel():
    unit = (Path(__file__).parents[2] / "systemd" / "klaster-gateway.service").read_text(encoding="utf-8").splitlines()
    # ProtectClock and @privileged hold adjtimex(2) back, though it may set nothing without a capability.
    assert "ProtectClock=yes" not in unit
    filters = [line for line in unit if line.startswith("SystemCallFilter=")]
    assert filters[-1] == "SystemCallFilter=adjtimex clock_adjtime clock_adjtime64"
    assert "CapabilityBoundingSet=" in unit
