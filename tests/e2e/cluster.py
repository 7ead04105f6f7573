"""A whole simulated cluster in real processes, for the end-to-end tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt

from metering.wire import ReceiptsMessage, decode_receipts, digest, topic
from runtime.clock import SimulationClock
from simulators.demo import ask
from simulators.processes import Cluster
from simulators.scenario import scenario_path

SPEED = 600
START = datetime(2026, 6, 17, 8, 50, tzinfo=UTC)
"""Ten minutes before an hour of a sunny working day in which the school both draws and injects."""


def daytime_cluster(folder: Path, *, lead_s: float = 9.0) -> Cluster:
    """Three sites from 10:50 local time on; nothing is started."""
    text = scenario_path("three-sites").read_text(encoding="utf-8")
    text = text.replace("start = 2026-06-16T21:50:00Z", "start = 2026-06-17T08:50:00Z")
    scenario = folder / "daytime.toml"
    scenario.write_text(text, encoding="utf-8")
    return Cluster(scenario, folder / "work", speed=SPEED, lead_s=lead_s)


def wait_until(cluster: Cluster, at: datetime) -> None:
    """Let simulated time pass; nobody may die meanwhile without having been asked to."""
    clock = SimulationClock(cluster.work.clock)
    while clock.now() < at:
        assert not cluster.deaths(), [(death.name, death.log.read_text()[-2000:]) for death in cluster.deaths()]
        time.sleep(0.05)


def wait_for(what: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer of ``what``; asked again and again for some real seconds."""
    give_up = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < give_up, "it didn't happen"
        time.sleep(0.3)
    return found


def complete_hours(cluster: Cluster, day: str = "2026-06-17") -> dict[datetime, dict[str, Any]]:
    """The complete hours of a day by their start."""
    hours = ask(cluster, "balance", "--day", day)["hours"]
    return {datetime.fromisoformat(row["start"]): row for row in hours if row["status"] == "complete"}


def send(cluster: Cluster, gateway: str, payload: bytes) -> ReceiptsMessage:
    """Publish bytes as a gateway would, and give central's receipt for them."""

    async def exchange() -> ReceiptsMessage:
        async with aiomqtt.Client("127.0.0.1", cluster.ports.broker, protocol=aiomqtt.ProtocolVersion.V5) as client:
            await client.subscribe(topic(gateway, "receipts"), qos=1)
            await client.publish(topic(gateway, "stands"), payload, qos=1)
            async for message in client.messages:
                receipt = decode_receipts(bytes(message.payload))
                if receipt.message == digest(payload):
                    return receipt
        raise AssertionError("the broker closed the connection")

    return asyncio.run(asyncio.wait_for(exchange(), 20))
