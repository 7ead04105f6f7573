"""Central's side of the wire: stands in, receipts out, presence as a retained message and last will."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import aiomqtt
import msgspec

from central.alone import STAND_BACK_S, AnotherCentralError, alone
from central.journal import Message
from central.keeper import NotKeptError
from central.listening import Flooded, Listening
from metering.wire import (
    MAX_BYTES,
    GatewayStatus,
    Presence,
    ReceiptsMessage,
    ResendRequest,
    Verdict,
    decode_presence,
    decode_status,
    digest,
    encode,
)
from runtime.broker import BrokerSettings, keep_connected
from runtime.clock import Clock
from runtime.log import logger

_log = logger("central.downlink")
_BATCH = 200
_QUEUE = 2000
_MADE = 2
"""Batches of receipts that wait to be sent while the next one is taken in."""
_FAREWELL_S = 2.0
_ASK_EVERY_S = 1.0

Take = Callable[[Sequence[Message]], Awaitable[list[ReceiptsMessage]]]
Heard = Callable[[str, GatewayStatus], Awaitable[None]]
LiveHeard = Callable[[str, bytes], None]
Asks = Callable[[bool], Awaitable[list[tuple[str, ResendRequest]]]]
"""What gateways are to be asked for now; told whether the connection is new."""
Allowed = Callable[[str, int], Awaitable[bool]]
"""Whether a gateway's message of so many bytes may be taken in now."""
Another = Callable[[str, bool], Awaitable[None]]
"""Told the name of another central on these topics, and whether this one serves."""
Together = Callable[..., Awaitable[None]]
Made = list[tuple[str, ReceiptsMessage]]
"""Receipts and whose they are."""


