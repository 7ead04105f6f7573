"""The cluster file: members, points, meters and their roles, each valid from a local day to a local day.

docs/cluster.md documents every key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

from central.settings import Settings, read_settings
from central.validity import day_problem, overlapping, validity_problems
from metering.period import HOUR, QUARTER
from metering.point import METER_PATTERN, Direction, Role, Source, gateway_id_problem, point_id_problem
from runtime.config import ConfigError, Problem, build, read_toml

MAX_MULTIPLIER = 100_000
"""The largest mnożna: with stands below 10^13 Wh the product stays in 63 bits."""


class PeriodName(StrEnum):
    """The period that is balanced: the law's hour, or the quarter of comparable schemes."""

    HOUR = "hour"
    QUARTER = "quarter"

    @property
    def length(self) -> timedelta:
        """The period's length."""
        return HOUR if self is PeriodName.HOUR else QUARTER


class Kind(StrEnum):
    """What a member is (art. 2 pkt 15a)."""

    GMINA = "gmina"
    POWIAT = "powiat"
    WOJEWODZTWO = "wojewodztwo"
    JST_COMPANY = "jst_company"
    JST_SUBSIDIARY = "jst_subsidiary"
    COMPANY = "company"
    COOPERATIVE = "cooperative"
    PERSON = "person"
    OTHER = "other"


class Regime(StrEnum):
    """How a prosumer is settled by the operator: net_metering is art. 4 ust. 1, net_billing ust. 1a."""

    NONE = "none"
    NET_METERING = "net_metering"
    NET_BILLING = "net_billing"


class ClusterTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[cluster]``."""

    name: str
    registered_from: date
    """First local day in the URE register: no relief before it."""
    period: PeriodName = PeriodName.HOUR


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """``[[members]]``."""

    id: str
    name: str = ""
    kind: Kind = Kind.OTHER
    regime: Regime = Regime.NONE
    valid_from: date | None = None
    valid_to: date | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """``[[points]]``."""

    id: str
    member: str
    directions: tuple[Direction, ...]
    source: str = ""
    """One of ``Source`` where the point injects; ignored elsewhere."""
    tariff: str = ""
    regime: Regime | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def injects_res(self) -> bool:
        """Whether what it injects is renewable."""
        return Direction.INJECTED in self.directions and Source(self.source).is_res

    @property
    def injects_stored(self) -> bool:
        """Whether what it injects is a storage's discharge."""
        return Direction.INJECTED in self.directions and self.source == Source.STORAGE

    @property
    def generates(self) -> bool:
        """Whether it injects, and not only what a storage gives."""
        return Direction.INJECTED in self.directions and not self.injects_stored


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """``[[meters]]``: which device hung at which point, for what, and its multiplier (mnożna)."""

    serial: str
    point: str
    role: Role
    multiplier: int | Decimal = 1
    gateway: str = ""
    """The only gateway whose stands of this meter count; empty: any."""
    valid_from: date | None = None
    valid_to: date | None = None


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster file as read; nothing in it contradicts itself."""

    name: str
    period: PeriodName
    registered_from: date
    settings: Settings
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    meters: tuple[Meter, ...]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    cluster: ClusterTable
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    meters: tuple[Meter, ...] = ()


def load_cluster(path: Path) -> Cluster:
    """Read a cluster file.

    Raises:
        ConfigError: with every problem in it.
    """
    content = read_toml(path)
    file = str(path)
    settings, problems = read_settings(content.pop("settings", {}), file)
    try:
        read = build(content, _File, file)
    except ConfigError as error:
        raise ConfigError(problems + error.problems) from error
    problems += _checks(read, file)
    if problems:
        raise ConfigError(problems)
    return Cluster(
        name=read.cluster.name,
        period=read.cluster.period,
        registered_from=read.cluster.registered_from,
        settings=settings,
        members=read.members,
        points=read.points,
        meters=read.meters,
    )


def _checks(read: _File, file: str) -> list[Problem]:
    problems = []
    if not read.cluster.name.strip():
        problems.append(Problem(file, "cluster.name", '""', "expected a name"))
    problems += day_problem(read.cluster.registered_from, "cluster.registered_from", file)
    problems += _member_problems(read.members, file)
    problems += _point_problems(read, file)
    problems += _meter_problems(read, file)
    for table in ("members", "points", "meters"):
        problems += validity_problems(getattr(read, table), table, file)
    return problems


def _member_problems(members: Sequence[Member], file: str) -> list[Problem]:
    problems = _repeated([member.id for member in members], "members", "id", file)
    for i, member in enumerate(members, 1):
        if not re.fullmatch(r"[^\s,\"]([^,\"]{0,62}[^\s,\"])?", member.id) or not member.id.isprintable():
            wanted = "expected 1 to 64 printable characters, no comma or quote, no space at an end"
            problems.append(Problem(file, f"members[{i}].id", f'"{member.id[:60]}"', wanted))
    return problems


def _point_problems(read: _File, file: str) -> list[Problem]:
    problems = _repeated([point.id for point in read.points], "points", "id", file)
    known = {member.id for member in read.members}
    for i, point in enumerate(read.points, 1):
        key = f"points[{i}]"
        if why := point_id_problem(point.id):
            problems.append(Problem(file, f"{key}.id", f'"{point.id[:60]}"', why))
        if point.member not in known:
            problems.append(Problem(file, f"{key}.member", f'"{point.member[:60]}"', "no member has this id"))
        if not point.directions or len(set(point.directions)) < len(point.directions):
            problems.append(Problem(file, f"{key}.directions", "", 'expected "drawn", "injected" or both, each once'))
        if Direction.INJECTED in point.directions and point.source not in set(Source):
            shown = f'"{point.source[:60]}"' if point.source else ""
            said = "" if point.source else "is missing: the point injects; "
            problems.append(Problem(file, f"{key}.source", shown, f"{said}expected one of {', '.join(Source)}"))
    return problems


def _meter_problems(read: _File, file: str) -> list[Problem]:
    problems = []
    known = {point.id for point in read.points}
    for i, meter in enumerate(read.meters, 1):
        key = f"meters[{i}]"
        if not re.fullmatch(METER_PATTERN, meter.serial):
            problems.append(
                Problem(file, f"{key}.serial", f'"{meter.serial[:60]}"', "expected 1 to 64 of A-Z a-z 0-9 ._/-")
            )
        if meter.point not in known:
            problems.append(Problem(file, f"{key}.point", f'"{meter.point[:60]}"', "no point has this id"))
        if meter.gateway and (why := gateway_id_problem(meter.gateway)):
            problems.append(Problem(file, f"{key}.gateway", f'"{meter.gateway[:60]}"', why))
        if not Decimal(meter.multiplier).is_finite() or not 0 < meter.multiplier <= MAX_MULTIPLIER:
            problems.append(
                Problem(file, f"{key}.multiplier", str(meter.multiplier), f"expected above 0, at most {MAX_MULTIPLIER}")
            )
    numbered = list(enumerate(read.meters, 1))
    problems += _at_once(((meter.serial, i, meter) for i, meter in numbered), "serial", file)
    hung = ((meter.point, i, meter) for i, meter in numbered if meter.role is Role.SETTLEMENT)
    return problems + _at_once(hung, "point", file)


def _at_once(keyed: Iterable[tuple[str, int, Meter]], what: str, file: str) -> list[Problem]:
    """Two meters with one serial number at once, or two settlement meters at one point at once."""
    return [
        Problem(
            file,
            f"meters[{i}].{what}",
            f'"{getattr(meter, what)[:60]}"',
            f"also in meters[{j}], and their validities overlap: end the earlier with valid_to",
        )
        for i, meter, j, _ in overlapping(keyed)
    ]


def _repeated(ids: Sequence[str], table: str, key: str, file: str) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for i, name in enumerate(ids, 1):
        if name in first:
            problems.append(
                Problem(file, f"{table}[{i}].{key}", f'"{name[:60]}"', f"stands already in {table}[{first[name]}]")
            )
        first.setdefault(name, i)
    return problems
