"""Older codes of points in operators' files: while they are valid, and when they say something else than the id."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from central.aliases import under_ids, versions_under_ids
from central.books import Books
from central.cli import main
from central.cluster import load_cluster
from central.config import load_config
from central.imports.found import Found, Value
from central.imports.klaster_csv import BadRowsError
from central.master import master_tables
from central.operator_readings import with_operators
from central.readings import INTERVALS
from central.tables import ALIASES, ENERGIES
from metering.period import Month

T0 = datetime(2026, 6, 17, tzinfo=UTC)
CLUSTER = """
[cluster]
name = "Test"
registered_from = 2024-10-01
[settings]
precedence = "operator"
[[members]]
id = "A"
[[points]]
id = "NEW"
member = "A"
directions = ["drawn"]
[[points.aliases]]
code = "OLD"
valid_to = 2026-06-17T02:00:00+00:00
"""


def resolved(*rows: tuple[str, int, int, str]) -> set[tuple[str, int, str]]:
    """Rows of (point, hour, file, wh), OLD being NEW's alias until hour 2."""
    given = []
    for point, hour, file, wh in rows:
        told = (point, "drawn", "raw", T0 + timedelta(hours=hour), 3600, 1, file, wh, "measured", "")
        given.append(dict(zip(INTERVALS.names, told, strict=True)))
    alias = {"cluster": "T", "code": "OLD", "point": "NEW", "valid_from": None, "valid_to": T0 + timedelta(hours=2)}
    tables = {"aliases": pa.Table.from_pylist([alias], schema=ALIASES)}
    found = under_ids(pa.Table.from_pylist(given, schema=INTERVALS), tables).to_pylist()
    return {(row["point"], (row["start"] - T0) // timedelta(hours=1), row["wh"]) for row in found}


def test_an_alias_counts_for_periods_that_start_while_it_is_valid() -> None:
    found = resolved(("OLD", 1, 1, "5"), ("OLD", 2, 1, "6"), ("X", 1, 1, "7"))
    assert found == {("NEW", 1, "5"), ("OLD", 2, "6"), ("X", 1, "7")}


def test_older_versions_stay_and_those_of_an_alias_go_to_its_point() -> None:
    rows = [("OLD", 1, 1), ("OLD", 2, 1), ("NEW", 1, 2)]
    given = [
        dict.fromkeys(INTERVALS.names) | {"point": point, "start": T0 + timedelta(hours=hour), "file": file}
        for point, hour, file in rows
    ]
    alias = {"cluster": "T", "code": "OLD", "point": "NEW", "valid_from": None, "valid_to": T0 + timedelta(hours=2)}
    tables = {"aliases": pa.Table.from_pylist([alias], schema=ALIASES)}
    found = versions_under_ids(pa.Table.from_pylist(given, schema=INTERVALS), tables)
    assert found["point"].to_pylist() == ["NEW", "OLD", "NEW"]
    assert found.schema == INTERVALS


@pytest.mark.parametrize("turned", [False, True])
def test_of_id_and_alias_the_newer_file_counts_and_one_file_that_differs_gives_neither(turned: bool) -> None:
    newer = [("OLD", 0, 2, "5"), ("NEW", 0, 1, "6")]
    same = [("OLD", 0, 1, "5"), ("NEW", 0, 1, "5")]
    differing = [("OLD", 0, 1, "5"), ("NEW", 0, 1, "6")]
    order = -1 if turned else 1
    assert resolved(*newer[::order]) == {("NEW", 0, "5")}
    assert resolved(*same[::order]) == {("NEW", 0, "5")}
    assert resolved(*differing[::order]) == set()
    assert resolved(*[*differing, ("OLD", 0, 2, "9")][::order]) == {("NEW", 0, "9")}


def test_an_imported_file_with_the_old_code_is_in_the_points_books_and_a_clash_is_a_bad_row(tmp_path: Path) -> None:
    config = tmp_path / "central.toml"
    config.write_text('[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n', encoding="utf-8")
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    head = "point,direction,start,wh\n"
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"{head}OLD,drawn,2026-06-17T01:00Z,500\nOLD,drawn,2026-06-17T02:00Z,600\n", encoding="utf-8")
    bad.write_text(f"{head}OLD,drawn,2026-06-17T00:00Z,1\nNEW,drawn,2026-06-17T00:00Z,2\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["import", str(config), str(good), str(bad), "--json"])
    assert done.exit_code == 3, done.output
    taken, refused = json.loads(done.stdout)
    assert taken["state"] == "counted"
    unknown = [note["times"] for note in taken["notes"] if "point OLD isn't in the cluster file" in note["text"]]
    assert unknown == [1], "the row after the alias's end"
    assert (refused["state"], [one["line"] for one in refused["bad"]]) == ("refused", [3])
    rows = Books(load_config(config)).settled(Month(2026, 6)).operator.to_pylist()
    assert [(row["point"], row["start"], row["wh"]) for row in rows] == [("NEW", T0 + timedelta(hours=1), 500)]


@pytest.mark.parametrize(("hours", "unknown"), [((0, 1), []), ((1, 2), ["OLD"])])
def test_values_under_an_older_code_are_of_an_unknown_point_only_after_its_end(
    tmp_path: Path, hours: tuple[int, ...], unknown: list[str]
) -> None:
    config = tmp_path / "central.toml"
    config.write_text('[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n', encoding="utf-8")
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    rows = [f"OLD,drawn,{(T0 + timedelta(hours=hour)).isoformat()},500\n" for hour in hours]
    (tmp_path / "old.csv").write_text("point,direction,start,wh\n" + "".join(rows), encoding="utf-8")
    assert CliRunner().invoke(main, ["import", str(config), str(tmp_path / "old.csv")]).exit_code in {0, 3}
    said = json.loads(CliRunner().invoke(main, ["findings", str(config), "--month", "2026-06", "--json"]).stdout)
    assert [one["what"] for one in said["findings"] if one["kind"] == "unknown_point"] == unknown


def test_a_settlement_from_files_takes_the_old_code_and_refuses_two_values_of_one_period(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    cluster = load_cluster(tmp_path / "cluster.toml")
    master, june = master_tables(cluster, ()), [Month(2026, 6)]
    start = int(T0.timestamp())
    values = [
        Value(name, "drawn", "raw", start, 3600, wh, "measured", "", 1) for name, wh in (("OLD", "5"), ("NEW", "6"))
    ]
    own = ENERGIES.empty_table()
    table, _ = with_operators(own, [(tmp_path / "f", Found("x", "x", values[:1]))], cluster, master, june)
    assert [(row["point"], row["wh"]) for row in table.to_pylist()] == [("NEW", 5)]
    with pytest.raises(BadRowsError, match="OLD"):
        with_operators(own, [(tmp_path / "f", Found("x", "x", values))], cluster, master, june)
