"""Files of readings: what is read, what is refused and how it is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.cluster import load_cluster
from central.imports.klaster_csv import BadRowsError, Readings, read_readings
from metering.period import Month, day_periods

CLUSTER = """
[cluster]
name = "Test"
period = "{period}"
registered_from = 2024-10-01
[[members]]
id = "A"
valid_from = 2026-01-01
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
[[points]]
id = "B1"
member = "A"
directions = ["drawn", "injected"]
source = "pv"
valid_to = 2026-10-20
[[meters]]
serial = "MAIN"
point = "B1"
role = "settlement"
[[meters]]
serial = "ROOF"
point = "B1"
role = "generation"
valid_from = 2026-10-02
[[meters]]
serial = "BARN"
point = "B1"
role = "generation"
valid_from = 2026-10-19
"""
HEADER = "point,direction,start,wh\n"


def read(folder: Path, *contents: str | bytes, period: str = "hour", months: str = "2026-10") -> Readings:
    (folder / "cluster.toml").write_text(CLUSTER.format(period=period), encoding="utf-8")
    files = []
    for number, content in enumerate(contents, 1):
        files.append(folder / f"r{number}.csv")
        files[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_readings(files, load_cluster(folder / "cluster.toml"), [Month.parse(months)])


def energies(readings: Readings) -> dict[tuple[str, str, datetime], int]:
    rows = readings.energies.to_pylist()
    assert len({(r["point"], r["direction"], r["start"]) for r in rows}) == len(rows)
    return {(r["point"], r["direction"], r["start"]): r["wh"] for r in rows}


def reasons(folder: Path, *contents: str | bytes) -> list[str]:
    with pytest.raises(BadRowsError) as caught:
        read(folder, *contents)
    return [str(row).replace(str(folder) + "/", "") for row in caught.value.rows]


def at(hour: int, day: int = 5, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_bom_crlf_quotes_and_any_column_order_are_fine(tmp_path: Path) -> None:
    content = (
        '\ufeffwh,start,"point",direction\r\n5,2026-10-05T10:00Z,"A1",drawn\r\n\r\n7,2026-10-05T13:00:00+02:00,A1,drawn'
    )
    assert energies(read(tmp_path, content)) == {("A1", "drawn", at(10)): 5, ("A1", "drawn", at(11)): 7}


def test_what_a_meter_behind_a_point_counted_is_named_by_the_point_or_by_its_serial_number(tmp_path: Path) -> None:
    quarters = "".join(f"ROOF,generation,2026-10-19T10:{minute:02}Z,{minute}\n" for minute in (0, 15, 30, 45))
    of_point = "B1,generation,2026-10-05T10:00Z,7\nB1,generation,2026-10-01T10:00Z,8\n"
    found = read(tmp_path, HEADER + of_point, HEADER + quarters + "BARN,generation,2026-10-19T10:00Z,5\n")
    rows = [(r["meter"], r["point"], r["role"], r["direction"], r["start"], r["wh"]) for r in found.behind.to_pylist()]
    assert rows == [
        ("BARN", "B1", "generation", "injected", at(10, 19), 5),
        ("ROOF", "B1", "generation", "injected", at(10), 7),
        ("ROOF", "B1", "generation", "injected", at(10, 19), 90),
    ]
    assert (found.rows, found.outside_validity, found.energies.num_rows) == (7, 1, 0)


def test_a_meters_value_by_its_point_and_by_its_number_must_agree(tmp_path: Path) -> None:
    both = HEADER + "B1,generation,2026-10-05T10:00Z,7\nROOF,generation,2026-10-05T10:00Z,{}\n"
    assert read(tmp_path, both.format(7)).behind["wh"].to_pylist() == [7]
    (said,) = reasons(tmp_path, both.format(8))
    assert said == "r1.csv:3: wh 8, but r1.csv:2 says 7 for the same point, direction and start"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A1,drawn,2026-10-05T10:00Z,1.5", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,1e3", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,-1", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,+1", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z, 1", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,0x1F", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,١", "isn't a whole number"),
        ("A1,drawn,2026-10-05T10:00Z,", "is empty; a missing value is an absent row"),
        ("A1,drawn,2026-10-05T10:00Z,1099511627777", "is over 2^40"),
        ("A1,drawn,2026-10-05T10:00Z,99999999999999999999999", "is over 2^40"),
        ("A1,drawn,2026-10-05T10:00,1", "has no offset"),
        ("A1,drawn,2026-10-05T10:05Z,1", "is off the grid of quarters"),
        ("A1,drawn,2026-10-05T10:00:01Z,1", "is off the grid of quarters"),
        ("A1,drawn,yesterday,1", "isn't an ISO 8601 instant"),
        ("A1,drawn,0001-01-01T00:00+14:00,1", "is out of range"),
        ("A1,drawn,9999-12-31T23:00-14:00,1", "is out of range"),
        ("X1,drawn,2026-10-05T10:00Z,1", "point 'X1' isn't in the cluster file"),
        ("A1,sold,2026-10-05T10:00Z,1", "direction 'sold': expected drawn, injected, generation, charge or discharge"),
        ("A1,injected,2026-10-05T10:00Z,1", "direction injected isn't declared for point A1"),
        ("A1,generation,2026-10-05T10:00Z,1", 'no meter with role = "generation" is declared behind point A1'),
        ("B1,charge,2026-10-05T10:00Z,1", 'no meter with role = "storage" is declared behind point B1'),
        ("B1,generation,2026-10-19T10:00Z,1", 'several meters with role = "generation" are behind point B1 then'),
        ("ROOF,charge,2026-10-05T10:00Z,1", 'meter ROOF isn\'t declared with role = "storage"'),
        ("ROOF,injected,2026-10-05T10:00Z,1", "direction injected isn't declared for meter ROOF"),
        ("MAIN,generation,2026-10-05T10:00Z,1", "point 'MAIN' isn't in the cluster file"),
        ("A1,drawn,2026-10-05T10:00Z", "too few cells: 3, expected 4"),
        ("A1,drawn,2026-10-05T10:00Z,1,2", "too many cells: 5, expected 4"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    good = "B1,drawn,2026-10-05T10:00Z,1\n"
    (said,) = reasons(tmp_path, HEADER + good + "\n" + row + "\n" + good)
    assert said.startswith("r1.csv:4: ")
    assert reason in said


def test_a_row_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    assert reasons(tmp_path, HEADER.encode() + b"A\xb11,drawn,2026-10-05T10:00Z,1\n") == ["r1.csv:2: isn't UTF-8"]


def test_all_bad_rows_of_all_files_are_reported_in_order(tmp_path: Path) -> None:
    bad = "A1,drawn,2026-10-05T10:00Z,x\n"
    said = reasons(tmp_path, HEADER + bad * 60, HEADER + bad, "point,start\n", "")
    assert len(said) == 63
    assert [line.split(": ")[0] for line in said[-3:]] == ["r2.csv:2", "r3.csv:1", "r4.csv"]
    with pytest.raises(BadRowsError, match="… and 10 more"):
        read(tmp_path, HEADER + bad * 60)


@pytest.mark.parametrize(
    "header", ["point,direction,start", "point,direction,start,wh,note", "point,point,direction,start,wh", ""]
)
def test_an_unknown_absent_or_repeated_column_is_refused(tmp_path: Path, header: str) -> None:
    (said,) = reasons(tmp_path, header + "\nA1,drawn,2026-10-05T10:00Z,1\n")
    assert said.startswith("r1.csv:1: ")


def test_two_different_values_for_one_key_name_both_places_and_equal_ones_are_one(tmp_path: Path) -> None:
    one = HEADER + "A1,drawn,2026-10-05T10:00Z,1\nA1,drawn,2026-10-05T11:00Z,4\nA1,drawn,2026-10-05T10:00Z,1\n"
    assert energies(read(tmp_path, one, one)) == {("A1", "drawn", at(10)): 1, ("A1", "drawn", at(11)): 4}
    (said,) = reasons(tmp_path, one, HEADER + "A1,drawn,2026-10-05T12:00+02:00,2\n")
    assert said.startswith("r2.csv:2: wh 2, but ")
    assert "r1.csv:2 says 1" in said


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER.format(period="hour"), encoding="utf-8")
    with pytest.raises(BadRowsError, match=r"no\.csv: there is no such file"):
        read_readings([tmp_path / "no.csv"], load_cluster(tmp_path / "cluster.toml"), [Month.parse("2026-10")])


def test_rows_outside_the_months_or_the_validity_are_checked_counted_and_not_used(tmp_path: Path) -> None:
    rows = "A1,drawn,2026-09-30T21:00Z,1\nA1,drawn,2026-09-30T22:00Z,2\nB1,drawn,2026-10-19T22:00Z,3\n"
    readings = read(tmp_path, HEADER + rows)
    assert energies(readings) == {("A1", "drawn", datetime(2026, 9, 30, 22, tzinfo=UTC)): 2}
    assert (readings.rows, readings.outside_months, readings.outside_validity) == (3, 1, 1)


def quarters(hour: int, *values: int, point: str = "A1") -> str:
    return "".join(f"{point},drawn,2026-10-05T{hour:02d}:{15 * i:02d}Z,{wh}\n" for i, wh in enumerate(values))


def test_a_day_with_any_quarter_is_in_quarters_and_an_hour_needs_all_four(tmp_path: Path) -> None:
    rows = quarters(10, 1, 2, 3, 4) + quarters(11, 1, 2, 3) + quarters(12, 9)
    rows += "A1,drawn,2026-10-06T10:00Z,77\n" + quarters(12, 9, point="B1")
    assert energies(read(tmp_path, HEADER + rows)) == {
        ("A1", "drawn", at(10)): 10,
        ("A1", "drawn", at(10, day=6)): 77,
        ("B1", "drawn", at(12)): 9,
    }


def test_the_day_is_local_and_quarters_may_lie_in_several_files(tmp_path: Path) -> None:
    hour = "A1,drawn,2026-10-05T21:00Z,5\nA1,drawn,2026-10-05T22:00Z,6\n"
    quarter = "A1,drawn,2026-10-05T23:15Z,1\n"
    assert energies(read(tmp_path, HEADER + hour, HEADER + quarter)) == {("A1", "drawn", at(21)): 5}


def test_with_period_quarter_every_row_is_a_quarter(tmp_path: Path) -> None:
    readings = read(tmp_path, HEADER + quarters(10, 1, 2) + quarters(12, 9), period="quarter")
    assert list(energies(readings).values()) == [1, 2, 9]


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 10, 25, tzinfo=UTC), 25), (datetime(2026, 3, 29, tzinfo=UTC), 23)]
)
def test_the_days_of_23_and_25_hours_are_whole(tmp_path: Path, day: datetime, hours: int) -> None:
    periods = day_periods(day.date())
    rows = "".join(f"A1,drawn,{p.start.astimezone().isoformat()},{i}\n" for i, p in enumerate(periods))
    readings = read(tmp_path, HEADER + rows, months=f"{day:%Y-%m}")
    assert list(energies(readings).values()) == list(range(hours))


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ('A1,drawn,2026-10-05T10:00Z,"5"6\n', [2]),
        ('"A"1,drawn,2026-10-05T10:00Z,5\n', [2]),
        ('A1,drawn,2026-10-05T10:00Z,"5', [2]),
        ('A1,drawn,2026-10-05T10:00Z,5\n"A"1,drawn,2026-10-05T10:00Z,6\n', [3]),
        ('"A"1,drawn,2026-10-05T09:00Z,5\nA1,drawn,2026-10-05T10:00Z,x\nA1,drawn,2026-10-05T11:00Z,7\n', [2, 3]),
        ('"A1"x,drawn,2026-10-05T10:00Z,5\n', [2]),
        ("A" * 200_000 + ",drawn,2026-10-05T10:00Z,5\n", [2]),
    ],
)
def test_quotes_that_are_no_cells_are_bad_rows_on_their_own_lines(tmp_path: Path, rows: str, lines: list[int]) -> None:
    assert [said.split(": ")[0] for said in reasons(tmp_path, HEADER + rows)] == [f"r1.csv:{line}" for line in lines]


@pytest.mark.parametrize(
    "start",
    ["2026-10-05x10:00Z", "2026-10-05T10:00 +02:00", "2026-10-05T10:00+02:00:30", "20261005", "2026-W41-1T10:00Z"],
)
def test_a_start_that_is_not_an_instant_of_iso_8601_is_a_bad_row(tmp_path: Path, start: str) -> None:
    (said,) = reasons(tmp_path, HEADER + f"A1,drawn,{start},1\n")
    assert "isn't an ISO 8601 instant" in said


def test_a_fraction_of_a_second_is_off_the_grid_unless_it_is_zero(tmp_path: Path) -> None:
    (said,) = reasons(tmp_path, HEADER + "A1,drawn,2026-10-05T10:00:00.000001Z,1\n")
    assert "off the grid" in said
    assert energies(read(tmp_path, HEADER + "A1,drawn,2026-10-05T10:00:00.000z,1\n")) == {("A1", "drawn", at(10)): 1}


def test_other_kinds_of_file_are_named(tmp_path: Path) -> None:
    assert reasons(tmp_path, (HEADER + "A1,drawn,2026-10-05T10:00Z,1\n").encode("utf-16")) == [
        "r1.csv: can't be read: it is UTF-16; save it as UTF-8"
    ]
    (said,) = reasons(tmp_path, HEADER.replace(",", ";"))
    assert "separated by semicolons" in said
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadRowsError, match="is a folder; name the files in it"):
        read_readings([tmp_path / "folder.csv"], load_cluster(tmp_path / "cluster.toml"), [Month.parse("2026-10")])


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (said,) = reasons(tmp_path, "")
    assert "is empty (expected the columns point,direction,start,wh)" in said
