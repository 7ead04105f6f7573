"""Jobs side by side, and their end. Only a program's ``service.py`` calls this: tasks are started in one place."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any


async def together(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run jobs side by side until all have ended; when one raises, the others are cancelled and it raises too."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await end(tasks, patience_s=0.2)
    for task in done:
        task.result()


async def until(stop: asyncio.Event, *jobs: Coroutine[Any, Any, None], patience_s: float = 3) -> None:
    """Run jobs side by side until ``stop`` is set, then end them; when one raises before, all end and it raises.

    ``patience_s`` is how long a job may take for its farewell before it is cancelled again.

    Raises:
        ExceptionGroup: what jobs raised.
    """
    tasks = [asyncio.ensure_future(job) for job in jobs]
    stopped = asyncio.ensure_future(_stop(stop))
    try:
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_EXCEPTION)
    finally:
        # Not left to a TaskGroup, which cancels once: a job that lost its cancellation would keep all from ending.
        await end([*tasks, stopped], patience_s)
    if errors := [error for task in tasks if not task.cancelled() and (error := task.exception())]:
        raise BaseExceptionGroup("jobs failed", errors)


class _StopError(Exception):
    """It is time to end: raised, so that a wait for the first exception ends by it too."""


async def _stop(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _StopError


async def end(tasks: Iterable[asyncio.Task[None]], patience_s: float) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: asyncio.wait_for of Python 3.11, which aiomqtt and pymodbus use, can lose a cancellation that
    comes in the moment of success.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience_s)


class Jobs:
    """Jobs that begin and end while others go on; when one raises, ``run`` raises it and all end."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, name: str, job: Coroutine[Any, Any, None]) -> None:
        """Start a job; the name is free again when it has ended."""
        task = asyncio.ensure_future(job)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    async def finish(self, name: str, patience_s: float) -> None:
        """Wait for the end of a job that was asked to leave; after ``patience_s`` cancel it."""
        if task := self._tasks.get(name):
            await asyncio.wait([task], timeout=patience_s)
            await end([task], patience_s)

    async def run(self) -> None:
        """Until cancelled or a job raises; then all jobs are ended."""
        try:
            await self._failed
        finally:
            await end(self._tasks.values(), patience_s=3)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) and not self._failed.done():
            self._failed.set_exception(error)


@contextlib.contextmanager
def on_hangup(call: Callable[[], object]) -> Iterator[None]:
    """Call ``call`` on SIGHUP while this is entered."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, call)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM and SIGINT while this is entered."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
