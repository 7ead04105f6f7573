"""Every operator's format, on an ordinary day and on the two days on which the clock changes."""

from __future__ import annotations

from datetime import date

import pytest

from central.imports.found import Found, Given
from central.imports.layout import layouts
from central.imports.recognise import read_file
from tests.central import operator_files as files
from tests.central.operator_files import ALL_FOUR, AUTUMN_DAY, BOTH_RAW, DAYS, ENEA_POINT, POINT, SPRING_DAY, SUMMER_DAY

NAMED = Given(POINT)
DRAWN = Given("", "drawn")
NETTED_DRAWN = [("drawn", "netted")]


def got(found: Found, point: str = POINT) -> dict[files.Key, str]:
    assert found.bad == []
    values = [value for value in found.values if value.point == point]
    return {(value.direction, value.kind, value.start): value.wh for value in values}


def said(found: Found) -> str:
    return "\n".join(note.text for note in found.notes)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("release", "abcde")
def test_tauron_csv_of_every_release(day: date, release: str) -> None:
    series = BOTH_RAW if release == "a" else ALL_FOUR
    wanted = files.expected(day, series)
    found = read_file(files.tauron(day, release), NAMED)
    assert got(found) == wanted
    assert {value.length for value in found.values} == {3600}
    assert {value.quality for value in found.values} == {"measured" if release == "e" else "unstated"}
    assert got(read_file(b"\xef\xbb\xbf" + files.tauron(day, "c", end="\r\n"), NAMED)) == files.expected(day, ALL_FOUR)


def test_tauron_wrote_dots_and_commas_and_one_week_as_csv_and_json_is_equal_to_the_wh() -> None:
    commas, dots = (got(read_file(files.tauron(AUTUMN_DAY, "b", mark), NAMED)) for mark in ",.")
    from_json = got(read_file(files.tauron_json(AUTUMN_DAY), NAMED))
    raw = {key: value for key, value in commas.items() if key[1] == "raw"}
    assert commas == dots
    assert raw == from_json


@pytest.mark.parametrize("day", DAYS)
def test_tauron_like_csv_among_other_columns_leaves_reactive_energy_out(day: date) -> None:
    found = read_file(files.tauron_like(day), NAMED)
    assert got(found) == files.expected(day, BOTH_RAW)
    assert "'energia bierna indukcyjna'" in said(found)


@pytest.mark.parametrize("day", DAYS)
def test_tauron_json_marks_the_second_hour_itself(day: date) -> None:
    assert got(read_file(files.tauron_json(day), NAMED)) == files.expected(day, BOTH_RAW)


@pytest.mark.parametrize("make", [files.pge, files.pge_workbook])
@pytest.mark.parametrize("day", DAYS)
def test_pge_cannot_hold_the_doubled_hour_and_says_so(day: date, make) -> None:
    found = read_file(make(day))
    without = [2, 3] if day == AUTUMN_DAY else []
    assert got(found) == files.expected(day, ALL_FOUR, without=without)
    assert ("24 cells can't hold the doubled hour" in said(found)) == (day == AUTUMN_DAY)


def test_pge_with_a_further_cell_in_autumn_is_certain_only_before_the_doubled_hour() -> None:
    content = files.pge(AUTUMN_DAY).replace(b"\n590", b";0,500\n590")
    found = read_file(content)
    starts = {value.start for value in found.values if value.direction == "drawn" and value.kind == "raw"}
    assert starts == {int(at.timestamp()) for at in files.local_starts(AUTUMN_DAY)[:2]}


@pytest.mark.parametrize("form", ["guard", "nul", "plain", "old"])
@pytest.mark.parametrize("day", DAYS)
def test_enea_ebok_in_all_its_forms(day: date, form: str) -> None:
    found = read_file(files.enea(day, form), NAMED)
    assert got(found) == files.expected(day, ALL_FOUR)
    assert ("NUL bytes" in said(found)) == (form == "nul")
    assert ("inferred" in said(found)) == (form == "old")


@pytest.mark.parametrize("as_dates", [False, True])
@pytest.mark.parametrize("day", DAYS)
def test_enea_operator_workbook_names_point_and_direction_itself(day: date, as_dates: bool) -> None:
    found = read_file(files.enea_operator(day, as_dates=as_dates))
    assert got(found, ENEA_POINT) == files.expected(day, NETTED_DRAWN)
    fifth = files.local_starts(day)[4].timestamp()
    assert {value.quality for value in found.values if value.start == fifth} == {"estimated"}
    assert "sum" not in said(found)


@pytest.mark.parametrize("day", DAYS)
def test_energa_json_is_unambiguous_on_every_day(day: date) -> None:
    assert got(read_file(files.energa(day), NAMED)) == files.expected(day, [("drawn", "raw")])
    assert got(read_file(files.energa(day, "injected"), NAMED)) == files.expected(day, [("injected", "raw")])


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("day", DAYS)
def test_ptpiree_counts_periods_from_midnight(day: date, minutes: int) -> None:
    found = read_file(files.ptpiree(day, minutes), DRAWN)
    assert got(found) == files.expected(day, [("drawn", "raw")], minutes)
    assert {value.length for value in found.values} == {60 * minutes}


@pytest.mark.parametrize("day", DAYS)
def test_the_cooperatives_daily_file_is_checked_by_its_sums(day: date) -> None:
    found = read_file(files.cooperative(day))
    without = [2, 3] if day == AUTUMN_DAY else []
    assert got(found) == files.expected(day, BOTH_RAW, without=without)
    assert len(got(found, ENEA_POINT)) == len(files.local_starts(day)) - len(without)
    assert "'CB' aren't taken" in said(found)
    assert "the file's sum is" not in said(found)
    assert "the file's sum is 312 Wh, its points' 310 Wh" in said(read_file(files.cooperative(day, other_sum=2)))


@pytest.mark.parametrize("day", DAYS)
def test_csire_quarters_keep_tenths_of_a_wh(day: date) -> None:
    found = read_file(files.csire(day))
    wanted = {key: f"{value}.5" for key, value in files.expected(day, [("drawn", "raw")], 15).items()}
    assert got(found) == wanted
    assert "no unit" in said(found)
    billing = read_file(files.csire(day, product="CK1125"))
    assert {value.kind for value in billing.values} == {"billing"}


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("day", DAYS)
def test_our_own_rows_as_csv_and_as_workbook(day: date, minutes: int) -> None:
    wanted = files.expected(day, BOTH_RAW, minutes)
    for content in (files.klaster(day, minutes), files.workbook(files.klaster_rows(day, minutes))):
        found = read_file(content)
        assert got(found) == wanted
        assert {value.length for value in found.values} == {60 * minutes}


def test_a_whole_ordinary_file_has_nothing_to_be_said_of() -> None:
    assert read_file(files.tauron(SUMMER_DAY, "e"), NAMED).notes == []
    assert read_file(files.pge(SPRING_DAY)).notes == []


def test_every_layout_says_what_its_evidence_is_and_is_read_in_these_tests() -> None:
    read = {
        *(read_file(files.tauron(SUMMER_DAY, release), NAMED).layout for release in "abcde"),
        read_file(files.tauron_like(SUMMER_DAY), NAMED).layout,
        read_file(files.pge(SUMMER_DAY)).layout,
        read_file(files.enea(SUMMER_DAY), NAMED).layout,
        read_file(files.cooperative(SUMMER_DAY)).layout,
    }
    assert {layout.name for layout in layouts()} == read
    assert all(layout.evidence for layout in layouts())
