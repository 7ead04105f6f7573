"""Tells live values: QoS 0, not retained, at most one message under way; what can't be told now is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiomqtt

from gateway.live import LiveBoard
from metering.wire import encode
from runtime.clock import Clock
from runtime.log import logger

_log = logger("gateway.live")
_LOOK_S = 0.25


async def tell_live(
    client: aiomqtt.Client, topic: str, board: LiveBoard, clock: Clock, online: Callable[[], bool]
) -> None:
    """Publish what the board has to ``topic``, for ever, while central is ``online``: nobody else listens."""
    while True:
        await asyncio.sleep(_LOOK_S)
        # Taken though nobody listens: what is told when central comes back is new.
        for message in board.take(clock.now()):
            if not online():
                continue
            try:
                await client.publish(topic, encode(message), qos=0)
            except aiomqtt.MqttError as error:
                # Whether the connection is lost the stands find out by themselves.
                _log.debug("live_dropped", error=str(error))
