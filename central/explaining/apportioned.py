"""What one point gets of a whole that is shared out, and why: the largest remainder, told for one (art. 184m)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Portion:
    """One point's part of a total; whole Wh."""

    total: int
    weight: int
    whole: int
    """The sum of all weights."""
    floor: int
    remainder: int
    """The exact part is ``floor + remainder / whole``."""
    left: int
    """Wh that were left over after every floor."""
    place: int
    """Of its remainder among all that have one, the largest first, ties by the bytes of the point; 0 without one."""
    tied: tuple[str, ...]
    """Other points with the same remainder, where the tie decided."""

    @property
    def extra(self) -> bool:
        """Whether it got one of the Wh that were left over."""
        return 0 < self.place <= self.left

    @property
    def wh(self) -> int:
        """What it gets."""
        return self.floor + self.extra


def portion(point: str, weights: Mapping[str, int], total: int) -> Portion:
    """The part of ``point`` in ``total``, shared in proportion to ``weights``."""
    whole = sum(weights.values())
    mine = weights.get(point, 0)
    if whole == 0:
        return Portion(total, mine, 0, 0, 0, 0, 0, ())
    parts = {name: divmod(weight * total, whole) for name, weight in weights.items()}
    left = total - sum(floor for floor, _ in parts.values())
    floor, remainder = parts.get(point, (0, 0))
    queue = sorted((name for name in parts if parts[name][1]), key=lambda name: (-parts[name][1], name.encode()))
    place = queue.index(point) + 1 if remainder else 0
    tied: tuple[str, ...] = ()
    if remainder and 0 < left < len(queue) and parts[queue[left - 1]][1] == parts[queue[left]][1] == remainder:
        tied = tuple(name for name in queue if name != point and parts[name][1] == remainder)
    return Portion(total, mine, whole, floor, remainder, left, place, tied)
