"""Versions of files against a slow model; energies of periods and precedence against rules written out by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.archive import Archive
from central.cluster import load_cluster
from central.config import CentralConfig, CentralTable
from central.files_in import put_files_in
from central.imports.found import Given, NotReadError
from central.imports.recognise import read_file
from central.master import master_tables, periods_table
from central.operator_energies import operator_energies
from central.precedence import combine
from central.readings import INTERVALS
from central.settings import Settings
from central.stores.sqlite import SqliteStore
from central.tables import METERED
from metering.period import Month, utc_text
from tests.central import operator_files as files

T0 = datetime(2026, 6, 17, tzinfo=UTC)
HOURS = 4

A_FILE = st.dictionaries(st.integers(0, HOURS - 1), st.integers(0, 3), max_size=HOURS)
"""A version: hour to Wh; an hour that isn't in it is an empty cell."""


def csv_of(version: dict[int, int]) -> bytes:
    rows = [f"P,drawn,{utc_text(T0 + timedelta(hours=hour))},{wh}" for hour, wh in version.items()]
    return files.lines(["point,direction,start,wh", *rows])


def model(versions: Sequence[dict[int, int]]) -> dict[int, tuple[str, int]]:
    """What counts: file by file in the order of their first import, each value that a file has; the file is the one
    that first said a value which has stood since."""
    seen: list[dict[int, int]] = []
    for version in versions:
        if version not in seen:
            seen.append(version)
    counts: dict[int, tuple[str, int]] = {}
    for number, version in enumerate(seen, 1):
        for hour, wh in version.items():
            if counts.get(hour, ("", 0))[0] != str(wh):
                counts[hour] = str(wh), number
    return counts


