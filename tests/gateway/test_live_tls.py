"""The deployed access list: a gateway tells live values on its own topic alone, and central hears them."""

from __future__ import annotations

import asyncio
import contextlib

from metering.wire import topic
from runtime.broker import connection
from tests.gateway.fake_central import until
from tests.gateway.test_tls import WILL, authority, secure, settings

__all__ = ["authority", "secure"]


async def test_live_values_are_told_by_ones_own_gateway_and_heard_by_central_alone(secure, authority):
    heard: dict[str, list[tuple[str, bytes]]] = {"central": [], "g2": []}

    async def listen(name: str, client) -> None:
        async for message in client.messages:
            heard[name].append((message.topic.value, message.payload))

    async with (
        connection(settings(authority, secure.port, "central"), "klaster-central", WILL) as central,
        connection(settings(authority, secure.port, "g1"), "klaster-g1", WILL) as one,
        connection(settings(authority, secure.port, "g2"), "klaster-g2", WILL) as other,
    ):
        listeners = [asyncio.ensure_future(listen("central", central)), asyncio.ensure_future(listen("g2", other))]
        await central.subscribe("klaster/v1/+/live", qos=0)
        with contextlib.suppress(Exception):
            await other.subscribe("klaster/v1/+/live", qos=0)
        await one.publish(topic("g2", "live"), b"not mine", qos=0)
        await one.publish(topic("g1", "live"), b"mine", qos=0)
        await until(lambda: heard["central"])
        assert heard == {"central": [("klaster/v1/g1/live", b"mine")], "g2": []}
        for listener in listeners:
            listener.cancel()
