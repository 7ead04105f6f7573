"""The buses of a running gateway and their meters: built from a configuration, and changed to another one.

What didn't change goes on as it is: a bus untouched by a new configuration isn't even interrupted, and a meter whose
own settings didn't change keeps the lives of its registers and the boundaries it waits for, though its bus be another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from gateway.bus import Bus
from gateway.config import BusSettings, GatewayConfig, MeterSettings
from gateway.links.modbus import ModbusLink
from gateway.live import LiveBoard
from gateway.live_round import LiveRound
from gateway.meter import Meter
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.poller import Poller
from gateway.profile import profile
from gateway.recorder import Recorder
from gateway.visits import Visits
from metering.wire import BusStatus, MeterStatus
from runtime.clock import Clock
from runtime.log import logger
from runtime.tasks import Jobs

_log = logger("gateway.lines")
_PATIENCE_S = 5.0
"""So long a bus may take to finish its poll before it is changed, in seconds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One running bus."""

    settings: BusSettings
    meters_of: tuple[tuple[MeterSettings, timedelta], ...]
    bus: Bus
    poller: Poller
    visits: Visits
    meters: tuple[Meter, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What another configuration has changed, by the buses' names."""

    ended: tuple[str, ...]
    begun: tuple[str, ...]
    kept: tuple[str, ...]


class Lines:
    """All of them, by the bus's name."""

    def __init__(
        self, outbox: OutboxThread, recorder: Recorder, clock: Clock, board: LiveBoard | None, jobs: Jobs
    ) -> None:
        """Nothing runs before the first ``change``."""
        self._outbox = outbox
        self._recorder = recorder
        self._clock = clock
        self._board = board
        self._jobs = jobs
        self._lines: dict[str, Line] = {}

    def __iter__(self) -> Iterator[Line]:
        """In the order in which they were begun."""
        return iter(tuple(self._lines.values()))

    def get(self, bus: str) -> Line | None:
        """The running bus of that name."""
        return self._lines.get(bus)

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters of all buses."""
        return tuple(meter for line in self for meter in line.meters)

    def describe(self) -> tuple[tuple[BusStatus, ...], tuple[MeterStatus, ...]]:
        """How buses and meters are, for central."""
        buses = tuple(line.poller.bus_status for line in self)
        return buses, tuple(status for line in self for status in line.poller.meter_statuses)

    async def change(self, config: GatewayConfig) -> Changes:
        """Run what ``config`` says from now on; what is the same in it goes on untouched.

        Raises:
            sqlite3.Error: the outbox can't be read; nothing was changed.
        """
        wanted = {bus.id: _wanted(config, bus) for bus in config.buses if _wanted(config, bus)}
        for bus in config.buses:
            if bus.id not in wanted:
                _log.warning("bus_without_meters", bus=bus.id)
        settings = {bus.id: bus for bus in config.buses}
        kept = {name for name, line in self._lines.items() if (settings.get(name), wanted.get(name)) == _is(line)}
        there = {
            known.id: (one, known) for line in self for one, known in zip(line.meters_of, line.meters, strict=True)
        }
        ended = [name for name in self._lines if name not in kept]
        begun = [name for name in wanted if name not in kept]
        # Read while nothing is changed yet; of the meters that are there their own memory is newer.
        lives = await self._outbox.run(Outbox.lives) if begun else {}
        for name in ended:
            await self._end(name)
        for name in begun:
            meters = []
            for one in wanted[name]:
                before = there.get(one[0].id)
                if before and _alike(before[0], one):
                    meters.append(before[1])
                    continue
                remembered = {obis: last for (meter, obis), last in lives.items() if meter == one[0].id}
                if before:
                    remembered |= before[1].memory()
                meters.append(Meter(one[0], profile(one[0].profile), remembered, one[1]))
            self._begin(settings[name], wanted[name], tuple(meters))
        return Changes(tuple(ended), tuple(begun), tuple(sorted(kept)))

    async def _end(self, name: str) -> None:
        line = self._lines[name]
        line.poller.leave()
        await self._jobs.finish(name, _PATIENCE_S)
        del self._lines[name]
        await self._recorder.remember(*line.meters)

    def _begin(
        self, settings: BusSettings, meters_of: tuple[tuple[MeterSettings, timedelta], ...], meters: tuple[Meter, ...]
    ) -> None:
        link = ModbusLink(settings, profile(meters_of[0][0].profile).transport)
        bus = Bus(settings.id, link, settings.where, self._clock)
        lengths = {meter.length for meter in meters}
        timeout_s = float(settings.timeout_s)
        live = LiveRound(bus, self._board, self._clock, timeout_s, lengths) if self._board else None
        visits = Visits(bus, self._clock, timeout_s, lengths)
        poller = Poller(bus, meters, self._recorder, self._clock, live, visits)
        self._lines[settings.id] = Line(settings, meters_of, bus, poller, visits, meters)
        self._jobs.begin(settings.id, poller.run())


def _wanted(config: GatewayConfig, bus: BusSettings) -> tuple[tuple[MeterSettings, timedelta], ...]:
    return tuple((meter, config.length_of(meter)) for meter in config.meters_of(bus))


def _is(line: Line) -> tuple[BusSettings, tuple[tuple[MeterSettings, timedelta], ...]]:
    return line.settings, line.meters_of


def _alike(one: tuple[MeterSettings, timedelta], other: tuple[MeterSettings, timedelta]) -> bool:
    """Whether a meter is asked in the same way, on whichever bus."""
    return (msgspec.structs.replace(one[0], bus=""), one[1]) == (msgspec.structs.replace(other[0], bus=""), other[1])
