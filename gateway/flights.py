"""Messages on their way to central: when each is due again, and what its receipt means for its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.outbox import Fate, RowState, Waiting
from metering.wire import MAX_IN_FLIGHT, ReceiptsMessage, StandOnWire, StandsMessage, Verdict, digest, encode

STANDS_A_MESSAGE = 20
FIRST_RESEND_S = 5.0
LONGEST_RESEND_S = 60.0

_STATES = {
    Verdict.STORED: RowState.RELEASED,
    Verdict.HELD: RowState.HELD,
    Verdict.CONFLICT: RowState.CONFLICT,
    Verdict.REFUSED: RowState.ASIDE,
}


@dataclass(slots=True)
class Flight:
    """One message without a receipt. Sent again it has the same bytes, and so the same name."""

    name: str
    payload: bytes
    rows: tuple[StandOnWire, ...]
    due_s: float
    asked: bool
    """Whether central has asked for these rows: they had a receipt before."""
    tries: int = 0

    @property
    def sequences(self) -> tuple[int, ...]:
        """The rows of the outbox that it carries."""
        return tuple(row.sequence for row in self.rows)

    @property
    def at(self) -> datetime:
        """The newest instant of its stands."""
        return max(row.at for row in self.rows)


class ReceiptError(ValueError):
    """A receipt that doesn't fit the message it names."""


class Flights:
    """All messages without a receipt, at most ``MAX_IN_FLIGHT``. Times are seconds of the monotonic clock."""

    def __init__(self, gateway: str, most: int = MAX_IN_FLIGHT) -> None:
        """Messages say from which gateway and outbox they come."""
        self._gateway = gateway
        self._most = most
        self._reserved = most // 10
        self._flights: dict[str, Flight] = {}
        self._aboard: set[int] = set()
        self._alone: list[tuple[StandOnWire, bool]] = []
        self._newest: datetime | None = None

    @property
    def free(self) -> int:
        """How many more messages may leave."""
        return self._most - len(self._flights)

    @property
    def free_for_backlog(self) -> int:
        """How many more messages may leave with anything but the newest stands: those find room at any time."""
        return max(self.free - self._reserved, 0)

    @property
    def aboard(self) -> frozenset[int]:
        """The rows in flight."""
        return frozenset(self._aboard)

    @property
    def asked(self) -> bool:
        """Whether rows are in flight that central has asked for."""
        return any(flight.asked for flight in self._flights.values()) or any(asked for _, asked in self._alone)

    def board(self, outbox: str, waiting: Waiting, now_s: float, asked: Sequence[StandOnWire] = ()) -> bool:
        """Make messages of rows that are not in flight yet; they are due at once. Whether there was room for all.

        Nothing is made of ``asked`` that there is no room for: the caller gives as many as ``free_for_backlog`` holds.
        """
        if waiting.newest:
            self._newest = waiting.newest[0].at
        fits = self._board(outbox, waiting.newest, now_s, self.free)
        alone, self._alone = self._alone, []
        for row, by_request in alone:
            if self.free_for_backlog:
                self._start(outbox, [row], now_s, asked=by_request)
            else:
                self._alone.append((row, by_request))
        fits &= self._board(outbox, waiting.backlog, now_s, self.free_for_backlog)
        fits &= self._board(outbox, asked, now_s, self.free, asked=True)
        return fits and not self._alone

    def _board(self, outbox: str, rows: Sequence[StandOnWire], now_s: float, room: int, *, asked: bool = False) -> bool:
        ready = [row for row in rows if row.sequence not in self._aboard]
        groups = [ready[i : i + STANDS_A_MESSAGE] for i in range(0, len(ready), STANDS_A_MESSAGE)]
        for group in groups[: max(room, 0)]:
            self._start(outbox, group, now_s, asked=asked)
        return len(groups) <= room

    def _start(self, outbox: str, rows: Sequence[StandOnWire], now_s: float, *, asked: bool) -> None:
        payload = encode(StandsMessage(gateway=self._gateway, outbox=outbox, stands=tuple(rows)))
        flight = Flight(digest(payload), payload, tuple(rows), now_s, asked)
        self._flights[flight.name] = flight
        self._aboard.update(flight.sequences)

    def due(self, now_s: float) -> list[Flight]:
        """What should be sent now: the newest boundary first, the others in the order in which they boarded."""
        due = [flight for flight in self._flights.values() if flight.due_s <= now_s]
        return sorted(due, key=lambda flight: flight.at != self._newest)

    def next_due_s(self) -> float | None:
        """When the next message is due; None when nothing is in flight."""
        return min((flight.due_s for flight in self._flights.values()), default=None)

    def sent(self, flight: Flight, now_s: float) -> None:
        """It leaves: without a receipt it is due again after 5 s, then 10 s, … at most a minute."""
        flight.due_s = now_s + min(FIRST_RESEND_S * 2 ** min(flight.tries, 8), LONGEST_RESEND_S)
        flight.tries += 1

    def all_due(self, now_s: float) -> None:
        """Central is back: nothing has to wait out its back-off."""
        for flight in self._flights.values():
            flight.due_s = now_s
            flight.tries = 0

    def fates(self, message: ReceiptsMessage) -> list[Fate] | None:
        """What a receipt means for the rows of its message; None when that message isn't in flight (any more).

        A message of several stands that was refused as a whole gives no fates: its stands are to go one by one.

        Raises:
            ReceiptError: it doesn't fit the message it names; nothing is to be released on it.
        """
        flight = self._flights.get(message.message)
        if flight is None:
            return None
        if not message.receipts:
            if message.verdict is not Verdict.REFUSED:
                raise ReceiptError("it names no stand, and isn't a refusal of the whole message")
            if len(flight.sequences) > 1:
                return []
            return [Fate(flight.sequences[0], RowState.ASIDE, message.reason)]
        named = tuple(receipt.sequence for receipt in message.receipts)
        if named != flight.sequences:
            raise ReceiptError(f"it is for rows {named}, but the message carries {flight.sequences}")
        return [Fate(one.sequence, _STATES[one.verdict], one.reason) for one in message.receipts]

    def land(self, name: str, fates: Iterable[Fate]) -> None:
        """Forget a message whose fates are committed; rows without a fate will go alone."""
        flight = self._flights.pop(name)
        settled = {fate.sequence for fate in fates}
        self._aboard.difference_update(settled)
        self._alone += [(row, flight.asked) for row in flight.rows if row.sequence not in settled]
