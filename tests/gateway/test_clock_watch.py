"""What a clock that is set does to polls and to the log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.bus import Bus
from gateway.clock_watch import ClockWatch
from gateway.observation import Answer
from gateway.profile import Block
from metering.wire import ClockState
from runtime.timebase import UNKNOWN, Timebase
from tests.gateway.virtual import Slave, VirtualClock, VirtualLine, in_virtual_time

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
BOOTED = NOON - timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_a_step_is_told_with_both_instants():
    watch = ClockWatch()
    assert watch.look(NOON, Timebase(ClockState.SYNCHRONISED, BOOTED)) == ()
    assert watch.look(NOON + SECOND, Timebase(ClockState.SYNCHRONISED, BOOTED)) == ()
    (event,) = watch.look(NOON - 30 * SECOND, Timebase(ClockState.SYNCHRONISED, BOOTED - 32 * SECOND))
    assert event.name == "clock_stepped"
    assert event.fields == {"was": "2026-10-01T12:00:02Z", "now": "2026-10-01T11:59:30Z", "seconds": "-32.000"}
    assert watch.look(NOON - 29 * SECOND, Timebase(ClockState.SYNCHRONISED, BOOTED - 32 * SECOND)) == ()


def test_steps_too_small_to_be_seen_are_seen_when_together_they_are_one():
    watch, told = ClockWatch(), []
    for i in range(12):
        told += watch.look(NOON, Timebase(ClockState.SYNCHRONISED, BOOTED + timedelta(milliseconds=10 * i)))
    assert [event.name for event in told] == ["clock_stepped"]


def test_the_first_synchronisation_and_its_loss_are_told():
    watch = ClockWatch()
    states = (ClockState.UNSYNCHRONISED, ClockState.SYNCHRONISED, ClockState.SYNCHRONISED, ClockState.UNSYNCHRONISED)
    told = [[event.name for event in watch.look(NOON, Timebase(state, BOOTED))] for state in states]
    assert told == [["clock_unsynchronised"], ["clock_synchronised"], [], ["clock_unsynchronised"]]


def test_a_clock_of_which_nothing_is_known_tells_nothing():
    watch = ClockWatch()
    assert [watch.look(NOON, UNKNOWN) for _ in range(3)] == [()] * 3


class Settable(VirtualClock):
    """A virtual clock that can be set; its machine has a steady one."""

    off = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.off

    def timebase(self) -> Timebase:
        return Timebase(ClockState.SYNCHRONISED, BOOTED + self.off)


def test_an_answer_during_which_the_clock_was_set_is_dated_by_the_clock_as_it_is_now():
    async def set_while_reading() -> tuple[Answer, Answer]:
        clock = Settable(NOON)
        bus = Bus("b", VirtualLine({1: Slave()}), "here", clock)  # type: ignore[arg-type]
        block = Block(4, 0, 2, ())
        before = await bus.read(1, block)
        asyncio.get_running_loop().call_later(0.02, setattr, clock, "off", timedelta(hours=1))
        return before, await bus.read(1, block)  # type: ignore[return-value]

    before, after = in_virtual_time(set_while_reading)
    assert before.base.step_to(after.base) == timedelta(hours=1)
    assert timedelta(0) <= after.received - after.sent < SECOND
    assert timedelta(hours=1) <= after.sent - before.received < timedelta(hours=1) + SECOND
