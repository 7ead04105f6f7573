"""Whether a gateway really works: each of its loops must have turned lately, or the watchdog isn't fed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST_S = 150.0
"""A loop that hasn't turned for so long is stuck, in real seconds.

Longer than any wait that is meant: a poller looks up twice a minute, an attempt to connect ends after 10 s, a poll of
a meter that answers slowly takes some time limits one after the other.
"""


def stuck(turned_s: Mapping[str, float], now_s: float, longest_s: float = LONGEST_S) -> list[str]:
    """The names of the loops that don't turn; ``turned_s`` tells when each last did (monotonic seconds)."""
    return sorted(name for name, at_s in turned_s.items() if now_s - at_s > longest_s)
