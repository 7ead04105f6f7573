"""From publish to receipt while a year is settled: quiet, beside settlement runs, beside the page and its conditions.

A real broker, a real central service, a year of stands in its books. The messages are late stands of that very year, so
that every one of them changes what is being settled. ``POINTS``, ``RATE`` (messages a second), ``QUIET_S`` and
``MONTHS`` change the sizes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks._month import stand
from benchmarks._steady import Sender
from central.readings import Entry
from central.register.keeping import Register
from central.stores.sqlite import SqliteStore
from metering.period import Month, months
from tests.mosquitto import Mosquitto, free_port

LIMIT_S = 1.0
POINTS, BOTH, METERS = int(os.environ.get("POINTS", "200")), 10, 10
"""Every tenth point injects too; each gateway reads ten."""
RATE, QUIET_S = float(os.environ.get("RATE", "20")), float(os.environ.get("QUIET_S", "20"))
YEAR = months(Month(2025, 1), Month(2025, int(os.environ.get("MONTHS", "12"))))
BATCH_HOURS = 24
STRIDE = 2741
"""Hours from one message of a gateway to its next: they fall all over the year."""
BROKER = "allow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 5000\n"
"""As in deploy/mosquitto/klaster.conf."""
PROGRAM = str(Path(sys.executable).with_name("klaster-central"))


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="klaster-bench-", dir=".") as name:
        folder = Path(name)
        (folder / "broker").mkdir()
        broker = Mosquitto(folder / "broker", BROKER, saves=False)
        broker.start()
        web = free_port()
        config = _configure(folder, broker.port, web)
        begun = time.perf_counter()
        before = _books(folder / "data")
        took_s = time.perf_counter() - begun
        print(f"receipts of {2 * METERS} stands, {RATE:.0f} messages a second; the books hold {POINTS:,} points,")
        print(f"  {len(YEAR)} months, {before:,} stands (made in {took_s:.0f} s); every message is late data of them")
        with (folder / "central.log").open("wb") as log:
            central = subprocess.Popen([PROGRAM, "serve", str(config)], stdout=log, stderr=log)
            try:
                sender = Sender(broker.port, _messages(), RATE)
                _phases(sender, config, f"http://127.0.0.1:{web}")
                sender.close()
            finally:
                central.terminate()
                central.wait(60)
                broker.stop()
        _account(sender, folder / "data", before)


def _phases(sender: Sender, config: Path, web: str) -> None:
    quiet = _phase(sender, "quiet", lambda: time.sleep(QUIET_S), None)
    _phase(sender, "settlement runs, and balance beside them", lambda: _settle(config), quiet)
    _phase(sender, "the page's months, and conditions --year", lambda: _ask(config, web), quiet)


def _phase(sender: Sender, name: str, work: Callable[[], None], quiet: float | None) -> float:
    """Send while ``work`` is being done; gives the p99."""
    going_on, begun = threading.Event(), time.perf_counter()
    going_on.set()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(sender.send_while, name, going_on)
        try:
            work()
        finally:
            worked_s = time.perf_counter() - begun
            going_on.clear()
        times = sorted(sending.result())
    p50, p99, most = statistics.median(times), times[int(len(times) * 0.99)], times[-1]
    over = "" if p99 <= LIMIT_S else ", MISSED"
    beside = "" if quiet is None else f", {p99 / quiet:.1f} times the quiet one"
    print(f"  {name} ({worked_s:.0f} s, {len(times):,} messages):")
    print(f"    p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {most * 1000:.0f} ms")
    print(f"    p99 is {p99 / LIMIT_S:.3f} of the limit of {LIMIT_S:.0f} s{over}{beside}; max {most / LIMIT_S:.3f}")
    return p99


def _settle(config: Path) -> None:
    """Make each month's run, one process after the other; another chain of processes settles for balances meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(_each_month, config, ["balance"], [])
        _each_month(config, ["run"], ["--kind", "preliminary"])
        beside.result()
    register = Register(config.parent / "data" / "register")
    kept = [one.run for one in register.entries()]
    assert kept == [f"{month}-preliminary-1" for month in YEAR], f"the register has {kept}"
    empty = [name for name in kept if register.run(name).outputs()["shares"].num_rows == 0]
    assert not empty, f"without shares: {empty}"
    print(f"  {len(kept)} runs are in the register, {kept[0]} to {kept[-1]}")


def _each_month(config: Path, command: list[str], options: list[str]) -> None:
    for month in YEAR:
        _command([*command, str(config), "--month", str(month), *options])


def _command(words: list[str]) -> None:
    """Run to its end; 3 is an answer too, hours that aren't complete, and of conditions 1: one that isn't met."""
    answers = {0, 1, 3} if words[0] == "conditions" else {0, 3}
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode in answers, f"{words}: {done.returncode}\n{done.stderr[-1000:]}"
    assert "Traceback" not in done.stderr, done.stderr[-2000:]


