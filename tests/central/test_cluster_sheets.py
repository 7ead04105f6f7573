"""Sheets of the cluster's data: what is written is read back exactly, and hostile sheets are told by row and column."""

from __future__ import annotations

import tomllib
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from xlsxwriter import Workbook

from central.cluster import load_cluster
from central.cluster.changes import apply, changes
from central.cluster.columns import SHEETS
from central.cluster.flat import named_rows, rows_of
from central.cluster.loading import cluster_of
from central.cluster.model import ClusterFile
from central.cluster.sheets import write_csv, write_xlsx
from central.cluster.sources import read_source
from central.cluster.toml import toml_text
from runtime.config import ConfigError, read_toml
from tests.central.cluster_contents import contents, plain

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "cluster.toml"
RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(content=contents())
def test_every_form_says_the_same_again(content: dict, tmp_path_factory) -> None:
    cluster = cluster_of(content, "made")
    folder = tmp_path_factory.mktemp("sheets")
    (folder / "c.xlsx").write_bytes(write_xlsx(rows_of(content)))
    (folder / "csv").mkdir()
    for name, text in write_csv(rows_of(content)).items():
        (folder / "csv" / name).write_bytes(text)
    text = toml_text(content)
    assert tomllib.loads(text, parse_float=Decimal) == plain(content)
    (folder / "c.toml").write_text(text, encoding="utf-8")
    for form in ("c.xlsx", "csv", "c.toml"):
        read = read_source(folder / form)
        assert read.content == plain(content), form
        assert read.cluster == cluster, form
        assert changes(named_rows(content), named_rows(read.content)) == [], form


@RELAXED
@given(one=contents(), other=contents())
def test_the_changes_between_two_states_make_one_of_the_other(one: dict, other: dict) -> None:
    before, after = named_rows(one), named_rows(other)
    found = changes(before, after)
    apply(before, found)
    assert {table: rows for table, rows in before.items() if rows} == {t: rows for t, rows in after.items() if rows}
    assert changes(before, after) == []


def test_every_table_of_the_file_has_its_sheet() -> None:
    assert {*ClusterFile.__struct_fields__, "settings"} <= set(SHEETS)


def write_book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = Workbook(str(path))
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("="):
                    page.write_formula(i, j, cell, value="drawn")
                else:
                    page.write(i, j, cell)
    book.close()
    return path


def problems(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        read_source(path)
    return str(error.value)


SMALL: dict[str, list[list[object]]] = {
    "cluster": [["name", "registered_from"], ["T", "2026-01-01"]],
    "members": [["id", "kind"], ["a", "gmina"]],
    "points": [["id", "member", "directions"], ["P1", "a", "drawn"]],
}


def test_a_workbook_typed_by_hand_with_numbers_and_flags_is_read(tmp_path: Path) -> None:
    points = [["id", "member", "directions", "voltage_kv", "cross_border"], ["P1", "a", "drawn", 0.4, False]]
    content = read_source(write_book(tmp_path / "c.xlsx", SMALL | {"points": points})).content
    assert content["points"] == [
        {"id": "P1", "member": "a", "directions": ["drawn"], "voltage_kv": Decimal("0.4"), "cross_border": False}
    ]


def test_all_problems_of_all_sheets_come_at_once_with_row_and_column(tmp_path: Path) -> None:
    sheets = SMALL | {
        "members": [["id", "nip"], ["a", "12"], ["a", ""]],
        "points": [
            ["id", "member", "directions", "voltage_kv"],
            ["P1", "z", "drawn", ""],
            ["P2", "a", "up", ""],
            ["P3", "a", "drawn", "low"],
        ],
        "points.regimes": [["point", "regime"], ["P9", "none"]],
    }
    said = problems(write_book(tmp_path / "c.xlsx", sheets))
    for part in (
        "sheet members, row 2, column nip",
        "sheet members, row 3, column id",
        "sheet points, row 2, column member",
        "sheet points, row 3, column directions",
        'sheet points, row 4, column voltage_kv = "low": expected a number',
        "sheet points.regimes, row 2, column point",
    ):
        assert part in said, said


def test_a_formula_is_refused_and_never_evaluated(tmp_path: Path) -> None:
    points = [["id", "member", "directions"], ["P1", "a", '=IF(TRUE,"drawn","")']]
    said = problems(write_book(tmp_path / "c.xlsx", SMALL | {"points": points}))
    assert "sheet points, row 2, column 3" in said
    assert "is a formula" in said


def test_a_ppe_that_a_spreadsheet_has_rounded_is_told(tmp_path: Path) -> None:
    points = [["id", "member", "directions"], [590322499000000014, "a", "drawn"]]
    said = problems(write_book(tmp_path / "c.xlsx", SMALL | {"points": points}))
    assert "more than 15 digits" in said


def test_unknown_sheets_and_columns_and_values_beside_the_table_are_told(tmp_path: Path) -> None:
    sheets = SMALL | {"Sheet1": [["x"]], "members": [["id", "colour"], ["a", "red", "more"]]}
    said = problems(write_book(tmp_path / "c.xlsx", sheets))
    assert "sheet Sheet1: unknown table" in said
    assert '"colour": unknown column' in said
    assert "stands outside the columns" in said


def test_what_is_no_workbook_or_too_large_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"not a workbook")
    assert "isn't a workbook" in problems(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (300 << 20))
    assert "unpacks to more than" in problems(tmp_path / "b.xlsx")
    (tmp_path / "folder").mkdir()
    assert "no CSV is in this folder" in problems(tmp_path / "folder")


def test_cells_that_a_spreadsheet_would_run_are_written_as_text(tmp_path: Path) -> None:
    content = read_toml(EXAMPLE)
    for i, name in enumerate(("=1+1", "+1", "-1", "@A1", "'=1")):
        content["members"][0]["name"] = name
        rows = rows_of(content)
        text = write_csv(rows)["members.csv"].decode("utf-8-sig").splitlines()[1]
        assert text.split(";")[1] == f"'{name}", i
        (tmp_path / "c.xlsx").write_bytes(write_xlsx(rows))
        cell = openpyxl.load_workbook(tmp_path / "c.xlsx")["members"]["B2"]
        assert (cell.value, cell.data_type) == (name, "s")


def test_a_csv_with_commas_from_another_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "cluster.csv").write_text("name,registered_from\nT,2026-01-01\n", encoding="utf-8")
    (tmp_path / "members.csv").write_text("id\na\n", encoding="utf-8")
    (tmp_path / "points.csv").write_text('id,member,directions,valid_from\nP1,a,"drawn",\n', encoding="utf-8")
    assert [point.id for point in read_source(tmp_path).cluster.points] == ["P1"]


def test_the_example_goes_through_every_form_unchanged(tmp_path: Path) -> None:
    content = read_toml(EXAMPLE)
    (tmp_path / "c.xlsx").write_bytes(write_xlsx(rows_of(content)))
    assert read_source(tmp_path / "c.xlsx").cluster == load_cluster(EXAMPLE)


def test_of_thousands_of_problems_the_first_are_told_and_how_many_more(tmp_path: Path) -> None:
    points = [["id", "member", "directions"], *([f"P{i}", "nobody", "drawn"] for i in range(3000))]
    said = problems(write_book(tmp_path / "c.xlsx", SMALL | {"points": points}))
    assert said.count("\n") == 200
    assert "and 2800 more problems" in said


def test_a_folder_with_a_csv_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text("point,direction,start,wh\n", encoding="utf-8")
    assert "readings.csv: unknown table" in problems(tmp_path)
