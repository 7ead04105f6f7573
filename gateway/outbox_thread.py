"""The outbox's own thread: the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from gateway.outbox import Outbox
from gateway.outbox_file import is_damage
from gateway.salvage import Salvaged

P = ParamSpec("P")
R = TypeVar("R")


class OutboxThread:
    """Runs an ``Outbox``'s methods one after the other on one thread."""

    def __init__(self, outbox: Outbox, executor: ThreadPoolExecutor) -> None:
        """Wrap an open outbox; use ``open``."""
        self._outbox = outbox
        self._executor = executor

    @property
    def id(self) -> str:
        """The outbox's id; another one after damage that took it."""
        return self._outbox.id

    @property
    def salvaged(self) -> Salvaged | None:
        """What came of the damaged file that was found last, if one was."""
        return self._outbox.salvaged

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, on this thread; nothing else runs yet.

        Raises:
            OutboxError: see ``Outbox.open``.
        """
        return cls(Outbox.open(path), ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox"))

    async def run(self, method: Callable[Concatenate[Outbox, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call one method of the outbox: ``await thread.run(Outbox.prune, now)``. Damage is mended on the way.

        Raises:
            sqlite3.Error: what the method raised, but damage that could be mended.
        """

        def call() -> R:
            if self._outbox.damage is not None:
                self._mend(self._outbox.damage)
            try:
                return method(self._outbox, *args, **kwargs)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._mend(error)
                return method(self._outbox, *args, **kwargs)

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
