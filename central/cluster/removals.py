"""Rows of members, points, codes and meters that are gone from new data while there are readings of their time.

A row is gone where no new row of the same name shares an hour with it: a row that was shortened, lengthened or split is
a change. Deleting one row of a point that changed hands isn't: its months would lose their owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from central.cluster.model import Alias, Cluster, Member, Meter, Point
from central.readings import MeterSeen, PointSeen
from central.validity import Span, overlap, span_text, valid_instants
from metering.period import local_text
from runtime.config import Problem


@dataclass(frozen=True, slots=True)
class Removed:
    """A row of the old data that is gone."""

    key: str
    """Where it stood: ``points[3]``."""
    name: str
    row: Member | Point | Meter | Alias
    whole: bool
    """Whether nothing of its name is left."""
    point: str = ""
    """Of an alias: whose it was."""

    @property
    def span(self) -> Span:
        """When it was valid."""
        return valid_instants(self.row)


@dataclass(frozen=True, slots=True)
class _Held:
    """Readings that are there."""

    first: datetime
    last: datetime
    what: str

    def within(self, span: Span) -> bool:
        """Whether any may lie in a span."""
        return overlap((self.first, max(self.last, self.first + timedelta(seconds=1))), span)


def removed_rows(old: Cluster, new: Cluster) -> list[Removed]:
    """The rows that are gone, members first, then points, codes and meters."""
    left: dict[tuple[str, str], list[Span]] = {}
    for table, _, name, row, point in _rows(new):
        left.setdefault((table, f"{name} {point}"), []).append(valid_instants(row))
    found = []
    for table, key, name, row, point in _rows(old):
        spans = left.get((table, f"{name} {point}"), [])
        if not any(overlap(valid_instants(row), span) for span in spans):
            found.append(Removed(key, name, row, not spans, point))
    return found


def removal_problems(
    old: Cluster, new: Cluster, meters: Iterable[MeterSeen], points: Iterable[PointSeen], file: str, source: str
) -> list[Problem]:
    """What may not be removed from ``file`` by ``source``; of what holds another the uppermost is named."""
    of_meter = {one.meter: _Held(one.first, one.last, f"{one.stands} stands of meter {one.meter}") for one in meters}
    of_code = {one.point: _Held(one.first, one.last, f"intervals of point {one.point}") for one in points}
    said: list[tuple[Removed, _Held]] = []
    for one in removed_rows(old, new):
        held = next((held for held in _held(one, old, of_meter, of_code) if held.within(one.span)), None)
        if held is not None and not any(_contains(upper, one) for upper, _ in said):
            said.append((one, held))
    return [_problem(one, held, file, source) for one, held in said]


def _problem(one: Removed, held: _Held, file: str, source: str) -> Problem:
    which = "isn't" if one.whole else f"the row that is valid {span_text(one.span)} isn't"
    there = f"there are {held.what}, from {local_text(held.first)} to {local_text(held.last)}"
    said = f"{which} in {source}, but {there}: keep this row there, and end it with valid_to"
    return Problem(file, one.key, f'"{one.name}"', said)


def _rows(cluster: Cluster) -> Iterator[tuple[str, str, str, Member | Point | Meter | Alias, str]]:
    """Table, place, name and row; of an alias its point too."""
    for i, member in enumerate(cluster.members, 1):
        yield "members", f"members[{i}]", member.id, member, ""
    for i, point in enumerate(cluster.points, 1):
        yield "points", f"points[{i}]", point.id, point, ""
    for i, point in enumerate(cluster.points, 1):
        for j, alias in enumerate(point.aliases, 1):
            yield "aliases", f"points[{i}].aliases[{j}]", alias.code, alias, point.id
    for i, meter in enumerate(cluster.meters, 1):
        yield "meters", f"meters[{i}]", meter.serial, meter, ""


def _held(one: Removed, old: Cluster, of_meter: dict[str, _Held], of_code: dict[str, _Held]) -> Iterator[_Held]:
    """What there may be of a removed row."""
    match one.row:
        case Member(id=name):
            for point in old.points:
                if point.member == name and overlap(valid_instants(point), one.span):
                    yield from _held_of_point(point.id, valid_instants(point), old, of_meter, of_code)
        case Point(id=name):
            yield from _held_of_point(name, one.span, old, of_meter, of_code)
        case Alias(code=code) if code in of_code:
            yield of_code[code]
        case Meter(serial=serial) if serial in of_meter:
            yield of_meter[serial]


def _held_of_point(
    name: str, span: Span, old: Cluster, of_meter: dict[str, _Held], of_code: dict[str, _Held]
) -> Iterator[_Held]:
    if name in of_code and of_code[name].within(span):
        yield of_code[name]
    for point in old.points:
        if point.id == name:
            for alias in point.aliases:
                if (held := of_code.get(alias.code)) and overlap(valid_instants(alias), span) and held.within(span):
                    yield held
    for meter in old.meters:
        if meter.point == name and (held := of_meter.get(meter.serial)) and overlap(valid_instants(meter), span):
            yield held


def _contains(upper: Removed, one: Removed) -> bool:
    """Whether a row that is told already is the owner of another."""
    shares = overlap(upper.span, one.span)
    match upper.row, one.row:
        case Member(id=name), Point(member=member):
            return shares and member == name
        case Point(id=name), Meter(point=point):
            return shares and point == name
        case Point(id=name), Alias():
            return shares and one.point == name
    return False
