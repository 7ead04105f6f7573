"""The gateway's configuration: TOML, checked as a whole before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from gateway.profile import Baud, Parity, Profile, StopBits, known, profile
from metering.period import HOUR, QUARTER
from metering.point import METER_PATTERN, gateway_id_problem
from runtime.broker import BrokerSettings, broker_problems
from runtime.clock import SimulationSettings
from runtime.config import ConfigError, Problem, build, read_toml
from runtime.log import LogSettings

_HOUR_S = 3600
_LENGTHS = {"hour": HOUR, "quarter": QUARTER}
StandsAt = Literal["hour", "quarter"]
"""At every full hour, or at every quarter of an hour too."""
_LINK_KEYS = {
    "tcp": ("host", ("device", "baud", "parity", "stop_bits")),
    "rtu-over-tcp": ("host", ("device", "parity", "stop_bits")),
    "serial": ("device", ("host",)),
}
"""Of each kind of link, the key that it needs and those that have no meaning with it."""
_BUS_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,34}$"


class GatewayTable(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[gateway]`` table."""

    id: str
    """One level of every topic it may write to."""
    data_dir: Annotated[str, msgspec.Meta(min_length=1)]
    """The folder of its outbox; made if it isn't there."""
    stands: StandsAt = "hour"
    """At which instants stands are made, for every meter that doesn't say otherwise."""
    live_every_s: Annotated[int, msgspec.Meta(ge=0, le=_HOUR_S)] = 10
    """How often live values are read and told at most, in seconds; 0: never."""
    runtime_dir: str = "/run/klaster-gateway"
    """Where tools find the running gateway, and where it writes its status file; kept in memory by systemd."""


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[metrics]`` table: where Prometheus may ask. Absent: nowhere."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    host: str = "127.0.0.1"
    """At which of its addresses the machine answers; everybody who reaches it may read."""


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``[[buses]]``: a serial line, one behind a converter (its frames over TCP), or a Modbus TCP host."""

    id: Annotated[str, msgspec.Meta(pattern=_BUS_PATTERN)]
    link: Literal["tcp", "serial", "rtu-over-tcp"]
    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 502
    device: str = ""
    baud: Baud | None = None
    """Absent: as the profile of the bus's first meter leaves the factory; so parity and stop_bits."""
    parity: Parity | None = None
    stop_bits: StopBits | None = None
    timeout_s: Decimal | int = 1
    """How long an answer is waited for, in real seconds."""

    @property
    def where(self) -> str:
        """The line or host, as a person calls it."""
        return self.device if self.link == "serial" else f"{self.host}:{self.port}"


class SunSpecChoice(msgspec.Struct, frozen=True, kw_only=True):
    """``[meters.sunspec]``: what of a SunSpec device is meant, where that isn't plain."""

    device: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    """Which logical device of the chain: each model 1 begins one."""
    model: Annotated[int, msgspec.Meta(ge=1, le=65534)] | None = None
    """Which model's energies, where a logical device has several."""
    check_serial: bool = False
    """Whether the meter's id must equal the serial number that the device tells of itself."""


class MeterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``[[meters]]``. What it is for and where it hangs is central's cluster file's to say."""

    id: Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
    """Its serial number or declared id: central knows it by that."""
    bus: str
    profile: str
    unit: Annotated[int, msgspec.Meta(ge=0, le=247)] | None = None
    """Modbus unit id; 0 only over TCP. Absent: as the model leaves the factory."""
    every_s: Annotated[int, msgspec.Meta(ge=1, le=_HOUR_S)] = 10
    """A poll is due at every multiple of this since 1970, in seconds; an hour is a multiple of it."""
    gap_s: Annotated[int, msgspec.Meta(ge=1, le=_HOUR_S)] | None = None
    """Instead of the profile's."""
    max_power_w: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Instead of the profile's: a meter on current transformers that shows primary values needs it."""
    stands: StandsAt | None = None
    """Instead of the gateway's."""
    serial: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._/-]{0,32}\Z")] = ""
    """The serial number that the meter must tell of itself; if it tells another one, nothing is read of it."""
    sunspec: SunSpecChoice = SunSpecChoice()

    def unit_of(self, model: Profile) -> int:
        """Its unit id: the configured one, or the model's."""
        return model.transport.unit if self.unit is None else self.unit


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration."""

    gateway: GatewayTable
    broker: BrokerSettings
    buses: tuple[BusSettings, ...]
    meters: tuple[MeterSettings, ...]
    clock: SimulationSettings | None = None
    log: LogSettings = LogSettings()
    metrics: MetricsSettings | None = None

    def __post_init__(self) -> None:
        """Refuse a gateway that would have nothing to do."""
        if not self.buses or not self.meters:
            raise ValueError("at least one [[buses]] and one [[meters]] are needed")

    @property
    def outbox_path(self) -> Path:
        """The outbox's file."""
        return Path(self.gateway.data_dir) / "outbox.sqlite"

    def meters_of(self, bus: BusSettings) -> tuple[MeterSettings, ...]:
        """The meters that hang on a bus, in the file's order."""
        return tuple(meter for meter in self.meters if meter.bus == bus.id)

    def length_of(self, meter: MeterSettings) -> timedelta:
        """How far apart a meter's stands are: an hour or a quarter of one."""
        return _LENGTHS[meter.stands or self.gateway.stands]


def read(path: Path) -> GatewayConfig:
    """The configuration in a file.

    Raises:
        ConfigError: with every problem in the file; those between tables too where only one table can't be read.
    """
    file = str(path)
    content = read_toml(path)
    problems: list[Problem] = []
    config: GatewayConfig | None = None
    try:
        config = build(content, GatewayConfig, file)
    except ConfigError as error:
        problems += error.problems
    problems += _problems(_Tables.of(content), file)
    if config is None or problems:
        raise ConfigError(problems)
    return config


S = TypeVar("S", bound=msgspec.Struct)


def _table(content: object, schema: type[S]) -> S | None:
    """A table if it can be read; its own problems are reported with the whole file's."""
    try:
        return build(content, schema, "")
    except ConfigError:
        return None


def _tables(content: object, schema: type[S]) -> dict[int, S]:
    listed = content if isinstance(content, list) else []
    made = ((number, _table(one, schema)) for number, one in enumerate(listed, 1))
    return {number: one for number, one in made if one is not None}


class _Tables(msgspec.Struct, frozen=True):
    """The tables of a file that can be read, the listed ones by their number."""

    gateway: GatewayTable | None
    broker: BrokerSettings | None
    buses: dict[int, BusSettings]
    meters: dict[int, MeterSettings]
    bus_ids: tuple[str, ...]
    """Of all buses, those that can't be read too."""

    @classmethod
    def of(cls, content: dict[str, Any]) -> _Tables:
        listed = content.get("buses")
        ids = (bus.get("id") for bus in listed if isinstance(bus, dict)) if isinstance(listed, list) else ()
        return cls(
            _table(content.get("gateway"), GatewayTable),
            _table(content.get("broker"), BrokerSettings),
            _tables(listed, BusSettings),
            _tables(content.get("meters"), MeterSettings),
            tuple(dict.fromkeys(str(one) for one in ids if one is not None)),
        )


def _problems(tables: _Tables, file: str) -> Iterator[Problem]:
    if tables.gateway and (problem := gateway_id_problem(tables.gateway.id)):
        yield Problem(file, "gateway.id", f'"{tables.gateway.id}"', problem)
    if tables.broker:
        yield from broker_problems(tables.broker, file)
    yield from _repeated(file, "buses", {number: bus.id for number, bus in tables.buses.items()})
    yield from _repeated(file, "meters", {number: meter.id for number, meter in tables.meters.items()})
    for number, bus in tables.buses.items():
        yield from _bus_problems(tables, number, bus, file)
    for number, meter in tables.meters.items():
        yield from _meter_problems(tables, number, meter, file)


