"""Stretches of time between changes: what holds at every instant is asked once for each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from central.cluster.model import Cluster, Contract, Member, Point
from central.validity import Dated, Span, is_valid, valid_instants

V = TypeVar("V", bound=Hashable)


def stretches(rows: Iterable[Dated], start: datetime) -> list[Span]:
    """The stretches from ``start`` on between which none of the rows begins or ends."""
    cuts = {at for row in rows for at in valid_instants(row) if at is not None and at > start}
    bounds = [start, *sorted(cuts), None]
    return list(pairwise(bounds))


def runs(spans: Iterable[Span], value: Callable[[datetime], V | None]) -> Iterator[tuple[Span, V]]:
    """Neighbouring stretches with one value, joined; those without one are passed over."""
    held: tuple[Span, V] | None = None
    for first, last in spans:
        found = value(first) if first else None
        if found is None or first is None:
            continue
        if held and held[1] == found and held[0][1] == first:
            held = (held[0][0], last), found
            continue
        if held:
            yield held
        held = (first, last), found
    if held:
        yield held


def members_at(cluster: Cluster, at: datetime) -> list[Member]:
    """The members at an instant."""
    return [member for member in cluster.members if is_valid(member, at)]


def points_at(cluster: Cluster, at: datetime) -> list[Point]:
    """The points at an instant: those that are valid, of members that are."""
    there = {member.id for member in members_at(cluster, at)}
    return [point for point in cluster.points if point.member in there and is_valid(point, at)]


def contract_at(point: Point, at: datetime) -> Contract:
    """Operator, seller and kind of contract of a point at an instant; empty where nobody said."""
    return next((row for row in point.supplied if is_valid(row, at)), Contract())
