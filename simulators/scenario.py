"""A scenario: a whole cluster, its sites and their meters, read from TOML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from metering.period import HOUR, QUARTER, floor_to
from metering.point import METER_PATTERN, Direction, Role, Source, gateway_id_problem, point_id_problem
from runtime.config import ConfigError, Problem, build, read_toml
from simulators.curves import Building, Place, PvPlant
from simulators.storage import Storage

SCENARIOS: Final = Path(__file__).with_name("scenarios")
"""Where the scenarios that come with klaster lie."""

_LONGEST_NAME: Final = 100
_LENGTHS: Final = {"hour": HOUR, "quarter": QUARTER}
PeriodName = Literal["hour", "quarter"]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[scenario]`` table."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_NAME)]
    seed: Natural
    start: Annotated[datetime, msgspec.Meta(tz=True)]
    """The first simulated instant, on a full minute."""
    until: Annotated[datetime, msgspec.Meta(tz=True)]
    """The end of the time that the ledger tells of; the sites go on after it."""
    step_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60
    latitude: float
    longitude: float
    altitude_m: float = 0.0
    registered_from: date
    period: PeriodName = "hour"
    """What the cluster balances."""

    def __post_init__(self) -> None:
        """Refuse a time that runs backwards or steps that miss the full hour."""
        if self.until <= self.start:
            raise ValueError("until must be after start")
        if 3600 % self.step_s:
            raise ValueError("step_s must divide an hour")
        if self.start.timestamp() % self.step_s:
            raise ValueError(f"start must be a multiple of step_s ({self.step_s} s), else no step meets the full hour")

    @property
    def length(self) -> timedelta:
        """How long a balanced period is."""
        return _LENGTHS[self.period]

    @property
    def place(self) -> Place:
        """Where the cluster is."""
        return Place(self.latitude, self.longitude, self.altitude_m)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the cluster, as the cluster file will name it."""

    id: str
    name: str
    kind: str


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a site draws."""

    building: Building
    annual_wh: Natural


class Bus(msgspec.Struct, frozen=True, kw_only=True):
    """A line on which meters hang."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,34}$")]
    link: Literal["tcp", "serial"]
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """A meter and where it is clamped."""

    serial: Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
    bus: str
    device: Literal["eastron-sdm630", "schneider-iem3155", "sunspec-inverter", "victron-gx-battery"] = "eastron-sdm630"
    unit: Annotated[int, msgspec.Meta(ge=1, le=247)]
    role: Role
    measures: Literal["boundary", "pv", "storage"]
    """``boundary``: load less PV and storage of the site. ``pv``: what the inverter makes, counted as export.
    ``storage``: what the storage takes, as import, and gives, as export.
    """
    multiplier: Positive = 1
    """CT/VT ratio: energy at the point is the register times this."""
    import_wh: Natural = 0
    """The import register at the scenario's start, Wh."""
    export_wh: Natural = 0
    """The export register at the scenario's start, Wh."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One place with one point (PPE), one gateway and its meters."""

    id: str
    """Also the gateway's id."""
    member: str
    point: str
    directions: tuple[Direction, ...]
    source: Source | None = None
    tariff: str
    load: Load
    pv: PvPlant | None = None
    storage: Storage | None = None
    """It charges from what the whole cluster has too much, and gives in the evening what the cluster lacks."""
    stands: PeriodName = "hour"
    """At which instants its gateway makes stands."""
    buses: tuple[Bus, ...]
    meters: tuple[Meter, ...]

    @property
    def length(self) -> timedelta:
        """How far apart its stands are."""
        return _LENGTHS[self.stands]

    @property
    def settlement_meter(self) -> Meter:
        """The meter at the boundary of the site's point."""
        return next(meter for meter in self.meters if meter.role is Role.SETTLEMENT)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A whole simulated cluster."""

    scenario: Header
    members: tuple[Member, ...]
    sites: tuple[Site, ...]

    def site(self, id_: str) -> Site | None:
        """The site of that id, or None."""
        return next((site for site in self.sites if site.id == id_), None)

    def meters(self) -> list[tuple[Site, Meter]]:
        """Every meter with its site, in the file's order."""
        return [(site, meter) for site in self.sites for meter in site.meters]

    @property
    def first_hour(self) -> datetime:
        """The first full hour at or after the start, UTC."""
        floor = floor_to(self.scenario.start, HOUR)
        return floor if floor == self.scenario.start else floor + HOUR


