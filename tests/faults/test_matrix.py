"""The fault matrix: after each fault no stand with a receipt is lost, none is doubled, and the hours are the ledger's.

One cluster takes the faults one after the other; each cell accounts for its own hours. ``KLASTER_FAULT_SEED`` chooses
the instants. Clocks are stepped in their programs alone (faketime), never the machine's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from metering.period import HOUR
from simulators.faults import Fault, Kind
from simulators.processes import Cluster
from tests.e2e.cluster import wait_for
from tests.faults.cable import Relay
from tests.faults.run import SEED, SPEED, Cell, Run, days_scenario, said, says_again
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.veth import Veth, veth
from tests.faults.wire import Ear

pytestmark = pytest.mark.e2e
TOWN_HALL, SCHOOL, YIELD, FARM = "23010017", "23010025", "23010033", "23010041"
POINTS = {TOWN_HALL: "590322400000000010", SCHOOL: "590322400000000027", FARM: "590322400000000034"}


class Faketime:
    """A program's own clock, stepped by a file that its preloaded libfaketime reads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(timedelta(0))

    def step(self, by: timedelta) -> None:
        """So much ahead of simulated time."""
        self._file.write_text(f"{by.total_seconds() / SPEED:+f}\n", encoding="utf-8")

    @property
    def before(self) -> list[str]:
        """What comes before the program's command."""
        library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
        if library is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no libfaketime (apt-get install faketime)")
        settings = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items())]


class Bench:
    """The cluster with everything that can be broken in it."""

    def __init__(self, run: Run, disks: dict[str, SmallDisk], cable: Relay | Veth, clocks: dict[str, Faketime]) -> None:
        self.run = run
        self.cluster = run.cluster
        self.disks = disks
        self.cable = cable
        self.clocks = clocks


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    clocks = {name: Faketime(folder / f"{name}.time") for name in ("gateway-pvfarm", "central")}
    with (
        small_disk(folder / "journal") as journal,
        small_disk(folder / "outbox") as outbox,
        veth(folder) as namespace,
        contextlib.closing(namespace or Relay()) as cable,
    ):
        cluster = Cluster(
            days_scenario(folder),
            folder / "work",
            speed=SPEED,
            lead_s=10,
            before={"gateway-townhall": cable.before, **{name: clock.before for name, clock in clocks.items()}},
        )
        for name, disk in (("central", journal), ("gateway-school", outbox)):
            (cluster.work.path / name).symlink_to(disk.folder)
        cable.plug(cluster, "gateway-townhall")
        with cluster:
            ear = Ear(cluster.ports.broker)
            try:
                yield Bench(Run(cluster, ear), {"journal": journal, "outbox": outbox}, cable, clocks)
            finally:
                ear.close()


def missing_at_both_sides(cell: Cell, meter: str) -> None:
    """The stand at the cell's hour is missing, so the hours before and after it are; a finding names the point."""
    assert set(cell.counted.incomplete) >= {cell.hour - HOUR, cell.hour}
    assert cell.counted.equal
    assert any(
        one["kind"] == "missing" and one["what"] == POINTS[meter] and one["since"] <= _text(cell) < one["until"]
        for one in cell.findings
    )


def _text(cell: Cell) -> str:
    return cell.hour.isoformat().replace("+00:00", "Z")


def test_late_answers(bench: Bench) -> None:
    with bench.run.cell("late answers", recovers=True) as cell:
        cell.wait(cell.hour - cell.minutes(6, 12))
        with bench.run.trouble([TOWN_HALL, FARM], Fault(kind=Kind.DELAY, seconds=cell.lot.uniform(1.2, 1.8))):
            cell.wait(cell.hour + cell.minutes(6, 12))
    missing_at_both_sides(cell, TOWN_HALL)
    missing_at_both_sides(cell, FARM)


def test_damaged_answers(bench: Bench) -> None:
    with bench.run.cell("damaged answers", recovers=True) as cell:
        cell.wait(cell.hour - cell.minutes(2, 14))
        with bench.run.trouble([TOWN_HALL, SCHOOL], Fault(kind=Kind.DAMAGE, seed=SEED)):
            cell.wait(cell.hour + cell.minutes(20, 40))
    assert said(bench.cluster, "gateway-townhall", "meter_failed") > 0
    assert said(bench.cluster, "gateway-school", "meter_failed") > 0
    assert cell.counted.equal


def test_missing_answers(bench: Bench) -> None:
    with bench.run.cell("missing answers", recovers=True) as cell:
        cell.wait(cell.hour - cell.minutes(6, 14))
        with bench.run.trouble([TOWN_HALL, SCHOOL], Fault(kind=Kind.SILENCE)):
            cell.wait(cell.hour + cell.minutes(6, 15))
    missing_at_both_sides(cell, TOWN_HALL)
    missing_at_both_sides(cell, SCHOOL)


