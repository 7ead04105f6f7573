"""A work directory for a scenario: the configuration of every program of a simulated cluster.

Files: ``scenario.toml`` (a copy), ``site.toml``, ``gateway-<id>.toml``, ``central.toml``, ``cluster.toml``,
``rates.toml`` and ``mosquitto.conf``; beside them each program keeps its data in a folder of its own.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from runtime.clock import SimulationSettings
from runtime.config import ConfigError, Problem, load
from simulators.devices.catalogue import KINDS
from simulators.influxd import BUCKET, TOKEN_FILE, configuration, write_token
from simulators.scenario import Scenario, Site, load_scenario

HOST: Final = "127.0.0.1"
SITE_FILE: Final = "site.toml"
SCENARIO_FILE: Final = "scenario.toml"
_RATES: Final = Path(__file__).with_name("rates") / "2026.toml"
_POLL_S: Final = 60
_LIVE: Final = {"live_every_s": 120}

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Store = Literal["sqlite", "influxdb"]
"""Where central keeps the readings."""
Value = str | int | float | bool | date | datetime | Sequence[str]


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulated lines are found, by bus id."""

    ports: dict[str, Port]
    """Modbus TCP ports on loopback."""
    devices: dict[str, str]
    """Serial devices: names in the work directory, links to ptys while the site runs."""


