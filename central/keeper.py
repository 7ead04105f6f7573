"""The writer's side of the books, in one thread: journal, admissions, gateways, and the cluster file as it changes.

An embedded store is written here too. One on a server is filled beside it (``central.catch_up``): verdicts need only
what is known locally, so a server that is down or slow never delays a receipt.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from central.asking import Asking
from central.cluster import load_cluster
from central.config import CentralConfig
from central.evidence import OverBudget
from central.gateways import GatewayTable
from central.held import Held
from central.intake import KnownMeters, put_in, take_in
from central.intake_file import IntakeFile
from central.journal import Journal, Message
from central.readings import Admits
from central.requests import RequestTable
from central.stores.sqlite import SqliteStore
from metering.wire import GatewayStatus, OutboxStatus, ReceiptsMessage, ResendRequest
from runtime.log import logger

_log = logger("central.keeper")
_BATCH = 1000


class NotKeptError(Exception):
    """Messages could not be journalled: they get no receipt, and their gateways send them again."""


class Keeper:
    """Everything that central writes. Not thread-safe: its owner calls it from one thread."""

    def __init__(self, config: CentralConfig) -> None:
        """Open the databases, and make what isn't there.

        Raises:
            ConfigError: the cluster file can't be used.
            OSError, sqlite3.Error: a database can't be opened.
        """
        self._config = config
        # Before it is read: what changes from here on is read again.
        self._cluster_mark = self._mark()
        self._meters = KnownMeters(load_cluster(config.cluster_file))
        config.data_dir.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(config.journal)
        self._admits = SqliteStore(config.readings) if config.store.kind == "sqlite" else IntakeFile(config.intake)
        self._gateways = GatewayTable(config.gateways)
        self._requests = RequestTable(config.requests)
        self._held = Held(self._journal)
        self._asking = Asking()
        self._behind = False

    def catch_up(self) -> int:
        """Admit what was journalled but not admitted yet; gives the number of messages."""
        return replay(self._journal, self._admits)

    def take(self, messages: Sequence[Message], now: datetime) -> list[ReceiptsMessage]:
        """Journal messages together, then take them in; gives the receipt of each. After the commit nothing is lost.

        Raises:
            NotKeptError: a database can't be written (a full disk).
        """
        try:
            if self._behind:
                # A batch that was journalled but not admitted comes first: the position must not pass it by.
                self.catch_up()
                self._behind = False
            numbers = self._journal.append(messages)
            self._behind = True
            receipts = take_in(self._admits, list(zip(numbers, messages, strict=True)), self._meters)
            self._behind = False
        except sqlite3.Error as error:
            raise NotKeptError(str(error)) from error
        self._held.add((number, one.gateway, one.payload) for number, one in zip(numbers, messages, strict=True))
        self._note(self._held.save)
        self._note(lambda: self._gateways.receipted({message.gateway for message in messages}, now))
        return receipts

    def heard(self, gateway: str, status: GatewayStatus, now: datetime) -> None:
        """Keep what a gateway said of itself."""
        self._note(lambda: self._gateways.heard(gateway, status, now))
        self._asking.heard(gateway, status)
        if isinstance(outbox := status.outbox, OutboxStatus) and outbox.requests:
            self._note(lambda: self._requests.told(gateway, outbox.requests, now))

    def put_off(self, gateway: str, now: datetime) -> None:
        """Note that a message of a gateway wasn't taken in, because the disk is short."""
        self._note(lambda: self._gateways.put_off(gateway, now))

    def over_budget(self, gateway: str, over: OverBudget) -> None:
        """Note that a message of a gateway wasn't taken in, because it sent more than it may."""
        self._note(lambda: self._gateways.over_budget(gateway, over))

    def known_gateways(self) -> list[str]:
        """The ids of all gateways ever heard."""
        return [one.gateway for one in self._gateways.all()]

    def another_came(self, mine: str, other: str, now: datetime, *, serving: bool) -> None:
        """Note that another central is on the topics; ``serving``: whether this one takes stands in."""
        self._note(lambda: self._gateways.another_came(mine, other, now, serving=serving))

    def requests(self, now_s: float, *, new_connection: bool) -> list[tuple[str, ResendRequest]]:
        """What is to be published now, and to which gateway; ``now_s`` in seconds of the monotonic clock."""
        if new_connection:
            self._asking.connected()
        try:
            return list(self._asking.due(now_s, self._held, self._requests.unanswered()))
        except sqlite3.Error as error:
            _log.error("requests_not_read", error=str(error))
            return []

    def _note(self, write: Callable[[], None]) -> None:
        """What is only for people to see never stops the books."""
        try:
            write()
        except Exception as error:  # noqa: BLE001 - whatever a gateway says of itself: stands and receipts go on
            _log.error("not_noted", error=str(error) or type(error).__name__)

    def look_at_cluster(self) -> bool:
        """Read the cluster file again if it changed; whether it did.

        Raises:
            ConfigError: it changed and can't be used: the meters known before stay known.
        """
        mark = self._mark()
        if mark == self._cluster_mark:
            return False
        self._cluster_mark = mark
        self._meters = KnownMeters(load_cluster(self._config.cluster_file))
        return True

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = self._config.cluster_file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def close(self) -> None:
        """Close the databases."""
        self._note(lambda: self._held.save(now=True))
        self._requests.close()
        self._journal.close()
        self._admits.close()
        self._gateways.close()


def replay(journal: Journal, store: Admits) -> int:
    """Admit everything that the journal has beyond the store's position; gives the number of messages."""
    count = 0
    for batch in journal.after(store.position(), _BATCH):
        put_in(store, batch)
        count += len(batch)
    return count
