"""Whether another central serves the same cluster at the broker: two of them would share its stands out between them.

A central says on its presence topic that it comes, and hears what was said there last. Was that another one, it waits
a while: one that is there answers at once, or, where the broker lets a name in only once, comes back and pushes this
one off. A central that was there before on its own waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import aiomqtt
import msgspec

from metering.wire import Presence, decode_presence, encode
from runtime.log import logger

_log = logger("central.alone")
LISTEN_S: Final = 6.0
"""Longer than it takes a central that was pushed off to connect again."""
STAND_BACK_S: Final = 120.0
"""So long the one that came second stays away from the broker."""


class AnotherCentralError(aiomqtt.MqttError):
    """Another central is there."""

    def __init__(self, other: str) -> None:
        """``other`` is its name."""
        super().__init__(f"another central serves this cluster: {other}")
        self.other = other


async def alone(client: aiomqtt.Client, topic: str, name: str) -> None:
    """Listen on the presence topic until it is sure that no other central is there; stays subscribed to it.

    Raises:
        AnotherCentralError: one is there.
        aiomqtt.MqttError: the connection was lost.
    """
    await client.subscribe(topic, 1)
    # Not retained, and offline: no gateway takes it for a central that listens.
    mine = encode(Presence(online=False, central=name))
    await client.publish(topic, mine, qos=1)
    before = await _last_before(client, mine, name)
    if before is None:
        return
    _log.warning("another_central_was_here", other=before, next=f"listening for it for {LISTEN_S:g} s")
    try:
        async with asyncio.timeout(LISTEN_S):
            async for message in client.messages:
                other = _other(message.payload, name)
                if other and not message.retain and decode_presence(bytes(message.payload)).online:
                    raise AnotherCentralError(other)
    except TimeoutError:
        _log.info("another_central_gone", other=before)
    except AnotherCentralError:
        raise
    except aiomqtt.MqttError as error:
        raise AnotherCentralError(before) from error


async def _last_before(client: aiomqtt.Client, mine: bytes, name: str) -> str | None:
    """Another central that was the last to say something before this one did, if it was another."""
    other = None
    # An access list that lets nothing be read here must not keep central from its work.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S):
            async for message in client.messages:
                if message.payload == mine and not message.retain:
                    break
                other = _other(message.payload, name)
    return other


def _other(payload: object, name: str) -> str | None:
    try:
        said = decode_presence(payload if isinstance(payload, bytes) else b"")
    except msgspec.DecodeError:
        return None
    return said.central if isinstance(said.central, str) and said.central != name else None
