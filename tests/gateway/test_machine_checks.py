"""What the doctor says of the machine: wear, disk, clock, certificates; the machine's folders are made here."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.tools import machine_checks
from gateway.tools.certificate import not_after
from gateway.tools.check import Check, State
from metering.wire import ClockState
from runtime.broker import BrokerSettings
from tests.gateway.test_tls import Authority

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def config(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(gateway=SimpleNamespace(data_dir=str(folder)))


def wear(tmp_path: Path, life_time: str | None) -> Check:
    number = tmp_path.stat().st_dev
    card = tmp_path / "block" / "mmcblk0p2"
    (card / "device").mkdir(parents=True)
    (card / "dev").write_text(f"{os.major(number)}:{os.minor(number)}\n")
    if life_time is not None:
        (card / "device" / "life_time").write_text(life_time)
    (found,) = (one for one in machine_checks.disk(config(tmp_path), tmp_path / "block") if one.what == "wear")
    return found


@pytest.mark.parametrize(
    ("life_time", "state", "said"),
    [
        ("0x01 0x02\n", State.OK, "up to 20 % of its life used"),
        ("0x07 0x01\n", State.OK, "up to 70 %"),
        ("0x01 0x08\n", State.WARN, "up to 80 %"),
        ("0x0b 0x01\n", State.WARN, "its estimated life is over"),
        ("0x00 0x00\n", State.UNKNOWN, "doesn't define its wear"),
        ("", State.UNKNOWN, "doesn't define its wear"),
        (None, State.UNKNOWN, "doesn't tell its wear"),
    ],
)
def test_an_emmc_that_is_worn_is_named_before_it_fails(tmp_path, life_time, state, said):
    found = wear(tmp_path, life_time)
    assert (found.state, said in found.found) == (state, True), found
    assert bool(found.way_out) is (state is State.WARN)


def test_a_disk_that_is_no_card_says_nothing_of_wear(tmp_path):
    (tmp_path / "block").mkdir()
    assert [one.what for one in machine_checks.disk(config(tmp_path), tmp_path / "block")] == ["disk"]


@pytest.mark.parametrize(
    ("free_mib", "state"), [(5000, State.OK), (200, State.OK), (199, State.WARN), (32, State.WARN), (31, State.FAIL)]
)
def test_little_room_is_a_warning_and_none_a_failure(tmp_path, monkeypatch, free_mib, state):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_mib << 20))
    (found,) = machine_checks.disk(config(tmp_path), tmp_path)
    assert found.state is state
    assert bool(found.way_out) is (state is not State.OK)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ClockState.SYNCHRONISED, State.OK),
        (ClockState.UNSYNCHRONISED, State.WARN),
        (ClockState.UNKNOWN, State.UNKNOWN),
        (ClockState.SIMULATED, State.OK),
    ],
)
def test_the_clocks_state_is_told_with_the_time_it_shows(state, expected):
    found = machine_checks.clock(NOW, state)
    assert found.state is expected
    assert "2026-11-24" in found.found


def test_a_clock_that_was_never_set_makes_no_stand():
    found = machine_checks.clock(datetime(1970, 1, 1, 0, 3, tzinfo=UTC), ClockState.UNSYNCHRONISED)
    assert found.state is State.FAIL
    assert found.way_out


async def own(settings: BrokerSettings, now: datetime) -> Check:
    (found,) = (one for one in await machine_checks.broker(settings, now) if one.what == "certificate")
    return found


@pytest.mark.parametrize(
    ("before_its_end", "state"),
    [
        (timedelta(days=31), State.OK),
        (timedelta(days=29), State.WARN),
        (timedelta(seconds=1), State.WARN),
        (timedelta(0), State.FAIL),
        (timedelta(days=-400), State.FAIL),
    ],
)
async def test_a_certificate_that_ends_is_told_in_time(tmp_path, before_its_end, state):
    cert, key = Authority(tmp_path).issue("gw1")
    ends = not_after(Path(cert).read_text(encoding="ascii"))
    # Port 1 takes no connection: the certificate is looked at all the same.
    found = await own(BrokerSettings(port=1, cert=cert, key=key), ends - before_its_end)
    assert found.state is state, found
    assert bool(found.way_out) is (state is not State.OK)


async def test_a_certificate_that_cannot_be_read_is_a_failure(tmp_path):
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    found = await own(BrokerSettings(port=1, cert=str(broken), key=str(broken)), NOW)
    assert found.state is State.FAIL
