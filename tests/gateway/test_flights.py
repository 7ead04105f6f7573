from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from gateway.flights import Flights, ReceiptError
from gateway.outbox import Outbox, RowState, Waiting
from metering.wire import Receipt, ReceiptsMessage, Verdict
from tests.gateway.test_outbox import NOON, STAMP, stand


@pytest.fixture
def waiting(tmp_path) -> Waiting:
    box = Outbox.open(tmp_path / "outbox.sqlite")
    box.add([stand(hour, meter=f"M{n}") for hour in range(10) for n in range(6)], STAMP, {})
    found = box.waiting(1000)
    box.close()
    return found


def all_of(flight) -> ReceiptsMessage:
    receipts = tuple(Receipt(sequence=number, verdict=Verdict.STORED) for number in flight.sequences)
    return ReceiptsMessage(message=flight.name, receipts=receipts)


def test_the_newest_hour_has_a_message_of_its_own_and_goes_first(waiting):
    flights = Flights("g")
    flights.board("box", waiting, 0.0)
    due = flights.due(0.0)
    assert [len(one.sequences) for one in due] == [6, 20, 20, 14]
    assert due[0].at == NOON + timedelta(hours=9)
    assert [one.sequences[0] for one in due[1:]] == [1, 21, 41]


def test_no_more_messages_leave_than_may_be_in_flight_and_no_row_twice(waiting):
    flights = Flights("g", most=2)
    assert not flights.board("box", waiting, 0.0)
    assert not flights.board("box", waiting, 0.0)
    assert (len(flights.due(0.0)), flights.free, len(flights.aboard)) == (2, 0, 26)
    first = flights.due(0.0)[0]
    flights.land(first.name, flights.fates(all_of(first)))
    assert not flights.board("box", Waiting([], waiting.backlog), 0.0)
    assert [one.sequences[0] for one in flights.due(0.0)] == [1, 21]


def test_resends_have_the_same_name_and_wait_longer_each_time(waiting):
    flights = Flights("g")
    flights.board("box", Waiting(waiting.newest, []), 100.0)
    now, pauses = 100.0, []
    for _ in range(7):
        (flight,) = flights.due(now)
        flights.sent(flight, now)
        pauses.append(flights.next_due_s() - now)
        assert flights.due(flights.next_due_s() - 0.001) == []
        now = flights.next_due_s()
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    flights.all_due(now)
    flights.sent(flights.due(now)[0], now)
    assert flights.next_due_s() == now + 5


def test_each_verdict_leaves_its_mark(waiting):
    flights = Flights("g")
    flights.board("box", Waiting(waiting.newest, []), 0.0)
    (flight,) = flights.due(0.0)
    verdicts = [Verdict.STORED, Verdict.HELD, Verdict.CONFLICT, Verdict.REFUSED, Verdict.STORED, Verdict.STORED]
    receipts = tuple(Receipt(sequence=n, verdict=v) for n, v in zip(flight.sequences, verdicts, strict=True))
    fates = flights.fates(ReceiptsMessage(message=flight.name, receipts=receipts))
    assert [fate.state for fate in fates][:4] == [RowState.RELEASED, RowState.HELD, RowState.CONFLICT, RowState.ASIDE]
    flights.land(flight.name, fates)
    assert flights.fates(ReceiptsMessage(message=flight.name, receipts=receipts)) is None
    assert flights.next_due_s() is None


def test_a_receipt_for_other_rows_releases_nothing(waiting):
    flights = Flights("g")
    flights.board("box", Waiting(waiting.newest, []), 0.0)
    (flight,) = flights.due(0.0)
    good = all_of(flight).receipts
    for receipts in (good[:-1], good[::-1], (*good, good[0])):
        with pytest.raises(ReceiptError):
            flights.fates(ReceiptsMessage(message=flight.name, receipts=receipts))
    with pytest.raises(ReceiptError):
        flights.fates(ReceiptsMessage(message=flight.name, verdict=Verdict.STORED))
    assert flights.fates(ReceiptsMessage(message="0" * 32, receipts=good)) is None
    assert len(flights.due(0.0)) == 1


def test_a_message_refused_as_a_whole_goes_again_stand_by_stand(waiting):
    flights = Flights("g")
    flights.board("box", Waiting(waiting.newest, []), 0.0)
    (flight,) = flights.due(0.0)
    refusal = ReceiptsMessage(message=flight.name, verdict=Verdict.REFUSED, reason="not JSON")
    assert flights.fates(refusal) == []
    flights.land(flight.name, [])
    flights.board("box", Waiting(waiting.newest, []), 0.0)
    alone = flights.due(0.0)
    assert [one.sequences for one in alone] == [(number,) for number in flight.sequences]
    (fate,) = flights.fates(msgspec.structs.replace(refusal, message=alone[0].name))
    assert (fate.sequence, fate.state, fate.reason) == (flight.sequences[0], RowState.ASIDE, "not JSON")