def scenario_path(name: str) -> Path:
    """The file of a scenario: a path as given, or one that comes with klaster by its name (``three-sites``).

    Raises:
        ConfigError: there is neither.
    """
    given = Path(name)
    if given.is_file():
        return given
    packaged = SCENARIOS / f"{name.removesuffix('.toml')}.toml"
    if given.name == name and packaged.is_file():
        return packaged
    known = ", ".join(sorted(path.stem for path in SCENARIOS.glob("*.toml")))
    raise ConfigError([Problem(name, "", "", f"no such file, nor a scenario that comes with klaster ({known})")])


def load_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        ConfigError: with every problem found.
    """
    made = build(read_toml(path), Scenario, str(path))
    if problems := _problems(made, str(path)):
        raise ConfigError(problems)
    return made


def _problems(scenario: Scenario, file: str) -> list[Problem]:
    found: list[Problem] = []

    def say(key: str, value: str, expected: str) -> None:
        found.append(Problem(file, key, value, expected))

    members = {member.id for member in scenario.members}
    for what, ids in {
        "members.id": [member.id for member in scenario.members],
        "sites.id": [site.id for site in scenario.sites],
        "sites.point": [site.point for site in scenario.sites],
        "sites.buses.id": [bus.id for site in scenario.sites for bus in site.buses],
        "sites.meters.serial": [meter.serial for _, meter in scenario.meters()],
    }.items():
        for id_, times in Counter(ids).items():
            if times > 1:
                say(what, id_, f"stands {times} times; once was expected")
    for number, site in enumerate(scenario.sites, 1):
        key = f"sites[{number}]"
        if problem := gateway_id_problem(site.id):
            say(f"{key}.id", site.id, problem)
        if problem := point_id_problem(site.point):
            say(f"{key}.point", site.point, problem)
        if site.member not in members:
            say(f"{key}.member", site.member, "no such member in this file")
        if site.length > scenario.scenario.length:
            say(f"{key}.stands", site.stands, "the cluster balances quarters: quarter was expected")
        if Direction.INJECTED in site.directions and site.source is None:
            say(f"{key}.source", "", "is missing: the point injects")
        _meter_problems(site, key, say)
    return found


def _meter_problems(site: Site, key: str, say: Callable[[str, str, str], None]) -> None:
    buses = {bus.id for bus in site.buses}
    settlement = [meter for meter in site.meters if meter.role is Role.SETTLEMENT]
    if len(settlement) != 1:
        say(f"{key}.meters", "", f"{len(settlement)} settlement meters; one was expected at each site")
    for number, meter in enumerate(site.meters, 1):
        where = f"{key}.meters[{number}]"
        if meter.bus not in buses:
            say(f"{where}.bus", meter.bus, "no such bus at this site")
        if meter.measures == "pv" and site.pv is None:
            say(f"{where}.measures", meter.measures, "the site has no pv")
        if meter.measures == "storage" and site.storage is None:
            say(f"{where}.measures", meter.measures, "the site has no storage")
        if meter.device == "sunspec-inverter" and meter.measures != "pv":
            say(f"{where}.measures", meter.measures, "an inverter measures pv")
        if meter.role is Role.SETTLEMENT and meter.measures != "boundary":
            say(f"{where}.measures", meter.measures, "a settlement meter measures the boundary")
    for (bus, unit), times in Counter((meter.bus, meter.unit) for meter in site.meters).items():
        if times > 1:
            say(f"{key}.meters.unit", str(unit), f"{times} meters of bus {bus} have it; one was expected")
