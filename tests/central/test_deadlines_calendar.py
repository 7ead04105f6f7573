"""The calendar of deadlines: what is due when, done by what, and the same as an iCalendar file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from central.checks import of_deadlines
from central.checks.deadlines import DeadlinesSeen
from central.cluster import load_cluster
from central.cluster.dealings import Filing, FilingKind
from central.cluster.history import History
from central.cluster.replacing import replace_cluster
from central.cluster.sources import read_source
from central.papers.duties import Calendar, Duty, DutyState, Who
from central.papers.duty_words import WORDS
from central.papers.ics import calendar_text, escaped, folded
from central.papers.noticed import noticed
from tests.central.test_looking import Service

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "cluster.toml"
TODAY = date(2025, 5, 1)


def duties(today: date = TODAY, **changed: object) -> list[Duty]:
    cluster = msgspec.structs.replace(load_cluster(EXAMPLE), **changed)
    return Calendar(cluster, today, date(2036, 1, 1)).duties()


def of(kind: str, found: list[Duty]) -> list[tuple[str, date, date, DutyState]]:
    return [(one.subject, one.begins, one.due, one.state) for one in found if one.kind == kind]


def test_a_change_is_due_fourteen_days_after_its_day_and_done_by_a_filing_that_tells_it() -> None:
    found = of("change", duties())
    assert found[0][1:] == (date(2025, 4, 1), date(2025, 4, 15), DutyState.DONE)
    assert "instalacja farma" in found[0][0]
    bare = of("change", duties(filings=()))
    assert bare[0][3] is DutyState.LATE
    assert of("change", duties(date(2025, 4, 15), filings=()))[0][3] is DutyState.OPEN


def test_reports_calls_and_the_agreement_have_their_days() -> None:
    found = duties()
    assert of("annual_report", found)[0] == ("2025", date(2026, 1, 1), date(2026, 6, 30), DutyState.OPEN)
    sent = of("annual_report", duties(date(2026, 7, 1)))
    assert sent[0] == ("2025", date(2026, 1, 1), date(2026, 6, 30), DutyState.DONE)
    assert of("annual_report", duties(filings=(), today=date(2026, 7, 1)))[0][3] is DutyState.LATE
    call = next(one for one in found if one.kind == "call")
    assert (call.due, call.state, call.in_time) == (date(2025, 2, 28), DutyState.DONE, True)
    assert of("agreement_end", found)[0][2:] == (date(2035, 1, 14), DutyState.OPEN)
    assert of("switch", found)[0][2] == date(2026, 12, 31)
    assert of("relief_ends", found)[0][2] == date(2029, 12, 31)
    assert of("operator_contracts", found)[0][1:3] == (date(2025, 3, 10), date(2025, 6, 8))
    assert {one.kind for one in found} <= set(WORDS)


def amended(on: date, **changed: object) -> tuple[DutyState, date | None]:
    """The operator's duty on a day, where every member's contracts were amended by 1 June 2025."""
    cluster = load_cluster(EXAMPLE)
    members = tuple(msgspec.structs.replace(one, contract_amended=date(2025, 5, 20)) for one in cluster.members)
    (found,) = [one for one in duties(on, **{"members": members, **changed}) if one.kind == "operator_contracts"]
    return found.state, found.done_on


def test_what_a_contract_was_on_the_day_decides_and_not_what_it_is_today() -> None:
    assert amended(date(2025, 5, 31)) == (DutyState.OPEN, None)
    assert amended(date(2025, 6, 1)) == (DutyState.DONE, date(2025, 6, 1))
    # A new contract of 2026, amended then, doesn't make the first one late.
    assert amended(date(2026, 2, 1)) == (DutyState.DONE, date(2025, 6, 1))
    points = load_cluster(EXAMPLE).points
    late = msgspec.structs.replace(points[0], id="590322499000000090", member="new", contracts=(),
                                   valid_from=date(2026, 1, 15))  # fmt: skip
    assert amended(date(2026, 2, 1), points=(*points, late)) == (DutyState.DONE, date(2025, 6, 1))


def test_a_seller_that_a_point_has_left_owes_it_nothing_and_the_new_one_was_not_applied_to() -> None:
    filing = Filing(id="s", kind=FilingKind.SELLER_APPLICATION, sent=date(2025, 12, 1), addressee="Tauron Sprzedaż")

    def state(on: date) -> dict[str, DutyState]:
        cluster = load_cluster(EXAMPLE)
        bare = tuple(msgspec.structs.replace(one, contract_amended=None) for one in cluster.members)
        points = tuple(one for one in cluster.points if one.id == "590322499000000014")
        return {one.kind: one.state for one in duties(on, members=bare, points=points, filings=(filing,))
                if one.kind.startswith("seller")}  # fmt: skip

    assert state(date(2025, 11, 30)) == {}
    assert state(date(2025, 12, 31)) == {"seller_60": DutyState.OPEN, "seller_90": DutyState.OPEN}
    assert state(date(2026, 3, 2)) == {"seller_60": DutyState.PASSED, "seller_90": DutyState.PASSED}


def test_nothing_is_done_by_what_was_sent_or_answered_later() -> None:
    call = next(one for one in duties(date(2025, 2, 19)) if one.kind == "call")
    assert (call.state, call.done_on) == (DutyState.OPEN, None)
    assert [one for one in duties(date(2025, 2, 13)) if one.kind in {"call", "operator_contracts"}] == []
    assert of("change", duties(date(2025, 4, 8)))[0][3] is DutyState.OPEN


def test_data_of_a_month_are_due_thirty_days_after_its_last_day() -> None:
    found = {name: due for name, _, due, _ in of("operator_data", duties())}
    assert found["2025-04"] == date(2025, 5, 30)
    assert min(found) == "2025-04"


def test_a_change_without_a_day_of_its_own_is_told_by_the_history(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    History(file).notice(datetime(2026, 5, 1, 12, tzinfo=UTC))
    new = tmp_path / "new.toml"
    new.write_text(text.replace('name = "Słońce Doliny sp. z o.o."', 'name = "Nowa nazwa S.A."'), encoding="utf-8")
    replace_cluster(read_source(new), file, "test", datetime(2026, 6, 3, 22, 30, tzinfo=UTC), text.encode())
    ((day, found),) = noticed(file)
    assert day == date(2026, 6, 4)
    assert [(one.fact.subject, one.before, one.after) for one in found] == [
        ("slonce", "Słońce Doliny sp. z o.o.", "Nowa nazwa S.A.")
    ]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_lines_are_folded_at_75_octets_and_unfold_to_the_same(text: str) -> None:
    lines = folded(f"SUMMARY:{escaped(text)}").split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()
    whole = (lines[0] + b"".join(line[1:] for line in lines[1:])).decode()
    assert whole == f"SUMMARY:{escaped(text)}"


def test_the_calendar_file_has_an_event_for_each_duty_and_alarms_for_what_is_open() -> None:
    found = duties()
    text = calendar_text("Klaster; \\ Łąka,\r\nBEGIN:VEVENT", found, datetime(2026, 1, 1, tzinfo=UTC))
    whole = text.replace(b"\r\n ", b"").decode()
    lines = whole.split("\r\n")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == len(found)
    assert "X-WR-CALNAME:Klaster\\; \\\\ Łąka\\,\\nBEGIN:VEVENT" in lines
    assert len({line for line in lines if line.startswith("UID:")}) == len(found)
    agreement = whole[whole.index("SUMMARY:Koniec porozumienia") :].partition("END:VEVENT")[0]
    assert [f"TRIGGER:-P{days}D" in agreement for days in (180, 90, 30)] == [True] * 3
    one = found[0]
    assert f"DTEND;VALUE=DATE:{one.due + timedelta(days=1):%Y%m%d}" in lines


COORDINATOR = '\n[coordinator]\nname = "Gmina"\n'
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)


def told(service: Service) -> dict[tuple[str, str], str]:
    """The open findings of deadlines: their text by kind and thing."""
    open_ = [one.finding for one in service.records() if one.closed is None]
    return {(one.kind, one.what): one.text for one in open_ if one.kind.startswith("deadline_")}


def test_a_deadline_is_told_before_it_passes_then_as_missed_and_closes_when_it_is_entered(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.look(NOON)
    assert told(service) == {}
    plain = service.cluster.read_text(encoding="utf-8")
    service.cluster.write_text(plain + COORDINATOR, encoding="utf-8")
    service.look(NOON)
    near = told(service)["deadline_near", "annual report 2025"]
    assert near == "art. 38ad ust. 1: Annual report to URE: 2025; due 2026-06-30, 29 days left; coordinator's"
    service.look(NOON + timedelta(days=29))
    assert "due today" in told(service)["deadline_near", "annual report 2025"]
    service.look(NOON + timedelta(days=30))
    assert "1 day late" in told(service)["deadline_missed", "annual report 2025"]
    assert ("deadline_near", "annual report 2025") not in told(service)
    (record,) = [one for one in service.records() if one.finding.what == "annual report 2025" and not one.closed]
    assert (record.finding.first, record.finding.unit) == ("1", "days")
    assert "papers annual-report" in record.finding.way_out
    sent = '\n[[filings]]\nid = "r"\nkind = "annual_report"\nsent = 2026-07-01\nyear = 2025\naddressee = "URE"\n'
    service.cluster.write_text(plain + COORDINATOR + sent, encoding="utf-8")
    service.look(NOON + timedelta(days=30, hours=1))
    assert ("deadline_missed", "annual report 2025") not in told(service)
    service.keeper.close()


def test_a_round_without_anything_new_reckons_no_calendar_and_leaves_the_records(tmp_path: Path) -> None:
    service = Service(tmp_path)
    text = service.cluster.read_text(encoding="utf-8")
    service.cluster.write_text(text + COORDINATOR, encoding="utf-8")
    first = service.look(NOON)
    before = service.records()
    again = service.look(NOON + timedelta(minutes=1))
    assert again.deadlines == first.deadlines != ""
    assert told(service)
    assert [one.id for one in service.records()] == [one.id for one in before]
    # A history that was changed by hand says nothing, and takes nothing back.
    service.cluster.with_name("cluster.toml.history.jsonl").write_text("{}\n", encoding="utf-8")
    service.look(NOON + timedelta(minutes=2))
    assert told(service)
    assert service.state.trouble == ""
    service.keeper.close()


def test_who_entered_no_filing_at_all_is_told_once_and_not_by_each_change_of_the_past() -> None:
    def late(kind: str, due: date) -> Duty:
        begins = due - timedelta(days=14)
        return Duty(kind=kind, article="-", who=Who.COORDINATOR, begins=begins, due=due, state=DutyState.LATE)

    duties = [late("change", date(2025, month, 20)) for month in range(1, 10)]
    duties += [late("annual_report", date(2026, 1, 31)), late("remote_read", date(2026, 2, 1))]
    for filed, count in ((False, 3), (True, 11)):
        found = of_deadlines(DeadlinesSeen(today=date(2026, 3, 1), duties=duties, filed=filed))
        assert [one.kind for one in found] == ["deadline_missed"] * count
        said = [one.text for one in found if "no filing of a change is entered: the deadlines of 9 changes" in one.text]
        assert len(said) == (not filed)
        assert all("the first on 2025-01-20, the last on 2025-09-20" in text for text in said)
    (alone,) = of_deadlines(DeadlinesSeen(today=date(2026, 3, 1), duties=duties[:1], filed=False))
    assert "no filing" not in alone.text
