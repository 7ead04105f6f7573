"""One task for each bus: polls its meters in turn and hands on what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.bus import Bus
from gateway.clock_watch import ClockWatch
from gateway.failure import Failure, FailureKind
from gateway.live_round import LiveRound
from gateway.meter import Findings, Meter
from gateway.observation import Answer
from gateway.profile import Block
from gateway.recorder import Recorder
from gateway.turns import Turn, Turns
from gateway.visits import Visits
from metering.wire import BusStatus, MeterStatus
from runtime.clock import Clock, monotonic_s
from runtime.log import logger

_log = logger("gateway.poller")
_PATIENCE_S = 5.0
_LOOKS_UP_S = 25.0
"""A wait is looked up from so often, in seconds: the watchdog wants to know that this loop still turns."""
_EARLIEST_YEAR = 2000
_NOT_ASKED = frozenset({FailureKind.LINK_DOWN, FailureKind.RESTING})


@dataclass(slots=True)
class Polls:
    """How often a meter was polled."""

    ok: int = 0
    failed: int = 0

    def note(self, failure: Failure | None) -> None:
        """A poll has ended; one that was never asked counts as neither."""
        if failure is None:
            self.ok += 1
        elif failure.kind not in _NOT_ASKED:
            self.failed += 1


class Poller:
    """The meters of one bus."""

    def __init__(
        self,
        bus: Bus,
        meters: Sequence[Meter],
        recorder: Recorder,
        clock: Clock,
        live: LiveRound | None = None,
        visits: Visits | None = None,
    ) -> None:
        """Nothing is asked before ``run``. Without ``live`` no live values are, without ``visits`` nothing of tools."""
        self._bus = bus
        self._meters = tuple(meters)
        self._recorder = recorder
        self._clock = clock
        self._live = live
        self._watch = ClockWatch()
        self._last_read: dict[str, datetime] = {}
        self._errors: dict[str, str] = {}
        self._link_error = ""
        self._visits = visits
        self._waits: asyncio.Timeout | None = None
        self._leaving = False
        if visits:
            visits.wake = self._wake
        self.turned_s = monotonic_s()
        """When this loop last turned, in seconds of the monotonic clock."""
        self.polls: dict[str, Polls] = {meter.id: Polls() for meter in meters}
        """How the polls of each meter went."""

    @property
    def bus_status(self) -> BusStatus:
        """How the bus is."""
        return self._bus.status

    @property
    def meter_statuses(self) -> tuple[MeterStatus, ...]:
        """How its meters are."""
        return tuple(
            MeterStatus(
                id=meter.id,
                bus=self._bus.name,
                profile=meter.profile.id,
                last_read=self._last_read.get(meter.id),
                error=self._errors.get(meter.id, ""),
                rejected=meter.rejections.told(),
            )
            for meter in self._meters
        )

    async def run(self) -> None:
        """Poll until told to leave; then, or cancelled, it closes the link."""
        everies, lengths = [one.every for one in self._meters], [one.length for one in self._meters]
        turns = Turns(everies, self._clock.now(), lengths)
        try:
            while not self._leaving:
                self.turned_s = monotonic_s()
                self._watch_clock()
                if self._visits:
                    await self._visits.serve(turns)
                if self._live:
                    await self._live.read(turns)
                await self._wait(turns)
                if self._leaving:
                    break
                if turn := turns.take(self._clock.now(), monotonic_s()):
                    await self._poll(self._meters[turn.index], turn, turns)
                else:
                    await self._pass_time()
        finally:
            self._bus.close()

    def leave(self) -> None:
        """End after the poll that is under way."""
        self._leaving = True
        self._wake()

    async def _wait(self, turns: Turns) -> None:
        now = self._clock.now()
        due = turns.next_due(now)
        if due <= now or self._leaving:
            return
        # A clock set back makes the wait far too long: look again soon after it should have ended.
        longest_s = self._clock.real_seconds_until(due) + _PATIENCE_S
        begun_s = monotonic_s()
        try:
            async with asyncio.timeout(min(longest_s, _LOOKS_UP_S)) as self._waits:
                await self._clock.sleep_until(due)
        except TimeoutError:
            if monotonic_s() - begun_s >= longest_s:
                _log.warning("clock_went_back", bus=self._bus.name)
        finally:
            self._waits = None

    def _wake(self) -> None:
        if self._waits and not self._waits.expired():
            self._waits.reschedule(asyncio.get_running_loop().time())

    def _watch_clock(self) -> None:
        for event in self._watch.look(self._clock.now(), self._clock.timebase()):
            _log.warning(event.name, bus=self._bus.name, **event.fields)

    async def _pass_time(self) -> None:
        base, now = self._clock.timebase(), self._clock.now()
        for meter in self._meters:
            await self._recorder.keep(meter, meter.pass_time(now, base))

    async def _poll(self, meter: Meter, turn: Turn, turns: Turns) -> None:
        failure = await self._ask(meter)
        base, now = self._clock.timebase(), self._clock.now()
        self.polls[meter.id].note(failure)
        if failure is None:
            turns.done(turn, now)
        elif failure.kind in _NOT_ASKED:
            turns.not_asked(turn, now)
        else:
            turns.failed(turn, now, monotonic_s(), self._bus.rests_until_s(meter.unit))
        if failure is None or failure.kind is not FailureKind.RESTING:
            self._note(meter, failure)
        if self._live:
            self._live.polled(meter, answered=failure is None)
        await self._recorder.keep(meter, meter.pass_time(now, base) if now.year >= _EARLIEST_YEAR else Findings())

    async def _ask(self, meter: Meter) -> Failure | None:
        """One poll: all that is asked of a meter; the failure that ended it, if one did."""
        block: Block | None = meter.first_block()
        answered = False
        while block is not None:
            answer = await self._bus.read(meter.unit, block)
            self.turned_s = monotonic_s()
            if isinstance(answer, Failure):
                if not answer.refused:
                    meter.unheard(asked=answer.kind not in _NOT_ASKED)
                    return answer
                found = meter.take(block, None)
            elif answer.sent.year < _EARLIEST_YEAR:
                return Failure(FailureKind.WRONG_ANSWER, "the clock is not set")
            else:
                answered = True
                self._last_read[meter.id] = answer.received
                _log.debug("polled", meter=meter.id, sent=str(answer.sent), received=str(answer.received))
                found = meter.take(block, answer)
            await self._recorder.keep(meter, found)
            if found.again and isinstance(second := await self._bus.read(meter.unit, block), Answer):
                await self._recorder.keep(meter, meter.take_again(block, second))
            if found.problem:
                return Failure(FailureKind.WRONG_ANSWER, found.problem)
            if isinstance(answer, Failure) and found.next is None and not answered:
                return answer
            block = found.next
        return None

    def _note(self, meter: Meter, failure: Failure | None) -> None:
        """Log what has changed, not what stays."""
        link_error = failure.detail if failure and failure.kind is FailureKind.LINK_DOWN else ""
        if link_error and not self._link_error:
            _log.warning("link_down", bus=self._bus.name, error=link_error)
        elif self._link_error and not link_error:
            _log.info("link_up", bus=self._bus.name)
        self._link_error = link_error
        error, before = str(failure or ""), self._errors.get(meter.id, "")
        if error and not before and not link_error:
            _log.warning("meter_failed", bus=self._bus.name, meter=meter.id, error=error)
        elif before and not error:
            _log.info("meter_answers", bus=self._bus.name, meter=meter.id)
        self._errors[meter.id] = error
