"""Whose stands' instants can't be trusted, told from messages in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from central import watch
from central.answers import Span
from central.ask import ask
from central.clock_file import ClockFile
from central.clock_scan import ClockScan
from central.config import load_config
from central.evidence import ClockDoubt
from central.journal import Journal
from metering.period import Month
from metering.wire import ClockState, StandOnWire, StandsMessage, encode
from tests.central.made_books import make_books
from tests.central.stands import T0, message, stand

Sent = tuple[datetime, StandOnWire]


def took(sent: Iterable[Sent], scan: ClockScan | None = None) -> ClockScan:
    found = scan or ClockScan(0, {}, [])
    for received, one in sent:
        payload = encode(StandsMessage(gateway="g1", outbox="o", stands=(one,)))
        found.take(found.position + 1, received, "g1", payload)
    return found


def at(hour: float, *, sequence: int = 1, late: timedelta = timedelta(seconds=5)) -> Sent:
    one = stand(hour, "1", sequence=sequence)
    return one.at + late, one


def problems(scan: ClockScan) -> list[tuple[str, datetime, datetime]]:
    return [(one.problem, one.first, one.second) for one in scan.doubts]


def test_stands_that_come_after_their_instant_are_trusted_however_late():
    assert took([at(0, sequence=1), at(1, sequence=2), at(2, sequence=3, late=timedelta(days=9))]).doubts == []


def test_a_minute_ahead_is_passed_over_and_more_is_not():
    assert took([at(1, late=timedelta(seconds=-60))]).doubts == []
    received, one = at(1, late=timedelta(seconds=-61))
    assert problems(took([(received, one)])) == [("ahead", one.at, received)]


def test_the_greatest_distance_of_a_day_is_shown_and_the_stands_are_counted():
    scan = took([at(1, sequence=n, late=-timedelta(minutes=n)) for n in (2, 9, 3)])
    (ahead,) = [one for one in scan.doubts if one.problem == "ahead"]
    assert (ahead.first - ahead.second, ahead.stands) == (timedelta(minutes=9), 3)


def test_a_clock_that_was_set_back_is_found_whatever_the_order_of_the_messages():
    first, second = at(5, sequence=1), at(3, sequence=2, late=timedelta(hours=3))
    for sent in ([first, second], [second, first]):
        assert problems(took(sent)) == [("back", T0 + timedelta(hours=3), T0 + timedelta(hours=5))]


def test_another_outbox_is_no_clock_set_back():
    scan = took([at(5, sequence=9)])
    one = stand(3, "1", sequence=1)
    scan.take(2, T0 + timedelta(hours=6), "g1", encode(StandsMessage(gateway="g1", outbox="new", stands=(one,))))
    assert scan.doubts == []


def test_what_the_gateway_says_of_its_clock_is_a_stretch_of_one_local_day():
    sent = [(r, msgspec.structs.replace(s, clock=ClockState.UNSYNCHRONISED)) for r, s in map(at, (1, 2, 30))]
    assert [(one.problem, one.stands) for one in took(sent).doubts] == [("unsynchronised", 2), ("unsynchronised", 1)]


def test_a_stand_touches_its_month_the_month_it_ends_and_those_of_a_gap_it_closes():
    hours = (Month(2026, 7).start - T0) // timedelta(hours=1)
    assert took([at(hours)]).touched == {Month(2026, 6), Month(2026, 7)}
    assert took([at(0, sequence=1), at(24 * 50, sequence=2)]).touched == {
        Month(2026, 6),
        Month(2026, 7),
        Month(2026, 8),
    }
    assert took([at(0)]).touched == {Month(2026, 6)}


def test_what_cannot_be_read_is_passed_over():
    scan = ClockScan(0, {}, [])
    scan.take(1, T0, "g1", b"{")
    assert (scan.position, scan.doubts) == (1, [])


def test_an_answer_says_how_many_messages_were_not_looked_through(tmp_path, monkeypatch):
    made = make_books(tmp_path)
    made.day()
    journal = Journal(load_config(made.config).journal)
    journal.append([message(stand(hour, "1")) for hour in range(7)])
    journal.close()
    monkeypatch.setattr(watch, "MOST_UNSEEN", 5)
    answer = ask("findings", made.config, Span(month=Month(2026, 6)), T0).value
    assert answer is not None
    assert answer["unread"] == 2


MESSAGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20), st.integers(-7200, 7200), st.booleans()), max_size=12
)


@given(MESSAGES, st.integers(0, 12))
def test_it_makes_no_difference_where_a_scan_was_put_down_and_taken_up_again(tmp_path_factory, messages, cut):
    sent = []
    for quarter, sequence, late, doubtful in messages:
        one = stand(quarter / 4, "1", sequence=sequence)
        state = ClockState.UNSYNCHRONISED if doubtful else ClockState.UNKNOWN
        sent.append((one.at + timedelta(seconds=late), msgspec.structs.replace(one, clock=state)))
    path: Path = tmp_path_factory.mktemp("clocks") / "clocks.sqlite"
    file = ClockFile(path)
    try:
        file.keep(took(sent[:cut], file.scan(99)))
        file.keep(took(sent[cut:], file.scan(99)))
        kept = file.scan(99)
    finally:
        file.close()
    whole = took(sent)

    def plain(doubts: list[ClockDoubt]) -> list[str]:
        return sorted(msgspec.json.encode(one).decode() for one in doubts)

    assert plain(kept.doubts) == plain(whole.doubts)
    assert (kept.position, kept.newest) == (whole.position, whole.newest)


def test_another_journal_is_looked_through_from_its_beginning(tmp_path):
    file = ClockFile(tmp_path / "clocks.sqlite")
    file.keep(took([at(1, late=timedelta(hours=-1)), at(2)], file.scan(9)))
    again = file.scan(1)
    assert (again.position, again.doubts, again.newest) == (0, [], {})
    file.keep(took([at(3)], again))
    assert (file.scan(1).position, file.scan(1).doubts) == (1, [])
    file.close()
