"""Seeded kills and cuts of gateways, broker, central and links, in real processes; then every stand is accounted for.

    python -m tests.e2e.kills [COUNT] [SEED]

Each gateway is a ``tests.feeder`` (real recorder, outbox and uplink) behind a relay of its own. What it has said to be on
its disk must be in central exactly once, with its own value.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.outbox import Outbox
from tests.feeder import EPOCH, FIRST, REGISTERS, wh
from tests.mosquitto import Mosquitto, free_port
from tests.relay import Relay

GATEWAYS = ("gw-a", "gw-b")
METERS, EVERY_S = 3, 0.15
BROKER = "allow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 5000\n"
PATIENCE_S = 120


@dataclass
class Count:
    """What came of a run."""

    done: Counter[str] = field(default_factory=Counter)
    """How often what was done."""
    acknowledged: int = 0
    """Stands that a gateway had said to be on its disk."""
    in_central: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    """Stands whose value is another than was made, or that never were made."""
    doubts: int = 0
    """Conflicts and refusals that central saw."""
    messages: int = 0
    """Messages in central's journal: more than needed where receipts were lost."""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.acknowledged > 0 and not (self.lost or self.doubled or self.wrong or self.doubts)

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} {name}" for name, number in sorted(self.done.items()))
        return (
            f"{self.done.total()} kills and cuts in {self.seconds:.0f} s ({kinds})\n"
            f"{self.acknowledged} stands acknowledged by the gateways' disks, {self.in_central} in central"
            f" by {self.messages} messages\n"
            f"{self.lost} lost, {self.doubled} doubled, {self.wrong} wrong, {self.doubts} in doubt"
        )


class Feeder:
    """One gateway; started again it goes on at the hour after the last that it had said to have kept."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name, self.folder, self.port = name, folder, port
        self.kept = -1
        self.process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        words = [str(self.folder), self.name, str(self.port), str(self.kept + 1), str(METERS), "2", str(EVERY_S)]
        root = Path(__file__).parents[2]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.feeder", *words], stdout=subprocess.PIPE, stderr=log, text=True, cwd=root
            )
        reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        reader.start()
        self._readers.append(reader)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(10)
        # What it said before its death counts.
        while self._readers:
            self._readers.pop().join(10)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("kept ") and line.endswith("\n"):
                self.kept = int(line.split()[1])


class Central:
    """``klaster-central serve``."""

    def __init__(self, folder: Path, broker: int) -> None:
        self.folder = folder
        self.data = folder / "data"
        (folder / "cluster.toml").write_text(
            '[cluster]\nname = "kills"\nregistered_from = 2024-01-01\n[[members]]\nid = "town"\n'
            '[[points]]\nid = "p"\nmember = "town"\ndirections = ["drawn"]\n'
            f'[[meters]]\nserial = "{GATEWAYS[0]}-00"\npoint = "p"\nrole = "settlement"\n',
            encoding="utf-8",
        )
        (folder / "central.toml").write_text(
            f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[broker]\nport = {broker}\nkeepalive_s = 3\n'
            f'[web]\nport = {free_port()}\n[log]\nlevel = "WARNING"\n',
            encoding="utf-8",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = str(Path(sys.executable).with_name("klaster-central"))
        with (self.folder / "central.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", str(self.folder / "central.toml")], stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """Its workers with it."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def run(folder: Path, count: int, seed: int) -> Count:
    """Do it, and account for every stand."""
    chance = random.Random(seed)
    found = Count()
    broker = Mosquitto(folder, BROKER, saves=False)
    central = Central(folder, broker.port)
    links = {name: Relay(broker.port) for name in GATEWAYS}
    feeders = {name: Feeder(name, folder, links[name].port) for name in GATEWAYS}
    begun = time.monotonic()
    broker.start()
    central.start()
    for feeder in feeders.values():
        feeder.start()
    try:
        for _ in range(count):
            time.sleep(chance.uniform(0.05, 1.0))
            down_s = chance.choice((0.0, chance.uniform(0.0, 0.5), chance.uniform(0.0, 2.0)))
            _strike(chance, found, broker, central, feeders, links, down_s)
        time.sleep(1)
        for feeder in feeders.values():
            feeder.kill()
        kept = {name: feeder.kept for name, feeder in feeders.items()}
        _drain(folder, feeders)
    finally:
        for feeder in feeders.values():
            feeder.kill()
        central.kill()
        broker.stop()
        for link in links.values():
            link.close()
    _account(found, central.data, kept)
    found.seconds = time.monotonic() - begun
    return found


