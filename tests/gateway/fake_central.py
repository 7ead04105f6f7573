"""A central written by hand: says whether it is online, keeps what it gets, and receipts as the test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

import aiomqtt

from metering.wire import GatewayStatus, decode_status, digest

Verdicts = Callable[[dict], dict | None]


def stored(message: dict) -> dict:
    """A receipt that stores all of a message's stands."""
    return {"receipts": [{"sequence": one["sequence"], "verdict": "stored"} for one in message["stands"]]}


class FakeCentral:
    """Answers every message of stands by ``verdicts`` (None: no receipt at all)."""

    def __init__(self, client: aiomqtt.Client, verdicts: Verdicts) -> None:
        self.client = client
        self.verdicts = verdicts
        self.messages: list[dict] = []
        self.payloads: list[bytes] = []
        self.times: list[float] = []
        self.statuses: list[GatewayStatus] = []

    async def presence(self, online: bool) -> None:
        await self.raw("central/presence", json.dumps({"v": 1, "online": online}).encode(), retain=True)

    async def raw(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        await self.client.publish(f"klaster/v1/{leaf}", payload, qos=1, retain=retain)

    async def receipt(self, payload: bytes, body: dict, gateway: str = "g1") -> None:
        await self.raw(f"{gateway}/receipts", json.dumps({"v": 1, "message": digest(payload), **body}).encode())

    async def listen(self) -> None:
        async for message in self.client.messages:
            if str(message.topic).endswith("/status"):
                self.statuses.append(decode_status(message.payload))
                continue
            self.times.append(time.monotonic())
            self.payloads.append(message.payload)
            self.messages.append(json.loads(message.payload))
            if body := self.verdicts(self.messages[-1]):
                await self.receipt(message.payload, body, self.messages[-1]["gateway"])

    @property
    def sequences(self) -> list[list[int]]:
        return [[one["sequence"] for one in message["stands"]] for message in self.messages]


@contextlib.asynccontextmanager
async def central(port: int, *, online: bool | None = True, verdicts: Verdicts = stored) -> AsyncIterator[FakeCentral]:
    async with aiomqtt.Client("127.0.0.1", port, identifier="central", protocol=aiomqtt.ProtocolVersion.V5) as client:
        made = FakeCentral(client, verdicts)
        await client.subscribe([("klaster/v1/+/stands", 1), ("klaster/v1/+/status", 1)])
        if online is not None:
            await made.presence(online)
        task = asyncio.create_task(made.listen())
        try:
            yield made
        finally:
            # Again and again: asyncio.wait_for (in aiomqtt's publish) may lose a cancellation.
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=0.1)


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Return when the condition holds; fail when it doesn't within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
