"""The allocation of 87.6 million point-hours beside a bare numpy pass from the same memory into as much of it."""

from __future__ import annotations

import statistics
import time

import numpy as np

from central.allocation.proportional import allocate

POINTS, HOURS = 10_000, 8_760
LIMIT_S = 1.2
RUNS = 5


def run() -> None:
    random = np.random.default_rng(1)
    weights = random.integers(0, 50_000, (HOURS, POINTS), dtype=np.int64)
    totals = (weights.sum(axis=1) * random.random(HOURS)).astype(np.int64)
    bare, took = [], []
    for _ in range(RUNS):
        begun = time.perf_counter()
        made = np.empty_like(weights)
        for row in range(HOURS):
            np.multiply(weights[row], totals[row], out=made[row])
            made[row] //= 12_345
        bare.append(time.perf_counter() - begun)
        del made
        begun = time.perf_counter()
        parts = allocate(weights, totals)
        took.append(time.perf_counter() - begun)
        assert (parts.sum(axis=1) == totals).all()
        del parts
    middle = statistics.median(took)
    print(f"allocate {POINTS * HOURS / 1e6:.1f} million point-hours, exact, one thread, {RUNS} runs:")
    print(f"  {_spread(took)}: {middle / LIMIT_S:.2f} of the limit of {LIMIT_S} s")
    print(f"  a bare numpy multiply and divide of the same memory into new: {_spread(bare)}")
    print(f"  the allocation takes {middle / statistics.median(bare):.1f} times as long")


def _spread(times: list[float]) -> str:
    return f"{min(times):.2f} / {statistics.median(times):.2f} / {max(times):.2f} s (least, median, most)"
