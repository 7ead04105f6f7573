"""The technician's tools against simulated devices, alone and beside a running gateway."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
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
    result = CliRunner().invoke(main, ["read", "1", "--config", str(tmp_path / "none.toml")])
    assert (result.exit_code, "can't be read" in result.output) == (2, True)


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


def test_without_permission_the_way_in_is_named(running):
    if os.geteuid() == 0:
        pytest.skip("root may open every socket")
    (running.folder / "run" / "control.sock").chmod(0)
    assert "klaster-gateway, may" in running.run("read", "23010001", code=2)
