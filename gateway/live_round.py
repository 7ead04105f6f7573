"""Reads live values in the time that the stands leave on a bus, one block at a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from gateway.bus import Bus
from gateway.failure import Failure
from gateway.live import LiveBoard
from gateway.meter import Meter
from gateway.profile import Block
from gateway.turns import Turns
from metering.live import LiveValue
from metering.period import floor_to
from runtime.clock import Clock, monotonic_s
from runtime.log import logger

_log = logger("gateway.live")
_FIRST_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 3600.0
_FADES = 0.9
"""An expected time too long for the room there is fades by this at each chance: one slow answer isn't for ever."""


class LiveRound:
    """The live values of one bus. What fails here is no failure of the meter, and is tried again after 60 s to 1 h."""

    def __init__(
        self, bus: Bus, board: LiveBoard, clock: Clock, longest_s: float, lengths: Collection[timedelta]
    ) -> None:
        """Real seconds that the bus waits for an answer at most, and how far apart the stands of its meters are."""
        self._bus = bus
        self._board = board
        self._clock = clock
        self._longest_s = longest_s
        self._lengths = frozenset(lengths)
        self._asking: dict[str, tuple[Meter, Block]] = {}
        self._read: dict[str, list[LiveValue]] = {}
        self._pauses: dict[str, tuple[int, float]] = {}
        self._expected_s = 0.0

    def polled(self, meter: Meter, *, answered: bool) -> None:
        """A poll of a meter's stands has ended: its live values may be read after it, if it answers at all."""
        self._asking.pop(meter.id, None)
        self._put(meter)
        now = self._clock.now()
        if (
            not answered
            or monotonic_s() < self._pauses.get(meter.id, (0, 0.0))[1]
            or not self._board.wants(meter.id, now)
        ):
            return
        if block := meter.first_live():
            self._board.begun(meter.id, now)
            self._asking[meter.id] = (meter, block)

    async def read(self, turns: Turns) -> None:
        """Read what is asked for, for as long as no poll is due."""
        while self._asking:
            meter, block = next(iter(self._asking.values()))
            if not self._room(turns):
                return
            await self._ask(meter, block)

    def _room(self, turns: Turns) -> bool:
        """Whether a block fits before the next poll as far as is known, and before the next stand at the worst."""
        now = self._clock.now()
        stand = min(floor_to(now, length) + length for length in self._lengths)
        if self._clock.real_seconds_until(stand) <= self._longest_s:
            return False
        if self._clock.real_seconds_until(turns.next_due(now)) <= self._expected_s:
            self._expected_s *= _FADES
            return False
        return turns.next_due(now) > now

    async def _ask(self, meter: Meter, block: Block) -> None:
        del self._asking[meter.id]
        begun_s = monotonic_s()
        answer = await self._bus.read(meter.unit, block)
        self._expected_s = monotonic_s() - begun_s
        if isinstance(answer, Failure) and not answer.refused:
            self._put(meter)
            self._pause(meter, answer)
            return
        heard = meter.take_live(block, None if isinstance(answer, Failure) else answer)
        for event in heard.events:
            _log.info(event.name, meter=meter.id, **event.fields)
        if heard.values:
            self._pauses.pop(meter.id, None)
        self._read.setdefault(meter.id, []).extend(heard.values)
        if heard.next:
            self._asking[meter.id] = (meter, heard.next)
        else:
            self._put(meter)

    def _put(self, meter: Meter) -> None:
        """A meter's values go on the board together, so that they are told together: they are of one moment."""
        self._board.put(meter.id, self._read.pop(meter.id, ()))

    def _pause(self, meter: Meter, failure: Failure) -> None:
        failures = self._pauses.get(meter.id, (0, 0.0))[0]
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(failures, 8), _LONGEST_PAUSE_S)
        self._pauses[meter.id] = (failures + 1, monotonic_s() + pause_s)
        # What can't be read now says nothing about the room that an answer takes.
        self._expected_s = 0.0
        if not failures:
            _log.info("live_failed", bus=self._bus.name, meter=meter.id, error=str(failure))
