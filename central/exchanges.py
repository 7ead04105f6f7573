"""Stands that people read at an exchange: the energy up to it and from it on is proved by them. Pure.

A record's ``closing`` stand is what its meter showed at ``valid_to``, its ``opening`` stand at ``valid_from``. Each is
differenced with the gateway's nearest stand of the life that ends or begins there, by its own record's multiplier.
Where a point's two records meet, the two energies of the period of the exchange are one sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Edge:
    """The energy between an entered stand and the gateway's nearest one of the same life."""

    at: int
    """When the gateway's stand was, seconds of UTC."""
    wh: int
    """That stand, multiplied."""
    energy: int
    """Less than 0 where the two contradict each other."""
    measured: bool
    meter: str
    gateway: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """One difference that rests on entered stands, as long as its instants are on the grid."""

    point: int
    direction: str
    since: int
    until: int
    first: int
    then: int
    edge: Edge
    measured: bool


_Key = tuple[int, str, int]
"""Point, direction, and the instant at which records end or begin."""


@dataclass(slots=True)
class Exchanges:
    """The edges of one computation, by where and when meters were exchanged."""

    _closing: dict[_Key, list[Edge]] = field(default_factory=dict)
    _opening: dict[_Key, list[Edge]] = field(default_factory=dict)

    def put(self, kind: Literal["closing", "opening"], point: int, direction: str, at: int, edge: Edge) -> None:
        """One life's nearest stand to an entered one at ``at``."""
        edges = self._closing if kind == "closing" else self._opening
        edges.setdefault((point, direction, at), []).append(edge)

    def bridges(self, length: int) -> Iterator[Bridge]:
        """What the entered stands prove; ``length`` is the period's, in seconds."""
        for key in sorted({*self._closing, *self._opening}):
            # Of several lives (two gateways) the nearest stand says most.
            left = max(self._closing.get(key, ()), key=lambda one: one.at, default=None)
            right = min(self._opening.get(key, ()), key=lambda one: one.at, default=None)
            yield from _bridges(key, left, right, length)


def _bridges(key: _Key, left: Edge | None, right: Edge | None, length: int) -> Iterator[Bridge]:
    point, direction, at = key
    on_grid = at % length == 0
    if left and right and left.at < right.at and (not on_grid or at in {left.at, right.at}):
        # A negative part isn't made good by the other one.
        energy = min(left.energy, right.energy) if min(left.energy, right.energy) < 0 else left.energy + right.energy
        measured = left.measured and right.measured
        yield Bridge(point, direction, left.at, right.at, left.wh, left.wh + energy, right, measured)
        return
    if left and on_grid and left.at < at:
        yield Bridge(point, direction, left.at, at, left.wh, left.wh + left.energy, left, left.measured)
    if right and on_grid and at < right.at:
        yield Bridge(point, direction, at, right.at, right.wh - right.energy, right.wh, right, right.measured)
