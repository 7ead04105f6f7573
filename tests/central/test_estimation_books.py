"""Estimates in the books: recorded by the command, marked in every answer, undone by later data or by name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from central.answers import Span
from central.ask import ask
from central.cli import main
from central.config import load_config
from central.estimates.file import EstimatesFile, NotRecordedError, estimates_of
from central.requests import RequestTable
from central.standing import Standing
from metering.period import HOUR, Month
from metering.wire import GatewayStatus, OutboxStatus, RequestStatus
from tests.central.stands import T0, stand
from tests.central.test_looking import BOTH, Service

SPAN = Span(month=Month(2026, 6))
NOW = T0 + timedelta(hours=8, minutes=10)
TOWN, FARM = BOTH[:1], BOTH[1:]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The farm is read each hour; the town hall's stands of hours 3 to 5 are missing, and the sum of 2 to 6 is proved."""
    made = Service(tmp_path)
    text = made.config_file.read_text(encoding="utf-8")
    real = datetime.now(NOW.tzinfo).isoformat()
    clock = f"\n[clock]\nstart = {NOW.isoformat()}\nreal_start = {real}\nspeed = 1\n"
    made.config_file.write_text(text + clock, encoding="utf-8")
    made.hours(*range(-2, 9), meters=FARM)
    made.hours(*range(-2, 3), *range(6, 9), meters=TOWN)
    yield made
    made.keeper.close()


def run(service: Service, command: str, *words: str) -> Result:
    return CliRunner().invoke(main, [command, str(service.config_file), *words])


def estimate(service: Service, *words: str, method: str = "manual", code: int = 0) -> dict[str, Any]:
    who = ("--reason", "the router was stolen", "--by", "Anna Kowalska", "--json")
    done = run(service, "estimate", "--point", "A1", "--method", method, *words, *who)
    assert done.exit_code == code, done.output
    return json.loads(done.output) if code == 0 else {"said": done.output}


def hours(*times: int) -> tuple[str, ...]:
    first, last = (T0 + HOUR * hour for hour in times)
    return "--from", first.isoformat(), "--to", last.isoformat()


def answer(service: Service, question: str, at: datetime = NOW) -> dict[str, Any]:
    found = ask(question, service.config_file, SPAN, at)  # type: ignore[arg-type]
    assert found.value is not None, found.trouble
    return found.value


def balance_of(service: Service, hour: int) -> dict[str, Any]:
    start = (T0 + HOUR * hour).isoformat().replace("+00:00", "Z")
    (row,) = [row for row in answer(service, "balance")["hours"] if row["start"] == start]
    return row


def test_an_estimate_fills_a_gap_to_its_proved_sum_and_is_marked_everywhere(service: Service) -> None:
    assert balance_of(service, 3)["status"] == "incomplete"
    made = estimate(service, *hours(2, 6), "--wh", "50,150,150,50")["estimates"][0]
    assert (made["id"], made["wh"], made["proved_wh"], made["unproved"]) == ("E1", 400, 400, 0)
    row = balance_of(service, 3)
    assert (row["status"], row["drawn_wh"], row["estimated"]) == ("complete", 150, 1)
    assert balance_of(service, 1)["estimated"] == 0
    whole = answer(service, "balance")
    assert whole["estimated"] == 4
    assert any("estimated, not measured" in note for note in whole["notes"])
    shares = answer(service, "shares")
    assert [(row["point"], row["estimated"]) for row in shares["points"]] == [("A1", 4), ("F1", 0)]
    marked = [row for row in shares["rows"] if row["estimated"]]
    assert [(row["point"], row["drawn_wh"]) for row in marked] == [("A1", wh) for wh in (50, 150, 150, 50)]
    shown = run(service, "balance", "--day", "2026-06-17").output.splitlines()
    assert shown[1].split()[-1] == "estimated"
    assert [line.split()[-1] for line in shown if line.startswith("05:00")] == ["1"]
    assert run(service, "shares", "--day", "2026-06-17").output.splitlines()[1].split()[-1] == "estimated"
    kinds = {row["kind"]: row for row in answer(service, "findings")["findings"]}
    assert "missing" not in kinds
    told = kinds["estimated"]
    assert (told["what"], told["where"], told["first"], told["weight"]) == ("A1", "drawn", "400", "watch")
    assert "E1, manual by Anna Kowalska: 4 of 4 values count, 400 Wh" in told["text"]
    assert "the router was stolen" in told["text"]


