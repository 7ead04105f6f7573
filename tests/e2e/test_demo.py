"""The demo's own command, with its programs killed while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from simulators.processes import program
from simulators.scenario import scenario_path
from tests.e2e.cluster import wait_for
from tests.influx import needed

pytestmark = pytest.mark.e2e


def pids(*words: str) -> list[int]:
    """The processes whose command line has all the words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if all(word in line for word in words):
                found.append(int(folder.name))
    return found


def short_scenario(folder: Path, name: str = "three-sites") -> Path:
    """A scenario's working day from 11:50 to 15:00 local time."""
    text = scenario_path(name).read_text(encoding="utf-8")
    text = text.replace("start = 2026-06-16T21:50:00Z", "start = 2026-06-17T09:50:00Z")
    text = text.replace("until = 2026-06-17T22:00:00Z", "until = 2026-06-17T13:00:00Z")
    (folder / "short.toml").write_text(text, encoding="utf-8")
    return folder / "short.toml"


def demo_command(scenario: Path, work: Path) -> list[str]:
    """A demo that ends by itself, at 600 times real time."""
    told = {"--scenario": str(scenario), "--speed": "600", "--workdir": str(work)}
    return [program("klaster-sim"), "demo", "--once", *(word for pair in told.items() for word in pair)]


def test_programs_killed_during_the_demo_come_back_and_the_balance_equals_the_ledger(tmp_path: Path) -> None:
    work = tmp_path / "work"
    command = demo_command(short_scenario(tmp_path), work)
    demo = subprocess.Popen([*command, "--port", "18080"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # Half past an hour: no stand is due while they are away.
    give_up = time.monotonic() + 60
    while not (work / "gateway-school" / "outbox.sqlite").exists() and time.monotonic() < give_up:
        time.sleep(0.1)
    time.sleep(10)
    killed = {
        name: pids(str(work), word) for name, word in {"central": "central.toml", "broker": "mosquitto.conf"}.items()
    }
    for found in killed.values():
        assert found
        for pid in found:
            os.kill(pid, signal.SIGKILL)
    said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, said
    assert "central ended with -9 and is started again" in said
    assert "broker ended with -9 and is started again" in said
    assert "Checked: central's balance equals the simulator's own ledger" in said
    assert pids(str(work)) == []


def test_the_demo_on_influxdb_starts_a_killed_server_again_and_equals_the_ledger(tmp_path: Path) -> None:
    needed()
    work = tmp_path / "work"
    command = [*demo_command(short_scenario(tmp_path), work), "--store", "influxdb", "--port", "18080"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    intake = work / "central" / "intake.sqlite"
    wait_for(intake.exists, 60)
    time.sleep(10)
    assert (work / "influxdb.token").stat().st_mode & 0o777 == 0o600
    (server,) = pids(str(work), "influxdb.conf")
    os.kill(server, signal.SIGKILL)
    said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, said
    assert "readings in InfluxDB 1.8" in said
    assert "influxdb ended with -9 and is started again" in said
    assert "Checked: central's balance equals the simulator's own ledger" in said
    assert pids(str(work)) == []


def test_inverters_and_storage_of_the_larger_cluster_are_read_to_the_watt_hour(tmp_path: Path) -> None:
    scenario, work = short_scenario(tmp_path, "five-sites"), tmp_path / "work"
    command = demo_command(scenario, work)
    done = subprocess.run([*command, "--port", "18080"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "Checked: central's balance equals the simulator's own ledger" in done.stdout


def test_a_folder_that_is_not_a_demos_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = subprocess.run(
        [program("klaster-sim"), "demo", "--workdir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "isn't empty" in done.stderr
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    work = tmp_path / "work"
    demo = subprocess.Popen(
        [program("klaster-sim"), "demo", "--workdir", str(work), "--port", "18090"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    give_up = time.monotonic() + 60
    while len(pids(str(work))) < 6 and time.monotonic() < give_up:
        time.sleep(0.1)
    assert len(pids(str(work))) >= 6
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 3
    give_up = time.monotonic() + 10  # a worker ends when it notices that its service has
    while pids(str(work)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert pids(str(work)) == []
