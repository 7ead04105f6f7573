"""Members, points and meters that are gone from new data while there are readings of them: their months need them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from central.cluster.model import Cluster
from central.readings import MeterSeen, PointSeen
from metering.period import local_text
from runtime.config import Problem


@dataclass(frozen=True, slots=True)
class _Held:
    """Readings that are there."""

    first: datetime
    last: datetime
    what: str

    def problem(self, table: str, name: str, file: str) -> Problem:
        """That what they are of is removed, and the way out."""
        span = f"from {local_text(self.first)} to {local_text(self.last)}"
        said = f"is removed, but there are {self.what}, {span}: keep its row and end it with valid_to"
        return Problem(file, table, f'"{name}"', said)


def removal_problems(
    old: Cluster, new: Cluster, meters: Iterable[MeterSeen], points: Iterable[PointSeen], file: str
) -> list[Problem]:
    """What may not be removed; of a member, its points and meters the uppermost alone is named."""
    stands = {one.meter: _Held(one.first, one.last, f"{one.stands} stands of meter {one.meter}") for one in meters}
    of_point = {one.point: _Held(one.first, one.last, f"intervals of point {one.point}") for one in points}
    of_point |= {meter.point: stands[meter.serial] for meter in old.meters if meter.serial in stands}
    of_member = {point.member: of_point[point.id] for point in old.points if point.id in of_point}
    members = {member.id for member in old.members} - {member.id for member in new.members}
    gone = {point.id for point in old.points} - {point.id for point in new.points}
    serials = {meter.serial for meter in old.meters} - {meter.serial for meter in new.meters}
    problems = [held.problem("members", name, file) for name, held in of_member.items() if name in members]
    problems += [
        of_point[point.id].problem("points", point.id, file)
        for point in {point.id: point for point in old.points}.values()
        if point.id in gone and point.member not in members and point.id in of_point
    ]
    named = {meter.serial: meter.point for meter in old.meters if meter.point not in gone}
    problems += [stands[one].problem("meters", one, file) for one in named if one in serials and one in stands]
    return problems
