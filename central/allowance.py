"""How much of the disk a gateway may take: as much as it likes while there is room, little a day when there is not.

So a gateway gone wild can't take the disk from the others, and honest backlog is never put off while there is room: 450
days of quarters of 128 registers are some 2 GB, a day of them 5 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SHORT: Final = 2 << 30
"""With fewer bytes free the disk is short."""
A_DAY: Final = 16 << 20
"""So many bytes of messages a gateway may send in a day (UTC) when it is."""
_LOOKED_EVERY_S: Final = 1.0
_TOLD_EVERY_S: Final = 60.0


class Allowance:
    """What each gateway has sent today. A message that isn't allowed gets no receipt: its gateway keeps it."""

    def __init__(self, free: Callable[[], int]) -> None:
        """``free`` gives the bytes free on the journal's disk."""
        self._free = free
        self._short = False
        self._looked_s = -_LOOKED_EVERY_S
        self._day = ""
        self._sent: dict[str, int] = {}
        self._told_s: dict[str, float] = {}

    def allows(self, gateway: str, size: int, day: str, now_s: float) -> bool:
        """Whether a message of so many bytes may enter the journal; ``now_s`` in seconds of the monotonic clock."""
        if day != self._day:
            self._day, self._sent = day, {}
        if now_s - self._looked_s >= _LOOKED_EVERY_S:
            self._looked_s = now_s
            self._short = self._free() < SHORT
        sent = self._sent.get(gateway, 0) + size
        if self._short and sent > A_DAY:
            return False
        self._sent[gateway] = sent
        return True

    def tell(self, gateway: str, now_s: float) -> bool:
        """Whether it is time to tell that messages of a gateway aren't taken in: once a minute."""
        if now_s - self._told_s.get(gateway, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return False
        self._told_s[gateway] = now_s
        return True
