"""A real InfluxDB for tests: influxd 1.8 on free ports with authentication and Flux, or the server that is named.

``INFLUXDB_URL``, ``INFLUXDB_TOKEN``, ``INFLUXDB_ORG`` and ``INFLUXDB_BUCKET`` name another one, 2.x included.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.config import StoreTable
from simulators.influxd import BUCKET, BUILT, USER, answers, configuration, make_database
from tests.mosquitto import free_port

PROGRAM = BUILT
PASSWORD = "only-for-tests"


def needed() -> None:
    """Skip the test if there is no influxd; in CI that is a failure."""
    if PROGRAM.is_file():
        return
    reason = "there is no influxd (make test builds it: deploy/build-influxd)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Influxd:
    """One server process with a database of its own; can be killed and comes back with what it had acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._backup = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
        (folder / "influxdb.conf").write_text(configuration(folder, self.port, self._backup), encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> StoreTable:
        """As the ``[store]`` table names it."""
        return StoreTable(
            kind="influxdb", url=self.url, org="-", bucket=BUCKET, token_file=str(self.folder / "token"), timeout_s=20
        )

    def start(self) -> None:
        """Start it and return when it answers; the first time, make user and database."""
        fresh = not (self.folder / "meta" / "meta.db").exists()
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-config", str(self.folder / "influxdb.conf")], stdout=log, stderr=log
            )
        give_up = time.monotonic() + 60
        while not answers(self.port):
            assert self._process.poll() is None, f"influxd ended at once:\n{self.log[-2000:]}"
            assert time.monotonic() < give_up, f"influxd doesn't answer:\n{self.log[-2000:]}"
            time.sleep(0.05)
        if fresh:
            make_database(self.port, f"{USER}:{PASSWORD}")

    @property
    def log(self) -> str:
        return (self.folder / "influxd.log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it with SIGTERM."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it hang: connections are taken, nothing is answered."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


def _named(folder: Path) -> StoreTable | None:
    url = os.environ.get("INFLUXDB_URL")
    if not url:
        return None
    token = folder / "named-token"
    token.write_text(os.environ.get("INFLUXDB_TOKEN", "") + "\n", encoding="utf-8")
    return StoreTable(
        kind="influxdb",
        url=url,
        org=os.environ.get("INFLUXDB_ORG", "-"),
        bucket=os.environ.get("INFLUXDB_BUCKET", BUCKET),
        token_file=str(token),
        timeout_s=20,
    )


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreTable]:
    """The settings of a running server, one for all tests: each store has a fill of its own in it."""
    folder = tmp_path_factory.mktemp("influxd")
    named = _named(folder)
    if named:
        yield named
        return
    needed()
    server = Influxd(folder)
    server.start()
    try:
        yield server.settings
    finally:
        server.stop()


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[Influxd]:
    """A server of one test's own, not started: it may be killed and frozen."""
    needed()
    server = Influxd(tmp_path / "influxd")
    try:
        yield server
    finally:
        server.kill()