class Downlink:
    """The connection to the broker, renewed for ever."""

    def __init__(
        self,
        settings: BrokerSettings,
        clock: Clock,
        take: Take,
        heard: Heard,
        asks: Asks,
        together: Together,
        live: LiveHeard = lambda *_: None,
        allowed: Allowed | None = None,
        name: str = "central",
        another: Another | None = None,
        known: Iterable[str] = (),
        flooded: Flooded | None = None,
    ) -> None:
        """``take`` journals messages and gives their receipts; ``together`` runs coroutines until one raises.

        ``live`` takes a message of live values, and raises DecodeError where it is none. A message of stands that
        isn't ``allowed`` gets no receipt: its gateway keeps it and sends it again. ``name`` tells this central from
        another one on the same topics; ``another`` is told of such a one.
        ``known``: gateways heard before this start; ``flooded`` is told who isn't listened to for a while.
        """
        self._settings = settings
        self._topics = settings.topics
        self._name = name
        self._clock = clock
        self._take = take
        self._heard = heard
        self._asks = asks
        self._together = together
        self._live = live
        self._allowed = allowed
        self._another = another
        self._listening = Listening(settings.topics, known, flooded)

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost."""
        will = aiomqtt.Will(self._topics.presence, self._presence(online=False), qos=1, retain=True)
        await keep_connected(self._settings, self._topics.client_id("central"), will, self._serve)

    def _presence(self, *, online: bool) -> bytes:
        return encode(Presence(online=online, central=self._name))

    async def _serve(self, client: aiomqtt.Client) -> None:
        try:
            await alone(client, self._topics.presence, self._name)
        except AnotherCentralError as error:
            why = "it serves this cluster: nothing is taken in here"
            _log.error(
                "another_central",
                other=error.other,
                why=why,
                topics=self._topics.root,
                next=f"again in {STAND_BACK_S:g} s",
            )
            if self._another is not None:
                await self._another(error.other, False)
            # It stays away meanwhile: each new connection may push the other one off the broker.
            await asyncio.sleep(STAND_BACK_S)
            raise
        # A new queue for each connection: what was lost with the old one is sent again by the gateways.
        queue: asyncio.Queue[Message] = asyncio.Queue(_QUEUE)
        made: asyncio.Queue[Made] = asyncio.Queue(_MADE)
        await self._listening.begin(client)
        await self._announce(client)
        try:
            await self._together(
                *(self._receive(client, queue), self._take_in(queue, made), self._receipt(client, made)),
                self._ask(client),
                self._listening.keep(client, lambda: self._announce(client)),
            )
        except asyncio.CancelledError:
            # A clean end keeps the last will back, so say it.
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await client.publish(self._topics.presence, self._presence(online=False), qos=1, retain=True)
            raise

    async def _announce(self, client: aiomqtt.Client) -> None:
        await client.publish(self._topics.presence, self._presence(online=True), qos=1, retain=True)

    async def _heard_of(self, client: aiomqtt.Client, payload: bytes) -> None:
        """Another central on these topics is told that this one serves; its last word must not stay, either."""
        try:
            said = decode_presence(payload)
        except msgspec.DecodeError:
            return
        if said.central == self._name and said.online:
            self._listening.answered()
        elif isinstance(said.central, str) and said.central != self._name and not said.online:
            _log.warning("another_central_came", topics=self._topics.root, other=said.central)
            await self._announce(client)
            if self._another is not None:
                await self._another(said.central, True)

    async def _receive(self, client: aiomqtt.Client, queue: asyncio.Queue[Message]) -> None:
        async for message in client.messages:
            gateway = self._topics.gateway_of(message.topic.value)
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if message.topic.value == self._topics.presence:
                await self._heard_of(client, payload)
            elif gateway is None:
                _log.warning("topic_unusable", topic=message.topic.value[:100])
            elif self._listening.passes_over(gateway):
                continue
            elif message.topic.value.endswith("/live"):
                self._live_values(gateway, payload)
            elif message.topic.value.endswith("/status"):
                await self._status(gateway, payload)
            elif len(payload) > MAX_BYTES:
                # No gateway of ours sends such a one: it is refused unread, and need not fill the journal.
                _log.warning("message_too_long", gateway=gateway, bytes=len(payload))
                said = f"{len(payload)} bytes; at most {MAX_BYTES} are read"
                refusal = ReceiptsMessage(message=digest(payload), verdict=Verdict.REFUSED, reason=said)
                await client.publish(self._topics.of(gateway, "receipts"), encode(refusal), qos=1)
            elif self._allowed is None or await self._allowed(gateway, len(payload)):
                await queue.put(Message(received=self._clock.now(), gateway=gateway, payload=payload))

    async def _ask(self, client: aiomqtt.Client) -> None:
        new_connection = True
        while True:
            for gateway, request in await self._asks(new_connection):
                _log.debug("asked", gateway=gateway, request=request.id)
                await client.publish(self._topics.of(gateway, "requests"), encode(request), qos=1)
            new_connection = False
            await asyncio.sleep(_ASK_EVERY_S)

    def _live_values(self, gateway: str, payload: bytes) -> None:
        try:
            self._live(gateway, payload)
        except msgspec.DecodeError as error:
            _log.debug("live_unreadable", gateway=gateway, error=str(error))

    async def _status(self, gateway: str, payload: bytes) -> None:
        try:
            await self._heard(gateway, decode_status(payload))
        except msgspec.DecodeError as error:
            _log.warning("status_unreadable", gateway=gateway, error=str(error))

    async def _take_in(self, queue: asyncio.Queue[Message], made: asyncio.Queue[Made]) -> None:
        while True:
            batch = [await queue.get()]
            while len(batch) < _BATCH and not queue.empty():
                batch.append(queue.get_nowait())
            try:
                receipts = await self._take(batch)
            except NotKeptError as error:
                _log.error("not_kept", messages=len(batch), error=str(error), next="the gateways send them again")
                continue
            await made.put([(message.gateway, receipt) for message, receipt in zip(batch, receipts, strict=True)])

    async def _receipt(self, client: aiomqtt.Client, made: asyncio.Queue[Made]) -> None:
        while True:
            await asyncio.gather(
                *(
                    client.publish(self._topics.of(gateway, "receipts"), encode(receipt), qos=1)
                    for gateway, receipt in await made.get()
                )
            )
