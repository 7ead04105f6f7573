"""The outbox's own thread: the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from gateway.outbox import Outbox

P = ParamSpec("P")
R = TypeVar("R")


class OutboxThread:
    """Runs an ``Outbox``'s methods one after the other on one thread."""

    def __init__(self, outbox: Outbox, executor: ThreadPoolExecutor) -> None:
        """Wrap an open outbox; use ``open``."""
        self._outbox = outbox
        self._executor = executor
        self.id = outbox.id

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, on this thread; nothing else runs yet.

        Raises:
            OutboxError: see ``Outbox.open``.
        """
        return cls(Outbox.open(path), ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox"))

    async def run(self, method: Callable[Concatenate[Outbox, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call one method of the outbox: ``await thread.run(Outbox.prune, now)``.

        Raises:
            sqlite3.Error: what the method raised.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: method(self._outbox, *args, **kwargs))

    def close(self) -> None:
        """Finish what was asked for, then close the file."""
        self._executor.shutdown(wait=True)
        self._outbox.close()
