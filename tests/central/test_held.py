from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.asking import Asking
from central.held import Held
from central.journal import Journal, Message
from central.requests import RequestTable
from metering.spans import add
from metering.wire import MAX_SPANS, GatewayStatus, OutboxStatus, RequestStatus, ResendRequest

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def message(gateway: str, outbox: str, *sequences: int) -> Message:
    body = {"v": 1, "gateway": gateway, "outbox": outbox, "stands": [{"sequence": n, "wh": "5"} for n in sequences]}
    return Message(received=NOW, gateway=gateway, payload=msgspec.json.encode(body))


@given(st.lists(st.sets(st.integers(1, 60), max_size=12), max_size=8))
def test_spans_hold_what_was_added_apart_and_in_order(batches):
    spans: list[tuple[int, int]] = []
    for batch in batches:
        spans = add(spans, batch)
    assert {n for first, last in spans for n in range(first, last + 1)} == set().union(*batches)
    assert all(later[0] > sooner[1] + 1 for sooner, later in pairwise(spans))


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal.sqlite")
    yield made
    made.close()


def take(journal: Journal, held: Held, *messages: Message) -> None:
    numbers = journal.append(messages)
    held.add((number, one.gateway, one.payload) for number, one in zip(numbers, messages, strict=True))


def test_what_is_held_is_what_is_in_the_journal_saved_or_not(journal):
    held = Held(journal)
    take(journal, held, message("a", "x", 100, 101), message("a", "x", 1, 2, 3), message("b", "x", 7))
    held.save(now=True)
    take(journal, held, message("a", "x", 4, 6), message("a", "y", 1))
    broken = Message(received=NOW, gateway="a", payload=b'{"outbox":"x","stands":[{"sequence":5},{"sequence":')
    take(journal, held, broken, message("a", "x", 0), message("a", "x", 2**60))
    for one in (held, Held(journal)):
        assert one.spans("a", "x") == ((1, 4), (6, 6), (100, 101))
        assert one.spans("a", "y") == ((1, 1),)
        assert one.spans("b", "x") == ((7, 7),)
        assert one.spans("c", "x") == ()


def test_a_gateway_that_sends_nonsense_makes_it_forget_only_that_gateways_own(journal):
    held = Held(journal)
    take(journal, held, message("good", "x", 1, 2, 3))
    take(journal, held, *(message("bad", f"box-{n}", 1) for n in range(100)))
    take(journal, held, message("bad", "box-99", *range(1, 10_000, 2)))
    assert held.spans("good", "x") == ((1, 3),)
    assert held.spans("bad", "box-0") == ()
    assert held.spans("bad", "box-99") == tuple((n, n) for n in range(1, 2 * MAX_SPANS, 2))


def status(outbox: str, *requests: RequestStatus, online: bool = True) -> GatewayStatus:
    return GatewayStatus(online=online, outbox=OutboxStatus(id=outbox, requests=requests))


def test_a_gateway_is_told_what_is_held_at_each_connection_and_asked_until_it_is_done(journal, tmp_path):
    held = Held(journal)
    take(journal, held, message("a", "x", 1, 2, 3))
    table = RequestTable(tmp_path / "requests.sqlite")
    asking = Asking()

    def due(now_s: float) -> list[tuple[str, str]]:
        return [(gateway, one.id) for gateway, one in asking.due(now_s, held, table.unanswered())]

    table.ask("a", ResendRequest(id="r1"), NOW)
    table.ask("b", ResendRequest(id="r2"), NOW)
    assert due(0) == []
    asking.heard("a", status("x"))
    assert [(one.held, one.outbox) for _, one in asking.due(0, held, [])] == [(((1, 3),), "x")]
    assert due(1) == [("a", "r1")]
    assert due(2) == []
    asking.heard("a", GatewayStatus(online=False))
    assert due(100) == []
    asking.heard("a", status("x"))
    assert due(101) == [("a", "held"), ("a", "r1")]
    asking.heard("a", status("new"))
    assert due(102) == [("a", "held")]
    asking.connected()
    assert due(103) == [("a", "held"), ("a", "r1")]
    table.told("b", (RequestStatus(id="r1", stands=9, done=True),), NOW)
    assert due(300) == [("a", "r1")]
    table.told("a", (RequestStatus(id="r1", stands=9, done=True),), NOW)
    assert due(500) == []
    assert (table.one("r1").stands, table.one("r1").done, table.one("r2").done) == (9, True, False)
    table.close()
