"""A month of 1,000 points, made up: the cluster file's text, and its stands in batches as they would be admitted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from central.readings import Entry
from metering.period import Month
from metering.stand import Quality
from metering.wire import ClockState, StandOnWire

POINTS, BOTH = 1000, 10
"""So many points; every tenth injects too."""
MONTH = Month(2026, 10)
BATCH_HOURS = 4


def cluster_text() -> str:
    text = '[cluster]\nname = "Bench"\nregistered_from = 2024-10-01\n'
    text += "".join(f'[[members]]\nid = "M{i:03d}"\nkind = "company"\n' for i in range(100))
    for i in range(POINTS):
        ways = '["drawn", "injected"]\nsource = "pv"' if i % BOTH == 0 else '["drawn"]'
        text += f'[[points]]\nid = "P{i:04d}"\nmember = "M{i % 100:03d}"\ntariff = "C11"\ndirections = {ways}\n'
        text += f'[[meters]]\nserial = "{23_000_000 + i}"\npoint = "P{i:04d}"\nrole = "settlement"\n'
    return text


def batches() -> Iterator[list[Entry]]:
    starts = [period.start for period in MONTH.periods()]
    starts.append(MONTH.end)
    registers = [(i, "1-0:1.8.0", 700 + i) for i in range(POINTS)]
    registers += [(i, "1-0:2.8.0", 9000 + i) for i in range(0, POINTS, BOTH)]
    for begin in range(0, len(starts), BATCH_HOURS):
        yield [
            Entry(journal=1, gateway=f"g{i % 100}", stand=stand(str(23_000_000 + i), register, at, (begin + j) * step))
            for j, at in enumerate(starts[begin : begin + BATCH_HOURS])
            for i, register, step in registers
        ]


def stand(meter: str, register: str, at: datetime, wh: int) -> StandOnWire:
    return StandOnWire(
        sequence=1,
        meter=meter,
        register=register,
        wh=str(wh),
        resolution="10",
        at=at,
        before=at - timedelta(seconds=4),
        after=at + timedelta(seconds=6),
        quality=Quality.INTERPOLATED,
        epoch="2026-09-30T21:00:00Z",
        boot="b",
        monotonic_ms=1,
        clock=ClockState.SYNCHRONISED,
    )
