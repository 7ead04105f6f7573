"""The technician's tools against simulated devices, alone and beside a running gateway."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.outbox import Fate, Outbox, RowState, Stamp
from metering.period import HOUR
from metering.stand import Quality, Stand
from metering.wire import ClockState
from tests.gateway.fake_central import central, until
from tests.gateway.lines import Sdm630, tcp_meters
from tests.gateway.test_service import running as a_running_gateway
from tests.gateway.test_service import simulation, stands_of, tcp_bus, write_config
from tests.mosquitto import free_port

BIN = Path(sys.executable).parent


@dataclass
class Site:
    folder: Path
    config: Path
    device: Path
    port: int

    def run(self, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, [*words, "--config", str(self.config)])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    def json(self, *words: str, code: int = 0):
        return json.loads(self.run(*words, "--json", code=code))


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@contextlib.contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([str(BIN / words[0]), *words[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    device, port = folder / "line", free_port()
    config = folder / "gateway.toml"
    (folder / "run").mkdir()
    config.write_text(
        f'[gateway]\nid = "g1"\ndata_dir = "{folder}/data"\nruntime_dir = "{folder}/run"\n[broker]\nport = {free_port()}\n'
        f'[[buses]]\nid = "cellar"\nlink = "serial"\ndevice = "{device}"\ntimeout_s = 0.5\n'
        f'[[buses]]\nid = "roof"\nlink = "tcp"\nhost = "127.0.0.1"\nport = {port}\ntimeout_s = 0.5\n'
        '[[meters]]\nid = "23010001"\nbus = "cellar"\nprofile = "eastron-sdm630"\n'
        '[[meters]]\nid = "23010002"\nbus = "roof"\nprofile = "eastron-sdm630"\n'
        '[[meters]]\nid = "23010009"\nbus = "roof"\nprofile = "eastron-sdm630"\nunit = 9\n'
    )
    with (
        child("klaster-sim", "device", "--pty", str(device), "--serial", "23010001", "--baud", "19200"),
        child("klaster-sim", "device", "--port", str(port), "--serial", "23010002", "--power-w", "-1000"),
    ):
        wait_until(device.exists)
        made = Site(folder, config, device, port)
        wait_until(lambda: CliRunner().invoke(main, ["read", "23010002", "--config", str(config)]).exit_code == 0)
        yield made


@pytest.fixture
def running(site) -> Iterator[Site]:
    with child("klaster-gateway", "run", str(site.config)):
        wait_until((site.folder / "run" / "control.sock").exists)
        yield site
    assert not (site.folder / "run" / "control.sock").exists()
    assert not (site.folder / "run" / "status.json").exists()


def test_read_shows_every_register_with_words_and_meaning(site):
    reading = site.json("read", "23010001")
    first = reading["rows"][0]
    assert (first["obis"], first["function"], first["address"], first["unit"]) == ("1-0:1.8.0", 4, 0x48, "kWh")
    assert first["words"].startswith("449a 4")
    assert float(first["value"]) == pytest.approx(1234, abs=5)
    assert reading["serial"] == "23010001"
    assert reading["how"].endswith("no gateway runs")
    shown = site.run("read", "23010001")
    for one in ("energy_import_total", "1.8.0", "4:0048", "kWh", "frequency_hz", "231.5"):
        assert one in shown


def test_a_meter_that_does_not_answer_is_exit_code_1(site):
    assert "no answer" in site.run("read", "23010009", code=1)


def test_what_does_not_exist_is_one_message_and_exit_code_2(site, tmp_path):
    for words in (["read", "1"], ["watch", "1"], ["raw", "attic", "1", "4", "0", "2"], ["scan", "attic"]):
        result = CliRunner().invoke(main, [*words, "--config", str(site.config)])
        assert result.exit_code == 2
        assert "There is no" in result.output
        assert "Traceback" not in result.output
    result = CliRunner().invoke(main, ["scan", "--host", "10.0.0.7:5020"])
    assert (result.exit_code, "--host 10.0.0.7 --port 5020" in result.output) == (2, True)
    result = CliRunner().invoke(main, ["read", "1", "--config", str(tmp_path / "none.toml")])
    assert (result.exit_code, "there is no such file" in result.output) == (2, True)


def test_raw_shows_every_plausible_number(site):
    answered = site.json("raw", "roof", "1", "4", "0x48", "2")
    floats = next(one for one in answered["numbers"] if one["type"] == "float32")
    assert float(floats["values"]["ABCD"]) == pytest.approx(1234, abs=5)
    assert len(answered["words"]) == 2
    assert answered["data"].startswith("04449a")


def test_raw_tells_an_exception_in_words(site):
    assert "exception 1: illegal function" in site.run("raw", "roof", "1", "43", "--data", "0e0100", code=1)


@pytest.mark.parametrize("function", [5, 6, 8, 15, 16, 22, 23, 65])
def test_raw_refuses_what_may_change_the_device(site, function):
    assert "nothing was sent" in site.run("raw", "roof", "1", str(function), "--data", "00010002", code=2)


def test_raw_writes_only_when_told_and_warns(site):
    shown = site.run("raw", "roof", "1", "6", "--data", "00010002", "--write", code=1)
    assert "this may change the device" in shown
    assert "exception 1" in shown


def test_watch_shows_changes_until_its_count(site):
    lines = CliRunner().invoke(
        main, ["watch", "23010002", "--count", "2", "--every", "0.2", "--json", "--config", str(site.config)]
    )
    readings = [json.loads(line) for line in lines.output.splitlines()]
    assert len(readings) == 2
    assert readings[0]["rows"][0]["at"] < readings[1]["rows"][0]["at"]
    assert "change" in site.run("watch", "23010002", "--count", "2", "--every", "2.5")


def test_scan_finds_the_unit_and_names_it(site):
    scanned = site.json("scan", "cellar", "--units", "1-3")
    assert [(one["unit"], one["settings"]) for one in scanned["found"]] == [(1, "9600 8N1")]
    assert scanned["found"][0]["may_be"][0] | {"because": ""} == {
        "profile": "eastron-sdm630", "certain": False, "because": "", "serial": "23010001",
    }  # fmt: skip
    assert (scanned["asked"], scanned["of"]) == (3, 3)
    assert "eastron-sdm630" in CliRunner().invoke(
        main, ["scan", "--host", "127.0.0.1", "--port", str(site.port), "--units", "1"]
    ).output  # fmt: skip


def test_a_scan_that_finds_nothing_is_exit_code_1(site):
    assert "no unit answered" in site.run("scan", "roof", "--units", "5-6", "--timeout", "0.1", code=1)


def test_a_stopped_scan_tells_what_it_has_found(site):
    words = [str(BIN / "klaster-gateway"), "scan", "--host", "127.0.0.1", "--port", str(site.port), "--json"]
    process = subprocess.Popen([*words, "--timeout", "0.5"], stdout=subprocess.PIPE)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=15)
    assert process.returncode == 3
    scanned = json.loads(output)
    assert [one["unit"] for one in scanned["found"]] == [1]
    assert 1 <= scanned["asked"] < scanned["of"] == 247


def test_ports_tells_which_bus_uses_what(site):
    answer = site.json("ports")
    assert set(answer) == {"ports", "missing"}
    assert [(one["bus"], one["problem"]) for one in answer["missing"]] == [("cellar", "")]


def test_the_doctor_alone_polls_and_says_what_is_wrong(site):
    checks = site.json("doctor", "--polls", "5", code=1)["checks"]
    found = {one["what"]: one for one in checks}
    assert found["gateway"]["state"] == "fail"
    assert found["bus cellar"]["state"] == "ok"
    assert found["meter 23010001"]["state"] == "ok"
    assert "unit 9" in found["bus roof"]["found"]
    assert "its unit id" in found["bus roof"]["way_out"]
    assert found["meter 23010009"]["state"] == "fail"
    where, _, why = found["broker"]["found"].partition(": ")
    assert why == "Connection refused"
    assert f"TCP {where.rpartition(':')[2]} out" in found["broker"]["way_out"]


def test_beside_a_running_gateway_tools_take_turns(running):
    socket = running.folder / "run" / "control.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o660
    reading = running.json("read", "23010001")
    assert reading["how"] == "by turns of the running gateway"
    assert float(reading["rows"][0]["value"]) > 1233
    assert running.json("raw", "cellar", "1", "4", "0", "2")["words"]
    assert [one["unit"] for one in running.json("scan", "roof", "--units", "1-2")["found"]] == [1]
    assert "stop it first" in running.run("scan", "cellar", "--baud", "19200", code=2)
    wait_until((running.folder / "run" / "status.json").exists)
    status = json.loads((running.folder / "run" / "status.json").read_text())
    assert [bus["id"] for bus in status["buses"]] == ["cellar", "roof"]
    found = {one["what"]: one for one in running.json("doctor", code=1)["checks"]}
    assert found["gateway"]["state"] == "ok"
    assert "1.8.0" in found["meter 23010001"]["found"]
    assert found["uplink"]["state"] == "fail"


def test_a_line_that_a_gateway_holds_cannot_be_opened_by_a_tool(running):
    wait_until(lambda: running.json("read", "23010001")["rows"])
    result = CliRunner().invoke(main, ["scan", "--device", str(running.device), "--units", "1"])
    assert result.exit_code == 2
    assert "can't be used" in result.output
    assert "klaster-gateway ports tells" in result.output


def test_without_permission_the_way_in_is_named(running):
    (running.folder / "run" / "control.sock").chmod(0)
    words = [str(BIN / "klaster-gateway"), "read", "23010001", "--config", str(running.config)]
    # Root may open every socket, unless that right is taken from it.
    less = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"] if os.geteuid() == 0 else []
    done = subprocess.run([*less, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    assert "klaster-gateway, may" in done.stderr


@pytest.fixture
def filled(site, tmp_path) -> Path:
    """A configuration whose outbox holds a day of two meters."""
    config = tmp_path / "gateway.toml"
    config.write_text(site.config.read_text().replace(str(site.folder), str(tmp_path)))
    (tmp_path / "data").mkdir()
    box = Outbox.open(tmp_path / "data" / "outbox.sqlite")
    begin = datetime(2026, 9, 30, 22, tzinfo=UTC)
    stands = [
        Stand(
            meter=meter, register="1-0:1.8.0", wh=Decimal(1000 * hour), resolution=Decimal(1), at=begin + hour * HOUR,
            before=begin + hour * HOUR, after=begin + hour * HOUR, quality=Quality.MEASURED, epoch="e",
        )
        for hour in range(26) for meter in ("23010001", "23010002")
    ]  # fmt: skip
    box.add(stands, Stamp(boot="b", monotonic_ms=1, clock=ClockState.SYNCHRONISED, made_at=begin + 26 * HOUR), {})
    box.settle([Fate(sequence, RowState.RELEASED, "") for sequence in range(1, 41)])
    box.close()
    return config


def outbox(config: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["outbox", str(config), *words])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_the_outbox_tells_what_it_holds_by_register(filled):
    shown = json.loads(outbox(filled, "--json"))
    assert shown["counts"]["waiting"] == 12
    assert [(one["meter"], one["rows"], one["waiting"]) for one in shown["registers"]] == [
        ("23010001", 26, 6), ("23010002", 26, 6),
    ]  # fmt: skip
    assert "2026-10-01T00:00:00+02:00" in outbox(filled)


def test_a_day_of_one_meter_is_exported_with_both_its_ends(filled):
    lines = outbox(filled, "--from", "2026-10-01", "--to", "2026-10-01", "--meter", "23010001", "--export", "csv")
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert len(rows) == 25
    assert (rows[0]["at"], rows[-1]["at"]) == ("2026-09-30T22:00:00Z", "2026-10-01T22:00:00Z")
    assert (rows[0]["state"], rows[-1]["state"], rows[-1]["wh"]) == ("released", "waiting", "24000")
    as_json = outbox(filled, "--from", "2026-10-01T12:00", "--export", "json").splitlines()
    assert json.loads(as_json[0])["stand"]["at"] == "2026-10-01T10:00:00Z"


def test_a_row_that_decayed_is_told_and_is_exit_code_1(filled):
    file = filled.parent / "data" / "outbox.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("UPDATE stands SET wh = 77 WHERE sequence = 3")
    connection.execute("UPDATE stands SET quality = 9 WHERE sequence = 5")
    connection.commit()
    connection.close()
    result = CliRunner().invoke(main, ["outbox", str(filled), "--export", "csv"])
    assert result.exit_code == 1
    assert [row["sequence"] for row in csv.DictReader(io.StringIO(result.stdout)) if row["decayed"]] == ["3"]
    assert "1 rows decayed" in result.stderr


def test_a_replay_is_kept_for_the_next_run_and_needs_a_choice(filled):
    assert "Say which stands" in outbox(filled, "--replay", code=2)
    assert "when it runs again" in outbox(filled, "--replay", "--from", "2026-10-01", "--meter", "23010001")
    box = Outbox.look(filled.parent / "data" / "outbox.sqlite")
    (request,) = box.requests()
    box.close()
    assert (request.first, request.meters) == (datetime(2026, 9, 30, 22, tzinfo=UTC), ("23010001",))
    assert "write 2026-10-01" in outbox(filled, "--from", "yesterday", code=2)


async def test_a_replay_beside_a_running_gateway_brings_the_stands_again(broker, tmp_path):
    meter = Sdm630(imported=5.0)
    async with tcp_meters(meter) as port, central(broker.port) as centre:
        file = write_config(tmp_path, broker.port, tcp_bus(port), simulation(speed=1200, in_s=2))
        async with a_running_gateway(file):
            await until(lambda: len(stands_of(centre)) >= 4, 30)
            command = [str(BIN / "klaster-gateway"), "outbox", str(file), "--replay", "--meter", "M1"]
            process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            said, _ = await asyncio.wait_for(process.communicate(), 60)
            assert b"after its backlog" in said

            def again() -> bool:
                numbers = [one["sequence"] for message in centre.messages for one in message["stands"]]
                return any(numbers.count(number) >= 2 for number in numbers)

            await until(again, 30)
