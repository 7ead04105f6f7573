"""Remote-read meters: the operator hangs one at every point within 90 days of the application (art. 38ae ust. 1 pkt 2).

The duty names members who are neither prosumers nor producers; the others' points are shown too, and said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from central.cluster.model import Cluster, Meter, Point
from central.cluster.spans import points_at
from central.cluster.verdict import State, Verdict
from central.reports.note import Note, said
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
        state, note = _term(cluster, point, hung, now)
        yield Verdict(rule=rule, article=article, state=state, said=note, subject=point.id)
    if points and not lacking:
        note = said("verdicts.all_remote_read", "every point has a remote-read meter")
        yield Verdict(rule=rule, article=article, state=State.MET, said=note)


def _term(cluster: Cluster, point: Point, hung: list[Meter], now: datetime) -> tuple[State, Note]:
    unknown = any(meter.remote_read is None for meter in hung)
    meter = said("verdicts.no_remote_read", "has no remote-read meter")
    if unknown:
        meter = said("verdicts.remote_read_unknown", "nobody said whether its meter is read from afar")
    asked = point.remote_read_requested or cluster.applied_to_operator
    if asked is None:
        text = f"{meter.text}; the day of the application isn't recorded, so its 90 days aren't known"
        return State.NOT_KNOWN, said("verdicts.term_unknown", text, meter=[meter])
    due, today = asked + TERM, now.astimezone(WARSAW).date()
    left = (due - today).days
    if left >= 0:
        rest = said("verdicts.days_left", f"{left} day{'s' * (left != 1)} left", n=left)
    else:
        rest = said("verdicts.days_over", f"{-left} day{'s' * (left != -1)} over", n=-left)
    text = f"{meter.text}; due {due} (90 days from {asked}): {rest.text}"
    term = said("verdicts.term", text, meter=[meter], due=str(due), asked=str(asked), rest=[rest])
    if Direction.INJECTED in point.directions:
        text = f"{term.text}; the duty doesn't name prosumers and producers"
        return State.NOTICE, said("verdicts.duty_of_others", text, term=[term])
    if left >= 0:
        return State.NOTICE, term
    return (State.NOT_KNOWN if unknown else State.NOT_MET), term
