"""Figures written back, and every query of the Grafana dashboards against them on a real server."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from central.books import Books
from central.config import StoreTable, load_config
from central.gateways import GatewayTable
from central.influx.server import InfluxServer
from central.publish import publish
from central.readings import Entry
from central.stores.influxdb import InfluxStore
from metering.period import Month, day_start, utc_text
from metering.wire import GatewayStatus
from tests.central.made_books import AFTER, DAY, Made, make_books

DASHBOARDS = sorted((Path(__file__).parents[2] / "deploy" / "grafana").glob("*.json"))


class InfluxMade(Made):
    """Made books whose store is InfluxDB."""

    def keep(self, stands) -> None:
        config = load_config(self.config)
        store = InfluxStore(config.store, config.intake)
        store.admit([Entry(journal=1, gateway="g1", stand=one) for one in stands], [], 1)
        store.close()


def make_influx_books(folder: Path, store: StoreTable, cluster: str = "") -> InfluxMade:
    make_books(folder)
    made = InfluxMade(folder)
    table = {
        "kind": "influxdb",
        "url": store.url,
        "org": store.org,
        "bucket": store.bucket,
        "token_file": store.token_file,
    }
    text = made.config.read_text(encoding="utf-8") + "[store]\n"
    made.config.write_text(text + "".join(f'{key} = "{value}"\n' for key, value in table.items()), encoding="utf-8")
    file = folder / "cluster.toml"
    # A name of its own: the measurements of all clusters of a bucket stand side by side.
    file.write_text(
        file.read_text(encoding="utf-8").replace("Klaster <Test>", cluster or f"Klaster, {folder.name} = 1"),
        encoding="utf-8",
    )
    return made


@pytest.fixture
def written(tmp_path: Path, influx: StoreTable) -> InfluxMade:
    made = make_influx_books(tmp_path, influx)
    made.day(without=[("M1", 5)])
    made.gateways()
    done = publish(made.config, AFTER, ())
    assert (done.trouble, done.refused) == ("", ())
    return made


def rows(store: StoreTable, flux: str) -> list[dict[str, Any]]:
    server = InfluxServer(store)
    try:
        return [row for table in server.query(flux) for row in table.to_pylist()]
    finally:
        server.close()


def measured(store: StoreTable, made: InfluxMade, measurement: str) -> list[dict[str, Any]]:
    cluster = Books.open(made.config).cluster.name
    return rows(
        store,
        f'from(bucket: "{store.bucket}") |> range(start: {utc_text(day_start(DAY))}, stop: {utc_text(AFTER)})'
        f'|> filter(fn: (r) => r._measurement == "{measurement}" and r.cluster == "{cluster}")'
        '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> sort(columns: ["_time"])',
    )


def test_balance_shares_and_completeness_are_written_back_as_settled(written: InfluxMade, influx: StoreTable) -> None:
    settled = Books.open(written.config).settled(Month.of(AFTER - timedelta(days=1)))
    hours = [row for row in settled.hours.to_pylist() if day_start(DAY) <= row["start"] < AFTER - timedelta(hours=1)]
    found = measured(influx, written, "balance")
    assert [row["_time"] for row in found] == [row["start"] for row in hours]
    assert [row["complete"] for row in found] == [int(row["status"] == "complete") for row in hours]
    assert [row["complete"] for row in found].count(0) == 2
    for name in ("drawn_wh", "covered_wh", "from_grid_wh", "to_grid_wh"):
        assert [row[name] for row in found] == [row[name] for row in hours]
    completeness = measured(influx, written, "completeness")
    assert [(row["known"], row["points"]) for row in completeness][4:7] == [(1, 2), (1, 2), (2, 2)]
    members = measured(influx, written, "member_share")
    points = measured(influx, written, "share")
    assert len(members) == len(points) == 48
    assert sum(row["allocated_wh"] or 0 for row in members) == sum(row["covered_wh"] or 0 for row in hours)


def test_only_hours_that_changed_are_written_again(written: InfluxMade) -> None:
    first = publish(written.config, AFTER, ())
    assert first.lines == 2, "the gateways alone"
    assert publish(written.config, AFTER, first.state).lines == 2
    written.keep([written.missing_stand(5)])
    healed = publish(written.config, AFTER, ("another",))
    assert healed.lines == 2 + 2 * (1 + 1 + 2 + 2)


def test_an_hour_that_turns_incomplete_says_so_though_its_old_figures_stay(
    written: InfluxMade, influx: StoreTable
) -> None:
    file = written.folder / "cluster.toml"
    more = '[[points]]\nid = "B1"\nmember = "A"\ndirections = ["drawn"]\n'
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert publish(written.config, AFTER, ()).trouble == ""
    assert {row["complete"] for row in measured(influx, written, "balance")} == {0}


def test_a_server_that_is_down_is_told_and_tried_again(tmp_path: Path, influx: StoreTable) -> None:
    made = make_influx_books(tmp_path, influx)
    made.day()
    made.config.write_text(made.config.read_text().replace(influx.url, "http://127.0.0.1:9"), encoding="utf-8")
    done = publish(made.config, AFTER, ("before",))
    assert "Connection refused" in done.trouble
    assert done.state == ("before",)


def panels() -> list[Any]:
    return [
        pytest.param(target["query"], id=f"{file.stem}: {panel['title']}")
        for file in DASHBOARDS
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    ]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, influx: StoreTable) -> StoreTable:
    made = make_influx_books(tmp_path_factory.mktemp("dashboards"), influx)
    made.day()
    made.gateways()
    table = GatewayTable(made.folder / "data" / "gateways.sqlite")
    table.heard("attic", GatewayStatus(online=True), AFTER)
    table.close()
    done = asyncio.run(asyncio.to_thread(publish, made.config, AFTER, ()))
    assert done.trouble == ""
    return influx


@pytest.mark.parametrize("query", panels())
def test_every_panels_query_runs_and_has_rows(query: str, filled: StoreTable) -> None:
    for name, value in {
        "v.defaultBucket": f'"{filled.bucket}"',
        "v.timeRangeStart": utc_text(day_start(DAY)),
        "v.timeRangeStop": utc_text(AFTER + timedelta(seconds=1)),
    }.items():
        query = query.replace(name, value)
    assert "v." not in query.replace("v: ", "")
    assert rows(filled, query)


def test_every_dashboard_has_panels_and_is_provisioned() -> None:
    assert [file.stem for file in DASHBOARDS] == ["cluster-today", "gateways", "month"]
    for file in DASHBOARDS:
        dashboard = json.loads(file.read_text(encoding="utf-8"))
        assert dashboard["timezone"] == "Europe/Warsaw"
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 0
        assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"klaster"}
