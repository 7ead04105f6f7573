"""Remote-read meters: the operator hangs one at every point within 90 days of the application (art. 38ae ust. 1 pkt 2).

The duty names members who are neither prosumers nor producers; the others' points are shown too, and said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from central.cluster.model import Cluster, Meter, Point
from central.cluster.spans import points_at
from central.cluster.verdict import State, Verdict
from central.validity import is_valid
from metering.period import WARSAW
from metering.point import Direction, Role

TERM = timedelta(days=90)


def remote_read_verdicts(cluster: Cluster, now: datetime) -> Iterator[Verdict]:
    """Every point of a member at ``now`` that isn't known to have a remote-read meter, with its 90 days."""
    rule, article = "remote_read_meter", "art. 38ae ust. 1 pkt 2"
    points = points_at(cluster, now)
    lacking = 0
    for point in points:
        hung = [
            meter
            for meter in cluster.meters
            if meter.point == point.id and meter.role is Role.SETTLEMENT and is_valid(meter, now)
        ]
        if any(meter.remote_read for meter in hung):
            continue
        lacking += 1
        state, text = _term(cluster, point, hung, now)
        yield Verdict(rule=rule, article=article, state=state, text=text, subject=point.id)
    if points and not lacking:
        yield Verdict(rule=rule, article=article, state=State.MET, text="every point has a remote-read meter")


def _term(cluster: Cluster, point: Point, hung: list[Meter], now: datetime) -> tuple[State, str]:
    unknown = any(meter.remote_read is None for meter in hung)
    said = "nobody said whether its meter is read from afar" if unknown else "has no remote-read meter"
    asked = point.remote_read_requested or cluster.applied_to_operator
    if asked is None:
        return State.NOT_KNOWN, f"{said}; the day of the application isn't recorded, so its 90 days aren't known"
    due, today = asked + TERM, now.astimezone(WARSAW).date()
    left = (due - today).days
    term = f"{said}; due {due} (90 days from {asked}): {f'{left} days left' if left >= 0 else f'{-left} days over'}"
    if Direction.INJECTED in point.directions:
        return State.NOTICE, f"{term}; the duty doesn't name prosumers and producers"
    if left >= 0:
        return State.NOTICE, term
    return (State.NOT_KNOWN if unknown else State.NOT_MET), term
