"""The service records findings by itself: they open, close and are acknowledged beside it, through command and API."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from metering.wire import StandOnWire, StandsMessage, encode
from tests.central.stands import CLUSTER, T0, stand
from tests.e2e.cluster import send
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.e2e
CENTRAL = str(Path(sys.executable).with_name("klaster-central"))
DAY = ("--day", "2026-06-17")


class Central:
    """``klaster-central serve`` at ten past the third hour after ``T0``; its clock goes as the real one."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.config = folder / "central.toml"
        self.cluster = folder / "cluster.toml"
        self.cluster.write_text(CLUSTER, encoding="utf-8")
        self.ports = SimpleNamespace(broker=broker.port)
        self.web = free_port()
        self.log = folder / "central.log"
        start, real = T0 + timedelta(hours=3, minutes=10), datetime.now(UTC)
        self.config.write_text(
            f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[findings]\nevery_s = 1\n'
            f"[broker]\nport = {broker.port}\n[web]\nport = {self.web}\n"
            f"[clock]\nstart = {start.isoformat()}\nreal_start = {real.isoformat()}\nspeed = 1\nstep_s = 1\n",
            encoding="utf-8",
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.log.open("ab") as log:
            process = subprocess.Popen([CENTRAL, "serve", str(self.config)], stdout=log, stderr=log)
        try:
            self.wait_for(lambda: b"connected" in self.log.read_bytes())
            yield
            assert process.poll() is None, self.log.read_text(encoding="utf-8")
        finally:
            process.terminate()
            process.wait(30)

    def wait_for(self, what: Callable[[], Any], seconds: float = 40) -> Any:
        give_up = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < give_up, self.log.read_text(encoding="utf-8")
            time.sleep(0.2)
        return found

    def command(self, *options: str) -> subprocess.CompletedProcess[str]:
        words = [CENTRAL, "findings", str(self.config), *options]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def findings(self, *options: str) -> list[dict[str, Any]]:
        done = self.command("--json", *options)
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout)["findings"])

    def recorded(self, *kinds: str) -> list[dict[str, Any]]:
        """Findings of the day, once all are recorded and of these kinds."""
        found = self.findings(*DAY)
        return found if [r["kind"] for r in found] == list(kinds) and all(r["opened"] for r in found) else []

    def ask_api(self, **query: str) -> list[dict[str, Any]]:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"http://127.0.0.1:{self.web}/api/v1/findings", params=query, timeout=20)
            return list(answer.json().get("findings", [{}])) or [{}]
        return []

    def send(self, *stands: StandOnWire, gateway: str = "g1") -> None:
        send(self, gateway, encode(StandsMessage(gateway=gateway, outbox="o", stands=stands)))  # type: ignore[arg-type]


@pytest.fixture
def central(tmp_path: Path, broker: Mosquitto) -> Central:
    return Central(tmp_path, broker)


def both(*hours: int) -> list[StandOnWire]:
    return [
        stand(hour, str(1000 + 100 * hour), sequence=100 + hour, meter=meter, register=register)
        for hour in hours
        for meter, register in (("M1", "1-0:1.8.0"), ("M2", "1-0:2.8.0"))
    ]


def test_missing_hours_open_by_themselves_and_close_when_the_backlog_comes(central: Central) -> None:
    with central.running():
        central.send(*both(-2, -1, 0, 3))
        found = central.wait_for(lambda: central.recorded("missing", "missing"))
        assert [(row["what"], row["since"], row["until"]) for row in found] == [
            ("A1", "2026-06-17T00:00:00Z", "2026-06-17T03:00:00Z"),
            ("F1", "2026-06-17T00:00:00Z", "2026-06-17T03:00:00Z"),
        ]
        assert [(row["first"], row["second"], row["unit"], row["wh"]) for row in found] == [
            ("1000", "1300", "Wh", 300),
            ("10000", "13000", "Wh", 3000),
        ]
        central.send(*both(1, 2))
        closed = central.wait_for(
            lambda: [row for row in central.findings("--all", *DAY) if row["closed"] and row["kind"] == "missing"]
        )
        assert {row["id"] for row in closed} <= {row["id"] for row in found}
        assert central.findings(*DAY) == []
        central.wait_for(lambda: len([row for row in central.ask_api(day="2026-06-17", all="1") if row["closed"]]) == 2)
        text = central.command("--all").stdout
    assert "closed 2026-06-17 05:" in " ".join(text.split())
    assert all(len(line) <= 100 for line in text.splitlines())


def test_an_unknown_meter_opens_and_closes_with_the_cluster_file(central: Central) -> None:
    central.cluster.write_text(CLUSTER.replace('serial = "M2"', 'serial = "M3"'), encoding="utf-8")
    with central.running():
        central.send(*both(-2, -1, 0, 1, 2, 3))
        found = central.wait_for(lambda: central.recorded("missing", "unknown_meter"))
        assert [row["what"] for row in found] == ["F1", "M2"]
        assert found[1]["where"] == "gateway g1, cluster.toml"
        central.cluster.write_text(CLUSTER, encoding="utf-8")
        ids = {row["id"] for row in found}
        central.wait_for(lambda: {row["id"] for row in central.findings("--all", *DAY) if row["closed"]} == ids)
        assert central.findings(*DAY) == []


def test_a_conflict_is_acknowledged_by_the_command_and_stays_closed(central: Central) -> None:
    with central.running():
        central.send(*both(-2, -1, 0, 1, 2, 3))
        central.send(stand(2, "1201"), gateway="g2")
        (conflict,) = central.wait_for(lambda: central.recorded("conflict"))
        assert (conflict["first"], conflict["second"], conflict["unit"]) == ("1200", "1201", "Wh")
        words = ("--acknowledge", conflict["id"], "--reason", "a spare gateway", "--by", "Anna")
        assert central.command(*words[:2]).returncode == 2
        assert central.findings(*DAY) == [conflict]
        done = central.command(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert central.findings(*DAY) == []
        again = central.command(*words)
        assert again.returncode == 2
        assert "by Anna: a spare gateway" in again.stderr
        central.send(stand(3, "5", meter="M9"))
        # The look that recorded the unknown meter has found the conflict again too.
        central.wait_for(lambda: central.recorded("unknown_meter"))
        (closed,) = [row for row in central.findings("--all", *DAY) if row["kind"] == "conflict"]
        assert closed["acknowledged"] == {"by": "Anna", "reason": "a spare gateway"}


def test_without_a_service_the_command_looks_itself_and_writes_nothing(central: Central, tmp_path: Path) -> None:
    with central.running():
        central.send(*both(-2, -1, 0))
    for file in (tmp_path / "data").glob("findings.sqlite*"):
        file.unlink()
    found = central.findings(*DAY)
    assert [(row["kind"], row["opened"]) for row in found] == [("missing", None), ("missing", None)]
    assert not (tmp_path / "data" / "findings.sqlite").exists()
    refused = central.command("--acknowledge", found[0]["id"], "--reason", "r", "--by", "b")
    assert refused.returncode == 2
    assert "nothing is recorded yet" in refused.stderr