def test_given_values_that_do_not_add_up_to_what_is_proved_are_refused(service: Service) -> None:
    said = estimate(service, *hours(2, 6), "--wh", "50,150,150,51", code=2)["said"]
    assert "stands prove 400 Wh" in said
    assert "401 Wh" in said
    assert estimates_of(load_config(service.config_file).estimates) == []


def test_a_part_of_a_proved_gap_has_no_sum_of_its_own(service: Service) -> None:
    assert "all of it" in " ".join(estimate(service, *hours(3, 5), "--wh", "1,2", code=2)["said"].split())


def test_a_measured_value_is_never_touched(service: Service) -> None:
    assert "has a value: nothing is put over it" in estimate(service, *hours(0, 2), "--wh", "1,2", code=2)["said"]
    said = estimate(service, *hours(1, 6), "--wh", "100,100,100,100,100", code=2)["said"]
    assert "nothing is put over a value" in said


def test_later_data_undoes_it_and_the_change_is_visible(service: Service) -> None:
    estimate(service, *hours(2, 6), "--wh", "40,160,150,50")
    service.look_at_all(NOW)
    first = service.one("estimated")
    # The stand at hour 4 comes: two gaps of two hours, 200 Wh each, shaped as estimated.
    service.hours(4, meters=TOWN)
    assert [balance_of(service, hour)["drawn_wh"] for hour in range(2, 6)] == [40, 160, 150, 50]
    service.hours(3, meters=TOWN)
    assert [balance_of(service, hour)["drawn_wh"] for hour in range(2, 6)] == [100, 100, 150, 50]
    assert [balance_of(service, hour)["estimated"] for hour in range(2, 6)] == [0, 0, 1, 1]
    service.look_at_all(NOW + timedelta(minutes=1))
    changed = service.one("estimated")
    assert changed.id == first.id
    assert "2 were replaced by measured values: 200 Wh estimated, 200 Wh measured" in changed.finding.text
    service.hours(5, meters=TOWN)
    service.look_at_all(NOW + timedelta(minutes=2))
    (closed,) = [one for one in service.records() if one.finding.kind == "estimated"]
    assert closed.closed is not None
    assert closed.finding.text.startswith("E1, manual by Anna Kowalska: 0 of 4 values count")
    assert answer(service, "balance")["estimated"] == 0


def test_what_is_estimated_is_still_asked_of_the_gateway_with_the_same_pauses_until_it_is_measured(
    service: Service,
) -> None:
    estimate(service, *hours(2, 6), "--wh", "100,100,100,100")
    service.keeper.heard("g1", GatewayStatus(online=True, at=T0, outbox=OutboxStatus(id="o")), NOW)
    asked = service.look_at_all(NOW).asked
    assert asked == (f"g1 {(T0 + 2 * HOUR).isoformat()} … {(T0 + 6 * HOUR).isoformat()}",)
    request = RequestTable(load_config(service.config_file).requests).unanswered()[0].request
    assert request.meters == ("M1",)
    assert "gateway g1 was asked again at 2026-06-17 10:10+02:00" in said_of(service, NOW)
    done = OutboxStatus(id="o", requests=(RequestStatus(id=request.id, stands=0, done=True),))
    service.keeper.heard("g1", GatewayStatus(online=True, at=T0, outbox=done), NOW)
    assert service.look(NOW + timedelta(minutes=50)).asked == ()
    assert len(service.look(NOW + timedelta(minutes=70)).asked) == 1
    service.hours(3, 4, 5, meters=TOWN)
    assert service.look_at_all(NOW + timedelta(hours=9)).asked == ()
    assert "estimated" not in {kind for kind, _ in service.open()}