@settings(max_examples=25, deadline=None)
@given(
    st.lists(A_FILE, min_size=1, max_size=4).flatmap(
        lambda some: st.lists(st.sampled_from(some), min_size=1, max_size=7)
    )
)
def test_whatever_is_imported_however_often_counts_as_the_model_says(imports: list[dict[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = CentralConfig(central=CentralTable(data_dir=folder, cluster=""))
        for version in imports:
            # The same values in another order of rows would be other bytes: a file of its own.
            content = csv_of(dict(sorted(version.items())))
            archive = Archive(config.files)
            archive.keep(content, "a.csv", Given(), who="me", at=T0, layout="klaster", bad=0, report={})
            archive.close()
            put_files_in(config)
        assert counted(config) == model(imports)
        # Thrown away and filled at once, it is the same.
        config.readings.unlink()
        put_files_in(config)
        assert counted(config) == model(imports)


def counted(config: CentralConfig) -> dict[int, tuple[str, int]]:
    store = SqliteStore(config.readings)
    rows = store.intervals(T0, T0 + timedelta(days=1)).to_pylist()
    store.close()
    return {(row["start"] - T0) // timedelta(hours=1): (row["wh"], row["file"]) for row in rows}


def test_a_file_that_was_cut_short_while_it_entered_is_invisible_and_enters_whole_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "readings.sqlite")
    values = [
        (f"P{i % 7}", "drawn", "raw", int(T0.timestamp()) + i // 7 * 3600, 3600, str(i), "measured", "")
        for i in range(25_000)
    ]
    pieces = store._intervals.admit(1, [msgspec.convert(value, tuple) for value in values])
    next(pieces)
    pieces.close()
    assert store.intervals(T0, T0 + timedelta(days=400)).num_rows == 0
    assert store.file_position() == 0
    store.admit_file(1, values)
    assert store.intervals(T0, T0 + timedelta(days=400)).num_rows == 25_000
    assert {row["version"] for row in store.intervals(T0, T0 + timedelta(days=400), versions=True).to_pylist()} == {1}


CLUSTER = """
[cluster]
name = "Test"
registered_from = 2024-10-01
[[members]]
id = "A"
regime = "{regime}"
[[points]]
id = "P"
member = "A"
directions = ["drawn", "injected"]
source = "pv"
[[points]]
id = "D"
member = "A"
directions = ["drawn"]
"""
JUNE = Month(2026, 6)
FIRST = int(JUNE.start.timestamp())


def in_order(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=lambda row: (row["start"], row["point"], row["direction"]))


@dataclass
class Made:
    """Tables of a cluster of two points."""

    tables: dict[str, pa.Table]

    def energies(self, rows: list[tuple[object, ...]], **chosen: str) -> tuple[list[dict[str, object]], dict[str, int]]:
        table, rounding = operator_energies(self.tables, intervals(rows), Settings(**chosen))
        return in_order(table), rounding


def made(tmp_path: Path, regime: str = "none") -> Made:
    file = tmp_path / "cluster.toml"
    file.write_text(CLUSTER.format(regime=regime), encoding="utf-8")
    cluster = load_cluster(file)
    return Made({**master_tables(cluster, []), "periods": periods_table(cluster, JUNE)})


def intervals(rows: list[tuple[object, ...]]) -> pa.Table:
    """point, direction, kind, quarters from the month's beginning, minutes, file, Wh, quality."""
    return pa.Table.from_pylist(
        [
            {
                "point": point,
                "direction": direction,
                "kind": kind,
                "start": FIRST + quarter * 900,
                "length": minutes * 60,
                "version": 1,
                "file": file,
                "wh": wh,
                "quality": quality,
                "word": "",
            }
            for point, direction, kind, quarter, minutes, file, wh, quality in rows
        ],
        schema=INTERVALS,
    )


def quarter(place: int, wh: str, file: int = 1, point: str = "D", quality: str = "measured") -> tuple[object, ...]:
    return point, "drawn", "raw", place, 15, file, wh, quality


def hour(
    place: int, wh: str, file: int = 1, point: str = "D", way: str = "drawn", kind: str = "raw"
) -> tuple[object, ...]:
    return point, way, kind, 4 * place, 60, file, wh, "measured"


@given(st.lists(st.decimals(0, 5, places=4), min_size=4, max_size=4))
@settings(max_examples=50, deadline=None)
def test_quarters_are_summed_exactly_and_rounded_once(values: list[Decimal]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows, rounding = made(Path(folder)).energies([quarter(i, format(wh, "f")) for i, wh in enumerate(values)])
    total = sum(values, Decimal(0))
    assert [row["wh"] for row in rows] == [int(total.quantize(Decimal(1), ROUND_HALF_UP))]
    assert rounding["rounded_micro_wh"] == (rows[0]["wh"] - total) * 1_000_000
    assert rounding["rounded"] == (rows[0]["wh"] != total)


def test_three_quarters_make_no_hour_and_hide_none(tmp_path: Path) -> None:
    three = [quarter(i, "5", file=9) for i in range(3)]
    assert made(tmp_path).energies(three)[0] == []
    rows, _ = made(tmp_path).energies([*three, hour(0, "70", file=1)])
    assert [(row["wh"], row["file"]) for row in rows] == [(70, 1)]


def test_of_an_hour_and_its_quarters_the_newer_counts_with_the_worst_quality(tmp_path: Path) -> None:
    four = [quarter(i, "5", file=i, quality="estimated" if i == 2 else "measured") for i in range(4)]
    for other, wanted in ((2, (20, 3, "estimated")), (4, (70, 4, "measured"))):
        rows, _ = made(tmp_path).energies([*four, hour(0, "70", file=other)])
        assert [(row["wh"], row["file"], row["quality"]) for row in rows] == [wanted]


def test_netted_values_count_only_in_pairs_and_only_where_they_are_settled_netted(tmp_path: Path) -> None:
    pair = [hour(0, "30", point="P", kind="netted"), hour(0, "0", point="P", way="injected", kind="netted")]
    raw = [hour(0, "80", point="P", file=2)]
    assert made(tmp_path).energies(pair)[0] == [], "the registers of a point that isn't netted aren't known"
    prosumer = made(tmp_path, "net_billing")
    for rows in (prosumer.energies([*pair, *raw])[0], made(tmp_path).energies(pair, netting="vector")[0]):
        assert [(row["direction"], row["wh"], row["netted"]) for row in rows] == [
            ("drawn", 30, True),
            ("injected", 0, True),
        ]
    whole = [*pair, *raw, hour(0, "50", point="P", way="injected")]
    assert [(row["wh"], row["netted"]) for row in prosumer.energies(whole)[0]] == [(80, False), (50, False)]
    assert [row["wh"] for row in prosumer.energies([*raw, pair[0]])[0]] == [80], "never one of each"
    only_drawn = made(tmp_path).energies([hour(0, "30", kind="netted")])[0]
    assert [row["wh"] for row in only_drawn] == [30], "a point that measures one direction has nothing to net"


def own(rows: list[tuple[str, str, int, int]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "cluster": "Test",
                "point": point,
                "direction": way,
                "start": FIRST + place * 3600,
                "wh": wh,
                "quality": "measured",
            }
            for point, way, place, wh in rows
        ],
        schema=METERED,
    )


@pytest.mark.parametrize(
    ("precedence", "wanted"),
    [
        ("operator", [(0, 100, "operator", 5), (1, 11, "own", None), (2, 120, "operator", 5)]),
        ("own", [(0, 10, "own", None), (1, 11, "own", None), (2, 120, "operator", 5)]),
    ],
)
def test_precedence_is_value_by_value_and_each_value_says_where_it_is_from(
    tmp_path: Path, precedence: str, wanted: list[tuple[object, ...]]
) -> None:
    prepared = made(tmp_path)
    theirs, _ = operator_energies(prepared.tables, intervals([hour(0, "100", 5), hour(2, "120", 5)]), Settings())
    mine = own([("D", "drawn", 0, 10), ("D", "drawn", 1, 11)])
    rows = in_order(combine(prepared.tables, mine, theirs, precedence))
    found = [((row["start"].timestamp() - FIRST) // 3600, row["wh"], row["source"], row["file"]) for row in rows]
    assert found == wanted


@pytest.mark.parametrize(
    ("precedence", "own_rows", "wanted"),
    [
        ("operator", [("drawn", 80), ("injected", 50)], [("drawn", 31), ("injected", 0)]),
        ("operator", [("drawn", 80)], [("drawn", 31), ("injected", 0)]),
        ("own", [("drawn", 80), ("injected", 50)], [("drawn", 80), ("injected", 50)]),
        ("own", [("drawn", 80)], [("drawn", 31), ("injected", 0)]),
    ],
)
def test_netted_values_of_the_operator_are_never_beside_ones_own_registers(
    tmp_path: Path, precedence: str, own_rows: list[tuple[str, int]], wanted: list[tuple[str, int]]
) -> None:
    prepared = made(tmp_path, "net_billing")
    pair = [hour(0, "31", point="P", kind="netted"), hour(0, "0", point="P", way="injected", kind="netted")]
    theirs, _ = operator_energies(prepared.tables, intervals(pair), Settings())
    mine = own([("P", way, 0, wh) for way, wh in own_rows])
    rows = in_order(combine(prepared.tables, mine, theirs, precedence))
    assert [(row["direction"], row["wh"]) for row in rows] == wanted


GOOD = [
    files.tauron(files.AUTUMN_DAY, "e"),
    files.tauron_json(files.SUMMER_DAY),
    files.pge(files.SUMMER_DAY),
    files.pge_workbook(files.SUMMER_DAY),
    files.enea(files.SUMMER_DAY, "nul"),
    files.enea_operator(files.SUMMER_DAY),
    files.energa(files.SUMMER_DAY),
    files.ptpiree(files.SUMMER_DAY),
    files.cooperative(files.SUMMER_DAY),
    files.csire(files.SUMMER_DAY),
    files.klaster(files.SUMMER_DAY, 15),
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_bytes_come_a_file_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(GOOD[data.draw(st.integers(0, len(GOOD) - 1))])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 30))] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b";", b'"', b"-1", b"null", b"<"])
        )
    try:
        found = read_file(bytes(content), Given(files.POINT, "drawn"))
    except NotReadError:
        return
    assert all(
        Decimal(value.wh) >= 0 and value.length in {900, 3600} and value.start % 900 == 0 for value in found.values
    )
    assert len({value[:5] for value in found.values}) == len(found.values)
