"""The gateway's configuration: TOML, checked as a whole before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gateway.profile import Baud, Parity, Profile, StopBits, known, profile
from metering.point import METER_PATTERN, gateway_id_problem
from runtime.broker import BrokerSettings, broker_problems
from runtime.clock import SimulationSettings
from runtime.config import ConfigError, Problem, load

_HOUR_S = 3600
_BUS_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,34}$"


class GatewayTable(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[gateway]`` table."""

    id: str
    """One level of every topic it may write to."""
    data_dir: Annotated[str, msgspec.Meta(min_length=1)]
    """The folder of its outbox; made if it isn't there."""


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``[[buses]]``: a serial line, or a host that answers Modbus TCP."""

    id: Annotated[str, msgspec.Meta(pattern=_BUS_PATTERN)]
    link: Literal["tcp", "serial"]
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


class MeterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``[[meters]]``. What it is for and where it hangs is central's cluster file's to say."""

    id: Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
    """Its serial number or declared id: central knows it by that."""
    bus: str
    profile: str
    unit: Annotated[int, msgspec.Meta(ge=0, le=247)] = 1
    """Modbus unit id; 0 only over TCP."""
    every_s: Annotated[int, msgspec.Meta(ge=1, le=_HOUR_S)] = 10
    """A poll is due at every multiple of this since 1970, in seconds; an hour is a multiple of it."""
    gap_s: Annotated[int, msgspec.Meta(ge=1, le=_HOUR_S)] | None = None
    """Instead of the profile's."""
    max_power_w: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Instead of the profile's: a meter on current transformers that shows primary values needs it."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[log]`` table."""

    json: bool = False
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration."""

    gateway: GatewayTable
    broker: BrokerSettings
    buses: tuple[BusSettings, ...]
    meters: tuple[MeterSettings, ...]
    clock: SimulationSettings | None = None
    log: LogSettings = LogSettings()

    @property
    def outbox_path(self) -> Path:
        """The outbox's file."""
        return Path(self.gateway.data_dir) / "outbox.sqlite"

    def meters_of(self, bus: BusSettings) -> tuple[MeterSettings, ...]:
        """The meters that hang on a bus, in the file's order."""
        return tuple(meter for meter in self.meters if meter.bus == bus.id)


def read(path: Path) -> GatewayConfig:
    """The configuration in a file.

    Raises:
        ConfigError: with every problem in the file.
    """
    config = load(path, GatewayConfig)
    problems = [*_problems(config, str(path)), *broker_problems(config.broker, str(path))]
    if problems:
        raise ConfigError(problems)
    return config


def _problems(config: GatewayConfig, file: str) -> Iterator[Problem]:
    if problem := gateway_id_problem(config.gateway.id):
        yield Problem(file, "gateway.id", f'"{config.gateway.id}"', problem)
    if not config.buses:
        yield Problem(file, "buses", "", "at least one [[buses]] is needed")
    if not config.meters:
        yield Problem(file, "meters", "", "at least one [[meters]] is needed")
    yield from _repeated(file, "buses", [bus.id for bus in config.buses])
    yield from _repeated(file, "meters", [meter.id for meter in config.meters])
    for number, bus in enumerate(config.buses, 1):
        yield from _bus_problems(config, bus, file, f"buses[{number}]")
    for number, meter in enumerate(config.meters, 1):
        yield from _meter_problems(config, meter, file, f"meters[{number}]")


def _repeated(file: str, table: str, ids: list[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, one in enumerate(ids, 1):
        if one in first:
            yield Problem(file, f"{table}[{number}].id", f'"{one}"', f"is {table}[{first[one]}]'s already")
        first.setdefault(one, number)


def _bus_problems(config: GatewayConfig, bus: BusSettings, file: str, key: str) -> Iterator[Problem]:
    needed = "device" if bus.link == "serial" else "host"
    barred = {"host": bus.host} if bus.link == "serial" else {"device": bus.device, "baud": bus.baud}
    if bus.link == "tcp":
        barred |= {"parity": bus.parity, "stop_bits": bus.stop_bits}
    if not getattr(bus, needed):
        yield Problem(file, f"{key}.{needed}", "", f'is missing: a bus with link = "{bus.link}" needs it')
    for name, value in barred.items():
        if value:
            yield Problem(file, f"{key}.{name}", str(value), f'has no meaning with link = "{bus.link}"')
    if not Decimal("0.05") <= bus.timeout_s <= 30:
        yield Problem(file, f"{key}.timeout_s", str(bus.timeout_s), "expected 0.05 to 30 seconds")
    others = [other for other in config.buses[: config.buses.index(bus)] if other.link == bus.link == "serial"]
    if bus.device and (same := next((other for other in others if other.device == bus.device), None)):
        yield Problem(file, f"{key}.device", f'"{bus.device}"', f"is bus {same.id}'s already: one line is one bus")


def _meter_problems(config: GatewayConfig, meter: MeterSettings, file: str, key: str) -> Iterator[Problem]:
    bus = next((bus for bus in config.buses if bus.id == meter.bus), None)
    if bus is None:
        there = ", ".join(bus.id for bus in config.buses)
        yield Problem(file, f"{key}.bus", f'"{meter.bus}"', f"no such bus; there are {there}")
    elif meter.unit == 0 and bus.link == "serial":
        yield Problem(file, f"{key}.unit", "0", "is the broadcast on a serial line: nothing answers; expected 1 to 247")
    earlier = config.meters[: config.meters.index(meter)]
    if same := next((one for one in earlier if (one.bus, one.unit) == (meter.bus, meter.unit)), None):
        yield Problem(file, f"{key}.unit", str(meter.unit), f"is meter {same.id}'s already on bus {meter.bus}")
    if _HOUR_S % meter.every_s:
        yield Problem(
            file, f"{key}.every_s", str(meter.every_s), "must divide 3600, so that a poll falls at the full hour"
        )
    model = _profile_or_none(meter.profile)
    if model is None:
        yield Problem(file, f"{key}.profile", f'"{meter.profile}"', f"no such profile; known are {', '.join(known())}")
    elif meter.every_s > (gap := meter.gap_s or model.gap_s):
        yield Problem(file, f"{key}.every_s", str(meter.every_s), f"polls must be at most gap_s = {gap} seconds apart")


def _profile_or_none(name: str) -> Profile | None:
    try:
        return profile(name)
    except LookupError:
        return None