def _repeated(file: str, table: str, ids: dict[int, str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, one in ids.items():
        if one in first:
            yield Problem(file, f"{table}[{number}].id", f'"{one}"', f"is {table}[{first[one]}]'s already")
        first.setdefault(one, number)


def _bus_problems(tables: _Tables, number: int, bus: BusSettings, file: str) -> Iterator[Problem]:
    key = f"buses[{number}]"
    needed, barred = _LINK_KEYS[bus.link]
    if not getattr(bus, needed):
        yield Problem(file, f"{key}.{needed}", "", f'is missing: a bus with link = "{bus.link}" needs it')
    for name in barred:
        if value := getattr(bus, name):
            yield Problem(file, f"{key}.{name}", str(value), f'has no meaning with link = "{bus.link}"')
    if not Decimal("0.05") <= bus.timeout_s <= 30:
        yield Problem(file, f"{key}.timeout_s", str(bus.timeout_s), "expected 0.05 to 30 seconds")
    earlier = (other for n, other in tables.buses.items() if n < number)
    alike = (other for other in earlier if (other.link, other.where) == (bus.link, bus.where))
    if bus.link != "tcp" and (same := next(alike, None)):
        yield Problem(file, f"{key}.{needed}", f'"{bus.where}"', f"is bus {same.id}'s already: one line is one bus")


def _meter_problems(tables: _Tables, number: int, meter: MeterSettings, file: str) -> Iterator[Problem]:
    key = f"meters[{number}]"
    bus = next((bus for bus in tables.buses.values() if bus.id == meter.bus), None)
    if meter.bus not in tables.bus_ids:
        there = ", ".join(tables.bus_ids) or "none"
        yield Problem(file, f"{key}.bus", f'"{meter.bus}"', f"no such bus; there are: {there}")
    elif bus and meter.unit == 0 and bus.link != "tcp":
        yield Problem(file, f"{key}.unit", "0", "is the broadcast on a serial line: nothing answers; expected 1 to 247")
    earlier = (one for n, one in tables.meters.items() if n < number and one.bus == meter.bus)
    if same := next((one for one in earlier if _collide(one, meter)), None):
        yield Problem(file, f"{key}.unit", str(_unit(meter)), f"is meter {same.id}'s already on bus {meter.bus}")
    stands = meter.stands or (tables.gateway.stands if tables.gateway else "hour")
    length_s = int(_LENGTHS[stands].total_seconds())
    if length_s % meter.every_s:
        problem = f"must divide {length_s}, so that a poll falls at every full {stands}"
        yield Problem(file, f"{key}.every_s", str(meter.every_s), problem)
    if meter.profile not in known():
        yield Problem(file, f"{key}.profile", f'"{meter.profile}"', f"no such profile; known are {', '.join(known())}")
    elif meter.serial and not profile(meter.profile).tells_serial:
        yield Problem(
            file, f"{key}.serial", f'"{meter.serial}"', f"the profile {meter.profile} can't read serial numbers"
        )
    elif meter.every_s > (gap := meter.gap_s or profile(meter.profile).gap_s):
        yield Problem(file, f"{key}.every_s", str(meter.every_s), f"polls must be at most gap_s = {gap} seconds apart")


def _unit(meter: MeterSettings) -> int:
    return meter.unit_of(profile(meter.profile)) if meter.profile in known() else meter.unit or 1


def _collide(one: MeterSettings, other: MeterSettings) -> bool:
    """Whether two meters of one bus have the same unit id, and aren't different parts of one device."""
    if _unit(one) != _unit(other):
        return False
    if not {one.profile, other.profile} <= set(known()):
        return True
    if one.profile == other.profile:
        several = profile(one.profile).protocol == "sunspec"
        return not several or (one.sunspec.device, one.sunspec.model) == (other.sunspec.device, other.sunspec.model)
    device = profile(one.profile).device
    return not device or device != profile(other.profile).device
