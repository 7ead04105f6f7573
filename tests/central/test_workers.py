from __future__ import annotations

import asyncio
import os
from pathlib import Path

from central.workers import Workers


def dies_once(mark: Path) -> int:
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return os.getpid()


async def test_what_was_asked_together_is_answered_by_one_new_worker_when_the_worker_dies(tmp_path):
    workers = Workers()
    try:
        first = workers.compute(dies_once, tmp_path / "died")
        others = (workers.compute(os.getpid) for _ in range(8))
        found = await asyncio.gather(first, *others, return_exceptions=True)
    finally:
        workers.close()
    assert len(set(found)) == 1, found
    assert isinstance(found[0], int)
