"""Which rows of which outbox are in the journal: what central tells the gateways that it holds.

Sequences alone would not do: the newest hour comes first, so the highest says nothing of those below it. It lies in the
journal's own file: a journal that was restored tells of itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from central.journal import HeldRow, Journal
from metering.spans import Span, add
from metering.wire import MAX_SPANS

_OUTBOXES: Final = 8
"""The most outboxes of one gateway that are told apart: it begins a new one only when it lost the last."""
_SAVED_EVERY: Final = 1000
"""Messages; so many are read again at most when central starts."""


class _Row(msgspec.Struct):
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class _Rows(msgspec.Struct):
    outbox: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    stands: list[_Row]


class Held:
    """Of one journal; where a gateway fills it with nonsense, only that gateway sends more again than is needed."""

    def __init__(self, journal: Journal) -> None:
        """Read what was saved, and the messages that came since.

        Raises:
            sqlite3.Error: the journal can't be read.
        """
        self._journal = journal
        self._spans: dict[str, dict[str, list[Span]]] = {}
        self._position, rows = journal.held()
        self._saved = self._position
        for row in rows:
            self._spans.setdefault(row.gateway, {}).setdefault(row.outbox, []).append((row.first, row.last))
        for batch in journal.after(self._position):
            self.add((number, message.gateway, message.payload) for number, message in batch)

    def add(self, messages: Iterable[tuple[int, str, bytes]]) -> None:
        """Note journalled messages: number, gateway, payload."""
        new: dict[tuple[str, str], set[int]] = {}
        for number, gateway, payload in messages:
            self._position = max(self._position, number)
            try:
                found = msgspec.json.decode(payload, type=_Rows)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            new.setdefault((gateway, found.outbox), set()).update(row.sequence for row in found.stands)
        for (gateway, outbox), sequences in new.items():
            outboxes = self._spans.setdefault(gateway, {})
            # The one that was used last is the last to be forgotten.
            outboxes[outbox] = add(outboxes.pop(outbox, []), sequences)[:MAX_SPANS]
            for forgotten in list(outboxes)[:-_OUTBOXES]:
                del outboxes[forgotten]

    def spans(self, gateway: str, outbox: str) -> tuple[Span, ...]:
        """What is held of an outbox."""
        return tuple(self._spans.get(gateway, {}).get(outbox, ()))

    def save(self, *, now: bool = False) -> None:
        """Write it down, at times.

        Raises:
            sqlite3.Error: the journal can't be written.
        """
        if self._position - self._saved < (1 if now else _SAVED_EVERY):
            return
        rows = [
            HeldRow(gateway, outbox, first, last)
            for gateway, outboxes in self._spans.items()
            for outbox, spans in outboxes.items()
            for first, last in spans
        ]
        self._journal.keep_held(self._position, rows)
        self._saved = self._position
