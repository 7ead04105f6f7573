"""Data of a member without a valid authorisation count, and are marked: finding, answers, commands, page, summary."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.acknowledging import acknowledge
from central.answers import Span, balance, shares
from central.books import Books
from central.cli import main
from central.cluster import load_cluster
from central.cluster.papers import unauthorised
from central.config import load_config
from central.unauthorised_marks import NOTE
from metering.period import HOUR, Month
from tests.central.stands import CLUSTER, T0
from tests.central.test_looking import NIGHT, Service

JUNE = Month(2026, 6)
SPAN = Span(month=JUNE)
HALL = '[[authorisations]]\nmember = "A"\nvalid_to = 2026-06-17T05:00:00+02:00\n'
FARM = '[[authorisations]]\nmember = "F"\n'
ENDED = datetime(2026, 6, 17, 3, tzinfo=UTC)
NOW = T0 + timedelta(hours=6, minutes=10)


@pytest.fixture
def service(tmp_path: Path) -> Any:
    made = Service(tmp_path)
    made.hours(*range(-2, 7))
    yield made
    made.keeper.close()


def write(service: Service, text: str) -> Books:
    service.cluster.write_text(CLUSTER + text, encoding="utf-8")
    return Books.open(service.config_file)


def test_hours_after_an_authorisation_has_ended_are_marked_and_counted(service: Service) -> None:
    books = write(service, HALL + FARM)
    found = shares(books, SPAN, NOW)
    assert [(row["member"], row["unauthorised"]) for row in found["members"]] == [("A", 3), ("F", 0)]
    marked = [(row["point"], row["start"]) for row in found["rows"] if row["unauthorised"]]
    assert marked == [("A1", f"2026-06-17T0{hour}:00:00Z") for hour in (3, 4, 5)]
    assert all(row["drawn_wh"] == 100 for row in found["rows"] if row["point"] == "A1")
    assert NOTE in found["notes"]
    assert NOTE in balance(books, SPAN, NOW)["notes"]


def test_the_finding_opens_with_the_end_and_closes_when_the_paper_is_entered(service: Service) -> None:
    write(service, HALL + FARM)
    service.look_at_all(NOW)
    told = service.one("no_authorisation").finding
    assert (told.what, told.since, told.until) == ("A", ENDED, JUNE.end)
    assert "from 2026-06-17 05:00+02:00" in told.text
    write(service, '[[authorisations]]\nmember = "A"\n' + FARM)
    service.look_at_all(NOW)
    assert "no_authorisation" not in {kind for kind, _ in service.open()}


def test_where_it_came_too_late_somebody_may_answer_for_it(service: Service) -> None:
    write(service, HALL + FARM)
    service.look_at_all(NOW)
    told = service.one("no_authorisation")
    acknowledge(load_config(service.config_file), told.id, "Ola", "signed on paper on 16 June", NOW)
    service.look_at_all(NOW)
    assert "no_authorisation" not in {kind for kind, _ in service.open()}


def test_what_begins_in_the_future_is_no_finding_yet(service: Service) -> None:
    write(service, HALL.replace("17T05", "30T05") + FARM)
    service.look_at_all(NOW)
    assert "no_authorisation" not in {kind for kind, _ in service.open()}


def test_a_member_without_any_row_has_none_but_where_the_table_is_absent_nobody_is_marked(service: Service) -> None:
    write(service, FARM)
    cluster = load_cluster(service.cluster)
    assert [(one.member, one.since, one.until) for one in unauthorised(cluster, NIGHT, NOW)] == [("A", NIGHT, NOW)]
    books = write(service, "")
    assert unauthorised(books.cluster, NIGHT, NOW) == []
    assert NOTE not in shares(books, SPAN, NOW)["notes"]


def test_an_authorisation_that_is_renewed_leaves_only_the_time_between(service: Service) -> None:
    again = '[[authorisations]]\nmember = "A"\nvalid_from = 2026-06-17T07:00:00+02:00\n'
    cluster = write(service, HALL + again + FARM).cluster
    found = [(one.member, one.since, one.until) for one in unauthorised(cluster, JUNE.start, JUNE.end)]
    assert found == [("A", ENDED, ENDED + 2 * HOUR)]


def test_the_check_of_the_cluster_and_the_marks_say_the_same(service: Service) -> None:
    cluster = write(service, HALL + FARM).cluster
    checked = CliRunner().invoke(main, ["cluster", "check", str(service.cluster), "--json"])
    spans = [
        row["span"] if "span" in row else (row["from"], row["to"])
        for row in json.loads(checked.output)["verdicts"]
        if row["rule"] == "authorisation" and row["state"] == "not_met"
    ]
    assert len(spans) == len(unauthorised(cluster, JUNE.start, JUNE.end)) == 1


def test_settle_marks_the_member_in_its_table_and_its_summary(service: Service, tmp_path: Path) -> None:
    write(service, HALL + FARM)
    readings = tmp_path / "readings.csv"
    hours = "".join(
        f"A1,drawn,2026-06-17T{hour:02}:00:00+02:00,100\nF1,injected,2026-06-17T{hour:02}:00:00+02:00,50\n"
        for hour in range(3)
    )
    readings.write_text("point,direction,start,wh\n" + hours, encoding="utf-8")
    words = ["settle", "--cluster", str(service.cluster), "--month", "2026-06", "--readings", str(readings)]
    words += ["--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(main, words, env={"COLUMNS": "160"})
    assert "unauthorised" in next(line for line in shown.output.splitlines() if "Town hall" in line)
    assert NOTE.split(":")[0] in " ".join(shown.output.split())
    said = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert said["members"][0]["unauthorised"] == ["2026-06-17T03:00:00Z/2026-06-30T22:00:00Z"]
    assert "unauthorised" not in said["members"][1]


def test_the_command_shares_has_a_column_for_it(service: Service) -> None:
    write(service, HALL + FARM)
    shown = CliRunner().invoke(
        main, ["shares", str(service.config_file), "--day", "2026-06-17"], env={"COLUMNS": "160"}
    )
    assert shown.output.splitlines()[1].split()[-1] == "unauthorised"
