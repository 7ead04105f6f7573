from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from click.testing import CliRunner

from gateway import service
from gateway.cli import main
from gateway.config import read
from gateway.outbox import Outbox
from runtime.clock import SimulationClock, SimulationSettings
from tests.gateway.fake_central import central, until
from tests.gateway.lines import Sdm630, float_words, serial_meters, tcp_meters

START = datetime(2026, 10, 1, 11, 50, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROGRAM = str(Path(sys.executable).with_name("klaster-gateway"))


class Running(Sdm630):
    """A meter whose import grows by a known amount each simulated minute."""

    def __init__(self, clock: SimulationClock, unit: int = 1, start_wh: int = 5_000_000) -> None:
        super().__init__(unit)
        self.clock, self.start_wh = clock, start_wh

    def true_wh(self, at: datetime) -> int:
        minutes = (at - START) // timedelta(minutes=1)
        return self.start_wh + 137 * minutes + minutes % 7

    def words(self) -> list[int]:
        self.set_wh(self.true_wh(self.clock.now()))
        return super().words()


def simulation(speed: int, in_s: float = 1.0) -> SimulationSettings:
    return SimulationSettings(
        start=START, real_start=datetime.now(UTC) + timedelta(seconds=in_s), speed=speed, step_s=60
    )


def write_config(folder: Path, broker_port: int, buses: str, clock: SimulationSettings | None) -> Path:
    file = folder / "gateway.toml"
    head = f'[gateway]\nid = "g1"\ndata_dir = "{folder}/data"\n[broker]\nport = {broker_port}\n'
    if clock:
        head += f"[clock]\nstart = {clock.start.isoformat()}\nreal_start = {clock.real_start.isoformat()}\n"
        head += f"speed = {clock.speed}\nstep_s = {clock.step_s}\n"
    file.write_text(head + buses, encoding="utf-8")
    return file


def tcp_bus(port: int, bus: str = "lan", meter: str = "M1", unit: int = 1, every: int = 60) -> str:
    return (
        f'[[buses]]\nid = "{bus}"\nlink = "tcp"\nhost = "127.0.0.1"\nport = {port}\ntimeout_s = 0.5\n'
        f'[[meters]]\nid = "{meter}"\nbus = "{bus}"\nprofile = "eastron-sdm630"\nunit = {unit}\nevery_s = {every}\n'
    )


@contextlib.asynccontextmanager
async def running(file: Path):
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(read(file), stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


def start(file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([PROGRAM, "run", str(file)], stderr=subprocess.PIPE, text=True)


def stands_of(centre) -> dict[tuple[str, str, str], dict]:
    found: dict[tuple[str, str, str], dict] = {}
    for message in centre.messages:
        for one in message["stands"]:
            found[one["meter"], one["register"], one["at"]] = one
    return found


async def test_from_a_serial_line_and_a_socket_to_central_exact_to_the_watt_hour(broker, tmp_path):
    clock_settings = simulation(speed=240)
    clock = SimulationClock(clock_settings)
    on_line, on_lan = Running(clock), Running(clock, unit=5, start_wh=40_000_000)
    async with serial_meters(on_line) as device, tcp_meters(on_lan) as port, central(broker.port) as centre:
        line = (
            f'[[buses]]\nid = "line"\nlink = "serial"\ndevice = "{device}"\n'
            '[[meters]]\nid = "M1"\nbus = "line"\nprofile = "eastron-sdm630"\nevery_s = 60\n'
        )
        file = write_config(tmp_path, broker.port, line + tcp_bus(port, meter="M2", unit=5), clock_settings)
        async with running(file):
            at = "2026-10-01T12:00:00Z"
            await until(lambda: {("M1", "1-0:1.8.0", at), ("M2", "1-0:1.8.0", at)} <= stands_of(centre).keys(), 15)
            await until(lambda: centre.statuses[-1].backlog == 0)
            status = centre.statuses[-1]
        assert [bus.connected for bus in status.buses] == [True, True]
        assert [meter.error for meter in status.meters] == ["", ""]
        found = stands_of(centre)
        first, second = found["M1", "1-0:1.8.0", at], found["M2", "1-0:1.8.0", at]
        assert {register for _, register, _ in found} == {"1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"}
        assert (first["quality"], first["before"], first["after"]) == ("measured", at, at)
        assert first["wh"] == str(on_line.true_wh(START.replace(hour=12, minute=0)))
        assert first["resolution"] == "1"
        assert second["resolution"] == "3.90625"
        assert abs(Decimal(second["wh"]) - on_lan.true_wh(START.replace(hour=12, minute=0))) <= Decimal("3.90625") / 2
        assert first["clock"] == "simulated"


async def test_one_dead_meter_or_line_delays_no_other_bus(broker, tmp_path):
    alive = Sdm630()
    black_hole = await asyncio.start_server(lambda *_: asyncio.sleep(3600), "127.0.0.1", 0)
    dead_port = black_hole.sockets[0].getsockname()[1]
    async with tcp_meters(alive) as port:
        buses = (
            tcp_bus(port, every=1)
            + tcp_bus(dead_port, "dead", "M2", every=1)
            + '[[buses]]\nid = "gone"\nlink = "serial"\ndevice = "/dev/klaster-none"\n'
            + '[[meters]]\nid = "M3"\nbus = "gone"\nprofile = "eastron-sdm630"\nevery_s = 1\n'
        )
        async with running(write_config(tmp_path, broker.port, buses, None)):
            await asyncio.sleep(3.3)
    black_hole.close()
    assert alive.reads >= 4


async def test_one_dead_meter_on_a_line_leaves_the_others_their_turns(broker, tmp_path):
    alive = Sdm630(unit=1)
    async with serial_meters(alive) as device:
        bus = f'[[buses]]\nid = "line"\nlink = "serial"\ndevice = "{device}"\ntimeout_s = 0.2\n'
        meters = "".join(
            f'[[meters]]\nid = "M{unit}"\nbus = "line"\nprofile = "eastron-sdm630"\nunit = {unit}\nevery_s = 1\n'
            for unit in (1, 2)
        )
        async with central(broker.port) as centre, running(write_config(tmp_path, broker.port, bus + meters, None)):
            await asyncio.sleep(4.2)
            await until(lambda: centre.statuses[-1].meters[1].error)
        assert "no answer" in centre.statuses[-2].meters[1].error or centre.statuses[-1].meters[1].error
    assert alive.reads >= 4


async def test_a_line_that_comes_later_is_found_without_a_restart(broker, tmp_path):
    from tests.mosquitto import free_port

    port = free_port()
    async with (
        central(broker.port) as centre,
        running(write_config(tmp_path, broker.port, tcp_bus(port, every=1), None)),
    ):
        await until(lambda: centre.statuses and centre.statuses[-1].buses[0].error)
        async with tcp_meters(Sdm630(), port=port):
            await until(lambda: centre.statuses[-1].buses[0].connected, 10)
            assert centre.statuses[-1].buses[0].error == ""


async def test_nonsense_at_the_full_hour_costs_that_hour_alone(broker, tmp_path):
    clock_settings = simulation(speed=1200)
    clock = SimulationClock(clock_settings)

    class Confused(Running):
        def words(self):
            now = self.clock.now()
            if timedelta(minutes=5) <= now - START <= timedelta(minutes=15):
                return float_words(float("nan")) * 2 + float_words(-1.0) + float_words(1e30)
            return super().words()

    meter = Confused(clock)
    async with tcp_meters(meter) as port, central(broker.port) as centre:
        async with running(write_config(tmp_path, broker.port, tcp_bus(port), clock_settings)):
            await until(lambda: ("M1", "1-0:1.8.0", "2026-10-01T13:00:00Z") in stands_of(centre), 20)
        found = {at: one for (_, register, at), one in stands_of(centre).items() if register == "1-0:1.8.0"}
    assert set(found) == {"2026-10-01T13:00:00Z"}
    assert found["2026-10-01T13:00:00Z"]["wh"] == str(meter.true_wh(START.replace(hour=13, minute=0)))
    assert found["2026-10-01T13:00:00Z"]["epoch"] == "2026-10-01T11:50:00Z"


async def test_a_killed_gateway_goes_on_in_its_epoch_and_doubles_nothing(broker, tmp_path):
    clock_settings = simulation(speed=1200, in_s=6)
    meter = Running(SimulationClock(clock_settings))
    async with tcp_meters(meter) as port, central(broker.port) as centre:
        file = write_config(tmp_path, broker.port, tcp_bus(port), clock_settings)
        child = start(file)
        await until(lambda: ("M1", "1-0:1.8.0", "2026-10-01T12:00:00Z") in stands_of(centre), 20)
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.wait)
        await until(lambda: not centre.statuses[-1].online, 5)
        child = start(file)
        later = (meter.clock.now() + HOUR).replace(minute=0)
        wanted = ("M1", "1-0:1.8.0", later.isoformat().replace("+00:00", "Z"))
        await until(lambda: wanted in stands_of(centre), 20)
        child.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(child.wait, 5) == 0
        await until(lambda: not centre.statuses[-1].online, 2)
    found = [one for (_, register, _), one in stands_of(centre).items() if register == "1-0:1.8.0"]
    assert len({one["epoch"] for one in found}) == 1
    box = Outbox.look(tmp_path / "data" / "outbox.sqlite")
    counts = box.summary().counts
    box.close()
    assert sum(counts.values()) == len(stands_of(centre))
    shown = CliRunner().invoke(main, ["outbox", str(file), "--json"])
    assert json.loads(shown.output)["counts"]["released"] == counts["released"]
    assert "released" in CliRunner().invoke(main, ["outbox", str(file)]).output


def test_a_gateway_stops_at_once_when_nothing_can_be_reached(tmp_path):
    from tests.mosquitto import free_port

    file = write_config(tmp_path, free_port(), tcp_bus(free_port(), every=1), None)
    child = start(file)
    assert any("gateway_started" in line for line in child.stderr)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, log = child.communicate(timeout=10)
    assert child.returncode == 0
    assert "gateway_ended" in log
    assert "Traceback" not in log
