"""What became of every stand and every hour of a stretch of time: pure counting, so that it can be tried on made-up books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from metering.period import HOUR
from simulators.compare import Difference, Kind
from simulators.ledger import Ledger

_WRONG = {Kind.STAND, Kind.STAND_TWICE, Kind.METER_UNKNOWN, Kind.HOUR}


class Fact(NamedTuple):
    """One stand, wherever it is seen: on the wire, in an outbox, in central's books."""

    meter: str
    register: str
    at: datetime
    epoch: str
    wh: Decimal

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Fact:
        at = row["at"]
        return cls(
            row["meter"],
            row["register"],
            at if isinstance(at, datetime) else datetime.fromisoformat(at),
            row["epoch"],
            Decimal(row["wh"]),
        )


class Stretch(NamedTuple):
    """The instants after ``since`` up to ``until``: those of the hours that begin at ``since`` and end by ``until``."""

    since: datetime
    until: datetime

    def has(self, at: datetime) -> bool:
        return self.since < at <= self.until

    def holds(self, hour: datetime) -> bool:
        return self.since <= hour and hour + HOUR <= self.until


@dataclass(frozen=True)
class Account:
    """One row of the matrix."""

    sent: int
    receipted: int
    in_books: int
    lost: list[Fact]
    """Stands with a receipt that central's books don't have, or have with another value."""
    doubled: list[tuple[str, str, datetime]]
    """Register and instant with more than one stand in the books."""
    equal: list[datetime]
    """Complete hours that are the ledger's."""
    incomplete: list[datetime]
    untold: list[datetime]
    """Incomplete hours of which no finding speaks."""
    silent: list[tuple[str, str, datetime]]
    """True stands that are neither in the books nor told as missing by their gateway."""
    wrong: list[Difference]


def account(
    stretch: Stretch,
    *,
    sent: Iterable[Fact],
    receipted: Iterable[Fact],
    books: Sequence[Fact],
    ledger: Ledger,
    differences: Sequence[Difference],
    hours: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    told: Iterable[tuple[str, str, datetime, datetime]],
) -> Account:
    """Count one stretch.

    Args:
        stretch: what lies outside it isn't looked at.
        sent: stands that left a gateway.
        receipted: stands that central said it has.
        books: every row of central's ``stands``, doubles and all.
        ledger: the simulator's truth.
        differences: central's answers against it.
        hours: central's balance.
        findings: central's findings.
        told: meter, register, first and last instant that a gateway said no stand can be had for.
    """
    kept = [fact for fact in books if stretch.has(fact.at)]
    has = set(kept)
    times = Counter((fact.meter, fact.register, fact.at) for fact in kept)
    rows = {datetime.fromisoformat(row["start"]): row for row in hours}
    expected = [hour.start for hour in ledger.balance if stretch.holds(hour.start)]
    complete = {start for start in expected if start in rows and rows[start]["status"] == "complete"}
    here = [
        one
        for one in differences
        if (stretch.holds if one.kind in {Kind.HOUR, Kind.HOUR_MISSING} else stretch.has)(one.at)
    ]
    wrong = [one for one in here if one.kind in _WRONG]
    off = {one.at for one in wrong if one.kind is Kind.HOUR}
    gaps = [
        (datetime.fromisoformat(one["since"]), datetime.fromisoformat(one["until"]))
        for one in findings
        if one["kind"] == "missing"
    ]
    said = list(told)
    return Account(
        sent=len({fact for fact in sent if stretch.has(fact.at)}),
        receipted=len(confirmed := {fact for fact in receipted if stretch.has(fact.at)}),
        in_books=len(kept),
        lost=sorted(confirmed - has),
        doubled=sorted(key for key, count in times.items() if count > 1),
        equal=sorted(complete - off),
        incomplete=[start for start in expected if start not in complete],
        untold=[
            start
            for start in expected
            if start not in complete and not any(since <= start < until for since, until in gaps)
        ],
        silent=sorted(
            (true.meter, true.register, true.at)
            for true in ledger.stands
            if stretch.has(true.at)
            and (true.meter, true.register, true.at) not in times
            and not any(
                (true.meter, true.register) == (meter, register) and first <= true.at <= last
                for meter, register, first, last in said
            )
        ),
        wrong=wrong,
    )