class WorkFile(msgspec.Struct, frozen=True, kw_only=True):
    """``site.toml``: what a running site needs beside its scenario."""

    clock: SimulationSettings
    lines: Lines


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The TCP ports that a simulated cluster needs, all on loopback."""

    broker: Port
    web: Port
    influxdb: Port
    influxdb_backup: Port
    """InfluxDB takes a second one, if it is the store."""
    buses: dict[str, Port]
    """One for each TCP bus of the scenario."""


class Prepared(msgspec.Struct, frozen=True):
    """A work directory that has been read back."""

    path: Path
    scenario: Scenario
    clock: SimulationSettings
    lines: Lines


def tcp_buses(scenario: Scenario) -> list[str]:
    """The ids of the buses that need a port."""
    return [bus.id for site in scenario.sites for bus in site.buses if bus.link == "tcp"]


def clock_for(scenario: Scenario, real_start: datetime, speed: int) -> SimulationSettings:
    """The staircase of a scenario that begins to move at ``real_start``, ``speed`` times as fast as real time."""
    header = scenario.scenario
    whole_ms = real_start.replace(microsecond=real_start.microsecond // 1000 * 1000)
    return SimulationSettings(start=header.start, real_start=whole_ms, speed=speed, step_s=header.step_s)


def prepare(
    scenario_file: Path, workdir: Path, ports: Ports, clock: SimulationSettings, store: Store = "sqlite"
) -> Prepared:
    """Write a work directory; files of the same names are replaced, data is left.

    Raises:
        ConfigError: the scenario can't be used.
        OSError: a file can't be written.
    """
    scenario = load_scenario(scenario_file)
    workdir = workdir.absolute()
    workdir.mkdir(parents=True, exist_ok=True)
    if scenario_file.absolute() != workdir / SCENARIO_FILE:
        shutil.copyfile(scenario_file, workdir / SCENARIO_FILE)
    shutil.copyfile(_RATES, workdir / "rates.toml")
    lines = Lines(
        ports=ports.buses,
        devices={bus.id: f"{bus.id}.tty" for site in scenario.sites for bus in site.buses if bus.link == "serial"},
    )
    _write(
        workdir / SITE_FILE, [_clock(clock), _table("lines.ports", lines.ports), _table("lines.devices", lines.devices)]
    )
    _write(workdir / "mosquitto.conf", [_mosquitto(workdir, ports.broker)])
    _write(workdir / "cluster.toml", _cluster(scenario))
    if store == "influxdb":
        write_token(workdir / TOKEN_FILE)
        _write(workdir / "influxdb.conf", [configuration(workdir / "influxdb", ports.influxdb, ports.influxdb_backup)])
    _write(workdir / "central.toml", _central(workdir, ports, clock, store))
    for site in scenario.sites:
        _write(workdir / f"gateway-{site.id}.toml", _gateway(workdir, site, lines, ports.broker, clock))
    return Prepared(workdir, scenario, clock, lines)


def read_back(workdir: Path) -> Prepared:
    """What ``prepare`` wrote.

    Raises:
        ConfigError: the directory isn't one, or its files can't be used.
    """
    if not (workdir / SITE_FILE).is_file():
        raise ConfigError([Problem(str(workdir), "", "", f"no work directory of a simulation: it has no {SITE_FILE}")])
    work = load(workdir / SITE_FILE, WorkFile)
    return Prepared(workdir.absolute(), load_scenario(workdir / SCENARIO_FILE), work.clock, work.lines)


def _cluster(scenario: Scenario) -> list[str]:
    header = scenario.scenario
    about: dict[str, Value] = {"name": header.name, "period": header.period, "registered_from": header.registered_from}
    tables = [_table("cluster", about)]
    tables += [_table("[members]", {"id": m.id, "name": m.name, "kind": m.kind}) for m in scenario.members]
    for site in scenario.sites:
        point: dict[str, Value] = {"id": site.point, "member": site.member, "directions": list(site.directions)}
        if site.source is not None:
            point["source"] = site.source.value
        tables.append(_table("[points]", {**point, "tariff": site.tariff, "valid_from": header.registered_from}))
    tables += [
        _table(
            "[meters]",
            {
                "serial": m.serial,
                "point": site.point,
                "role": m.role.value,
                "multiplier": m.multiplier,
                "gateway": site.id,
            },
        )
        for site, m in scenario.meters()
    ]
    return tables


def _central(workdir: Path, ports: Ports, clock: SimulationSettings, store: Store) -> list[str]:
    central = {"data_dir": str(workdir / "central"), "cluster": "cluster.toml", "rates": "rates.toml"}
    return [
        _table("central", central),
        _table("broker", {"host": HOST, "port": ports.broker}),
        _table("web", {"host": HOST, "port": ports.web}),
        *([_influxdb(ports.influxdb)] if store == "influxdb" else []),
        _clock(clock),
        _log(),
    ]


def _influxdb(port: int) -> str:
    named: dict[str, Value] = {"kind": "influxdb", "url": f"http://{HOST}:{port}", "bucket": BUCKET}
    return _table("store", {**named, "token_file": TOKEN_FILE, "write_back_s": 10})


def _gateway(workdir: Path, site: Site, lines: Lines, broker: int, clock: SimulationSettings) -> list[str]:
    tables = [
        _table(
            "gateway", {"id": site.id, "data_dir": str(workdir / f"gateway-{site.id}"), "stands": site.stands, **_LIVE}
        ),
        _table("broker", {"host": HOST, "port": broker}),
    ]
    for bus in site.buses:
        where: dict[str, Value] = (
            {"host": HOST, "port": lines.ports[bus.id]}
            if bus.link == "tcp"
            else {"device": str(workdir / lines.devices[bus.id]), "baud": bus.baud, "parity": "N"}
        )
        tables.append(_table("[buses]", {"id": bus.id, "link": bus.link, **where, "timeout_s": 1.0}))
    for m in site.meters:
        kind = KINDS[m.device]
        meter: dict[str, Value] = {
            "id": m.serial,
            "bus": m.bus,
            "profile": kind.profile,
            "unit": m.unit,
            "every_s": _POLL_S,
        }
        tables.append(_table("[meters]", meter))
        if kind.tells_serial:
            tables.append(_table("meters.sunspec", {"check_serial": True}))
    return [*tables, _clock(clock), _log()]


def _clock(clock: SimulationSettings) -> str:
    return _table(
        "clock",
        {"start": clock.start, "real_start": clock.real_start, "speed": clock.speed, "step_s": clock.step_s},
    )


def _log() -> str:
    return _table("log", {"json": True, "level": "INFO"})


def _mosquitto(workdir: Path, port: int) -> str:
    """The broker: loopback only, so without TLS; it keeps its store, but klaster's receipts don't rely on it."""
    store = workdir / "mosquitto"
    store.mkdir(exist_ok=True)
    lines = [
        f"listener {port} {HOST}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {store}/",
        "autosave_on_changes true",
        "autosave_interval 1",
        "max_queued_messages 10000",
        f"user {pwd.getpwuid(os.getuid()).pw_name}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    return "\n".join(lines) + "\n"


def _table(name: str, content: Mapping[str, Value]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in content.items())]) + "\n"


def _toml(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)
    return "[" + ", ".join(_toml(item) for item in value) + "]"


def _write(path: Path, tables: list[str]) -> None:
    path.write_text("\n".join(tables), encoding="utf-8")
