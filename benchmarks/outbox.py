"""The outbox: its size after 450 days, what it writes a day, and how fast 30 days catch up with a real central."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as paho

from gateway.outbox import Fate, Outbox, RowState, Stamp
from metering.period import HOUR
from metering.wire import PRESENCE_TOPIC, ClockState, decode_presence
from tests.feeder import FIRST, memory, stands
from tests.mosquitto import Mosquitto, free_port

METERS, REGISTERS = 32, 4
DAYS, MEASURED_DAYS = 450, 3
CATCH_UP_DAYS = 30
GOAL_S, GOAL_DELAY_S = 10.0, 1.0
LIMITS = "allow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 5000\n"
"""As in deploy/mosquitto/klaster.conf."""


def run() -> None:
    print(f"outbox: {METERS} meters with {REGISTERS} registers, a stand of each every hour")
    with tempfile.TemporaryDirectory(prefix="klaster-bench-", dir=".") as folder:
        _size(Path(folder))
    with tempfile.TemporaryDirectory(prefix="klaster-bench-", dir=".") as folder:
        _catch_up(Path(folder))


def _size(folder: Path) -> None:
    path = folder / "outbox.sqlite"
    box = Outbox.open(path)
    for day in range(DAYS):
        made = [
            one
            for hour in range(24)
            for meter in range(METERS)
            for one in stands("gw", meter, REGISTERS, day * 24 + hour)
        ]
        box.add(made, _stamp(day * 24), {})
        first = day * len(made) + 1
        box.settle([Fate(number, RowState.RELEASED, "") for number in range(first, first + len(made))])
    rows = DAYS * 24 * METERS * REGISTERS
    before, dirtied = _written(), _dirtied()
    for hour in range(DAYS * 24, (DAYS + MEASURED_DAYS) * 24):
        _one_hour(box, hour)
        if hour % 24 == 0:
            box.prune(FIRST + hour * HOUR)
    written, dirtied = (_written() - before) / MEASURED_DAYS, (_dirtied() - dirtied) / MEASURED_DAYS
    box.close()
    size = path.stat().st_size
    begun = time.perf_counter()
    Outbox.open(path).close()
    opened = time.perf_counter() - begun
    each = written / 24 / METERS / REGISTERS
    print(
        f"  {DAYS} days: {rows:,} stands in {size / 1e6:,.1f} MB, {size / rows:.0f} bytes each (quarters: 4 times that)"
    )
    print(
        f"  a day, with a commit for each meter's stands: {written / 1e6:.1f} MB written, {each:,.0f} bytes for a stand"
    )
    print(
        f"    as the disk sees it, in whole pages of 4 KiB: {dirtied / 1e6:.1f} MB, {dirtied * 365 / 1e9:.1f} GB a year"
    )
    print(f"  opening and checking it takes {opened:.2f} s")
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    begun = time.perf_counter()
    box = Outbox.open(path)
    assert box.salvaged
    dropped = (DAYS + MEASURED_DAYS) * 24 * METERS * REGISTERS - box.salvaged.stands
    took = time.perf_counter() - begun
    box.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  with its header destroyed, {box.salvaged.stands:,} stands are read in {took:.0f} s, peak {peak:.0f} MiB")
    print(f"    ({dropped:,} were dropped after {DAYS} days)")


def _one_hour(box: Outbox, hour: int) -> None:
    """As a gateway does it: a commit for each meter, and two for the receipts of the hour."""
    for number in range(METERS):
        made = stands("gw", number, REGISTERS, hour)
        box.add(made, _stamp(hour), memory(made))
    found = box.waiting(0).newest
    for half in (found[: len(found) // 2], found[len(found) // 2 :]):
        box.settle([Fate(row.sequence, RowState.RELEASED, "") for row in half])


def _stamp(hour: int) -> Stamp:
    made_at = FIRST + hour * HOUR + timedelta(seconds=10)
    boot = "11111111-2222-3333-4444-555555555555"
    return Stamp(boot=boot, monotonic_ms=hour * 3_600_000, clock=ClockState.SYNCHRONISED, made_at=made_at)


def _written() -> int:
    """Bytes that this process has given to the system to write."""
    return _io("wchar")


def _dirtied() -> int:
    """Bytes of the pages that this process made dirty, as the disk will see them."""
    return _io("write_bytes")


def _io(name: str) -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _catch_up(folder: Path) -> None:
    hours = CATCH_UP_DAYS * 24
    broker = Mosquitto(folder, LIMITS, saves=False)
    broker.start()
    options = [str(folder), "gw", str(broker.port), "0", str(METERS), str(REGISTERS), "1", str(hours)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])}
    feeder = subprocess.Popen(
        [sys.executable, "-m", "tests.feeder", *options], stdout=subprocess.PIPE, text=True, env=environment
    )
    delays: dict[int, float] = {}
    kept = threading.Event()
    threading.Thread(target=_listen, args=(feeder, delays, kept), daemon=True).start()
    try:
        assert kept.wait(120), "the feeder kept nothing"
        with _central(folder, broker.port):
            begun = time.perf_counter()
            view = Outbox.look(folder / "gw.sqlite")
            newest_of_backlog = (FIRST + (hours - 1) * HOUR).timestamp()
            waits = "SELECT 1 FROM stands WHERE state = 0 AND at <= ? LIMIT 1"
            while view._connection.execute(waits, (newest_of_backlog,)).fetchone():
                time.sleep(0.02)
                assert time.perf_counter() - begun < 300, "the backlog doesn't end"
            took = time.perf_counter() - begun
            view.close()
            time.sleep(2)
    finally:
        feeder.kill()
        feeder.wait(10)
        broker.stop()
    count = hours * METERS * REGISTERS
    # The first of them waited for central.
    during = [delay for hour, delay in sorted(delays.items())][1:] or [float("nan")]
    print(f"  {CATCH_UP_DAYS} days catch up: {count:,} stands in {took:.2f} s = {took / GOAL_S:.2f} of {GOAL_S:.0f} s")
    print(f"    {count / took:,.0f} stands/s from outbox to receipt (gateway, broker, central on this machine)")
    print(f"    new stands meanwhile had their receipts after at most {max(during):.2f} s of {GOAL_DELAY_S:.0f} s")


def _listen(feeder: subprocess.Popen[str], delays: dict[int, float], kept: threading.Event) -> None:
    assert feeder.stdout
    for line in feeder.stdout:
        match line.split():
            case ["kept", _]:
                kept.set()
            case ["receipted", hour, seconds]:
                delays[int(hour)] = float(seconds)


@contextlib.contextmanager
def _central(folder: Path, broker: int) -> Iterator[None]:
    """A real central; entered as soon as it says that it is online."""
    (folder / "cluster.toml").write_text(
        '[cluster]\nname = "bench"\nregistered_from = 2024-01-01\n[[members]]\nid = "town"\n'
        + "".join(
            f'[[points]]\nid = "p{n:02}"\nmember = "town"\ndirections = ["drawn", "injected"]\nsource = "pv"\n'
            f'[[meters]]\nserial = "gw-{n:02}"\npoint = "p{n:02}"\nrole = "settlement"\n'
            for n in range(METERS)
        ),
        encoding="utf-8",
    )
    config = folder / "central.toml"
    config.write_text(
        f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[broker]\nport = {broker}\n'
        f'[web]\nport = {free_port()}\n[log]\nlevel = "WARNING"\n',
        encoding="utf-8",
    )
    program = str(Path(sys.executable).with_name("klaster-central"))
    online = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_connect = lambda *_: client.subscribe(PRESENCE_TOPIC, 1)
    client.on_message = lambda _, __, message: online.set() if decode_presence(message.payload).online else None
    with (folder / "central.log").open("wb") as log:
        central = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        try:
            client.connect("127.0.0.1", broker)
            client.loop_start()
            assert online.wait(60), (folder / "central.log").read_text()
            client.disconnect()
            client.loop_stop()
            yield
        finally:
            central.terminate()
            central.wait(30)
