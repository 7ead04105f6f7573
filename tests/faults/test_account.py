"""The account itself: each thing that may go wrong in the books is counted, so that no cell of the matrix can't fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from metering.obis import ACTIVE_IMPORT
from metering.period import HOUR, utc_text
from simulators.compare import Difference, Kind
from simulators.ledger import Ledger, TrueHour, TrueStand
from tests.faults.account import Account, Fact, Stretch, account

T0 = datetime(2026, 6, 17, 4, tzinfo=UTC)
STRETCH = Stretch(T0, T0 + 3 * HOUR)
FACTS = [Fact("1", ACTIVE_IMPORT, T0 + HOUR * i, "life", Decimal(1000 + 100 * i)) for i in range(4)]
LEDGER = Ledger(
    scenario="made up",
    since=T0,
    until=T0 + 3 * HOUR,
    stands=[
        TrueStand(
            site="s", meter=one.meter, register=one.register, at=one.at, wh=int(one.wh), multiplier=1,
            point_wh=int(one.wh), power_before_w=100, power_after_w=100, change_w=0,
        )
        for one in FACTS
    ],
    energies=[],
    balance=[TrueHour(start=T0 + HOUR * i, drawn_wh=100, injected_res_wh=0, covered_wh=0) for i in range(3)],
)  # fmt: skip
HOURS = [{"start": utc_text(T0 + HOUR * i), "status": "complete"} for i in range(3)]
GOOD: dict[str, Any] = {
    "sent": FACTS,
    "receipted": FACTS,
    "books": FACTS,
    "ledger": LEDGER,
    "differences": [],
    "hours": HOURS,
    "findings": [],
    "told": [],
}


def count(**changed: Any) -> Account:
    return account(STRETCH, **{**GOOD, **changed})


def test_books_in_order_are_counted_within_the_stretch() -> None:
    found = count()
    assert (found.sent, found.receipted, found.in_books) == (3, 3, 3)
    assert found.equal == [T0, T0 + HOUR, T0 + 2 * HOUR]
    assert replace(found, sent=0, receipted=0, in_books=0, equal=[]) == Account(0, 0, 0, [], [], [], [], [], [], [])


def test_a_row_that_is_gone_or_changed_is_lost() -> None:
    assert count(books=FACTS[:2] + FACTS[3:]).lost == [FACTS[2]]
    changed = FACTS[2]._replace(wh=FACTS[2].wh + 1)
    assert count(books=[*FACTS[:2], changed, FACTS[3]]).lost == [FACTS[2]]


@pytest.mark.parametrize("again", [FACTS[1], FACTS[1]._replace(epoch="other"), FACTS[1]._replace(wh=Decimal(7))])
def test_a_second_row_of_a_register_and_instant_is_doubled(again: Fact) -> None:
    assert count(books=[*FACTS, again]).doubled == [(again.meter, again.register, again.at)]


def test_a_true_stand_that_is_nowhere_is_silent_unless_its_gateway_said_so() -> None:
    without = {"sent": FACTS[:2], "receipted": FACTS[:2], "books": FACTS[:2]}
    key = ("1", ACTIVE_IMPORT)
    assert count(**without).silent == [(*key, FACTS[2].at), (*key, FACTS[3].at)]
    assert count(**without, told=[(*key, FACTS[2].at, FACTS[2].at)]).silent == [(*key, FACTS[3].at)]
    assert count(**without, told=[(*key, FACTS[2].at, FACTS[3].at)]).silent == []


@pytest.mark.parametrize("hours", [HOURS[:1] + HOURS[2:], [HOURS[0], {**HOURS[1], "status": "incomplete"}, HOURS[2]]])
def test_an_incomplete_hour_without_a_finding_is_untold(hours: list[dict[str, str]]) -> None:
    finding = {"kind": "missing", "since": utc_text(T0 + HOUR), "until": utc_text(T0 + 2 * HOUR)}
    found = count(hours=hours, findings=[finding])
    assert (found.incomplete, found.untold) == ([T0 + HOUR], [])
    assert count(hours=hours, findings=[{**finding, "until": finding["since"]}]).untold == [T0 + HOUR]
    assert count(hours=hours, findings=[{**finding, "kind": "fall"}]).untold == [T0 + HOUR]


@pytest.mark.parametrize(
    ("kind", "at", "equal"),
    [(Kind.HOUR, T0 + HOUR, 2), (Kind.STAND, T0 + HOUR, 3), (Kind.STAND_TWICE, T0 + HOUR, 3)],
)
def test_what_differs_from_the_ledger_is_wrong(kind: Kind, at: datetime, equal: int) -> None:
    one = Difference(kind=kind, what="1", at=at)
    found = count(differences=[one, Difference(kind=kind, what="1", at=T0 + 9 * HOUR)])
    assert found.wrong == [one]
    assert len(found.equal) == equal