def said_of(service: Service, at: datetime) -> str:
    (found,) = [row for row in answer(service, "findings", at)["findings"] if row["kind"] == "estimated"]
    return str(found["text"])


def test_it_is_taken_back_by_name_and_the_record_of_both_stays(service: Service) -> None:
    estimate(service, *hours(2, 6), "--wh", "100,100,100,100")
    service.look_at_all(NOW)
    assert service.one("estimated")
    done = run(service, "estimate", "--undo", "E1", "--reason", "wrong meter", "--by", "Jan")
    assert done.exit_code == 0, done.output
    service.look_at_all(NOW + timedelta(minutes=1))
    assert ("missing", "A1") in service.open()
    assert "estimated" not in {kind for kind, _ in service.open()}
    (row,) = json.loads(run(service, "estimates", "--json").output)
    assert (row["by"], row["wh"], row["undone"]["by"], row["undone"]["reason"]) == (
        "Anna Kowalska", 400, "Jan", "wrong meter",
    )  # fmt: skip
    again = run(service, "estimate", "--undo", "E1", "--reason", "x", "--by", "y")
    assert again.exit_code == 2
    assert "was taken back" in again.output


def test_the_record_cannot_be_changed_and_no_period_is_estimated_twice(service: Service) -> None:
    estimate(service, *hours(2, 6), "--wh", "100,100,100,100")
    path = load_config(service.config_file).estimates
    file = EstimatesFile(path)
    with pytest.raises(NotRecordedError, match="E1"):
        file.record(file.all())
    file.close()
    db = sqlite3.connect(path)
    for change in ("UPDATE estimates SET wh = '[]'", "DELETE FROM estimates"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            db.execute(change)
    db.close()
    assert "E1" in estimate(service, *hours(2, 6), "--wh", "1,1,1,1", code=2)["said"]


def test_a_dry_run_records_nothing(service: Service) -> None:
    shown = estimate(service, *hours(2, 6), "--dry-run", "--wh", "100,100,100,100")
    assert (shown["dry_run"], shown["estimates"][0]["id"]) == (True, None)
    assert not load_config(service.config_file).estimates.exists()


def test_the_running_service_notices_an_estimate_without_being_told(service: Service) -> None:
    service.look_at_all(NOW)
    standing = Standing()
    before = standing.books(service.config_file)
    estimate(service, *hours(2, 6), "--wh", "100,100,100,100")
    assert standing.books(service.config_file) is not before
    service.look_at_all(NOW)
    assert ("missing", "A1") not in service.open()
    assert ("estimated", "A1") in service.open()


def test_a_profile_is_shared_out_of_what_is_proved_and_needs_a_sum_elsewhere(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "profile.csv"
    rows = [f"{kind},{hour},{1 + (hour == 5)}\n" for kind in ("workday", "saturday", "free") for hour in range(24)]
    file.write_text("day,hour,weight\n" + "".join(rows), encoding="utf-8")
    # 04:00 to 08:00 local; the hour from 05:00 weighs twice.
    made = estimate(service, *hours(2, 6), "--csv", str(file), method="profile")["estimates"][0]
    assert [value["wh"] for value in made["values"]] == [80, 160, 80, 80]
    run(service, "estimate", "--undo", "E1", "--reason", "x", "--by", "y")
    assert (
        "leave --wh out"
        in estimate(service, *hours(2, 6), "--csv", str(file), "--wh", "9", method="profile", code=2)["said"]
    )


def test_linear_like_days_and_usage_say_what_they_need(service: Service) -> None:
    assert "at most 2 hours" in estimate(service, *hours(2, 6), method="linear", code=2)["said"]
    assert "--weeks" in estimate(service, *hours(2, 6), method="like_days", code=2)["said"]
    assert "needs --csv" in estimate(service, *hours(2, 6), method="profile", code=2)["said"]
    assert "A2" in run(
        service, "estimate", "--point", "A2", "--method", "linear", *hours(2, 6), "--reason", "r", "--by", "b"
    ).output  # fmt: skip
    assert run(service, "estimate", "--point", "A1", "--method", "linear", *hours(2, 6)).exit_code == 2


def test_validate_says_what_is_doubted_and_exits_1(service: Service) -> None:
    assert run(service, "validate", "--month", "2026-06").exit_code == 0
    text = service.cluster.read_text(encoding="utf-8").replace('tariff = "C11"', "contracted_kw = 0.05")
    service.cluster.write_text(text, encoding="utf-8")
    done = run(service, "validate", "--month", "2026-06", "--json")
    assert done.exit_code == 1
    rows = json.loads(done.output)["findings"]
    assert [(row["kind"], row["first"], row["second"]) for row in rows] == [("over_power", "100", "55")] * 2
    service.look_at_all(NOW)
    for record in service.records():
        if record.finding.kind == "over_power":
            run(service, "findings", "--acknowledge", record.id, "--reason", "a test", "--by", "Jan")
    done = run(service, "validate", "--month", "2026-06")
    assert done.exit_code == 0
    assert "Accepted: 2" in done.output


def test_an_operators_value_that_comes_takes_the_estimates_place_and_the_rest_adds_up(service: Service) -> None:
    estimate(service, *hours(2, 6), "--wh", "50,150,150,50")
    files = service.config_file.parent / "operator.csv"
    files.write_text(f"point,direction,start,wh\nA1,drawn,{(T0 + 3 * HOUR).isoformat()},100\n", encoding="utf-8")
    done = run(service, "import", str(files))
    assert done.exit_code == 0, done.output
    # 300 Wh are left for what was estimated as 50, 150 and 50.
    assert [balance_of(service, hour)["drawn_wh"] for hour in range(2, 6)] == [60, 100, 180, 60]
    assert [balance_of(service, hour)["estimated"] for hour in range(2, 6)] == [1, 0, 1, 1]


def test_a_gap_across_the_months_end_has_one_sum_in_both_months(service: Service) -> None:
    end = Month(2026, 6).end
    hour = (end - T0) // HOUR
    service.hours(hour - 3, hour + 2, meters=TOWN)
    service.hours(*range(hour - 3, hour + 3), meters=FARM)
    later = end + 6 * HOUR
    text = service.config_file.read_text(encoding="utf-8")
    service.config_file.write_text(text.replace(NOW.isoformat(), later.isoformat()), encoding="utf-8")
    estimate(service, *hours(hour - 3, hour + 2), "--wh", "101,103,97,99,100")
    drawn = []
    for month in (Month(2026, 6), Month(2026, 7)):
        found = ask("balance", service.config_file, Span(month=month), later).value
        assert found is not None
        drawn += [row["drawn_wh"] for row in found["hours"] if row["estimated"]]
    assert drawn == [101, 103, 97, 99, 100]


def test_like_days_and_the_meters_own_profile_fill_the_gap_to_its_sum(service: Service, tmp_path: Path) -> None:
    week = 24 * 7
    for weeks in (1, 2, 3):
        times = range(2 - week * weeks, 7 - week * weeks)
        before = [stand(hour, str(10**6 + 100 * hour), sequence=hour + 10**4, epoch="e0") for hour in times]
        service.send(*before, at=T0)
    made = estimate(service, *hours(2, 6), method="like_days")["estimates"][0]
    assert [(value["given"], value["wh"]) for value in made["values"]] == [(100, 100)] * 4
    assert made["parameters"] == {"weeks": "4"}
    run(service, "estimate", "--undo", "E1", "--reason", "x", "--by", "y")
    file = tmp_path / "own.csv"
    rows = [f"{(T0 + HOUR * hour).isoformat()},{wh}\n" for hour, wh in ((1, 9), (2, 99), (3, 99), (4, 101), (5, 100))]
    file.write_text("start,wh\n" + "".join(rows), encoding="utf-8")
    made = estimate(service, *hours(2, 6), "--csv", str(file), method="own_load_profile")["estimates"][0]
    assert [(value["given"], value["proved"]) for value in made["values"]] == [(wh, True) for wh in (99, 99, 101, 100)]
    assert made["wh"] == 400
