"""A process beside the event loop's for long computations: settling a year never delays a receipt."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """One worker process, started when first needed and again if it dies."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._pool: ProcessPoolExecutor | None = None

    async def compute(self, work: Callable[..., T], *arguments: object) -> T:
        """Run a module's function with picklable arguments in the worker; what it raises is raised here."""
        loop, pool = asyncio.get_running_loop(), self._worker()
        try:
            return await loop.run_in_executor(pool, partial(work, *arguments))
        except BrokenProcessPool:
            # Of all that waited for the one that died, the first ends it: the next must not end the new one.
            if self._pool is pool:
                self.close()
            return await loop.run_in_executor(self._worker(), partial(work, *arguments))

    def _worker(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: a fork of a process with threads and databases open may hang.
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent)
        return self._pool

    def close(self) -> None:
        """End the worker."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Leave Ctrl-C, which reaches the whole group of processes, to the parent; but never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
