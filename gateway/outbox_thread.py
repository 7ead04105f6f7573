"""The outbox's own thread: the event loop never waits for the disk. It mends damage and makes room on the way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from gateway.outbox import Outbox
from gateway.outbox_file import is_damage
from gateway.reserve import Reserve
from metering.wire import OutboxStatus, RequestStatus
from runtime.log import be_quiet, logger

_log = logger("gateway.outbox")
P = ParamSpec("P")
R = TypeVar("R")


class OutboxThread:
    """Runs an ``Outbox``'s methods one after the other on one thread."""

    def __init__(self, outbox: Outbox, executor: ThreadPoolExecutor, reserve: Reserve) -> None:
        """Wrap an open outbox; use ``open``."""
        self._outbox = outbox
        self._executor = executor
        self._reserve = reserve
        self._little = False
        self.unwritten = 0
        """Stands that the disk has refused so far; their owner keeps them and counts them here."""
        self.lost = 0
        """Stands that couldn't be kept in memory either."""
        self.refusal = ""
        """Why stands aren't written at present."""

    @property
    def id(self) -> str:
        """The outbox's id; another one after damage that took it."""
        return self._outbox.id

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, on this thread; nothing else runs yet.

        Raises:
            OutboxError: see ``Outbox.open``.
        """
        outbox = Outbox.open(path)
        made = cls(outbox, ThreadPoolExecutor(1, thread_name_prefix="outbox"), Reserve(path.with_suffix(".reserve")))
        made.look_at_disk()
        return made

    def look_at_disk(self) -> None:
        """Note how much room the disk has, and keep the reserve; may wait for the disk."""
        try:
            self._reserve.make()
            little = self._reserve.little()
        except OSError as error:
            # A disk that can't even be looked at refuses stands too, and that is told.
            _log.error("disk_not_looked_at", error=str(error))
            return
        if little and not self._little:
            _log.warning("disk_nearly_full", free_bytes=self._reserve.free(), next="the log tells warnings only")
        be_quiet(little)
        if self._little and not little:
            _log.info("disk_has_room_again")
        self._little = little

    def status(self, requests: tuple[RequestStatus, ...]) -> OutboxStatus:
        """How it is, for central."""
        troubles = []
        if self.refusal:
            troubles.append(f"stands are kept in memory: {self.refusal}")
        if self._reserve.spent:
            troubles.append("the disk is full: the reserve was given up for stands")
        elif self._little:
            troubles.append("the disk is nearly full")
        if found := self._outbox.salvaged:
            where = f" is set aside as {found.aside.name}" if found.aside else " had gone"
            kept = f"{found.stands} stands and {found.lives} registers could be read"
            troubles.append(f"the outbox was damaged: it{where}; {kept}")
        elif self._outbox.rescued:
            troubles.append(f"the outbox's WAL was damaged: {self._outbox.rescued} stands behind the damage were saved")
        return OutboxStatus(
            id=self.id, unwritten=self.unwritten, lost=self.lost, trouble="; ".join(troubles), requests=requests
        )

    async def run(self, method: Callable[Concatenate[Outbox, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call one method of the outbox: ``await thread.run(Outbox.prune, now)``.

        Raises:
            sqlite3.Error: what the method raised, but for damage that could be mended and room that could be made.
        """

        def call() -> R:
            if self._outbox.damage is not None:
                self._mend(self._outbox.damage)
            try:
                return method(self._outbox, *args, **kwargs)
            except sqlite3.Error as error:
                if is_damage(error):
                    self._mend(error)
                elif getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL or not self._reserve.give_up():
                    raise
                else:
                    _log.error("disk_full", next="the reserve is given up for stands")
                return method(self._outbox, *args, **kwargs)

        return await self.off(call)

    async def off(self, call: Callable[[], R]) -> R:
        """Run what may wait for the disk on this thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def _mend(self, error: sqlite3.Error) -> None:
        try:
            self._outbox.mend(error)
        except OSError as trouble:
            raise sqlite3.OperationalError(f"the damaged outbox can't be set aside: {trouble}") from trouble

    def close(self) -> None:
        """Finish what was asked for, then close the file."""
        self._executor.shutdown(wait=True)
        self._outbox.close()
