from __future__ import annotations

import asyncio

import pytest

from runtime.tasks import until


async def forgetful(ended: list[str]) -> None:
    """Loses the first cancellation, as asyncio.wait_for of Python 3.11 can."""
    for _ in range(2):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ended.append("cancelled")
    await asyncio.sleep(0)
    ended.append("ended")
    raise asyncio.CancelledError


async def failing() -> None:
    await asyncio.sleep(0)
    raise ValueError("one job's trouble")


async def done() -> None:
    await asyncio.sleep(0)


async def test_a_job_that_fails_ends_all_though_another_loses_its_cancellation():
    ended: list[str] = []
    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.timeout(5):
            await until(asyncio.Event(), forgetful(ended), failing(), done(), patience_s=0.05)
    assert [str(error) for error in raised.value.exceptions] == ["one job's trouble"]
    assert ended == ["cancelled", "cancelled", "ended"]


async def test_jobs_go_on_when_one_is_done_and_end_cleanly_when_it_is_time():
    stop, ended = asyncio.Event(), []
    running = asyncio.create_task(until(stop, done(), forgetful(ended), patience_s=0.05))
    await asyncio.sleep(0.02)
    assert not running.done()
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert ended[-1] == "ended"


async def test_who_is_cancelled_while_jobs_run_ends_them_first():
    ended: list[str] = []
    running = asyncio.create_task(until(asyncio.Event(), forgetful(ended), patience_s=0.05))
    await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended[-1] == "ended"
