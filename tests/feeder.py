"""A gateway without meters: made-up stands through the real recorder, outbox and uplink, in a process of its own.

    python -m tests.feeder FOLDER GATEWAY PORT FIRST_HOUR METERS REGISTERS EVERY_S [BACKLOG_HOURS]

It first keeps a backlog, then an hour's stands every so many seconds, for ever. It says ``kept HOUR`` when they are on
the disk, and ``receipted HOUR SECONDS`` when all of them have their receipts.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from gateway.config import MeterSettings
from gateway.meter import Findings, Meter
from gateway.observation import Accepted
from gateway.outbox import Outbox, Stamp
from gateway.outbox_thread import OutboxThread
from gateway.profile import profile
from gateway.recorder import Recorder
from gateway.uplink import Uplink
from metering.period import HOUR
from metering.stand import Quality, Stand
from metering.wire import ClockState
from runtime.broker import BrokerSettings
from runtime.clock import SimulationClock, SimulationSettings, boot_id, monotonic_s
from runtime.log import LogSettings, configure
from runtime.tasks import together

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
REGISTERS = ("1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0")
EPOCH = "2024-12-31T23:59:50Z"
DAY = timedelta(days=1)
_MILLI = timedelta(milliseconds=1)


def wh(number: int, register: int, hour: int) -> int:
    """What that register of that meter shows at that hour: a number of its own for each."""
    return 1_000_000 * (register + 1) + hour * 1_000 + number


def stands(gateway: str, number: int, registers: int, hour: int) -> list[Stand]:
    """One meter's stands of one hour, as a gateway that polls every 10 s makes them."""
    at = FIRST + hour * HOUR
    early, late = at - (3_000 + number * 7) * _MILLI, at + (7_000 - number * 7) * _MILLI
    return [
        Stand(
            meter=f"{gateway}-{number:02}", register=REGISTERS[register], wh=Decimal(wh(number, register, hour)),
            resolution=Decimal(1), at=at, before=early, after=late, quality=Quality.INTERPOLATED, epoch=EPOCH,
        )
        for register in range(registers)
    ]  # fmt: skip


def memory(made: list[Stand]) -> dict[tuple[str, str], Accepted]:
    """What the gateway remembers of these registers after that."""
    return {(s.meter, s.register): Accepted(s.epoch, s.wh, s.resolution, s.after, s.after + 40 * _MILLI) for s in made}


class MadeUpMeter(Meter):
    """A meter whose memory is what it was told."""

    def __init__(self, gateway: str, number: int) -> None:
        super().__init__(
            MeterSettings(id=f"{gateway}-{number:02}", bus="b", profile="eastron-sdm630"),
            profile("eastron-sdm630"),
            {},
            HOUR,
        )
        self.told: dict[str, Accepted] = {}

    def memory(self) -> dict[str, Accepted]:
        return self.told


async def run(
    folder: Path, gateway: str, port: int, first: int, meters: int, registers: int, every_s: float, backlog: int
) -> None:
    outbox = OutboxThread.open(folder / f"{gateway}.sqlite")
    # It stands still: else stands as old as these would be dropped as soon as they have their receipts.
    clock = SimulationClock(
        SimulationSettings(start=FIRST + 60 * DAY, real_start=datetime(2199, 1, 1, tzinfo=UTC), speed=1)
    )
    settings = BrokerSettings(port=port, keepalive_s=15 if backlog else 3)
    uplink = Uplink(gateway, "feeder", settings, outbox, clock, lambda: ((), ()), together)
    recorder = Recorder(outbox, clock, uplink.fresh)
    there = [MadeUpMeter(gateway, number) for number in range(meters)]
    stamp = Stamp(boot=boot_id(), monotonic_ms=1, clock=ClockState.UNKNOWN, made_at=clock.now())
    for hour in range(first, first + backlog):
        made = [one for number in range(meters) for one in stands(gateway, number, registers, hour)]
        await outbox.run(Outbox.add, made, stamp, {})

    async def feed() -> None:
        for hour in range(first + backlog, 10**6):
            await asyncio.sleep(every_s)
            for number, meter in enumerate(there):
                made = stands(gateway, number, registers, hour)
                meter.told = {register: last for (_, register), last in memory(made).items()}
                await recorder.keep(meter, Findings(stands=made))
            kept_s = monotonic_s()
            print(f"kept {hour}", flush=True)
            while backlog and await outbox.run(_waits, hour):
                await asyncio.sleep(0.02)
            if backlog:
                print(f"receipted {hour} {monotonic_s() - kept_s:.3f}", flush=True)

    await together(uplink.run(), feed())


def _waits(outbox: Outbox, hour: int) -> bool:
    at = int((FIRST + hour * HOUR).timestamp())
    found = outbox._connection.execute("SELECT 1 FROM stands WHERE state = 0 AND at = ? LIMIT 1", (at,))
    return found.fetchone() is not None


if __name__ == "__main__":
    configure(LogSettings(level="DEBUG", json=True) if "-d" in sys.argv else LogSettings(level="WARNING"))
    words = sys.argv[1:]
    asyncio.run(
        run(
            Path(words[0]),
            words[1],
            int(words[2]),
            *map(int, words[3:6]),
            float(words[6]),
            int(words[7]) if words[7:] else 0,
        )
    )