def _strike(
    chance: random.Random,
    found: Count,
    broker: Mosquitto,
    central: Central,
    feeders: dict[str, Feeder],
    links: dict[str, Relay],
    down_s: float,
) -> None:
    what = chance.choice(
        ("gateway killed", "gateway killed", "central killed", "broker killed", "link cut", "link frozen")
    )
    name = chance.choice(GATEWAYS)
    found.done[what] += 1
    match what:
        case "gateway killed":
            feeders[name].kill()
            time.sleep(down_s)
            feeders[name].start()
        case "central killed":
            central.kill()
            time.sleep(down_s)
            central.start()
        case "broker killed":
            broker.kill()
            time.sleep(down_s)
            broker.start()
        case "link cut":
            links[name].cut()
            time.sleep(down_s)
            links[name].mend()
        case _:
            links[name].freeze()
            time.sleep(down_s * 3)
            links[name].mend()


def _drain(folder: Path, feeders: dict[str, Feeder]) -> None:
    """Start the gateways a last time, and wait until all that was made before has its receipt."""
    before = {name: _highest(folder, name) for name in feeders}
    for feeder in feeders.values():
        feeder.start()
    give_up = time.monotonic() + PATIENCE_S
    while any(_waiting(folder, name, before[name]) for name in feeders):
        if time.monotonic() > give_up:
            raise AssertionError(f"stands still wait after {PATIENCE_S} s: see the logs in {folder}")
        time.sleep(0.3)


def _highest(folder: Path, name: str) -> int:
    with sqlite3.connect(f"file:{folder / name}.sqlite?mode=ro", uri=True) as db:
        return int(db.execute("SELECT coalesce(max(sequence), 0) FROM stands").fetchone()[0])


def _waiting(folder: Path, name: str, upto: int) -> int:
    view = Outbox.look(folder / f"{name}.sqlite")
    try:
        found = view._connection.execute("SELECT count(*) FROM stands WHERE state = 0 AND sequence <= ?", (upto,))
        return int(found.fetchone()[0])
    finally:
        view.close()


def _account(found: Count, data: Path, kept: dict[str, int]) -> None:
    there: Counter[tuple[str, str, int]] = Counter()
    made = {
        (f"{gateway}-{number:02}", REGISTERS[register]): (number, register)
        for gateway in GATEWAYS
        for number in range(METERS)
        for register in range(2)
    }
    with sqlite3.connect(f"file:{data / 'readings.sqlite'}?mode=ro", uri=True) as db:
        for meter, register, at, value, epoch in db.execute("SELECT meter, register, at, wh, epoch FROM stands"):
            hour, rest = divmod(at - int(FIRST.timestamp()), 3600)
            there[meter, register, hour] += 1
            known = made.get((meter, register))
            found.wrong += rest != 0 or known is None or epoch != EPOCH or value != str(wh(*known, hour))
        found.doubts = db.execute("SELECT count(*) FROM doubts").fetchone()[0]
    with sqlite3.connect(f"file:{data / 'journal.sqlite'}?mode=ro", uri=True) as db:
        found.messages = db.execute("SELECT count(*) FROM messages").fetchone()[0]
    found.in_central = there.total()
    found.doubled = sum(number - 1 for number in there.values())
    for key in _wanted(kept):
        found.acknowledged += 1
        found.lost += key not in there


def _wanted(kept: dict[str, int]) -> Iterator[tuple[str, str, int]]:
    for gateway, last in kept.items():
        for hour in range(last + 1):
            for number in range(METERS):
                for register in range(2):
                    yield f"{gateway}-{number:02}", REGISTERS[register], hour


def main() -> None:
    words = [int(word) for word in sys.argv[1:3]]
    count, seed = (words + [1000, 1][len(words) :])[:2]
    folder = Path(tempfile.mkdtemp(prefix="klaster-kills-"))
    print(f"{count} kills and cuts, seed {seed}, in {folder}", flush=True)
    found = run(folder, count, seed)
    print(found)
    sys.exit(0 if found.good else 1)


if __name__ == "__main__":
    main()
