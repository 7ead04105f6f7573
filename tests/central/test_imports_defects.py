"""What is wrong with real files, one by one: found, said, never repaired, never a zero."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl
import pytest

from central.imports import workbook as workbook_module
from central.imports.found import Given, NotReadError
from central.imports.recognise import read_file
from tests.central import operator_files as files
from tests.central.operator_files import ALL_FOUR, AUTUMN_DAY, ENEA_POINT, POINT, SPRING_DAY, SUMMER_DAY
from tests.central.test_imports_formats import DRAWN, NAMED, got, said

HEADER_C = "Data; Wartość kWh;Rodzaj;"


def rows(*cells: str, header: str = HEADER_C) -> bytes:
    return files.lines([header, *(f"{cell};pobór;" for cell in cells)])


def refused(content: bytes, given: Given = NAMED) -> list[str]:
    return [bad.reason for bad in read_file(content, given).bad]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1 000", "separator of thousands"),
        ("0,30000000000000004", "more than 12 decimals"),
        ("1\u00a0000", "separator of thousands"),
        ("1.234,5", "two decimal marks"),
        ("3,1E-05", "exponent"),
        ("NaN", "isn't a number"),
        ("0x1F", "isn't a number"),
        ("-0,5", "negative"),
        ("-", "isn't a number"),
        ("---", "isn't a number"),
        ("TRUE", "isn't a number"),
        ("٣,٥", "isn't a number"),
        ("9999999999,0", "over 2^40"),
        ("0,0000000001", "finer than a millionth"),
    ],
)
def test_numbers_that_are_no_numbers_are_refused_with_their_line(cell: str, why: str) -> None:
    found = read_file(rows("2026-06-01 1:00;0,310", f"2026-06-01 2:00;{cell}"), NAMED)
    assert [bad.line for bad in found.bad] == [3]
    assert why in found.bad[0].reason
    assert [value.wh for value in found.values] == ["310"]


def test_an_empty_cell_is_missing_and_never_zero() -> None:
    found = read_file(rows("2026-06-01 1:00;", "2026-06-01 2:00; ", "2026-06-01 3:00;0"), NAMED)
    assert found.missing == 2
    assert [value.wh for value in found.values] == ["0"]
    dashes = files.enea(SUMMER_DAY).replace(b'"0,31"', b'"---"')
    assert read_file(dashes, NAMED).missing == 2


def test_one_file_has_one_decimal_mark() -> None:
    assert "decimal mark '.'" in refused(rows("2026-06-01 1:00;0,310", "2026-06-01 2:00;0.310"))[0]
    assert "decimal mark '.'" in refused(files.tauron(SUMMER_DAY, "d", "."))[0]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("2026-06-31 1:00", "is no day of the calendar"),
        ("2026-06-01 25:00", "is no time of a day"),
        ("2026-06-01 1:30", "off the grid"),
        ("2026-06-01 1:00a", "expected YYYY-MM-DD"),
        ("1 June 2026", "expected YYYY-MM-DD"),
    ],
)
def test_labels_that_are_no_labels_are_refused(cell: str, why: str) -> None:
    assert why in refused(rows(f"{cell};0,310"))[0]


def test_dates_that_a_spreadsheet_turned_into_numbers_are_read_and_said() -> None:
    # 2026-10-05 is day 46300; the hour that ends at midnight is the bare number of the next day.
    content = rows("46300,0416666667;0,310", "46300,9583333333;0,305", "46301;0,298")
    found = read_file(content, NAMED)
    assert "a spreadsheet has rewritten the file" in said(found)
    starts = {int(files.local_starts(SUMMER_DAY.replace(month=10, day=5))[hour].timestamp()) for hour in (0, 22, 23)}
    assert {value.start for value in found.values} == starts
    assert "expected YYYY-MM-DD" in refused(rows("46300,02;0,310"))[0]


def test_a_ppe_with_lost_digits_is_refused_and_a_wrong_check_digit_is_said() -> None:
    broken = files.pge(SUMMER_DAY).replace(POINT.encode(), b"5.90544E+17")
    found = read_file(broken)
    assert found.values == []
    assert {"has an exponent" in bad.reason for bad in found.bad} == {True}
    assert len(found.bad) == 3
    as_number = files.workbook([[float(POINT), "20260601", "En.Czynna Pobrana", *[0.1] * 24]])
    assert "has an exponent" in read_file(as_number).bad[0].reason
    other = read_file(files.pge(SUMMER_DAY).replace(POINT.encode(), b"'590 543599000000013"))
    assert len(other.values) == 96
    assert "its check digit is 3" in said(other)


def test_what_the_person_says_and_what_the_file_says_must_agree() -> None:
    with pytest.raises(NotReadError, match="names no point"):
        read_file(files.tauron(SUMMER_DAY, "c"))
    with pytest.raises(NotReadError, match=f"says point {POINT}, and it was given as {ENEA_POINT}"):
        read_file(files.pge(SUMMER_DAY), Given(ENEA_POINT))
    with pytest.raises(NotReadError, match="doesn't say its direction"):
        read_file(files.ptpiree(SUMMER_DAY))
    with pytest.raises(NotReadError, match="says direction drawn"):
        read_file(files.energa(SUMMER_DAY), Given(POINT, "injected"))


def doubled(without: int | None = None, swap: bool = False) -> str:
    lines = files.tauron(AUTUMN_DAY, "c").decode().splitlines()
    day = lines[1:26]
    if without is not None:
        del day[without]
    if swap:
        day[3], day[4] = day[4], day[3]
    return "\n".join([lines[0], *day]) + "\n"


def test_two_equal_hours_in_autumn_are_two_hours() -> None:
    content = doubled().replace("0,331", "0,324")
    found = read_file(content.encode(), NAMED)
    assert found.notes == []
    assert [value.wh for value in found.values].count("324") == 2


@pytest.mark.parametrize(
    ("content", "left"), [(doubled(without=3), 23), (doubled(without=20), 22), (doubled(swap=True), 23)]
)
def test_where_the_doubled_hour_cant_be_told_apart_neither_is_taken(content: str, left: int) -> None:
    found = read_file(content.encode(), NAMED)
    assert found.bad == []
    assert "neither is taken" in said(found)
    assert len(found.values) == left
    middle = {int(at.timestamp()) for at in files.local_starts(AUTUMN_DAY)[2:4]}
    assert not middle & {value.start for value in found.values}


def test_the_hour_that_spring_leaves_out_has_no_value() -> None:
    assert "spring change" in refused(rows("2026-03-29 3:00;0,310"))[0]
    found = read_file(rows("2026-03-29 2:00;0,305", "2026-03-29 3:00;0,000"), NAMED)
    assert len(found.values) == 1
    assert "spring change" in said(found)
    filled = files.pge(SPRING_DAY).replace(b";;", b";0,123;")
    assert "spring change" in read_file(filled).bad[0].reason


def test_two_values_for_one_hour_name_both_lines_and_neither_counts() -> None:
    found = read_file(rows("2026-06-01 1:00;0,310", "2026-06-01 2:00;0,1", "2026-06-01 1:00;0,311"), NAMED)
    assert [(bad.line, "line 2 gives 310 Wh" in bad.reason) for bad in found.bad] == [(4, True)]
    assert [value.wh for value in found.values] == ["100"]
    assert "stands twice" in said(read_file(rows("2026-06-01 1:00;0,310", "2026-06-01 1:00;0,310"), NAMED))


def test_an_unknown_status_is_kept_once_said_and_never_measured() -> None:
    content = files.tauron(SUMMER_DAY, "e").replace(b"licznik", b"szacowany", 30)
    found = read_file(content, NAMED)
    assert {(value.quality, value.word) for value in found.values} == {
        ("measured", "licznik"),
        ("unknown", "szacowany"),
    }
    assert [note.times for note in found.notes if "szacowany" in note.text] == [30]
    flagged = read_file(files.ptpiree(SUMMER_DAY, 60, "?"), DRAWN)
    assert {value.quality for value in flagged.values} == {"unknown"}
    disturbed = read_file(files.csire(SUMMER_DAY, quality="CK0032"))
    assert {value.quality for value in disturbed.values} == {"measured"}
    assert "disturbance" in said(disturbed)
    absent = read_file(files.csire(SUMMER_DAY, quality="CK0035"))
    assert (absent.values, absent.missing) == ([], 96)


def test_netted_values_that_do_not_fit_their_registers_are_said_and_kept() -> None:
    lines = files.tauron(SUMMER_DAY, "c").decode().splitlines()
    place = next(i for i, line in enumerate(lines) if "pobrana po" in line)
    lines[place] = lines[place].replace("0,310", "0,311")
    found = read_file("\n".join(lines).encode(), NAMED)
    assert "netted values aren't their registers' difference" in said(found)
    assert len(found.values) == 96
    assert not {value.kind for value in found.values} - {"raw", "netted"}


def test_days_that_are_not_whole_and_days_of_zeros_are_said() -> None:
    found = read_file(rows("2026-06-01 1:00;0,000", "2026-06-01 2:00;0,000"), NAMED)
    assert "2026-06-01 has 2 of 24" in said(found)
    assert "nothing but zeros" in said(found)
    assert [value.wh for value in found.values] == ["0", "0"]


@pytest.mark.parametrize(("injected", "doubted"), [("1,000", False), ("0,000", True)])
def test_a_day_that_netting_leaves_without_draw_is_doubted_only_where_nothing_was_injected(
    injected: str, doubted: bool
) -> None:
    kinds = {"pobrana po zbilansowaniu": "0,000", "oddana po zbilansowaniu": injected}
    found = read_file(
        files.lines([HEADER_C, *(f"2026-06-01 {h}:00;{kwh};{kind};" for kind, kwh in kinds.items() for h in (1, 2))]),
        NAMED,
    )
    assert any(note.doubt and "drawn (netted): days of nothing" in note.text for note in found.notes) == doubted


def test_kinds_and_columns_that_are_not_known_are_not_taken() -> None:
    content = files.lines([HEADER_C, "2026-06-01 1:00;0,310;pobór;", "2026-06-01 1:00;0,3;pobor;"])
    found = read_file(content, NAMED)
    assert len(found.values) == 1
    assert "'pobor' aren't known" in said(found)
    with pytest.raises(NotReadError, match="isn't known; it begins with 'Data;Strefa;Coś'"):
        read_file("Data;Strefa;Coś\n2026-06-01 1:00;T1;1\n".encode())
    for nothing in (b"", b"\xef\xbb\xbf\r\n"):
        with pytest.raises(NotReadError, match="the file is empty"):
            read_file(nothing)


def test_windows_1250_utf_16_and_boms_are_read() -> None:
    wanted = got(read_file(files.tauron(SUMMER_DAY, "c"), NAMED))
    text = files.tauron(SUMMER_DAY, "c").decode()
    for encoding in ("cp1250", "utf-16", "utf-8-sig"):
        assert got(read_file(text.encode(encoding), NAMED)) == wanted
    decomposed = text.replace("ś", "s\u0301").replace("ć", "c\u0301")
    assert got(read_file(decomposed.encode(), NAMED)) == wanted
    with pytest.raises(NotReadError, match="neither UTF-8 nor Windows-1250"):
        read_file(b"Data;\x81\x83\xff", NAMED)


def test_the_enea_workbook_counts_no_hour_twice_and_checks_its_sum() -> None:
    head = [["Raport zużycia"], [f"PPE {ENEA_POINT}"], ["x"], ["Jednostka: kWh"], []]
    names = [
        "Dzień",
        "Energia czynna pobrana po bilansowaniu",
        "Energia czynna pobrana (1.8.1) po bilansowaniu",
        "Status",
    ]
    good = ["2026-06-01 02:00:00", 0.2, None, "Dane zastępcze"]
    content = files.workbook([*head, names, ["2026-06-01 01:00:00", 0.1, 0.1, "Dane rzeczywiste"], good, ["Suma", 0.5]])
    found = read_file(content)
    assert ["would count twice" in bad.reason for bad in found.bad] == [True]
    assert [(value.wh, value.quality, value.word) for value in found.values] == [("200", "unknown", "Dane zastępcze")]
    assert "the file's sum is 500 Wh" in said(found)
    with pytest.raises(NotReadError, match="only the hourly report"):
        read_file(files.workbook([*head, ["Tydzień", *names[1:]]]))
    with pytest.raises(NotReadError, match="Jednostka"):
        read_file(files.workbook([*head[:3], ["Jednostka: MWh"], names]))


def test_energa_placeholders_are_missing_and_estimates_are_called_so() -> None:
    answer = json.loads(files.energa(SUMMER_DAY))
    chart = answer["response"]["mainChart"]
    chart[0] |= {"zones": [None, 0.0, None], "est": True, "cplt": False}
    chart[1] |= {"zones": [None, None, None]}
    chart[2] |= {"zones": [0.00001, 0.31042, None], "est": True}
    found = read_file(json.dumps(answer).encode(), NAMED)
    assert found.missing == 2
    assert (found.values[0].wh, found.values[0].quality) == ("310.43", "estimated")
    chart[3]["zones"] = ["0.1"]
    assert "isn't a number" in refused(json.dumps(answer).encode())[0]


def test_tauron_days_of_null_are_missing_and_values_without_status_are_not_final() -> None:
    empty = {"data": {"allData": None}}
    found = read_file(json.dumps(empty).encode(), Given(POINT, "drawn"))
    assert found.values == []
    assert "allData is null" in said(found)
    row = {"EC": "0.310", "Date": "2026-06-01T01:00:00.000+02:00", "Hour": "1", "Status": None, "Extra": "N"}
    found = read_file(json.dumps({"data": {"allData": [row, None]}}).encode(), Given(POINT, "drawn"))
    assert [(value.wh, value.quality) for value in found.values] == [("310", "unknown")]


def test_ptpiree_and_csire_days_with_another_count_are_refused() -> None:
    lines = files.ptpiree(SUMMER_DAY).split(b"\r\n")
    with pytest.raises(
        NotReadError, match="95 values between head and checksum; 2026-06-01 has 24 hours or 96 quarters"
    ):
        read_file(b"\r\n".join(lines[:10] + lines[11:]), DRAWN)
    fixed_offset = files.csire(AUTUMN_DAY).replace(b"<SEQ>100</SEQ>", b"<SEQ>101</SEQ>")
    assert "100 periods" in refused(fixed_offset, Given())[0]
    assert "midnight" in refused(files.csire(SUMMER_DAY).replace(b"+02:00", b"+01:00"), Given())[0]


def test_a_portals_envelope_is_opened_and_its_failure_is_said() -> None:
    csv_text = files.enea(SUMMER_DAY).decode()
    found = read_file(json.dumps({"success": 1, "data": csv_text}).encode(), NAMED)
    assert got(found) == files.expected(SUMMER_DAY, ALL_FOUR)
    with pytest.raises(NotReadError, match="success isn't 1"):
        read_file(json.dumps({"success": 0, "data": ""}).encode(), NAMED)
    with pytest.raises(NotReadError, match="web page"):
        read_file(b"<html><body>login</body></html>", NAMED)


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


def test_entities_in_xml_and_in_workbooks_are_refused() -> None:
    with pytest.raises(NotReadError, match="document type or entities"):
        read_file(BOMB)
    with pytest.raises(NotReadError, match="document type or entities"):
        read_file(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>')
    whole = files.workbook([["point", "direction", "start", "wh"]])
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"):
        assert part in zipfile.ZipFile(io.BytesIO(whole)).namelist()
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
            for name in old.namelist():
                new.writestr(name, BOMB if name == part else old.read(name))
        with pytest.raises(NotReadError):
            read_file(stream.getvalue())


def test_a_workbook_that_unpacks_to_too_much_or_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    monkeypatch.setattr(workbook_module, "MAX_INFLATED", 1_000_000)
    with pytest.raises(NotReadError, match="unpacks to more"):
        read_file(stream.getvalue())
    monkeypatch.undo()
    with pytest.raises(NotReadError, match="no workbook"):
        read_file(stream.getvalue())
    with pytest.raises(NotReadError, match="damaged or cut off"):
        read_file(b"PK\x03\x04 cut short")
    with pytest.raises(NotReadError, match="before 2007"):
        read_file(b"\xd0\xcf\x11\xe0 old")


def test_a_workbook_with_a_cell_far_away_costs_neither_time_nor_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    far = io.BytesIO()
    whole = files.workbook([["point", "direction", "start", "wh"], ["a"]])
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(far, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="XFD1048576"')
            new.writestr(name, content)
    monkeypatch.setattr(workbook_module, "MAX_ROWS", 2000)
    with pytest.raises(NotReadError, match="more than 2000 rows"):
        read_file(far.getvalue())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "it is a PDF"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
        (b"\xef\xbb\xbf <!DOCTYPE html><html><br>", "it is a web page"),
        (b"\x1f\x8b\x08", "unpack it"),
        (bytes(300), "isn't text"),
        (bytes(range(1, 32)) * 9, "isn't text"),
        (b'{"data": [1, 2', "damaged or cut off"),
        (b"[1, 2]", "isn't an export"),
        (b"<a><b>", "damaged or cut off"),
        (b" \r\n", "is empty"),
        (b"Point;direction;start;WH\n", "separated by semicolons: commas are expected"),
    ],
)
def test_what_is_no_export_is_named_for_what_it_is(content: bytes, said: str) -> None:
    with pytest.raises(NotReadError, match=said):
        read_file(content, NAMED)


def test_a_table_may_begin_with_a_bracket() -> None:
    found = read_file(b"[kWh]\n" + files.tauron(SUMMER_DAY, "c"), NAMED)
    assert got(found) == files.expected(SUMMER_DAY, ALL_FOUR)


@pytest.mark.parametrize(("name", "said"), [("content.xml", "OpenDocument"), ("pge.csv", "unpack it")])
def test_an_archive_that_is_no_workbook_is_told_apart(name: str, said: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(NotReadError, match=said):
        read_file(stream.getvalue(), NAMED)


def test_formulas_without_a_kept_value_and_a_spreadsheets_errors_are_bad_rows_and_never_missing() -> None:
    book = openpyxl.load_workbook(io.BytesIO(files.pge_workbook(SUMMER_DAY)))
    sheet = book.worksheets[0]
    for cell, value in (("D2", "=0.1+0.2"), ("E3", "#REF!")):
        sheet[cell].value = value
    stream = io.BytesIO()
    book.save(stream)
    found = read_file(stream.getvalue(), NAMED)
    assert [(one.line, one.reason) for one in found.bad] == [
        (2, "hour 1: value '=0.1+0.2' is a formula of which the spreadsheet has kept no value"),
        (3, "hour 2: value '#REF!' is a spreadsheet's error"),
    ]
    assert any(note.text.startswith("cells are formulas: 1;") for note in found.notes)


def test_an_operators_estimates_are_counted_by_their_status() -> None:
    found = read_file(files.csire(SUMMER_DAY, quality="CK0033"))
    assert "96 values are estimates of the operator (status 'CK0033')" in [note.text for note in found.notes]
    assert found.values[0].quality == "estimated"


def test_of_a_workbook_the_first_sheet_is_read_and_that_is_said() -> None:
    book = openpyxl.load_workbook(io.BytesIO(files.pge_workbook(SUMMER_DAY)))
    book.create_sheet("Info")["A1"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    found = read_file(stream.getvalue(), NAMED)
    assert got(found) == files.expected(SUMMER_DAY, ALL_FOUR)
    assert any("another sheet of the workbook not" in note.text for note in found.notes)
    book.move_sheet("Info", -1)
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(NotReadError, match="begins with 'x'; the first sheet, 'Info', is read"):
        read_file(stream.getvalue(), NAMED)
    empty = io.BytesIO()
    openpyxl.Workbook().save(empty)
    with pytest.raises(NotReadError, match="no rows of values"):
        read_file(empty.getvalue(), NAMED)
