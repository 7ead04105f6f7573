"""What one gateway may send in the long run: so many bytes and messages an hour, and what it saved before.

So a hostile or broken gateway can't fill the journal's disk. Unused hours are saved up, so that an honest one that
sends 450 days again isn't slowed down: of quarters of 128 registers they are 2 GB in 280,000 messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3600.0
NEW_STRETCH_S: Final = 600.0
"""After so long without a message that wasn't taken in, the next one begins another stretch."""


@dataclass(frozen=True, slots=True)
class Over:
    """A stretch in which a gateway sent more than its budget."""

    unit: str
    """``bytes`` or ``messages``: which of them was used up."""
    sent: int
    """What came in the stretch, taken in or not, in that unit."""
    budget: int
    """What an hour adds, in that unit."""
    put_off: int
    """Messages that weren't taken in."""
    began_s: float


@dataclass(slots=True)
class _Account:
    bytes_left: float
    messages_left: float
    counted_s: float
    began_s: float = 0.0
    last_off_s: float = -NEW_STRETCH_S
    sent_bytes: int = 0
    sent_messages: int = 0
    put_off: int = 0


class Budget:
    """The accounts of all gateways; each begins with all that can be saved."""

    def __init__(self, bytes_per_hour: int, messages_per_hour: int, saved_hours: int) -> None:
        """What an hour adds, and for how many hours it is saved at most."""
        self._bytes, self._messages, self._hours = bytes_per_hour, messages_per_hour, saved_hours
        self._accounts: dict[str, _Account] = {}

    def allows(self, gateway: str, size: int, now_s: float) -> Over | None:
        """None where a message of so many bytes may enter the journal, and what it exceeds where it may not.

        ``now_s``: seconds of the monotonic clock. A message that isn't allowed gets no receipt and uses up nothing.
        """
        mine = self._account(gateway, now_s)
        within = now_s - mine.last_off_s < NEW_STRETCH_S
        if within:
            mine.sent_bytes += size
            mine.sent_messages += 1
        unit = "bytes" if mine.bytes_left < size else "messages" if mine.messages_left < 1 else ""
        if not unit:
            mine.bytes_left -= size
            mine.messages_left -= 1
            return None
        if not within:
            mine.began_s, mine.sent_bytes, mine.sent_messages, mine.put_off = now_s, size, 1, 0
        mine.last_off_s = now_s
        mine.put_off += 1
        of_bytes = unit == "bytes"
        return Over(
            unit=unit,
            sent=mine.sent_bytes if of_bytes else mine.sent_messages,
            budget=self._bytes if of_bytes else self._messages,
            put_off=mine.put_off,
            began_s=mine.began_s,
        )

    def _account(self, gateway: str, now_s: float) -> _Account:
        most_bytes, most_messages = self._bytes * self._hours, self._messages * self._hours
        mine = self._accounts.get(gateway)
        if mine is None:
            mine = self._accounts[gateway] = _Account(most_bytes, most_messages, now_s)
        hours = (now_s - mine.counted_s) / HOUR_S
        mine.counted_s = now_s
        mine.bytes_left = min(mine.bytes_left + hours * self._bytes, most_bytes)
        mine.messages_left = min(mine.messages_left + hours * self._messages, most_messages)
        return mine
