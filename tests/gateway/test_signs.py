from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.request
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.alive import LONGEST_S, stuck
from gateway.config import read
from gateway.signs import Signs
from runtime.clock import monotonic_s
from tests.gateway.fake_central import central, until
from tests.gateway.lines import Sdm630, tcp_meters
from tests.gateway.test_reload import reloading
from tests.gateway.test_service import running, tcp_bus, write_config
from tests.mosquitto import free_port


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self, folder, monkeypatch, watchdog_s: float = 0.3) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(folder / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", str(round(watchdog_s * 1_000_000)))
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        while True:
            try:
                self.heard.append(self.socket.recv(200).decode())
            except BlockingIOError:
                return self.heard


async def test_systemd_hears_ready_life_and_the_end(tmp_path, monkeypatch):
    manager = Manager(tmp_path, monkeypatch)
    async with (
        tcp_meters(Sdm630()) as port,
        running(write_config(tmp_path, free_port(), tcp_bus(port, every=1), None)),
    ):
        await until(lambda: manager.listen().count("WATCHDOG=1") >= 3, 20)
        assert manager.heard[0] == "READY=1"
    assert manager.listen()[-1] == "STOPPING=1"


async def test_a_bus_that_is_configured_for_an_hour_between_polls_still_looks_up(tmp_path):
    meter = Sdm630()
    async with tcp_meters(meter) as port:
        buses = tcp_bus(port, every=3600).replace("every_s = 3600", "every_s = 3600\ngap_s = 3600")
        made = []
        original = Signs.__init__

        def keep(self, *args):
            original(self, *args)
            made.append(self)

        Signs.__init__ = keep
        try:
            async with running(write_config(tmp_path, free_port(), buses, None)):
                await until(lambda: meter.reads > 0 and made, 20)
                line = next(iter(made[0]._lines))
                turned = line.poller.turned_s
                await until(lambda: line.poller.turned_s > turned, 40)
        finally:
            Signs.__init__ = original


async def test_the_watchdog_is_not_fed_while_a_loop_stands_still(tmp_path, monkeypatch):
    manager = Manager(tmp_path, monkeypatch)
    poller = SimpleNamespace(turned_s=monotonic_s() - LONGEST_S - 1)
    lines = [SimpleNamespace(settings=SimpleNamespace(id="cellar"), poller=poller)]
    uplink = SimpleNamespace(turned_s=monotonic_s())
    signs = Signs(SimpleNamespace(), "1", lines, uplink, SimpleNamespace(), SimpleNamespace())
    with capture_logs() as said:
        task = asyncio.ensure_future(signs.feed_watchdog())
        await until(lambda: said, 20)
        await asyncio.sleep(0.5)
        assert manager.listen() == []
        assert (said[0]["event"], said[0]["loops"]) == ("loop_stuck", "bus cellar")
        assert len(said) == 1
        poller.turned_s = monotonic_s() + 60
        await until(lambda: "WATCHDOG=1" in manager.listen(), 20)
        assert said[1]["event"] == "loops_turn_again"
        task.cancel()


@given(st.dictionaries(st.text(max_size=5), st.floats(-1000, 1000)), st.floats(-1000, 1000))
def test_a_loop_is_stuck_exactly_when_it_has_not_turned_for_too_long(turned, now):
    assert set(stuck(turned, now)) == {name for name, at in turned.items() if now - at > LONGEST_S}


async def test_the_status_file_is_whole_and_tells_everything(broker, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    async with tcp_meters(Sdm630(imported=12.5)) as port, central(broker.port):
        file = write_config(tmp_path, broker.port, tcp_bus(port, every=1), None)
        file.write_text(file.read_text().replace("[broker]", f'runtime_dir = "{run}"\n[broker]'))
        async with running(file):
            await until((run / "status.json").exists, 20)
            status = json.loads((run / "status.json").read_text())
            assert (status["gateway"], status["stuck"]) == ("g1", [])
            assert status["buses"][0]["meters"][0]["id"] == "M1"
            assert not (run / "status.new").exists()
        assert list(run.iterdir()) == []


async def test_without_a_runtime_folder_no_status_file_wears_the_card(tmp_path):
    async with (
        tcp_meters(Sdm630()) as port,
        running(write_config(tmp_path, free_port(), tcp_bus(port, every=1), None)),
    ):
        await until((tmp_path / "data" / "control.sock").exists, 20)
        await asyncio.sleep(0.3)
        assert not list(tmp_path.rglob("status.json"))


async def test_prometheus_finds_polls_answers_and_the_outbox(broker, tmp_path):
    metrics = free_port()
    meter = Sdm630(imported=12.5)
    async with tcp_meters(meter) as port, central(broker.port) as centre:
        file = write_config(tmp_path, broker.port, tcp_bus(port, every=1) + f"[metrics]\nport = {metrics}\n", None)
        async with running(file):
            await until(lambda: centre.statuses and meter.reads > 12, 30)

            def get(path: str) -> str:
                return urllib.request.urlopen(f"http://127.0.0.1:{metrics}{path}", timeout=10).read().decode()

            text = await asyncio.to_thread(get, "/metrics")
            lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
            assert float(lines['klaster_gateway_polls_total{bus="lan",meter="M1",result="ok"}']) >= 2
            assert float(lines['klaster_gateway_polls_total{bus="lan",meter="M1",result="failed"}']) == 0
            assert 0 < float(lines['klaster_gateway_answer_seconds{bus="lan",meter="M1"}']) < 5
            assert float(lines['klaster_gateway_bus_busy_seconds_total{bus="lan"}']) > 0
            assert lines["klaster_gateway_broker_connected"] == "1.0"
            assert lines["klaster_gateway_stuck_loops"] == "0.0"
            assert "klaster_gateway_outbox_oldest_waiting_seconds" in lines
            assert sum(float(value) for name, value in lines.items() if name.startswith("klaster_gateway_clock{")) == 1
            reader, writer = await asyncio.open_connection("127.0.0.1", metrics)
            for request, status in ((b"GET / HTTP/1.1\r\n\r\n", b"404"), (b"POST /metrics HTTP/1.1\r\n\r\n", b"405")):
                reader, writer = await asyncio.open_connection("127.0.0.1", metrics)
                writer.write(request)
                assert (await asyncio.wait_for(reader.read(), 20)).split()[1] == status
            reader, writer = await asyncio.open_connection("127.0.0.1", metrics)
            writer.write(b"x" * 100_000)
            assert await asyncio.wait_for(reader.read(), 20) == b""


async def test_metrics_are_off_unless_configured_and_never_in_the_way(tmp_path):
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    meter = Sdm630()
    async with tcp_meters(meter) as port:
        buses = tcp_bus(port, every=1)
        file = write_config(tmp_path, free_port(), buses, None)
        assert read(file).metrics is None
        write_config(tmp_path, free_port(), buses + f"[metrics]\nport = {taken.getsockname()[1]}\n", None)
        with capture_logs() as said:
            async with reloading(file):
                await until(lambda: meter.reads > 1, 20)
        assert any(one["event"] == "metrics_unavailable" for one in said)
    taken.close()
