"""The power of what generates and of what stores, as recorded for one instant (art. 184l: "wskazanych we wniosku")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from central.cluster.model import Cluster, Installation
from central.cluster.spans import points_at
from central.conditions.condition import Between
from central.reports.note import Note, said
from central.validity import is_valid
from metering.point import Role, Source


@dataclass(frozen=True, slots=True)
class Devices:
    """What is there at one instant."""

    installations: tuple[Installation, ...]
    """That generate, of points that are valid."""
    generating_kw: Between
    storing_kw: Between
    missing: tuple[Note, ...]
    """What isn't recorded of what generates …"""
    missing_storages: tuple[Note, ...]
    """… and of storages."""

    def by_kind(self) -> dict[Source, Fraction]:
        """The power recorded of each kind that generates, kW."""
        found: dict[Source, Fraction] = {}
        for one in self.installations:
            found[one.kind] = found.get(one.kind, Fraction(0)) + Fraction(one.power_kw)
        return found


def devices_at(cluster: Cluster, at: datetime) -> Devices:
    """The installations that are valid at an instant, of points that are; what injects without one is missing."""
    points = {point.id: point for point in points_at(cluster, at)}
    there = [one for one in cluster.installations if one.point in points and is_valid(one, at)]
    generating = tuple(one for one in there if one.kind is not Source.STORAGE)
    with_source = {one.point for one in generating}
    missing = [
        said("conditions.without.installation_behind", f"the installation behind point {name}", point=name)
        for name, point in points.items()
        if point.generates and name not in with_source
    ]
    missing += [
        said("conditions.without.power", f"the power of installation {one.id}", installation=one.id)
        for one in generating
        if not one.power_kw
    ]
    stores = {name for name, point in points.items() if point.injects_stored}
    stores |= {one.point for one in cluster.meters if one.role is Role.STORAGE and one.point in points
               and is_valid(one, at)}  # fmt: skip
    with_storage = {one.point for one in there if one.storage_power_kw}
    unsaid = [
        said("conditions.without.storage_behind", f"the storage behind point {name}", point=name)
        for name in sorted(stores - with_storage)
    ]
    unsaid += [
        said("conditions.without.storage_power", f"the storage power of installation {one.id}", installation=one.id)
        for one in there
        if not one.storage_power_kw and (one.storage_kwh or one.kind is Source.STORAGE) and one.point not in stores
    ]
    return Devices(
        installations=generating,
        generating_kw=_between((Fraction(one.power_kw) for one in generating), missing),
        storing_kw=_between((Fraction(one.storage_power_kw) for one in there), unsaid),
        missing=tuple(missing),
        missing_storages=tuple(unsaid),
    )


def _between(powers: Iterable[Fraction], missing: list[Note]) -> Between:
    total = sum(powers, Fraction(0))
    return Between(total, None if missing else total)
