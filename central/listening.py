"""To whose topics central listens: to everybody's by one filter, and, while somebody floods, to those of all others.

A filter for everybody can't leave one out, so meanwhile each known gateway has filters of its own. One that was never
heard before isn't heard then either; it keeps its stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import aiomqtt

from central.floods import Floods
from metering.topics import Topics
from runtime.clock import monotonic_s
from runtime.log import logger

_log = logger("central.listening")
LEAVES: Final = (("stands", 1), ("status", 1), ("live", 0))
"""What a gateway says, and with which QoS it is listened to."""
MOST_KNOWN: Final = 20_000
_AT_ONCE: Final = 300
"""Filters of one packet."""
_LOOK_S: Final = 0.5

Flooded = Callable[[str, float], Awaitable[None]]
"""Told of a gateway that floods, and for how many seconds it isn't listened to."""


class FloodedError(aiomqtt.MqttError):
    """A gateway floods: the connection is renewed without it, for the broker's queue is full of what it sent."""


class Listening:
    """What is subscribed to; the same for one connection after another."""

    def __init__(self, topics: Topics, known: Iterable[str], flooded: Flooded | None) -> None:
        """``known``: gateways heard before this start."""
        self._topics = topics
        self._known = set(known)
        self._flooded = flooded
        self._floods = Floods()
        self._shut: frozenset[str] = frozenset()

    async def begin(self, client: aiomqtt.Client) -> None:
        """Listen, on a new connection."""
        self._floods.connected()
        self._shut = self._floods.shut(monotonic_s())
        await self._listen(client, self._wanted(self._shut))

    def passes_over(self, gateway: str) -> bool:
        """Count a message of a gateway; whether it isn't to be looked at, since its gateway floods."""
        self._floods.heard(gateway)
        if len(self._known) < MOST_KNOWN:
            self._known.add(gateway)
        return self._floods.is_shut(gateway, monotonic_s())

    def answered(self) -> None:
        """Central heard its own word."""
        self._floods.answered(monotonic_s())

    async def keep(self, client: aiomqtt.Client, say: Callable[[], Awaitable[None]]) -> None:
        """Look for floods, and listen to everybody again when they are over; ``say``: central's word to itself.

        Raises:
            FloodedError: a gateway floods.
        """
        while True:
            await asyncio.sleep(_LOOK_S)
            now_s = monotonic_s()
            if (flood := self._floods.flood(now_s)) is not None:
                gateway, pause_s = flood
                _log.error(
                    "flooded", gateway=gateway, next=f"it isn't listened to for {pause_s:g} s; it keeps its stands"
                )
                if self._flooded is not None:
                    await self._flooded(gateway, pause_s)
                raise FloodedError(f"{gateway} floods: the connection is renewed without it")
            if self._floods.asks(now_s):
                await say()
            if (shut := self._floods.shut(now_s)) != self._shut:
                before, self._shut = self._shut, shut
                # In this order, and nothing awaited between: nothing of the others is missed.
                left = [name for name, _ in self._wanted(before)]
                await asyncio.gather(self._listen(client, self._wanted(shut)), self._leave(client, left))
                _log.info("listening_again", to=sorted(before - shut))

    def _wanted(self, shut: frozenset[str]) -> list[tuple[str, int]]:
        if not shut:
            return [(self._topics.every(leaf), qos) for leaf, qos in LEAVES]
        named = sorted(self._known - shut)
        return [(self._topics.of(gateway, leaf), qos) for gateway in named for leaf, qos in LEAVES]

    async def _listen(self, client: aiomqtt.Client, filters: list[tuple[str, int]]) -> None:
        for begin in range(0, len(filters), _AT_ONCE):
            await client.subscribe(filters[begin : begin + _AT_ONCE])

    async def _leave(self, client: aiomqtt.Client, names: list[str]) -> None:
        for begin in range(0, len(names), _AT_ONCE):
            await client.unsubscribe(names[begin : begin + _AT_ONCE])