def test_device_rebooted(bench: Bench) -> None:
    for cell in bench.run.cells("device rebooted"):
        doubted = [says_again(bench.cluster, name, "value_rejected") for name in ("gateway-townhall", "gateway-school")]
        cell.wait(cell.hour + cell.minutes(1, 3))
        with bench.run.trouble([TOWN_HALL, SCHOOL], Fault(kind=Kind.SILENCE)):
            cell.wait(cell.hour + timedelta(minutes=5))
        # Asked again after some real seconds, most of a simulated hour.
        with bench.run.trouble([TOWN_HALL, SCHOOL], Fault(kind=Kind.ZEROS)):
            for seen in doubted:
                wait_for(seen, 60)


def test_gateway_killed(bench: Bench) -> None:
    with bench.run.cell("gateway killed") as cell:
        cell.wait(cell.hour + cell.minutes(8, 12))
        for name in ("gateway-school", "gateway-pvfarm"):
            bench.cluster.kill(name)
        for name in ("gateway-school", "gateway-pvfarm"):
            bench.cluster.start_child(name)
        cell.wait(cell.hour + timedelta(minutes=20))
    assert cell.counted.equal


@pytest.mark.parametrize("name", ["broker", "central"])
def test_broker_and_central_killed(bench: Bench, name: str) -> None:
    for cell in bench.run.cells(f"{name} killed"):
        cell.wait(cell.hour - cell.minutes(0, 10))
        bench.cluster.kill(name)
        cell.wait(cell.hour + cell.minutes(5, 50))
        bench.cluster.start_child(name)


def test_disk_of_the_journal_full(bench: Bench) -> None:
    for cell in bench.run.cells("journal's disk full"):
        noticed = says_again(bench.cluster, "central", "not_kept")
        cell.wait(cell.hour - cell.minutes(2, 10))
        bench.disks["journal"].fill()
        try:
            wait_for(noticed, 60)
            cell.wait(cell.hour + cell.minutes(10, 40))
        finally:
            bench.disks["journal"].empty()


def test_disk_of_the_outbox_full(bench: Bench) -> None:
    for cell in bench.run.cells("outbox's disk full"):
        noticed = says_again(bench.cluster, "gateway-school", "disk_full")
        cell.wait(cell.hour - cell.minutes(2, 10))
        bench.disks["outbox"].fill()
        try:
            # The gateway gives up its reserve for this hour's stands; with that filled too, the next hour's are refused.
            wait_for(noticed, 60)
            refused = says_again(bench.cluster, "gateway-school", "outbox_write_failed")
            cell.wait(bench.run.now() + cell.minutes(5, 20))
            bench.disks["outbox"].fill()
            wait_for(refused, 60)
            cell.wait(bench.run.now() + cell.minutes(5, 20))
        finally:
            bench.disks["outbox"].empty()


def test_network_cut_between_gateway_and_broker(bench: Bench) -> None:
    for cell in bench.run.cells(f"network cut ({bench.cable.how})"):
        noticed = says_again(bench.cluster, "gateway-townhall", "broker_lost")
        cell.wait(cell.hour - cell.minutes(2, 10))
        bench.cable.cut()
        try:
            wait_for(noticed, 60)
            cell.wait(cell.hour + cell.minutes(20, 50))
        finally:
            bench.cable.mend()


def test_clock_stepped(bench: Bench) -> None:
    with bench.run.cell("clocks stepped", recovers=True) as cell:
        # Ahead across the full hour, so that no poll was at it by this clock; back before it comes to another one.
        cell.wait(cell.hour - timedelta(minutes=12))
        bench.clocks["gateway-pvfarm"].step(timedelta(minutes=12) + cell.minutes(6, 20))
        bench.clocks["central"].step(cell.minutes(90, 200))
        cell.wait(cell.hour + cell.minutes(2, 10))
        for clock in bench.clocks.values():
            clock.step(timedelta(0))
    missing_at_both_sides(cell, FARM)


def test_counter_begun_anew(bench: Bench) -> None:
    with bench.run.cell("counter begun anew", recovers=True) as cell:
        # The town hall always draws: a register that stands still, as the farm's at night, founds no new life.
        cell.wait(cell.hour - cell.minutes(5, 14))
        bench.run.begins_anew(TOWN_HALL)
        bench.run.faults.set(TOWN_HALL, Fault(kind=Kind.RESET, at=bench.run.now()))
        cell.wait(cell.hour)
    assert cell.hour - HOUR in cell.counted.incomplete
    assert cell.counted.equal
    wait_for(lambda: any((one["kind"], one["what"]) == ("new_life", TOWN_HALL) for one in bench.run.findings()), 60)


def test_all_hours_together(bench: Bench) -> None:
    cell = bench.run.whole("all of these together")
    assert len(cell.counted.equal) > len(cell.counted.incomplete)
