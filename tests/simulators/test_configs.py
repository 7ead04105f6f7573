from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.broker import BrokerSettings
from runtime.clock import SimulationSettings
from runtime.config import ConfigError, build
from simulators.configs import Prepared, clock_for, prepare, read_back
from simulators.ports import free_ports
from simulators.scenario import Scenario, scenario_path

REAL = datetime(2026, 11, 24, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def work(tmp_path: Path, scenario: Scenario) -> Prepared:
    clock = clock_for(scenario, REAL, 864)
    return prepare(scenario_path("three-sites"), tmp_path / "work", free_ports(scenario), clock)


def toml(work: Prepared, name: str) -> dict[str, object]:
    return tomllib.loads((work.path / name).read_text(encoding="utf-8"))


def test_what_is_written_is_read_back_the_same(work: Prepared) -> None:
    assert read_back(work.path) == work


def test_every_program_gets_the_same_clock_and_broker(work: Prepared) -> None:
    for name in ("gateway-townhall.toml", "gateway-school.toml", "gateway-pvfarm.toml", "central.toml"):
        content = toml(work, name)
        assert build(content["clock"], SimulationSettings, name) == work.clock
        assert build(content["broker"], BrokerSettings, name).host == "127.0.0.1"
    assert work.clock.real_start.microsecond == 123_000


def test_the_gateway_is_told_where_its_meters_are(work: Prepared) -> None:
    school = toml(work, "gateway-school.toml")
    assert school["meters"] == [
        {"id": serial, "bus": "school-lan", "profile": "eastron-sdm630", "unit": unit, "every_s": 60}
        for serial, unit in (("23010025", 1), ("23010033", 2))
    ]
    [bus] = toml(work, "gateway-townhall.toml")["buses"]  # type: ignore[misc]
    assert bus["device"] == str(work.path / "townhall-rs485.tty")
    assert (bus["baud"], bus["parity"]) == (9600, "N")


def test_the_cluster_file_has_every_member_point_and_meter(work: Prepared) -> None:
    content = toml(work, "cluster.toml")
    assert [point["directions"] for point in content["points"]] == [  # type: ignore[attr-defined]
        ["drawn"],
        ["drawn", "injected"],
        ["drawn", "injected"],
    ]
    meters = content["meters"]
    assert [(m["role"], m["multiplier"]) for m in meters] == [  # type: ignore[attr-defined]
        ("settlement", 1),
        ("settlement", 1),
        ("generation", 1),
        ("settlement", 20),
    ]


def test_every_rate_says_where_it_is_from_and_how_sure_it_is(work: Prepared) -> None:
    rates = toml(work, "rates.toml")["rates"]
    assert {(r["component"], r["status"]) for r in rates} == {  # type: ignore[attr-defined]
        ("oze", "verified"),
        ("chp", "verified"),
        ("quality", "unverified"),
        ("network_variable", "illustrative"),
    }
    assert all(r["source"] for r in rates)  # type: ignore[attr-defined]


def test_ports_all_differ(scenario: Scenario) -> None:
    ports = free_ports(scenario, web_from=18_080)
    every = [ports.broker, ports.web, *ports.buses.values()]
    assert len(set(every)) == len(every) == 4
    assert ports.web >= 18_080


def test_a_directory_without_a_simulation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no site\.toml"):
        read_back(tmp_path)
