"""The gateway's side of the wire: stands out, receipts in, a retained status and a last will.

Nothing is sent before central's retained presence says online. A row leaves the outbox on central's receipt alone: the
broker's PUBACK says nothing about central.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime

import aiomqtt
import msgspec

from gateway.flights import STANDS_A_MESSAGE, Flights
from gateway.live import LiveBoard
from gateway.live_uplink import tell_live
from gateway.outbox import Outbox, RowState, Waiting
from gateway.outbox_thread import OutboxThread
from gateway.receipts import Receipts
from gateway.resend_queue import ResendQueue
from metering.wire import (
    BusStatus,
    GatewayStatus,
    MeterStatus,
    ResendRequest,
    decode_presence,
    encode,
)
from runtime.broker import BrokerSettings, keep_connected
from runtime.clock import Clock, monotonic_s
from runtime.log import logger

_log = logger("gateway.uplink")
_ROOM = 50
"""So many messages must have landed before the backlog is read again, or a second must have passed."""
_LONGEST_PAUSE_S = 1.0
_ABREAST = 20
"""So many messages leave without waiting for one another's acknowledgement by the broker."""
_STATUS_LOOK_S = 1.0
_STATUS_EVERY_S = 60.0
_FAREWELL_S = 2.0

Together = Callable[..., Awaitable[None]]
"""Runs coroutines side by side until one raises; the service's, since it alone starts tasks."""
Describe = Callable[[], tuple[tuple[BusStatus, ...], tuple[MeterStatus, ...]]]


