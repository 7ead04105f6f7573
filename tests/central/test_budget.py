"""What a gateway may send: whatever it does, no more is taken in; an honest one never meets it, and none pays for another."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from central.answers import gateways
from central.books import Books
from central.budget import HOUR_S, Budget
from central.checks import of_intake
from central.config import IntakeTable, load_config
from central.evidence import IntakeSeen, OverBudget
from central.floods import FIRST_S, LATE_S, LONGEST_S, Floods
from central.gateways import GatewayTable
from gateway.flights import STANDS_A_MESSAGE
from metering.wire import MAX_IN_FLIGHT, GatewayStatus
from tests.central.made_books import AFTER, make_books

KIB = 1024
SENDINGS = st.lists(st.tuples(st.floats(0, 2000), st.integers(1, 300 * KIB)), min_size=1, max_size=80)


@given(SENDINGS, st.integers(1, 4))
def test_whatever_a_gateway_sends_no_more_is_taken_in_than_it_saved_and_each_hour_adds(
    sendings: list[tuple[float, int]], hours: int
) -> None:
    budget, now_s, taken = Budget(500 * KIB, 7, hours), 0.0, []
    for pause_s, size in sendings:
        now_s += pause_s
        if budget.allows("wild", size, now_s) is None:
            taken.append(size)
        most = hours + now_s / HOUR_S
        assert sum(taken) <= most * 500 * KIB + 1
        assert len(taken) <= most * 7 + 1e-6
    assert budget.allows("honest", 500 * KIB, now_s) is None, "what one sends is no burden to another"


def test_by_default_the_largest_gateway_sends_450_days_twice_in_an_hour_and_goes_on() -> None:
    limits = IntakeTable()
    budget = Budget(limits.gateway_mb_per_hour << 20, limits.gateway_messages_per_hour, limits.saved_hours)
    messages = 450 * 24 * 4 * 128 // STANDS_A_MESSAGE
    size = (2 << 30) // messages
    for i in range(2 * messages):
        assert budget.allows("g1", size, i * HOUR_S / (2 * messages)) is None
    for i in range(24 * 512):
        assert budget.allows("g1", 400, HOUR_S + i * HOUR_S / 512) is None


def test_a_stretch_names_what_was_sent_what_an_hour_adds_and_what_was_not_taken_in() -> None:
    budget = Budget(1000, 100, 1)
    assert budget.allows("wild", 1000, 0) is None
    over = [budget.allows("wild", 500, second) for second in (1, 2, 3)]
    assert [(one.unit, one.sent, one.budget, one.put_off, one.began_s) for one in over if one] == [
        ("bytes", 500, 1000, 1, 1),
        ("bytes", 1000, 1000, 2, 1),
        ("bytes", 1500, 1000, 3, 1),
    ]
    later = budget.allows("wild", 1001, 5000)
    assert later is not None
    assert (later.put_off, later.began_s) == (1, 5000)
    for _ in range(100):
        budget.allows("chatty", 1, 0)
    chatty = budget.allows("chatty", 1, 0)
    assert chatty is not None
    assert (chatty.unit, chatty.budget) == ("messages", 100)


def test_it_is_a_finding_and_in_the_gateways_status_until_ten_minutes_after(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    made.day()
    config = load_config(made.config)
    table = GatewayTable(config.gateways)
    table.heard("g1", GatewayStatus(online=True), AFTER)
    over = OverBudget(since=AFTER, at=AFTER, unit="bytes", sent=9_000_000, budget=1 << 20, put_off=7)
    table.over_budget("g1", over)
    books = Books(config)
    for minutes, count in ((1, 1), (11, 0)):
        found = of_intake(IntakeSeen(now=AFTER + timedelta(minutes=minutes), gateways=books.gateways()))
        mine = [one for one in found if one.kind == "over_budget"]
        assert [(one.first, one.second, one.unit) for one in mine] == [("9000000", str(1 << 20), "bytes")] * count
        rows = gateways(books, AFTER + timedelta(minutes=minutes))["gateways"]
        assert [row["over_budget"] is not None for row in rows if row["gateway"] == "g1"] == [bool(count)]
    table.close()


def test_only_who_sends_most_while_the_brokers_queue_is_slow_is_shut_out_and_longer_each_time() -> None:
    floods = Floods()
    assert not floods.asks(1), "nobody sends"

    def second(now_s: float, **counts: int) -> bool:
        for gateway, count in counts.items():
            for _ in range(count):
                floods.heard(gateway)
        return floods.asks(now_s)

    assert not second(2, g1=15), "one alone, slowly"
    assert not second(3, g1=90, g2=90, g3=90), "all have a backlog"
    assert second(4, wild=200, g1=90)
    floods.answered(5.9)
    assert floods.flood(6.5) is None, "central's word came back in time: a backlog, no flood"
    assert second(7, g1=200)
    for _ in range(3 * MAX_IN_FLIGHT):
        floods.heard("g1")
    assert floods.flood(30) is None, "central is slow: of one that waits for receipts no more can stand in the queue"
    floods.answered(31)
    assert second(32, g1=2000), "its backlog goes on"
    floods.answered(33)
    for now_s, pause_s in ((40, FIRST_S), (2000, 2 * FIRST_S), (10 * LONGEST_S, FIRST_S)):
        floods.asks(now_s - 1)
        assert second(now_s, wild=5000, g1=9)
        for _ in range(3000):
            floods.heard("wild")
        assert floods.flood(now_s + 1) is None
        assert floods.flood(now_s + LATE_S) == ("wild", pause_s)
        assert floods.shut(now_s + 10) == {"wild"}
        assert not floods.is_shut("g1", now_s + 10)
        floods.connected()
        assert floods.shut(now_s + LATE_S + pause_s) == frozenset()
