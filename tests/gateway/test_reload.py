from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
from datetime import datetime, timedelta
from itertools import pairwise

from structlog.testing import capture_logs

from gateway import service
from gateway.config import read
from gateway.outbox import Outbox
from gateway.reload import needs_restart
from runtime.clock import SimulationClock
from tests.gateway.fake_central import central, until
from tests.gateway.lines import Sdm630, tcp_meters
from tests.gateway.test_service import START, Running, simulation, stands_of, tcp_bus, write_config
from tests.mosquitto import free_port


@contextlib.asynccontextmanager
async def reloading(file):
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(read(file), stop, lambda: read(file)))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


def hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def hours_of(centre, meter: str) -> dict[str, dict]:
    return {at: one for (name, obis, at), one in stands_of(centre).items() if (name, obis) == (meter, "1-0:1.8.0")}


async def test_buses_come_and_go_and_the_others_miss_no_hour(broker, tmp_path):
    clock_settings = simulation(speed=600, in_s=3)
    clock = SimulationClock(clock_settings)
    kept, changed, new = Running(clock), Running(clock, start_wh=7_000_000), Running(clock, start_wh=9_000_000)
    async with (
        tcp_meters(kept) as one,
        tcp_meters(changed) as two,
        tcp_meters(new) as three,
        central(broker.port) as centre,
    ):
        first = tcp_bus(one, "a", "KEPT") + tcp_bus(two, "b", "CHANGED")
        file = write_config(tmp_path, broker.port, first, clock_settings)
        with capture_logs() as said:
            async with reloading(file):
                await until(lambda: hours_of(centre, "CHANGED"), 30)
                # Another timeout of the bus, another pace of its meter: both change on the way to the next hour.
                second = (
                    tcp_bus(one, "a", "KEPT") + tcp_bus(two, "b", "CHANGED", every=120) + tcp_bus(three, "c", "NEW")
                )
                write_config(tmp_path, broker.port, second, clock_settings)
                hang_up()
                await until(lambda: any(one["event"] == "reloaded" for one in said), 20)
                await until(lambda: hours_of(centre, "NEW") and len(hours_of(centre, "CHANGED")) >= 3, 60)
                write_config(tmp_path, broker.port, tcp_bus(one, "a", "KEPT"), clock_settings)
                hang_up()
                await until(lambda: [one["event"] for one in said].count("reloaded") == 2, 20)
                count = len(hours_of(centre, "KEPT"))
                await until(lambda: len(hours_of(centre, "KEPT")) >= count + 2, 60)
                assert [bus.id for bus in centre.statuses[-1].buses] == ["a"]
        first_reload, second_reload = (one for one in said if one["event"] == "reloaded")
        assert (first_reload["begun"], first_reload["ended"], first_reload["untouched"]) == ("b, c", "b", 1)
        assert (second_reload["begun"], second_reload["ended"], second_reload["untouched"]) == ("", "b, c", 1)
        for meter, device in (("KEPT", kept), ("CHANGED", changed)):
            hours = hours_of(centre, meter)
            instants = sorted(datetime.fromisoformat(at) for at in hours)
            assert instants[0] == START.replace(hour=12, minute=0)
            assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(instants))
            assert {one["epoch"] for one in hours.values()} == {"2026-10-01T11:50:00Z"}
            assert all(int(one["wh"]) == device.true_wh(datetime.fromisoformat(at)) for at, one in hours.items())
        assert sum(1 for one in said if one["event"] == "epoch_started" and one["meter"] == "KEPT") == 4
    box = Outbox.look(tmp_path / "data" / "outbox.sqlite")
    rows = sum(box.summary().counts.values())
    box.close()
    assert rows == len(stands_of(centre))


async def test_a_bad_file_is_said_and_everything_goes_on(broker, tmp_path):
    meter = Sdm630()
    async with tcp_meters(meter) as port, central(broker.port):
        file = write_config(tmp_path, broker.port, tcp_bus(port, every=1), None)
        with capture_logs() as said:
            async with reloading(file):
                await until(lambda: meter.reads > 1, 20)
                file.write_text("[gateway]\nid = 3\n")
                hang_up()
                await until(lambda: any(one["event"] == "reload_refused" for one in said), 20)
                reads = meter.reads
                await until(lambda: meter.reads > reads + 1, 20)
        refused = next(one for one in said if one["event"] == "reload_refused")
        assert "gateway.id" in refused["problems"]
        assert not any(one["event"] in {"link_down", "reloaded"} for one in said)


async def test_a_meter_that_moves_to_another_bus_goes_on_in_its_epoch(broker, tmp_path):
    meter = Sdm630(imported=5.0)
    async with tcp_meters(meter) as port, central(broker.port):
        file = write_config(tmp_path, broker.port, tcp_bus(port, "a", "M1", every=1), None)
        with capture_logs() as said:
            async with reloading(file):
                await until(lambda: meter.reads > 1, 20)
                write_config(tmp_path, broker.port, tcp_bus(port, "b", "M1", every=1), None)
                hang_up()
                await until(lambda: any(one["event"] == "reloaded" for one in said), 20)
                reads = meter.reads
                await until(lambda: meter.reads > reads + 1, 20)
        assert sum(one["event"] == "epoch_started" for one in said) == 4


def test_what_needs_a_restart_is_named(tmp_path):
    port = free_port()
    old = read(write_config(tmp_path, 1883, tcp_bus(port), None))
    file = write_config(tmp_path, 1884, tcp_bus(port, every=30) + '[log]\nlevel = "DEBUG"\n', None)
    file.write_text(file.read_text().replace('"g1"', '"g2"'))
    assert needs_restart(old, read(file)) == ["gateway.id", "broker", "log"]
    assert needs_restart(old, old) == []


async def test_a_reload_while_the_outbox_cannot_be_read_changes_nothing_and_the_next_one_does(tmp_path, monkeypatch):
    def unreadable(_):
        raise sqlite3.OperationalError("disk I/O error")

    async with tcp_meters(Sdm630()) as port:
        file = write_config(tmp_path, free_port(), tcp_bus(port, "a", "M1", every=1), None)
        with capture_logs() as said:
            async with reloading(file):
                await until(lambda: any(one["event"] == "gateway_started" for one in said), 20)
                write_config(tmp_path, free_port(), tcp_bus(port, "a", "M1", every=2), None)
                with monkeypatch.context() as patched:
                    patched.setattr(Outbox, "lives", unreadable)
                    hang_up()
                    await until(lambda: any(one["event"] == "reload_refused" for one in said), 20)
                hang_up()
                await until(lambda: any(one["event"] == "reloaded" for one in said), 20)
        (reloaded,) = (one for one in said if one["event"] == "reloaded")
        assert (reloaded["begun"], reloaded["ended"]) == ("a", "a")
