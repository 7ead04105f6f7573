"""Books made up for the tests of API and page: a town hall that draws, a farm that injects, one local summer day."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from central.config import WebTable
from central.gateways import GatewayTable
from central.readings import Entry
from central.stores.sqlite import SqliteStore
from central.web.server import Compute, page_socket, serve_web
from metering.period import day_periods, day_start
from metering.stand import Quality
from metering.wire import ClockState, GatewayStatus, MeterStatus, StandOnWire
from runtime.tasks import together

DAY = date(2026, 6, 17)
EVENING = datetime(2026, 6, 17, 21, 59, tzinfo=UTC)
"""23:59 local: 23 hours of the day have ended."""
AFTER = datetime(2026, 6, 17, 22, 5, tzinfo=UTC)
FARM = "Farm <script>alert(1)</script> & sons"
IMPORT, EXPORT = "1-0:1.8.0", "1-0:2.8.0"

_CONFIG = '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n'
_CLUSTER = f"""
[cluster]
name = "Klaster <Test>"
registered_from = 2024-10-01
[[members]]
id = "A"
name = "Town hall"
kind = "gmina"
[[members]]
id = "F"
name = "{FARM}"
kind = "company"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "pv"
[[meters]]
serial = "M1"
point = "A1"
role = "settlement"
[[meters]]
serial = "M2"
point = "F1"
role = "settlement"
"""


def drawn(hour: int) -> int:
    """What the town hall draws in an hour of the day, Wh."""
    return 2000 + 7 * hour


def injected(hour: int) -> int:
    """What the farm injects, Wh: less than is drawn in the morning, more around noon, nothing at night."""
    return max(0, 3 * drawn(12) - 1200 * abs(hour - 12))


def stand(meter: str, register: str, at: datetime, wh: int) -> StandOnWire:
    return StandOnWire(
        sequence=1,
        meter=meter,
        register=register,
        wh=str(wh),
        resolution="1",
        at=at,
        before=at,
        after=at,
        quality=Quality.MEASURED,
        epoch="e1",
        boot="b",
        monotonic_ms=1,
        clock=ClockState.SIMULATED,
    )


@dataclass
class Made:
    """A folder with a configuration and perhaps books."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "central.toml"

    @property
    def readings(self) -> Path:
        return self.folder / "data" / "readings.sqlite"

    def day(self, day: date = DAY, without: Iterable[tuple[str, int]] = ()) -> None:
        """Keep the stands of a day; ``without``: the meter and the hour at whose start its stand is missing."""
        starts = [period.start for period in day_periods(day)]
        stands, import_wh, export_wh = [], 0, 10**10
        for hour, at in enumerate([*starts, starts[-1] + timedelta(hours=1)]):
            stands += [stand("M1", IMPORT, at, import_wh)] * (("M1", hour) not in without)
            stands += [stand("M2", EXPORT, at, export_wh)] * (("M2", hour) not in without)
            import_wh += drawn(hour)
            export_wh += injected(hour)
        self.keep(stands)

    def missing_stand(self, hour: int) -> StandOnWire:
        """The town hall's stand at the start of an hour."""
        return stand("M1", IMPORT, day_start(DAY) + timedelta(hours=hour), sum(map(drawn, range(hour))))

    def keep(self, stands: Iterable[StandOnWire], gateway: str = "g1") -> None:
        store = SqliteStore(self.readings)
        store.admit([Entry(journal=1, gateway=gateway, stand=one) for one in stands], [], 1)
        store.close()

    def gateways(self) -> None:
        """One gateway online with a backlog and a meter in trouble, one offline."""
        table = GatewayTable(self.folder / "data" / "gateways.sqlite")
        meter = MeterStatus(id="M1", bus="b", profile="eastron-sdm630", error="no answer")
        table.heard(
            "hall", GatewayStatus(online=True, at=EVENING, version="0.1.0", backlog=5, meters=(meter,)), EVENING
        )
        table.heard("farm", GatewayStatus(online=False), EVENING)
        table.receipted(["hall"], EVENING)
        table.close()


def make_books(folder: Path) -> Made:
    """A configuration without any books yet."""
    made = Made(folder)
    made.config.write_text(_CONFIG, encoding="utf-8")
    (folder / "cluster.toml").write_text(_CLUSTER, encoding="utf-8")
    (folder / "data").mkdir()
    return made


class StoppedClock:
    """A clock that a test sets, and that stands still unless it has a step."""

    state = ClockState.SIMULATED

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.step = timedelta(0)
        """How far it moves whenever it is looked at."""

    def now(self) -> datetime:
        self.at += self.step
        return self.at

    def real_seconds_until(self, at: datetime) -> float:
        raise NotImplementedError

    async def sleep_until(self, at: datetime) -> None:
        raise NotImplementedError


async def _here(work: Callable[..., Any], *arguments: object) -> Any:
    return work(*arguments)


@contextlib.asynccontextmanager
async def served(made: Made, clock: StoppedClock, compute: Compute = _here) -> AsyncIterator[str]:
    """Serve page and API on a free port; gives the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = asyncio.create_task(serve_web(page_socket(WebTable(port=port)), made.config, clock, compute, together))
    try:
        async with asyncio.timeout(15), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await client.get(f"{url}/static/page.css")
                    break
                await asyncio.sleep(0.02)
        yield url
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
