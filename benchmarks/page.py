"""The page and the API over a month of 1,000 points, on a running service, beside a bare answer of the same bytes.

The peer is Litestar on uvicorn that gives bytes from memory. The last part shows the page while stands keep coming.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks._month import MONTH, POINTS, batches, cluster_text, stand
from central.readings import Entry
from central.stores.sqlite import SqliteStore

LIMIT_S = 1.0
REQUESTS = 300
COMING_S = 30
PATHS = (
    "/?day=2026-10-25",
    "/month?month=2026-10",
    "/members?month=2026-10",
    "/api/v1/balance?month=2026-10",
    "/api/v1/shares?month=2026-10",
)
PEER = """
import sys
import uvicorn
from litestar import Litestar, get

@get("/")
async def bytes_of(size: int) -> bytes:
    return b"x" * size

uvicorn.run(Litestar([bytes_of]), port=int(sys.argv[1]), log_config=None, access_log=False)
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="klaster-bench-") as name:
        folder = Path(name)
        rows = _books(folder)
        web, peer = _port(), _port()
        _configure(folder, web)
        service = [str(Path(sys.executable).with_name("klaster-central")), "serve", str(folder / "central.toml")]
        with (
            _running(service, folder / "service.log", web) as central,
            _running([sys.executable, "-c", PEER, str(peer)], folder / "peer.log", peer) as bare,
        ):
            print(f"page over a month of {POINTS:,} points, {rows:,} stands in SQLite, {REQUESTS} requests each:")
            _first(central)
            for path in PATHS:
                _measure(central, bare, path)
            _rows(central)
            _while_stands_come(central, folder)


def _books(folder: Path) -> int:
    (folder / "data").mkdir()
    (folder / "cluster.toml").write_text(cluster_text(), encoding="utf-8")
    store = SqliteStore(folder / "data" / "readings.sqlite")
    rows = 0
    for batch in batches():
        store.admit(batch, [], 1)
        rows += len(batch)
    store.close()
    return rows


def _configure(folder: Path, web: int) -> None:
    (folder / "central.toml").write_text(
        '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n'
        f'[web]\nport = {web}\n[broker]\nhost = "127.0.0.1"\nport = {_port()}\n'
        f"[clock]\nstart = {MONTH.end + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}\n"
        f"real_start = {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\nspeed = 1\n",
        encoding="utf-8",
    )


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[httpx.Client]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"NO_COLOR": "1"})
    try:
        # Connections that are idle are given up sooner here than there: a race would cut off a request.
        limits = httpx.Limits(keepalive_expiry=2)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, limits=limits) as client:
            deadline = time.monotonic() + 60
            while True:
                with contextlib.suppress(httpx.TransportError):
                    client.get("/static/page.css")
                    break
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _first(central: httpx.Client) -> None:
    begun = time.perf_counter()
    waiting = central.get(PATHS[1])
    said_s = time.perf_counter() - begun
    _shown(central, PATHS[1])
    shown_s = time.perf_counter() - begun
    print(f"  the first view ever: {waiting.status_code} after {said_s:.2f} s, settled and shown after {shown_s:.1f} s")


def _shown(central: httpx.Client, path: str) -> httpx.Response:
    while (answer := central.get(path)).status_code == 202:
        time.sleep(0.05)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
    return answer


def _measure(central: httpx.Client, bare: httpx.Client, path: str) -> None:
    size = len(_shown(central, path).content)
    mine, theirs = _times(central, path, 200), _times(bare, f"/?size={size}", 200)
    p50, p99 = statistics.median(mine), _p99(mine)
    over = "" if p99 <= LIMIT_S else ", MISSED"
    print(
        f"  {path}: {size / 1000:.0f} kB, p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms "
        f"({p99 / LIMIT_S:.3f} of the limit of {LIMIT_S:.0f} s{over}); "
        f"bare p50 {statistics.median(theirs) * 1000:.1f} ms, {p50 / statistics.median(theirs):.1f} times"
    )


def _times(client: httpx.Client, path: str, status: int) -> list[float]:
    found = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        answer = client.get(path)
        found.append(time.perf_counter() - begun)
        assert answer.status_code == status
    return found


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _rows(central: httpx.Client) -> None:
    begun, first_s, size = time.perf_counter(), 0.0, 0
    with central.stream("GET", "/csv/shares?month=2026-10") as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_bytes():
            first_s = first_s or time.perf_counter() - begun
            size += len(chunk)
    took_s = time.perf_counter() - begun
    begins = f"the first byte after {first_s:.1f} s"
    print(f"  /csv/shares, every point and hour: {size / 1e6:.0f} MB in {took_s:.1f} s, {begins}")


def _while_stands_come(central: httpx.Client, folder: Path) -> None:
    """Each second a stand comes, so that every answer is out of date: the last one is shown meanwhile."""
    done = threading.Event()

    def coming() -> None:
        store = SqliteStore(folder / "data" / "readings.sqlite")
        for number in range(10**6):
            at = MONTH.end + timedelta(hours=1 + number)
            store.admit(
                [Entry(journal=1, gateway="g0", stand=stand("23000000", "1-0:1.8.0", at, 10**9 + number))], [], 1
            )
            if done.wait(1):
                break
        store.close()

    writer = threading.Thread(target=coming)
    writer.start()
    times, until = [], time.perf_counter() + COMING_S
    try:
        while time.perf_counter() < until:
            begun = time.perf_counter()
            assert central.get(PATHS[1]).status_code == 200
            times.append(time.perf_counter() - begun)
            time.sleep(0.02)
    finally:
        done.set()
        writer.join()
    over = "" if _p99(times) <= LIMIT_S else ", MISSED"
    print(
        f"  {PATHS[1]} while a stand comes each second, {len(times)} requests: "
        f"p50 {statistics.median(times) * 1000:.0f} ms, p99 {_p99(times) * 1000:.0f} ms "
        f"({_p99(times) / LIMIT_S:.2f} of the limit{over})"
    )
