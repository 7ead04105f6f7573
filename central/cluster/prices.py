"""Whether the price of energy moved when a contract was amended for the cluster (art. 38af). Pure.

The seller's contract changes for the cluster's settlement; its price terms stay unless the parties agree otherwise. A
price that moved on or near that day is told, never judged: the parties may have agreed so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

from central.cluster.model import Cluster, Contract, Point, Price
from central.cluster.spans import contract_at
from central.cluster.verdict import State, Verdict
from central.reports.note import Note, named, said
from central.validity import instant, valid_instants
from metering.period import WARSAW, day_start

NEAR: Final = timedelta(days=31)
"""A price that moved so long before or after the amendment moved near it: klaster's choice, the Act names no time."""
ARTICLE: Final = "art. 38af"
_RULE: Final = "price_moved"
_MOMENT: Final = timedelta(hours=1)


class Known(StrEnum):
    """What the recorded prices say of an amendment."""

    MOVED = "moved"
    SAME = "same"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class PriceMove:
    """The prices around one amendment at one point, in one zone; zł/kWh net."""

    point: str
    zone: str
    """Empty: all hours."""
    amended: date
    known: Known
    before: Decimal | None = None
    after: Decimal | None = None
    at: datetime | None = None
    """When it moved (UTC)."""
    sources: tuple[str, str] = ("", "")
    sellers: tuple[str, str] = ("", "")
    """Who sold before and after; empty where nobody said."""

    @property
    def said(self) -> Note:
        """Both prices, where they are from, and what else changed."""
        what = said("verdicts.price_all", "the price of energy")
        if self.zone:
            what = said("verdicts.price_zone", f"the price of energy of zone {self.zone}", zone=self.zone)
        before, after = (
            _price(price, source) for price, source in zip((self.before, self.after), self.sources, strict=True)
        )
        day = "" if self.at is None else self.at.astimezone(WARSAW).date().isoformat()
        text = (
            f"{what.text} went from {before.text} to {after.text} on {day}; the contract was amended for the cluster "
        )
        text += f"on {self.amended}"
        moved = said("verdicts.price_moved", text, what=[what], before=[before], after=[after], day=day,
                     amended=str(self.amended))  # fmt: skip
        one, other = self.sellers
        if not (one and other and one != other):
            return moved
        seller = said("verdicts.seller_changed", f"the seller changed too, from {one} to {other}", before=one,
                      after=other)  # fmt: skip
        return said("verdicts.together", f"{moved.text}; {seller.text}", parts=[moved, seller])

    @property
    def text(self) -> str:
        """The same in English."""
        return self.said.text


def _price(price: Decimal | None, source: str) -> Note:
    if source:
        return said("verdicts.price_of", f"{price} zł/kWh ({source})", price_num=str(price), source=source)
    return said("verdicts.price", f"{price} zł/kWh", price_num=str(price))


def price_moves(cluster: Cluster) -> list[PriceMove]:
    """What is known of the price around each recorded amendment, by point, amendment and zone."""
    of_member = {member.id: member.contract_amended for member in cluster.members}
    found = [
        move
        for point in cluster.points
        for day in _amendments(point, of_member.get(point.member))
        for move in _around(point, day)
    ]
    # A move near two amendments is one move.
    return list({(one.point, one.zone, one.at or one.amended, one.known): one for one in reversed(found)}.values())[
        ::-1
    ]


def price_verdicts(cluster: Cluster) -> Iterator[Verdict]:
    """Each price that moved; and once those that didn't, and those of which nobody knows."""
    found = price_moves(cluster)
    for move in found:
        if move.known is Known.MOVED:
            text = f"{move.text}; price terms stay unless the parties agree otherwise"
            yield Verdict(
                rule=_RULE,
                article=ARTICLE,
                state=State.NOTICE,
                subject=move.point,
                said=said("verdicts.price_terms", text, moved=[move.said]),
                span=(move.at, None),
            )
    if points := _points(found, Known.SAME):
        text = f"the price of energy didn't move when the contract was amended: {points.text}"
        note = said("verdicts.price_same", text, points=[points])
        yield Verdict(rule=_RULE, article=ARTICLE, state=State.MET, said=note)
    if points := _points(found, Known.NOT_KNOWN):
        text = f"nobody recorded the price of energy before and after the amended contract: {points.text}"
        note = said("verdicts.price_unknown", text, points=[points])
        yield Verdict(rule=_RULE, article=ARTICLE, state=State.NOT_KNOWN, said=note)


def _points(found: Sequence[PriceMove], known: Known) -> Note | None:
    points = list(dict.fromkeys(move.point for move in found if move.known is known))
    return named(points) if points else None


def _amendments(point: Point, of_member: date | None) -> list[date]:
    """The days on which a contract of the point was amended while it was valid."""
    days = set()
    for contract in point.supplied or (Contract(),):
        day = contract.contract_amended or of_member
        first, last = valid_instants(contract, point)
        if day is not None and (first is None or first <= day_start(day)) and (last is None or day_start(day) < last):
            days.add(day)
    return sorted(days)


def _around(point: Point, day: date) -> Iterator[PriceMove]:
    zones = list(dict.fromkeys(row.zone for row in point.prices))
    if not zones:
        yield PriceMove(point=point.id, zone="", amended=day, known=Known.NOT_KNOWN)
    for zone in zones:
        rows = sorted((row for row in point.prices if row.zone == zone), key=_begins)
        yield from _in_zone(point, day, zone, rows)


def _in_zone(point: Point, day: date, zone: str, rows: Sequence[Price]) -> Iterator[PriceMove]:
    at = day_start(day)
    moved = False
    for before, after in pairwise(rows):
        begins, ended = instant(after.valid_from or day), instant(before.valid_to or day)
        near = abs(begins - at) <= NEAR or ended <= at <= begins
        if near and before.zl_per_kwh != after.zl_per_kwh:
            moved = True
            yield PriceMove(
                point=point.id,
                zone=zone,
                amended=day,
                known=Known.MOVED,
                before=Decimal(before.zl_per_kwh),
                after=Decimal(after.zl_per_kwh),
                at=begins,
                sources=(before.source, after.source),
                sellers=(contract_at(point, ended - _MOMENT).seller, contract_at(point, begins).seller),
            )
    if not moved:
        there = any(_covers(row, at - _MOMENT) for row in rows) and any(_covers(row, at) for row in rows)
        known = Known.SAME if there else Known.NOT_KNOWN
        yield PriceMove(point=point.id, zone=zone, amended=day, known=known)


def _begins(row: Price) -> datetime:
    return datetime.min.replace(tzinfo=WARSAW) if row.valid_from is None else instant(row.valid_from)


def _covers(row: Price, at: datetime) -> bool:
    first, last = valid_instants(row)
    return (first is None or first <= at) and (last is None or at < last)
