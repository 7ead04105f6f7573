"""Central's receipts: those that come together are committed together, and only then their rows have left the queue."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.flights import Flights, ReceiptError
from gateway.outbox import Fate, Outbox, RowState
from gateway.outbox_thread import OutboxThread
from gateway.resend_queue import ResendQueue
from metering.wire import ReceiptsMessage, decode_receipts
from runtime.log import logger

_log = logger("gateway.uplink")
_GATHER_S = 0.02
"""Receipts that come within this time are committed together: a card wears by commits."""


class Landed(Protocol):
    """Told when messages have landed; ``apart``: one was refused as a whole, and its stands go one by one."""

    def __call__(self, *, apart: bool) -> None:
        """Tell it."""


class Receipts:
    """What has come and isn't committed yet."""

    def __init__(
        self,
        outbox: OutboxThread,
        flights: Flights,
        resends: ResendQueue,
        landed: Landed,
        trouble: Callable[[sqlite3.Error], None],
    ) -> None:
        """``trouble`` is told what the disk refuses."""
        self._outbox = outbox
        self._flights = flights
        self._resends = resends
        self._landed = landed
        self._trouble = trouble
        self._receipts: dict[str, ReceiptsMessage] = {}
        self._receipted = asyncio.Event()

    def take(self, payload: bytes) -> bool:
        """Note a receipt that came; whether it is one."""
        try:
            receipt = decode_receipts(payload)
        except msgspec.DecodeError as error:
            _log.warning("receipt_unusable", error=str(error))
            return False
        self._receipts[receipt.message] = receipt
        self._receipted.set()
        return True

    async def settle(self) -> None:
        """Commit what comes, for ever."""
        while True:
            await self._receipted.wait()
            await asyncio.sleep(_GATHER_S)
            self._receipted.clear()
            receipts, self._receipts = self._receipts, {}
            await self._settle_all(list(receipts.values()))

    async def _settle_all(self, receipts: list[ReceiptsMessage]) -> None:
        known: list[tuple[ReceiptsMessage, list[Fate]]] = []
        for receipt in receipts:
            try:
                fates = self._flights.fates(receipt)
            except ReceiptError as error:
                _log.warning("receipt_unusable", error=str(error))
                continue
            if fates is None:
                _log.debug("receipt_again", message=receipt.message)
            else:
                known.append((receipt, fates))
        try:
            await self._outbox.run(Outbox.settle, [fate for _, fates in known for fate in fates])
        except sqlite3.Error as error:
            # The messages stay in flight: they go again, and their next receipts find the disk well.
            self._trouble(error)
            return
        self._resends.receipted(fate.sequence for _, fates in known for fate in fates)
        for receipt, fates in known:
            self._flights.land(receipt.message, fates)
            self._log_fates(receipt.message, receipt.reason, fates)
        if not self._flights.asked:
            try:
                await self._resends.landed()
            except sqlite3.Error as error:
                self._trouble(error)
        self._landed(apart=any(not fates for _, fates in known))

    def _log_fates(self, message: str, reason: str, fates: list[Fate]) -> None:
        if not fates:
            _log.warning("message_refused", message=message, reason=reason, next="its stands go one by one")
        for fate in fates:
            if fate.state is RowState.ASIDE:
                _log.warning("row_set_aside", sequence=fate.sequence, reason=fate.reason)
            elif fate.state is not RowState.RELEASED:
                _log.info("row_released", sequence=fate.sequence, verdict=fate.state.value, reason=fate.reason)
