"""A serial line in virtual time: the gateway's own bus and poller, hours of them in seconds."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import gateway.bus
import gateway.poller
from gateway.bus import Bus
from gateway.config import MeterSettings
from gateway.failure import Failure, FailureKind
from gateway.meter import Meter
from gateway.poller import Poller
from gateway.profile import Block, profile
from metering.wire import ClockState
from runtime.clock import monotonic_s
from runtime.timebase import Timebase

CHARACTER_S = 11 / 9600
SILENCE_S = 3.5 * CHARACTER_S
T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Instead of waiting it lets the loop's time go on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout:
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time passes as fast as there is nothing to do."""

    def __init__(self) -> None:
        self._selector_of_time = _Selector()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        return self._selector_of_time.now


def in_virtual_time(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a virtual loop; bus and poller take their time from it."""
    loop = VirtualLoop()
    modules = (gateway.bus, gateway.poller)
    try:
        for module in modules:
            module.monotonic_s = loop.time
        return loop.run_until_complete(make())
    finally:
        for module in modules:
            module.monotonic_s = monotonic_s
        loop.close()


class VirtualClock:
    """The clock of a virtual loop, from ``start`` on."""

    state = ClockState.SIMULATED

    def __init__(self, start: datetime = datetime(2026, 10, 1, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._begun = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=asyncio.get_running_loop().time() - self._begun)

    def timebase(self) -> Timebase:
        return Timebase(self.state)

    def real_seconds_until(self, at: datetime) -> float:
        return max(0.0, (at - self.now()).total_seconds())

    async def sleep_until(self, at: datetime) -> None:
        while (left := self.real_seconds_until(at)) > 0:
            await asyncio.sleep(left)


@dataclass
class Slave:
    """How one unit treats requests. ``late`` is asked for the delay of each of its answers, in seconds."""

    manner: str = "at once"
    """``at once``: each request by itself; ``in turn``: after the one before; ``drops``: what comes while it is busy."""
    late: Callable[[], float] = lambda: 0.0
    silent: bool = False
    refuses: frozenset[int] = frozenset()
    busy_until_s: float = 0.0
    asked: list[float] = field(default_factory=list)


class VirtualLine:
    """A link whose slaves answer with words that tell whose they are: the unit, then the addresses.

    As on a line without numbers, the first frame of the unit is taken for the answer, whichever request it belongs to.
    """

    settle_s = 0.0
    silence_s = SILENCE_S

    def __init__(self, slaves: dict[int, Slave], timeout_s: float = 1.0, *, is_connection: bool = False) -> None:
        self._slaves = slaves
        self.timeout_s = timeout_s
        self.is_connection = is_connection
        self.is_numbered = False
        self.connected = True
        self.renewed = 0
        self._coming: list[tuple[float, int, int, int, tuple[int, ...] | int]] = []
        self._overheard: list[tuple[int, int]] = []
        self.sent = self.heard = b""
        self.settings = "9600 8N1"
        self._requests = 0
        self._last_s = 0.0
        self.busy_with: Counter[int] = Counter()
        self.violations = 0

    @property
    def last_byte_s(self) -> float:
        self._drain(asyncio.get_running_loop().time())
        return self._last_s

    def overheard(self) -> list[tuple[int, int]]:
        self._drain(asyncio.get_running_loop().time())
        found, self._overheard = self._overheard, []
        return found

    def on_the_line_s(self, count: int) -> float:
        return (13 + 2 * count) * CHARACTER_S

    async def open(self) -> Failure | None:
        self.connected = True
        self.renewed += 1
        return None

    def close(self) -> None:
        self.connected = False

    async def read(self, unit: int, block: Block, limit_s: float) -> tuple[int, ...] | Failure:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        if begun - self.last_byte_s < SILENCE_S - 1e-9:
            self.violations += 1
        self._request(unit, block, begun)
        until = begun + limit_s + self.on_the_line_s(block.count)
        try:
            while self._coming and self._coming[0][0] <= until:
                at, _, whose, function, words = heapq.heappop(self._coming)
                await asyncio.sleep(max(0.0, at - loop.time()))
                self._last_s = at
                if whose == unit:
                    return _taken(block, function, words)
                self._overhear(whose, words)
            await asyncio.sleep(max(0.0, until - loop.time()))
            return Failure(FailureKind.NO_ANSWER)
        finally:
            self.busy_with[unit] += loop.time() - begun

    def _request(self, unit: int, block: Block, now: float) -> None:
        slave = self._slaves.get(unit)
        if slave is None or slave.silent:
            if slave:
                slave.asked.append(now)
            return
        heard = now + 8 * CHARACTER_S + SILENCE_S
        if slave.manner == "drops" and heard < slave.busy_until_s:
            return
        slave.asked.append(now)
        ready = (max(heard, slave.busy_until_s) if slave.manner == "in turn" else heard) + 0.005 + slave.late()
        slave.busy_until_s = ready
        asked = range(block.address, block.address + block.count)
        refused = slave.refuses & set(asked)
        words = 2 if refused else tuple(((unit << 8) + address) % 65536 for address in asked)
        bytes_ = 5 if refused else 5 + 2 * block.count
        self._requests += 1
        frame = (ready + bytes_ * CHARACTER_S, self._requests, unit, block.function, words)
        heapq.heappush(self._coming, frame)

    def _drain(self, now: float) -> None:
        while self._coming and self._coming[0][0] <= now:
            self._last_s, _, whose, _, words = heapq.heappop(self._coming)
            self._overhear(whose, words)

    def _overhear(self, whose: int, words: tuple[int, ...] | int) -> None:
        if not isinstance(words, int):
            self._overheard.append((whose, len(words)))


def _taken(block: Block, function: int, words: tuple[int, ...] | int) -> tuple[int, ...] | Failure:
    if isinstance(words, int):
        return Failure(FailureKind.EXCEPTION, f"code {words}", words)
    if function != block.function or len(words) != block.count:
        return Failure(FailureKind.WRONG_ANSWER)
    return words


class _Nowhere:
    async def keep(self, _meter: Meter, _found: object) -> None:
        pass


@dataclass
class DeadHour:
    """What an hour with dead meters was like."""

    share: float
    """Of the bus's time that the dead took."""
    polls: Counter[int]
    """Of each unit that answers."""
    probes: dict[int, list[float]]
    """When each dead unit was asked, in seconds of the hour."""
    returned_s: float
    """How long after the hour the last of them was read again, once all had come back; seconds."""


async def dead_hour(meters: int, dead: int, *, died: bool) -> DeadHour:
    """The first hour, from full hour to full hour, of ``dead`` of the meters of a line.

    ``died``: they answered for a minute before it; else they never did.
    """
    slaves = {unit: Slave(silent=unit <= dead and not died) for unit in range(1, meters + 1)}
    line, loop = VirtualLine(slaves), asyncio.get_running_loop()
    clock = VirtualClock(datetime(2026, 10, 1, 11, 59, tzinfo=UTC))
    model = profile("eastron-sdm630")
    made = [Meter(MeterSettings(id=f"M{unit}", bus="b", profile=model.id, unit=unit), model, {}) for unit in slaves]
    task = asyncio.ensure_future(Poller(Bus("b", line, "here", clock), made, _Nowhere(), clock).run())  # type: ignore[arg-type]
    await asyncio.sleep(60)
    begun = loop.time()
    for unit in range(1, dead + 1):
        slaves[unit].silent = True
    for slave in slaves.values():
        slave.asked.clear()
    before = line.busy_with.copy()
    await asyncio.sleep(3600)
    share = sum(line.busy_with[unit] - before[unit] for unit in range(1, dead + 1)) / 3600
    polls = Counter({unit: len(slaves[unit].asked) for unit in range(dead + 1, meters + 1)})
    probes = {unit: [at - begun for at in slaves[unit].asked] for unit in range(1, dead + 1)}
    await asyncio.sleep(150)
    came_back = loop.time()
    for unit in range(1, dead + 1):
        slaves[unit].silent = False
        slaves[unit].asked.clear()
    await asyncio.sleep(600)
    task.cancel()
    returned_s = max((slaves[unit].asked[0] for unit in range(1, dead + 1)), default=came_back) - came_back
    return DeadHour(share, polls, probes, returned_s)
