"""Who floods: of its messages far more stood in the broker's queue before central's own word than one may have there.

An honest gateway waits for receipts and has at most 200 messages on their way, however slow central or its disk is;
some of them twice or thrice, for it sends again what got no receipt. Whoever doesn't wait fills the broker's queue, and
takes it from the others: it isn't listened to for five minutes, and longer each time.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from metering.wire import MAX_IN_FLIGHT

LATE_S: Final = 2.0
"""While central's word is back sooner, nobody waits for anybody."""
PROOF: Final = 5 * MAX_IN_FLIGHT
"""So many messages of one gateway before central's word weren't sent by one that waits for receipts."""
_LOST_S: Final = 60.0
"""A word that isn't back by then is lost."""
SUSPECT: Final = 20
"""A gateway that sends more messages in a second, and more than all others, is worth asking."""
FIRST_S: Final = 300.0
LONGEST_S: Final = 4 * 3600.0
_FORGOTTEN_S: Final = 2 * LONGEST_S
"""After so long in peace a gateway's next flood counts as its first."""


class Floods:
    """What each gateway sends lately, and who isn't listened to; times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        """Nobody floods yet."""
        self._counts: Counter[str] = Counter()
        self._begun_s = 0.0
        self._asked_s: float | None = None
        self._shut: dict[str, tuple[float, int]] = {}

    def connected(self) -> None:
        """A new connection: what was on its way is no more."""
        self._counts.clear()
        self._asked_s = None

    def heard(self, gateway: str) -> None:
        """Count a message of a gateway."""
        self._counts[gateway] += 1

    def answered(self, now_s: float) -> None:
        """Central's own word came back."""
        if self._asked_s is not None and (now_s - self._asked_s < LATE_S or self._top(PROOF) is None):
            self._asked_s = None

    def asks(self, now_s: float) -> bool:
        """Whether central is to say its word now, to see how long it takes; to be asked every half second or so."""
        if self._asked_s is not None and now_s - self._asked_s < _LOST_S:
            return False
        self._asked_s = None
        suspect = self._top(SUSPECT * (now_s - self._begun_s)) is not None
        self._counts.clear()
        self._begun_s = now_s
        if suspect:
            self._asked_s = now_s
        return suspect

    def flood(self, now_s: float) -> tuple[str, float] | None:
        """A gateway that floods, and for how many seconds it isn't to be listened to; None where nobody does."""
        if self._asked_s is None or now_s - self._asked_s < LATE_S:
            return None
        gateway = self._top(PROOF)
        if gateway is None:
            return None
        self._asked_s = None
        until_s, times = self._shut.get(gateway, (now_s, 0))
        times = 0 if now_s - until_s > _FORGOTTEN_S else times
        pause_s = min(FIRST_S * 2**times, LONGEST_S)
        self._shut[gateway] = (now_s + pause_s, times + 1)
        return gateway, pause_s

    def is_shut(self, gateway: str, now_s: float) -> bool:
        """Whether it isn't to be listened to now."""
        return gateway in self._shut and now_s < self._shut[gateway][0]

    def shut(self, now_s: float) -> frozenset[str]:
        """All that aren't to be listened to now."""
        return frozenset(gateway for gateway, (until_s, _) in self._shut.items() if now_s < until_s)

    def _top(self, least: float) -> str | None:
        """Who sent more than all others together, and more than so many."""
        if not self._counts:
            return None
        gateway, count = self._counts.most_common(1)[0]
        return gateway if count > least and 2 * count > self._counts.total() else None
