"""From findings to the outbox: stamped, committed, and kept in memory while the disk refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta

from gateway.meter import Findings, Meter
from gateway.observation import Accepted
from gateway.outbox import Outbox, Stamp
from gateway.outbox_thread import OutboxThread
from gateway.words import plain
from metering.period import utc_text
from metering.stand import Stand
from runtime.clock import Clock, boot_id, monotonic_ms
from runtime.log import logger

_log = logger("gateway.recorder")
_PRUNED_EVERY = timedelta(days=1)
_LOOKED_EVERY = timedelta(hours=1)
MOST_IN_MEMORY = 100_000
"""Stands kept while the disk refuses them, some 50 MB: of 128 registers the hours of a month. Then the oldest go."""


class Recorder:
    """Writes stands and lives; ``fresh`` is called after new stands are committed."""

    def __init__(self, outbox: OutboxThread, clock: Clock, fresh: Callable[[], None]) -> None:
        """Write into ``outbox``, stamped by ``clock``."""
        self._outbox = outbox
        self._clock = clock
        self._fresh = fresh
        self._boot = boot_id()
        self._stands: list[Stand] = []
        self._lives: dict[tuple[str, str], Accepted] = {}
        self._refused = False
        self._prune_at = clock.now()
        self._look_at = clock.now()

    async def keep(self, meter: Meter, found: Findings) -> None:
        """Log the events; commit stands and lives if there is something to commit."""
        for event in found.events:
            _log.info(event.name, **event.fields)
        if not (found.stands or found.new_epoch or self._stands):
            return
        self._stands += found.stands
        await self.remember(meter)

    async def remember(self, *meters: Meter) -> None:
        """Commit what a restart needs of these meters, and whatever still waits for the disk."""
        for meter in meters:
            self._lives |= {(meter.id, obis): last for obis, last in meter.memory().items()}
        stands, lives = list(self._stands), dict(self._lives)
        stamp = Stamp(boot=self._boot, monotonic_ms=monotonic_ms(), clock=self._clock.state, made_at=self._clock.now())
        try:
            await self._outbox.run(Outbox.add, stands, stamp, lives)
            await self._prune()
            await self._look()
        except sqlite3.Error as error:
            if not self._refused:
                _log.error("outbox_write_failed", error=str(error), waiting=len(stands))
            self._refused = True
            self._outbox.refusal = str(error)
            self._bound()
            return
        if self._refused:
            _log.info("outbox_writes_again", written=len(stands))
        self._refused = False
        self._outbox.refusal = ""
        written = set(map(id, stands))
        self._stands = [one for one in self._stands if id(one) not in written]
        self._outbox.unwritten = len(self._stands)
        self._lives = {key: last for key, last in self._lives.items() if lives.get(key) is not last}
        for one in stands:
            _log.info(
                "stand_kept", meter=one.meter, register=one.register, at=utc_text(one.at), wh=plain(one.wh),
                quality=one.quality.value,
            )  # fmt: skip
        if stands:
            self._fresh()

    async def _prune(self) -> None:
        now = self._clock.now()
        if now < self._prune_at:
            return
        self._prune_at = now + _PRUNED_EVERY
        if dropped := await self._outbox.run(Outbox.prune, now):
            _log.info("outbox_pruned", rows=dropped)

    def _bound(self) -> None:
        """While the disk refuses: count what is in memory, and say what memory can't hold either."""
        if over := max(len(self._stands) - MOST_IN_MEMORY, 0):
            _log.error("stands_lost", stands=over, first=utc_text(self._stands[0].at), why="the disk refuses them")
            self._outbox.lost += over
            del self._stands[:over]
        self._outbox.unwritten = len(self._stands)

    async def _look(self) -> None:
        now = self._clock.now()
        if now >= self._look_at:
            self._look_at = now + _LOOKED_EVERY
            await self._outbox.off(self._outbox.look_at_disk)
