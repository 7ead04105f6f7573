"""One simulated cluster under faults: cells take its hours one after the other, and each is accounted for by itself."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.outbox_file import STATES
from metering.period import HOUR, floor_to, utc_text
from runtime.clock import SimulationClock
from simulators.compare import Kind, compare
from simulators.demo import ask
from simulators.faults import Fault, FaultFile
from simulators.ledger import keep_books, true_flows
from simulators.processes import Cluster
from simulators.scenario import scenario_path
from simulators.world import World
from tests.e2e.cluster import wait_for, wait_until
from tests.faults.account import Account, Fact, Stretch, account
from tests.faults.table import ROWS, Row
from tests.faults.wire import Ear

SEED = int(os.environ.get("KLASTER_FAULT_SEED", "20261124"))
SPEED = int(os.environ.get("KLASTER_FAULT_SPEED", "480"))
_DECIDED = timedelta(minutes=8)
"""After a full hour every gateway has its stand, or has said that there is none (the profile's gap is 5 minutes)."""
_PATIENCE_S = 90
_HOURS_TO_RECOVER = 5
_OUTBOX = "SELECT meter, register, epoch, at, wh, state FROM stands JOIN epochs ON epochs.id = stands.life"
_ROWS = {"stands": "stands", "balance": "hours", "findings": "findings"}


def days_scenario(folder: Path) -> Path:
    """Three sites from 05:50 local time on, over two days; the serial line is quick enough for simulated time."""
    text = scenario_path("three-sites").read_text(encoding="utf-8")
    for old, new in {
        "start = 2026-06-16T21:50:00Z": "start = 2026-06-17T03:50:00Z",
        "until = 2026-06-17T22:00:00Z": "until = 2026-06-19T22:00:00Z",
        "baud = 9600": "baud = 38400",
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "days.toml").write_text(text, encoding="utf-8")
    return folder / "days.toml"


class Cell:
    """One fault: seeded instants, and afterwards what was counted."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self.name = name
        self.lot = random.Random(f"{SEED} {name}")
        self.hour = floor_to(run.now() + timedelta(minutes=15), HOUR) + HOUR
        """The full hour around which the fault is: at least a quarter of an hour ahead."""
        self.account: Account | None = None
        self.findings: list[dict[str, Any]] = []

    def minutes(self, least: int, most: int) -> timedelta:
        """A seeded length of time."""
        return timedelta(minutes=self.lot.randint(least, most))

    def wait(self, at: datetime) -> None:
        """Let simulated time pass; nobody may die unasked."""
        wait_until(self._run.cluster, at)

    @property
    def whole(self) -> bool:
        """Whether every hour is complete, and there was one."""
        return bool(self.counted.equal) and not self.counted.incomplete

    @property
    def counted(self) -> Account:
        """The account, after the cell."""
        assert self.account is not None
        return self.account


class Run:
    """A running cluster and the account of its hours."""

    def __init__(self, cluster: Cluster, ear: Ear) -> None:
        self.cluster = cluster
        self.ear = ear
        self.faults = FaultFile(cluster.work.path)
        self._scenario = cluster.work.scenario
        self._clock = SimulationClock(cluster.work.clock)
        self._world = World(self._scenario)
        self._world.compute(self._scenario.scenario.until)
        self._since = self._first = self._scenario.first_hour
        self._other_lives: dict[str, datetime] = {}

    def now(self) -> datetime:
        return self._clock.now()

    @contextlib.contextmanager
    def trouble(self, meters: Sequence[str], fault: Fault) -> Iterator[None]:
        """Meters have a trouble while the block runs."""
        for meter in meters:
            self.faults.set(meter, fault)
        try:
            yield
        finally:
            for meter in meters:
                self.faults.set(meter, None)

    def begins_anew(self, meter: str) -> None:
        """From now on the meter's stands are of another life, so not the ledger's; its energies are."""
        self._other_lives[meter] = self.now()

    @contextlib.contextmanager
    def cell(self, name: str, *, recovers: bool = False) -> Iterator[Cell]:
        """A fault comes and goes in the block; then the hours since the last cell are accounted for.

        Args:
            name: of the fault.
            recovers: to the cell belongs a complete hour that began after the fault; a slow machine may need a few.
        """
        cell = Cell(self, name)
        yield cell
        until = floor_to(self.now(), HOUR) + HOUR
        wait_until(self.cluster, until + _DECIDED)
        for _ in range(_HOURS_TO_RECOVER if recovers else 0):
            until += HOUR
            wait_until(self.cluster, until + _DECIDED)
            if self._complete(until - HOUR):
                break
        stretch, self._since = Stretch(self._since, until), until
        self._close(cell, stretch)

    def cells(self, name: str) -> Iterator[Cell]:
        """A fault that costs no hour: the loop's block is run again, up to three times, until none is missing.

        A machine that is too slow for simulated time costs stands too, and gateways tell it alike.
        """
        for again in ("", ", again", ", once more"):
            with self.cell(name + again) as cell:
                yield cell
            if cell.whole:
                return
        pytest.fail(f"{name}: each time hours are missing: {cell.counted.incomplete}")

    def whole(self, name: str) -> Cell:
        """The account of all hours of all cells."""
        cell = Cell(self, name)
        self._close(cell, Stretch(self._first, self._since))
        return cell

    def _close(self, cell: Cell, stretch: Stretch) -> None:
        wait_for(partial(self.all_receipted, stretch.until), _PATIENCE_S)
        if self.cluster.store != "sqlite":
            wait_for(lambda: not self._store_behind(), _PATIENCE_S)
        # Findings are looked for beside the books, so they may come a little later.
        wait_for(lambda: not self._count(cell, stretch).untold, _PATIENCE_S)
        found = cell.counted
        ROWS.append(Row.of(cell.name, SEED, found))
        assert found.lost == []
        assert found.doubled == []
        assert found.wrong == [], [str(one) for one in found.wrong]
        assert found.silent == []
        assert found.sent == found.receipted == found.in_books > 0

    def _count(self, cell: Cell, stretch: Stretch) -> Account:
        rows = list(self._rows(stretch.until))
        flows = true_flows(self._scenario, self._world, stretch.until)
        ledger = keep_books(self._scenario, flows, stretch.until)
        with ThreadPoolExecutor() as at_once:
            stands, hours, cell.findings = at_once.map(self._asked, ("stands", "balance", "findings"))
        differences = [
            one
            for one in compare(self._scenario, ledger, flows, stands, hours)
            if not (one.kind is Kind.STAND and self._is_another_life(one.what.split()[0], one.at))
        ]
        cell.account = account(
            stretch,
            sent=self.ear.sent() | {fact for fact, _ in rows},
            receipted=self.ear.receipted()
            | {fact for fact, state in rows if state in {"released", "held", "conflict"}},
            books=[Fact.of(row) for row in stands],
            ledger=ledger,
            differences=differences,
            hours=hours,
            findings=cell.findings,
            told=self._told(),
        )
        return cell.account

    def _complete(self, hour: datetime) -> bool:
        """Whether central has an hour; what is still on its way is waited for."""
        wait_for(partial(self.all_receipted, hour + HOUR), _PATIENCE_S)
        rows = {row["start"]: row["status"] for row in self._asked("balance")}
        return rows.get(utc_text(hour)) == "complete"

    def _is_another_life(self, meter: str, at: datetime) -> bool:
        return meter in self._other_lives and at >= self._other_lives[meter]

    def _rows(self, until: datetime) -> Iterator[tuple[Fact, str]]:
        """All rows of all outboxes."""
        for site in self._scenario.sites:
            path = self.cluster.work.path / f"gateway-{site.id}" / "outbox.sqlite"
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as outbox:
                for meter, register, epoch, at, wh, state in outbox.execute(_OUTBOX):
                    fact = Fact(meter, register, datetime.fromtimestamp(at, UTC), epoch, Decimal(wh))
                    if fact.at <= until:
                        yield fact, STATES[state]

    def all_receipted(self, until: datetime) -> bool:
        """Whether no outbox has a stand up to ``until`` that waits for its receipt."""
        return all(state != "waiting" for _, state in self._rows(until))

    def findings(self) -> list[dict[str, Any]]:
        """Central's findings now."""
        return self._asked("findings")

    def _store_behind(self) -> bool:
        return bool({one["kind"] for one in self.findings()} & {"store_behind", "store_down"})

    def _asked(self, question: str) -> list[dict[str, Any]]:
        """Every row of central's answer for the scenario's month, doubles and all."""
        rows: list[dict[str, Any]] = ask(self.cluster, question, "--month", f"{self._first:%Y-%m}")[_ROWS[question]]
        return rows

    def _told(self) -> Iterator[tuple[str, str, datetime, datetime]]:
        """What the gateways said to have no stand of."""
        for log in (self.cluster.work.path / "logs").glob("gateway-*.log"):
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
                if '"stand_missing"' in line:
                    event = json.loads(line)
                    first, last = (datetime.fromisoformat(event[name]) for name in ("first", "last"))
                    yield event["meter"], event["register"], first, last


def said(cluster: Cluster, process: str, event: str) -> int:
    """How often a process has logged an event."""
    log: Path = cluster.work.path / "logs" / f"{process}.log"
    return log.read_text(encoding="utf-8", errors="replace").count(f'"event": "{event}"')


def says_again(cluster: Cluster, process: str, event: str) -> Callable[[], bool]:
    """Whether a process has logged an event once more since this was called."""
    before = said(cluster, process, event)
    return lambda: said(cluster, process, event) > before