def _ask(config: Path, web: str) -> None:
    """Ask the page for each month until it is shown, while the year's conditions are assessed."""
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=web, timeout=120) as client:
        conditions = pool.submit(_command, ["conditions", str(config), "--year", str(YEAR[0].year)])
        for month in YEAR:
            while (answer := client.get(f"/month?month={month}")).status_code == 202:
                time.sleep(0.1)
            assert answer.status_code == 200, answer.text[:500]
        conditions.result()


def _account(sender: Sender, data: Path, before: int) -> None:
    """What became of every message: at the sender, in the journal and in the store."""
    print(f"  {sender.sent:,} messages sent: {len(sender.receipts):,} receipted, {sender.lost} lost, ", end="")
    print(f"{sender.doubled} doubled; the sender was at most {sender.late_s * 1000:.0f} ms behind its pace")
    journalled = _count(data / "journal.sqlite", "messages")
    stands = _count(data / "readings.sqlite", "stands") - before
    verdicts = ", ".join(f"{count:,} {verdict.value}" for verdict, count in sender.verdicts.items())
    print(f"  in the journal {journalled:,} messages, in the store {stands:,} new stands; verdicts: {verdicts}")
    assert not sender.lost, f"{sender.lost} messages lost"
    assert not sender.doubled, f"{sender.doubled} receipts doubled"
    assert journalled == sender.sent, f"{journalled} messages in the journal"
    assert stands == sum(sender.verdicts.values()) == sender.sent * 2 * METERS, f"{stands} stands in the store"


def _count(file: Path, table: str) -> int:
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        db.close()


def _configure(folder: Path, broker: int, web: int) -> Path:
    text = '[cluster]\nname = "Bench"\nregistered_from = 2024-10-01\n'
    text += "".join(f'[[members]]\nid = "M{i:02d}"\nkind = "company"\n' for i in range(METERS))
    for i in range(POINTS):
        ways = '["drawn", "injected"]\nsource = "pv"' if i % BOTH == 0 else '["drawn"]'
        text += f'[[points]]\nid = "P{i:04d}"\nmember = "M{i % METERS:02d}"\ntariff = "C11"\ndirections = {ways}\n'
        text += f'[[meters]]\nserial = "{_serial(i)}"\npoint = "P{i:04d}"\nrole = "settlement"\n'
    (folder / "cluster.toml").write_text(text, encoding="utf-8")
    config = folder / "central.toml"
    config.write_text(
        f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[broker]\nport = {broker}\n[web]\nport = {web}\n',
        encoding="utf-8",
    )
    return config


def _serial(point: int) -> str:
    return str(23_000_000 + point)


def _books(data: Path) -> int:
    """Put the year into the store as central admits stands; gives how many."""
    data.mkdir()
    store = SqliteStore(data / "readings.sqlite")
    registers = [(i, "1-0:1.8.0", 700 + i) for i in range(POINTS)]
    registers += [(i, "1-0:2.8.0", 9000 + i) for i in range(0, POINTS, BOTH)]
    count, last = 0, _hours()
    for begin in range(0, last + 1, BATCH_HOURS):
        batch = [
            Entry(
                journal=0,
                gateway=f"g{i // METERS:03d}",
                stand=stand(_serial(i), register, YEAR[0].start + timedelta(hours=hour), hour * step),
            )
            for hour in range(begin, min(begin + BATCH_HOURS, last + 1))
            for i, register, step in registers
        ]
        store.admit(batch, [], 0)
        count += len(batch)
    store.close()
    return count


def _hours() -> int:
    return (YEAR[-1].end - YEAR[0].start) // timedelta(hours=1)


def _messages() -> Iterator[tuple[str, bytes]]:
    """Late stands at half past the hours of the year: of each gateway's ten meters, of two hours in one message."""
    gateways, number = POINTS // METERS, 0
    while True:
        gateway, turn = number % gateways, number // gateways
        assert turn < _hours() // 2, "all half hours are sent: take more points or a lower rate"
        first = turn * STRIDE % (_hours() // 2) * 2
        stands = [
            {
                "sequence": turn * 2 * METERS + 1 + i,
                "meter": _serial(point),
                "register": "1-0:1.8.0",
                "wh": str(hour * (700 + point) + (700 + point) // 2),
                "resolution": "10",
                "at": at,
                "before": at,
                "after": at,
                "quality": "measured",
                "epoch": "2026-09-30T21:00:00Z",
                "boot": "b",
                "monotonic_ms": number,
                "clock": "synchronised",
            }
            for i, (point, hour) in enumerate(
                (gateway * METERS + m, hour) for m in range(METERS) for hour in (first, first + 1)
            )
            for at in [f"{YEAR[0].start + timedelta(hours=hour, minutes=30):%Y-%m-%dT%H:%M:%SZ}"]
        ]
        message = {"v": 1, "gateway": f"g{gateway:03d}", "outbox": "0123456789abcdef", "stands": stands}
        yield f"g{gateway:03d}", json.dumps(message, separators=(",", ":")).encode()
        number += 1
