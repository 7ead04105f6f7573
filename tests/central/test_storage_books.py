"""Storages in the books of gateways' stands: what meters behind a point show, and stocks from month to month."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from central import answers
from central.books import Books
from central.cluster import load_cluster
from central.opening import Window, months_before
from central.readings import MeterSeen
from central.tables import INSTANT
from central.write_back import settled_lines
from metering.period import Month
from metering.wire import StandOnWire
from tests.central.made_books import EXPORT, IMPORT, Made, make_books, stand

JUNE = Month(2026, 6)
MAY_HOUR, JUNE_HOUR = datetime(2026, 5, 31, 12, tzinfo=UTC), datetime(2026, 6, 2, 12, tzinfo=UTC)
AFTER = datetime(2026, 7, 1, tzinfo=UTC)
CLUSTER = """
[cluster]
name = "Test"
registered_from = 2024-10-01
[[members]]
id = "A"
[[members]]
id = "N"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
[[points]]
id = "S1"
member = "N"
directions = ["drawn", "injected"]
source = "storage"
[[meters]]
serial = "TOWN"
point = "A1"
role = "settlement"
[[meters]]
serial = "EDGE"
point = "S1"
role = "settlement"
[[meters]]
serial = "SUN"
point = "S1"
role = "generation"
"""
BATTERY = '[[meters]]\nserial = "BATTERY"\npoint = "S1"\nrole = "storage"\n'


def kept(folder: Path, cluster: str, stands: list[StandOnWire]) -> Made:
    made = make_books(folder)
    (folder / "cluster.toml").write_text(cluster, encoding="utf-8")
    made.keep(stands)
    return made


def an_hour(start: datetime, **energies: tuple[str, str, int, int]) -> list[StandOnWire]:
    """Stands at both ends of an hour: meter, register, where it stood, how much it counted."""
    ends = [(meter, register, start, wh) for meter, register, wh, _ in energies.values()]
    ends += [
        (meter, register, start + timedelta(hours=1), wh + more) for meter, register, wh, more in energies.values()
    ]
    return [stand(*end) for end in ends]


def two_hours() -> list[StandOnWire]:
    """On the last day of May 600 Wh are charged, 300 of them generated there; in June 200 Wh are given."""
    may = an_hour(
        MAY_HOUR,
        town=("TOWN", IMPORT, 0, 1000),
        charge=("EDGE", IMPORT, 0, 600),
        discharge=("EDGE", EXPORT, 0, 0),
        sun=("SUN", EXPORT, 0, 300),
    )
    june = an_hour(
        JUNE_HOUR,
        town=("TOWN", IMPORT, 5000, 1000),
        charge=("EDGE", IMPORT, 600, 0),
        discharge=("EDGE", EXPORT, 0, 200),
        sun=("SUN", EXPORT, 300, 0),
    )
    return may + june


def test_what_a_storage_holds_goes_from_month_to_month(tmp_path: Path) -> None:
    made = kept(tmp_path, CLUSTER, two_hours())
    june = Books.open(made.config).settled(JUNE)
    hour = next(row for row in june.hours.to_pylist() if row["start"] == JUNE_HOUR)
    assert (hour["status"], hour["injected_res_wh"], hour["injected_other_wh"]) == ("complete", 100, 100)
    assert june.stocks.to_pylist() == [{"cluster": "Test", "point": "S1", "total_wh": 400, "res_wh": 200}]
    july = Books.open(made.config).settled(JUNE.next)
    assert july.stocks == june.stocks
    books = Books.open(made.config)
    assert books.settled(Month(2026, 5)).stocks["total_wh"].to_pylist() == [600]
    assert books.settled(JUNE).hours == june.hours


def test_the_answers_name_the_storage_and_its_sums(tmp_path: Path) -> None:
    made = kept(tmp_path, CLUSTER, two_hours())
    books, span = Books.open(made.config), answers.Span(month=JUNE)
    balance = answers.balance(books, span, AFTER)
    assert balance["sums"]["storage_charge_wh"] == 0
    assert balance["sums"]["storage_discharge_wh"] == 200
    row = next(row for row in balance["hours"] if row["start"] == "2026-06-02T12:00:00Z")
    assert (row["storage_charge_wh"], row["storage_discharge_wh"]) == (0, 200)
    points = {row["point"]: row for row in answers.shares(books, span, AFTER)["points"]}
    assert (points["S1"]["charge_wh"], points["A1"]["charge_wh"]) == (0, None)
    done = subprocess.run(
        [sys.executable, "-m", "central", "balance", str(made.config), "--month", "2026-06", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["sums"]["storage_discharge_wh"] == 200


def test_a_cluster_without_a_storage_has_the_columns_it_always_had(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    made.day()
    balance = answers.balance(Books.open(made.config), answers.Span(month=JUNE), AFTER)
    assert "storage_charge_wh" not in balance["sums"] | balance["hours"][0]


@pytest.mark.parametrize("lost", [None, (IMPORT, 1), (EXPORT, 0)])
def test_by_meter_a_battery_behind_the_plant_is_traced_and_its_missing_stand_is_no_zero(
    tmp_path: Path, lost: tuple[str, int] | None
) -> None:
    cluster = CLUSTER.replace('source = "storage"', 'source = "pv"') + BATTERY
    cluster += '[settings]\nstorage_origin = "by_meter"\n'
    stands = two_hours()
    stands += an_hour(MAY_HOUR, c=("BATTERY", IMPORT, 0, 400), d=("BATTERY", EXPORT, 0, 0))
    battery = an_hour(JUNE_HOUR, c=("BATTERY", IMPORT, 401, 0), d=("BATTERY", EXPORT, 7, 100))
    if lost:
        register, end = lost
        gone = JUNE_HOUR + timedelta(hours=end)
        battery = [one for one in battery if (one.register, one.at) != (register, gone)]
    made = kept(tmp_path, cluster, stands + battery)
    june = Books.open(made.config).settled(JUNE)
    hour = next(row for row in june.hours.to_pylist() if row["start"] == JUNE_HOUR)
    if lost:
        assert (hour["status"], hour["injected_res_wh"]) == ("incomplete", None)
        assert june.stocks["total_wh"].to_pylist() == [400]
        found = answers.findings(Books.open(made.config), answers.Span.of_day(JUNE_HOUR.date()), AFTER)["findings"]
        mine = [one for one in found if (one["kind"], one["what"]) == ("missing", "S1")]
        assert any(one["since"] <= "2026-06-02T12:00:00Z" < one["until"] for one in mine)
        return
    # Of 200 Wh injected 100 are the battery's, charged to 300/400 from the sun.
    assert (hour["injected_res_wh"], hour["injected_other_wh"]) == (100 + 75, 25)
    assert june.stocks.to_pylist() == [{"cluster": "Test", "point": "S1", "total_wh": 300, "res_wh": 225}]


def test_a_meter_whose_clock_was_wrong_makes_no_endless_chain_of_months(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    first, last = datetime(2026, 5, 3, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    seen = [MeterSeen(meter="EDGE", gateway="g", first=first, last=last, stands=2)]
    found = months_before(JUNE.next, load_cluster(tmp_path / "cluster.toml"), seen)
    assert found == [Month(2026, 5), JUNE]
    other = [MeterSeen(meter="TOWN", gateway="g", first=first, last=last, stands=2)]
    assert months_before(JUNE, load_cluster(tmp_path / "cluster.toml"), other) == []


def test_what_is_written_back_names_the_storage(tmp_path: Path) -> None:
    made = kept(tmp_path, CLUSTER, two_hours())
    periods = dict(settled_lines(Books.open(made.config).settled(JUNE), AFTER))
    written = {name: line for line in periods[int(JUNE_HOUR.timestamp())] for name in [line.partition(",")[0]]}
    assert "storage_charge_wh=0i" in written["balance"]
    assert "storage_discharge_wh=200i" in written["balance"]
    shares = [line for line in periods[int(JUNE_HOUR.timestamp())] if line.startswith("share,")]
    assert ["charge_wh=0i" in line for line in sorted(shares)] == [False, True]


def test_the_window_over_months_gives_the_stands_of_each_and_reads_none_twice() -> None:
    asked: list[tuple[datetime, datetime]] = []

    def read(first: datetime, last: datetime) -> pa.Table:
        asked.append((first, last))
        days = [MAY_HOUR + timedelta(days=d) for d in range(-200, 200)]
        return pa.table({"at": pa.array([at for at in days if first <= at <= last], INSTANT)})

    window, margin = Window(read, timedelta(days=20)), timedelta(days=20)
    for month in (Month(2026, 4), Month(2026, 5), JUNE, Month(2026, 9), Month(2026, 5)):
        found = window.around(month)["at"].to_pylist()
        assert found == read(month.start - margin, month.end + margin)["at"].to_pylist()
        assert len(found) == len(set(found)) > 60
    assert asked[2][0] > asked[0][1]
