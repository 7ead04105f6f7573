"""One contract for all stores of readings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from central.readings import INTERVALS, STANDS, Doubt, Entry, IntervalGiven, ReadingsStore
from central.stores.influxdb import InfluxStore
from central.stores.sqlite import SqliteStore
from metering.wire import Verdict
from tests.central.stands import T0, stand

Open = Callable[[], ReadingsStore]


@pytest.fixture(params=["sqlite", "influxdb"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store again and again."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "readings.sqlite")
    settings = request.getfixturevalue("influx")
    return lambda: InfluxStore(settings, tmp_path / "intake.sqlite")


def entries(*stands_, journal: int = 1, gateway: str = "g1") -> list[Entry]:
    return [Entry(journal=journal, gateway=gateway, stand=one) for one in stands_]


def kept(store: ReadingsStore) -> list[tuple[str, str, str]]:
    rows = store.stands(T0 - timedelta(days=1), T0 + timedelta(days=9)).to_pylist()
    return [(row["meter"], (row["at"] - T0) // timedelta(minutes=15), row["wh"]) for row in rows]


def test_a_new_store_is_empty_and_at_the_beginning(open_store: Open) -> None:
    store = open_store()
    assert store.position() == 0
    assert kept(store) == []
    assert store.stands(T0, T0).schema == STANDS
    assert store.doubts() == []
    assert store.meters() == []


def test_what_was_admitted_is_there_after_reopening(open_store: Open) -> None:
    store = open_store()
    assert store.admit(entries(stand(1, "100"), stand(0, "90.5")), [], 7) == [None, None]
    store.close()
    again = open_store()
    assert again.position() == 7
    assert kept(again) == [("M1", 0, "90.5"), ("M1", 4, "100")]


def test_the_first_value_of_a_stand_stays_and_the_later_is_a_conflict(open_store: Open) -> None:
    store = open_store()
    assert store.admit(entries(stand(0, "100"), stand(0, "101")), [], 1) == [None, "100"]
    assert store.admit(entries(stand(0, "102"), journal=2), [], 2) == ["100"]
    assert kept(store) == [("M1", 0, "100")]
    assert [(d.verdict, d.first_wh, d.wh, d.at) for d in store.doubts()] == [
        (Verdict.CONFLICT, "100", "101", T0),
        (Verdict.CONFLICT, "100", "102", T0),
    ]


def test_the_same_again_changes_nothing(open_store: Open) -> None:
    store = open_store()
    refused = [Doubt(verdict=Verdict.REFUSED, gateway="g1", journal=1, reason="no")]
    for _ in range(3):
        assert store.admit(entries(stand(0, "100"), stand(0, "100.0"), stand(1, "5")), refused, 1) == [None] * 3
    store.admit(entries(stand(0, "99")), [], 1)
    store.admit(entries(stand(0, "99")), [], 1)
    assert kept(store) == [("M1", 0, "100"), ("M1", 4, "5")]
    assert [d.verdict for d in store.doubts()] == [Verdict.REFUSED, Verdict.CONFLICT]
    assert [(m.meter, m.gateway, m.stands) for m in store.meters()] == [("M1", "g1", 2)]


def test_meter_register_instant_and_epoch_make_the_key(open_store: Open) -> None:
    store = open_store()
    different = [
        stand(0, "1"),
        stand(0.25, "2"),
        stand(0, "3", meter="M2"),
        stand(0, "4", register="1-0:2.8.0"),
        stand(0, "5", epoch="e2"),
    ]
    assert store.admit(entries(*different), [], 1) == [None] * 5
    assert len(kept(store)) == 5


def test_the_position_never_goes_back(open_store: Open) -> None:
    store = open_store()
    store.admit([], [], 9)
    store.admit([], [], 3)
    assert store.position() == 9


def test_stands_between_two_instants_include_both_and_keep_every_field(open_store: Open) -> None:
    store = open_store()
    store.admit(entries(*(stand(hour, str(hour)) for hour in range(5)), journal=4, gateway="gx"), [], 1)
    table = store.stands(T0 + timedelta(hours=1), T0 + timedelta(hours=3))
    assert table["wh"].to_pylist() == ["1", "2", "3"]
    row = table.to_pylist()[0]
    assert (row["gateway"], row["journal"], row["quality"], row["clock"], row["resolution"]) == (
        "gx",
        4,
        "measured",
        "simulated",
        "1",
    )
    assert row["before"] == row["after"] == row["at"] == T0 + timedelta(hours=1)


def given(
    hour: int, wh: str, *, point: str = "P1", kind: str = "raw", length: int = 3600, word: str = ""
) -> IntervalGiven:
    start = int(T0.timestamp()) + hour * 3600
    return IntervalGiven(point, "drawn", kind, start, length, wh, "measured" if word == "" else "unknown", word)


def counted(store: ReadingsStore, *, versions: bool = False) -> list[tuple[object, ...]]:
    rows = store.intervals(T0, T0 + timedelta(days=2), versions=versions).to_pylist()
    return [(row["point"], (row["start"] - T0) // timedelta(hours=1), row["wh"], row["file"]) for row in rows]


def test_of_intervals_the_newest_value_counts_value_by_value_and_older_ones_are_kept(open_store: Open) -> None:
    store = open_store()
    assert store.file_position() == 0
    assert store.intervals(T0, T0).schema == INTERVALS
    store.admit_file(1, [given(0, "100"), given(1, "200.5"), given(2, "300")])
    store.admit_file(3, [given(1, "200.5"), given(2, "0"), given(4, "400")])
    store.close()
    again = open_store()
    assert again.file_position() == 3
    assert counted(again) == [("P1", 0, "100", 1), ("P1", 1, "200.5", 1), ("P1", 2, "0", 3), ("P1", 4, "400", 3)]
    assert [row[2:] for row in counted(again, versions=True) if row[1] == 2] == [("300", 1), ("0", 3)]
    again.admit_file(4, [given(2, "300")])
    assert [row[2:] for row in counted(again, versions=True) if row[1] == 2] == [("300", 1), ("0", 3), ("300", 4)]


def test_kind_length_and_status_of_intervals_never_mix(open_store: Open) -> None:
    store = open_store()
    store.admit_file(1, [given(0, "8"), given(0, "3", kind="netted"), given(0, "2", length=900)])
    store.admit_file(2, [given(0, "8", word='zażółć, "100 %"\\')])
    rows = store.intervals(T0, T0 + timedelta(hours=1)).to_pylist()
    assert [(row["kind"], row["length"], row["wh"], row["version"], row["word"]) for row in rows] == [
        ("netted", 3600, "3", 1, ""),
        ("raw", 900, "2", 1, ""),
        ("raw", 3600, "8", 2, 'zażółć, "100 %"\\'),
    ]
    assert [row["quality"] for row in rows] == ["measured", "measured", "unknown"]


def test_files_again_change_nothing_and_stands_do_not_disturb_them(open_store: Open) -> None:
    store = open_store()
    files = {1: [given(hour, str(hour)) for hour in range(30)], 2: [given(3, "7"), given(5, "5")], 3: [given(3, "3")]}
    for _ in range(2):
        for number, values in files.items():
            store.admit_file(number, values)
    store.admit(entries(stand(0, "100")), [], 1)
    assert store.file_position() == 3
    assert len(counted(store)) == 30
    assert [row[2:] for row in counted(store, versions=True) if row[1] == 3] == [("3", 1), ("7", 2), ("3", 3)]
    assert counted(store)[5] == ("P1", 5, "5", 1)


def test_stands_of_some_meters_are_what_filtering_all_of_them_gives(open_store: Open) -> None:
    store = open_store()
    rows = [
        stand(hour + odd, str(hour), meter=meter, register=register)
        for hour in range(6)
        for meter, odd in (("M1", 0), ("M 2/x", 0), ("M3", 0.3))
        for register in ("1-0:1.8.0", "1-0:2.8.0")
    ]
    store.admit(entries(*rows), [], 1)
    first, last = T0 + timedelta(hours=1), T0 + timedelta(hours=4, minutes=20)
    every = store.stands(first, last)
    for asked in (["M1"], ["M3", "M 2/x"], ["M1", "M3", "none"], ["none"], []):
        chosen = every.filter(pc.is_in(every["meter"].cast(pa.string()), value_set=pa.array(asked, pa.string())))
        assert store.stands(first, last, asked).to_pylist() == chosen.to_pylist()
    assert store.stands(last, first, ["M1"]).num_rows == 0
