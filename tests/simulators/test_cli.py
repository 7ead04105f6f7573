from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.child import Child, StartError
from simulators.cli import main
from simulators.configs import read_back
from simulators.faults import FaultFile, Kind
from simulators.processes import Cluster, program
from simulators.scenario import scenario_path

Run = Callable[..., Child]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    children: list[Child] = []

    def start(*arguments: str) -> Child:
        child = Child("sim", [program("klaster-sim"), *arguments], tmp_path / f"{len(children)}.log")
        children.append(child)
        child.start()
        return child

    yield start
    for child in children:
        child.send(signal.SIGKILL)
        child.wait()


def until_said(child: Child, words: str) -> str:
    for _ in range(600):
        if words in child.log.read_text(encoding="utf-8"):
            return child.log.read_text(encoding="utf-8")
        assert not child.wait(0.05), child.tail()
    pytest.fail(f"never said {words!r}: {child.tail()}")


def mbpoll(*arguments: str) -> str:
    command = ["mbpoll", "-1", "-t", "3:float", "-B", "-r", "73", "-c", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_the_ledger_is_a_table_or_json() -> None:
    shown = CliRunner().invoke(main, ["ledger", "three-sites", "--until", "2026-06-17T00:00:00Z"])
    assert shown.exit_code == 0
    assert "17.06. 01:00" in shown.output
    books = json.loads(
        CliRunner().invoke(main, ["ledger", "three-sites", "--until", "2026-06-17T00:00:00Z", "--json"]).output
    )
    assert [row["start"] for row in books["balance"]] == ["2026-06-16T22:00:00Z", "2026-06-16T23:00:00Z"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ledger", "nowhere"], "three-sites"),
        (["ledger", "three-sites", "--until", "2020-01-01T00:00:00Z"], "before the first full hour"),
        (["fault", "{tmp}", "23010017", "silence"], "has no site.toml"),
        (["site", "three-sites", "--workdir", "{tmp}/w", "--site", "castle"], "townhall, school, pvfarm"),
        (["device"], "either --port or --pty"),
        (["device", "--port", "{taken}"], "can't serve"),
        (["device", "--pty", "/nowhere/meter"], "can't serve on /nowhere/meter: No such file"),
    ],
)
def test_a_mistake_gets_one_clear_message_and_exit_code_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        asked = [part.format(tmp=tmp_path, taken=taken.getsockname()[1]) for part in arguments]
        done = subprocess.run([program("klaster-sim"), *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_site_serves_all_its_lines_and_takes_a_trouble_while_it_runs(run: Run, tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    site = run("site", "three-sites", "--workdir", str(workdir))
    until_said(site, "ready")
    work = read_back(workdir)
    port = str(work.lines.ports["pvfarm-lan"])
    assert "40000" in mbpoll("-m", "tcp", "-p", port, "-a", "1", "-r", "75", "127.0.0.1")
    assert "7654" in mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", str(workdir / "townhall-rs485.tty"))
    done = CliRunner().invoke(main, ["fault", str(workdir), "23010041", "zeros"])
    assert done.exit_code == 0
    assert FaultFile(workdir).now()["23010041"].kind is Kind.ZEROS
    assert "[75]: \t0" in mbpoll("-m", "tcp", "-p", port, "-a", "1", "-r", "75", "127.0.0.1")
    site.send(signal.SIGTERM)
    assert site.wait()
    assert not (workdir / "townhall-rs485.tty").is_symlink()


def test_a_single_device_can_be_played_with(run: Run, tmp_path: Path) -> None:
    device = run("device", "--pty", str(tmp_path / "tty"), "--stand-kwh", "42")
    until_said(device, "SDM630")
    for _ in range(100):
        if (tmp_path / "tty").is_symlink():
            break
        device.wait(0.05)
    assert "42" in mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", str(tmp_path / "tty"))


def test_a_cluster_starts_kills_and_restarts_its_processes(tmp_path: Path) -> None:
    cluster = Cluster(scenario_path("three-sites"), tmp_path / "work", speed=60)
    assert list(cluster.children) == [
        "broker",
        "site",
        "central",
        "gateway-townhall",
        "gateway-school",
        "gateway-pvfarm",
    ]
    try:
        cluster.start_child("broker")
        cluster.start_child("site")
        first = cluster.children["site"].pid
        assert first is not None
        with pytest.raises(StartError, match="runs already"):
            cluster.start_child("site")
        os.kill(first, signal.SIGKILL)
        assert cluster.children["site"].wait()
        assert [(death.name, death.code) for death in cluster.deaths()] == [("site", -signal.SIGKILL)]
        cluster.restart("site")
        assert cluster.deaths() == []
        cluster.kill("broker")
        assert cluster.deaths() == []
        assert not cluster.children["broker"].alive
    finally:
        cluster.stop()
    assert not any(child.alive for child in cluster.children.values())


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from simulators.child import Child\n"
        "child = Child('sleeper', ['sleep', '600'], Path(sys.argv[1])); child.start()\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(100):
        try:
            if "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]:
                break
        except OSError:
            break  # it is gone
        time.sleep(0.05)
    else:
        pytest.fail("the child outlived its parent")
    parent.stdout.close()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="/no/such/program"):
        Child("ghost", ["/no/such/program"], tmp_path / "log").start()