class Uplink:
    """One gateway's connection to central, renewed for ever."""

    def __init__(
        self,
        gateway: str,
        version: str,
        settings: BrokerSettings,
        outbox: OutboxThread,
        clock: Clock,
        describe: Describe,
        together: Together,
        live: LiveBoard | None = None,
    ) -> None:
        """Nothing is connected before ``run``. ``describe`` tells how buses and meters are, ``live`` what they show."""
        self._gateway = gateway
        self._version = version
        self._settings = settings
        self._topics = settings.topics
        self._outbox = outbox
        self._clock = clock
        self._describe = describe
        self._together = together
        self._live = live
        self._flights = Flights(gateway)
        self._resends = ResendQueue(outbox)
        self._receipts = Receipts(outbox, self._flights, self._resends, self._landed, self._disk_trouble)
        self._online = False
        self._wake = asyncio.Event()
        self._boarded_s = 0.0
        self._fresh = True
        self._ashore = False
        self.connected = False
        """Whether the broker has taken the connection."""
        self.last_receipt: datetime | None = None
        self.turned_s = monotonic_s()
        """When its loop last turned, in seconds of the monotonic clock."""

    @property
    def central_online(self) -> bool:
        """Whether central's presence says so."""
        return self._online

    async def send_again(self, request: ResendRequest) -> None:
        """Send the stands again that somebody at this machine asks for, as if central had asked."""
        await self._request(encode(request))

    def _turn(self) -> None:
        self.turned_s = monotonic_s()

    def fresh(self) -> None:
        """New rows are in the outbox."""
        self._fresh = True
        self._wake.set()

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost; cancelled, say farewell and end."""
        await keep_connected(
            self._settings, self._topics.client_id(self._gateway), self._will(), self._serve, self._turn
        )

    def _topic(self, leaf: str) -> str:
        return self._topics.of(self._gateway, leaf)

    def _will(self) -> aiomqtt.Will:
        return aiomqtt.Will(
            self._topic("status"), encode(GatewayStatus(online=False, version=self._version)), 1, retain=True
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        self._online = False
        self.connected = True
        try:
            # Before anything is sent: a receipt that comes while nobody listens is lost.
            mine = [(self._topic(leaf), 1) for leaf in ("receipts", "requests")]
            await client.subscribe([*mine, (self._topics.presence, 1)])
            await self._together(
                *(self._receive(client), self._receipts.settle(), self._send(client), self._report(client)),
                *self._tell(client),
            )
        except asyncio.CancelledError:
            await self._farewell(client)
            raise
        finally:
            self._online = self.connected = False

    def _tell(self, client: aiomqtt.Client) -> list[Coroutine[None, None, None]]:
        return (
            [tell_live(client, self._topic("live"), self._live, self._clock, lambda: self._online)]
            if self._live
            else []
        )

    async def _farewell(self, client: aiomqtt.Client) -> None:
        """A clean end keeps the last will back, so say it."""
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await client.publish(self._topic("status"), self._will().payload, qos=1, retain=True)
        except (aiomqtt.MqttError, TimeoutError):
            _log.info("farewell_not_said")

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if message.topic.value == self._topics.presence:
                self._presence(payload)
            elif message.topic.value.endswith("/requests"):
                await self._request(payload)
            elif self._receipts.take(payload):
                self.last_receipt = self._clock.now()

    async def _request(self, payload: bytes) -> None:
        try:
            await self._resends.take(payload)
        except sqlite3.Error as error:
            # Central asks again until the status tells of its request.
            self._disk_trouble(error)
        self.fresh()

    def _presence(self, payload: bytes) -> None:
        try:
            # An empty payload is how a retained message is taken back: absent means offline.
            online = decode_presence(payload).online if payload else False
        except msgspec.DecodeError as error:
            _log.warning("presence_unreadable", error=str(error))
            return
        if online == self._online:
            return
        self._online = online
        _log.info("central_online" if online else "central_offline")
        if online:
            self._flights.all_due(monotonic_s())
            self._resends.central_is_new()
            self.fresh()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            self._turn()
            self._wake.clear()
            if self._online:
                await self._board()
                await self._send_due(client)
            try:
                async with asyncio.timeout(self._pause_s()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _board(self) -> None:
        """Read waiting rows: when there are new ones, or when those left ashore have room enough to be worth it."""
        room = self._flights.free_for_backlog
        enough = room >= _ROOM or monotonic_s() - self._boarded_s >= _LONGEST_PAUSE_S
        if not (self._fresh or ((self._ashore or self._resends.waiting) and enough)):
            return
        self._fresh = False
        self._boarded_s = monotonic_s()
        limit = room * STANDS_A_MESSAGE
        try:
            waiting = await self._outbox.run(Outbox.waiting, limit, self._flights.aboard)
            all_aboard = self._flights.board(self._outbox.id, waiting, monotonic_s())
            self._ashore = not all_aboard or len(waiting.backlog) == limit
            if room := 0 if self._ashore else self._flights.free_for_backlog:
                asked = await self._resends.more(room * STANDS_A_MESSAGE)
                self._flights.board(self._outbox.id, Waiting([], []), monotonic_s(), asked)
                if not self._flights.asked:
                    await self._resends.landed()
        except sqlite3.Error as error:
            self._disk_trouble(error)

    async def _send_due(self, client: aiomqtt.Client) -> None:
        """Send what is due, some abreast; new stands don't wait for all of it."""
        due = self._flights.due(monotonic_s())
        for begin in range(0, len(due), _ABREAST):
            if not self._online or (self._fresh and begin):
                return
            abreast = due[begin : begin + _ABREAST]
            for flight in abreast:
                if flight.tries:
                    _log.debug("message_again", message=flight.name, tries=flight.tries)
                self._flights.sent(flight, monotonic_s())
            stands = self._topic("stands")
            await asyncio.gather(*(client.publish(stands, flight.payload, qos=1) for flight in abreast))

    def _pause_s(self) -> float:
        due_s = self._flights.next_due_s() if self._online else None
        return _LONGEST_PAUSE_S if due_s is None else min(max(due_s - monotonic_s(), 0.01), _LONGEST_PAUSE_S)

    async def _report(self, client: aiomqtt.Client) -> None:
        shown: object = None
        shown_s = 0.0
        while True:
            status = await self._status()
            compared = msgspec.structs.replace(
                status,
                at=None,
                meters=tuple(_steady(meter) for meter in status.meters),
            )
            if compared != shown or monotonic_s() - shown_s >= _STATUS_EVERY_S:
                await client.publish(self._topic("status"), encode(status), qos=1, retain=True)
                shown, shown_s = compared, monotonic_s()
            await asyncio.sleep(_STATUS_LOOK_S)

    async def _status(self) -> GatewayStatus:
        try:
            counts = await self._outbox.run(Outbox.unsettled)
        except sqlite3.Error as error:
            self._disk_trouble(error)
            counts = {}
        buses, meters = self._describe()
        return GatewayStatus(
            online=True,
            at=self._clock.now(),
            version=self._version,
            backlog=counts.get(RowState.WAITING, 0),
            aside=counts.get(RowState.ASIDE, 0),
            buses=buses,
            meters=meters,
            outbox=self._outbox.status(self._resends.statuses()),
        )

    def _landed(self, *, apart: bool) -> None:
        """Messages have their receipts; ``apart``: one was refused as a whole, and its stands go one by one."""
        self._fresh |= apart
        self._wake.set()

    def _disk_trouble(self, error: sqlite3.Error) -> None:
        self._ashore = True
        _log.error("outbox_failed", error=str(error))


def _steady(meter: MeterStatus) -> MeterStatus:
    """Without what moves at every poll: that alone is no reason to say a status again."""
    rejected = tuple(msgspec.structs.replace(one, count=1) for one in meter.rejected or ())
    return msgspec.structs.replace(meter, last_read=None, rejected=rejected or msgspec.UNSET)
