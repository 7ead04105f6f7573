"""The fault matrix with InfluxDB as central's store: a server that is killed means lag, never loss."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from simulators.processes import Cluster
from tests.e2e.cluster import wait_for
from tests.faults.run import SPEED, Run, days_scenario
from tests.faults.wire import Ear
from tests.influx import needed

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    needed()
    folder = tmp_path_factory.mktemp("faults-influxdb")
    cluster = Cluster(days_scenario(folder), folder / "work", speed=SPEED, lead_s=10, store="influxdb")
    with cluster:
        ear = Ear(cluster.ports.broker)
        try:
            yield Run(cluster, ear)
        finally:
            ear.close()


def test_influxdb_killed(run: Run) -> None:
    for cell in run.cells("InfluxDB killed"):
        cell.wait(cell.hour - cell.minutes(1, 14))
        run.cluster.kill("influxdb")
        cell.wait(cell.hour + cell.minutes(8, 40))
        # Receipts never wait for the server.
        wait_for(partial(run.all_receipted, cell.hour))
        run.cluster.start_child("influxdb")


def test_influxdb_and_central_killed(run: Run) -> None:
    for cell in run.cells("InfluxDB and central killed"):
        cell.wait(cell.hour - cell.minutes(1, 14))
        run.cluster.kill("influxdb")
        run.cluster.kill("central")
        cell.wait(cell.hour + cell.minutes(8, 20))
        run.cluster.start_child("central")
        wait_for(partial(run.all_receipted, cell.hour))
        run.cluster.start_child("influxdb")


def test_all_hours_together(run: Run) -> None:
    cell = run.whole("all of these together, InfluxDB")
    assert len(cell.counted.equal) > len(cell.counted.incomplete)
