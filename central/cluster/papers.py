"""The agreement and its term, and each member's authorisation to its data (art. 38aa ust. 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from central.cluster.contradictions import ELEMENTS
from central.cluster.model import Agreement, Authorisation, Cluster, Member
from central.cluster.spans import members_at, runs, stretches
from central.cluster.verdict import State, Verdict
from central.reports.note import Note, said
from central.validity import Dated, instant, is_valid, valid_instants
from metering.period import WARSAW

WARN_DAYS = (30, 90, 180)
"""Days ahead of an agreement's end at which somebody should know: the end strikes the cluster off (38ac ust. 12)."""
_ARTICLE = "art. 38aa ust. 2"


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """A stretch of a membership in which no authorisation to the member's data is valid; half-open, UTC."""

    member: str
    since: datetime
    until: datetime


def agreement_verdicts(cluster: Cluster, start: datetime, now: datetime) -> Iterator[Verdict]:
    """An agreement at every instant while there are members, in writing, with all its elements; and its end."""
    if not cluster.agreements:
        note = said("verdicts.no_agreement_recorded", "no agreement is recorded (table agreements)")
        yield Verdict(rule="agreement", article=_ARTICLE, state=State.NOT_KNOWN, said=note)
        return
    rows: list[Dated] = [*cluster.members, *cluster.agreements]

    def found(at: datetime) -> tuple[State, Note] | None:
        if not members_at(cluster, at):
            return None
        held = [row.id for row in cluster.agreements if is_valid(row, at)]
        if held:
            names = ", ".join(held)
            return State.MET, said("verdicts.agreement", f"agreement: {names}", names=names)
        return _lacking(at, now), said("verdicts.no_agreement", "no agreement is valid")

    for span, (state, note) in runs(stretches(rows, start), found):
        yield Verdict(rule="agreement", article=_ARTICLE, state=state, said=note, span=span)
    for row in cluster.agreements:
        yield from _content(row)
        yield from _end(row, now)


def _content(row: Agreement) -> Iterator[Verdict]:
    missing = [str(number) for number in ELEMENTS if number not in (row.elements or ())]
    states = {
        "written_form": {
            None: (State.NOT_KNOWN, said("verdicts.form_unknown", "nobody said whether it is in writing")),
            False: (State.NOT_MET, said("verdicts.not_written", "isn't in writing: it is void")),
            True: (State.MET, said("verdicts.written", "is in writing")),
        }[row.written],
        "elements": _elements(row, ", ".join(missing)),
    }
    for rule, (state, note) in states.items():
        span = valid_instants(row)
        yield Verdict(rule=rule, article=_ARTICLE, state=state, said=note, subject=row.id, span=span)


def _elements(row: Agreement, missing: str) -> tuple[State, Note]:
    if row.elements is None:
        return State.NOT_KNOWN, said("verdicts.elements_unknown", "nobody said which elements it contains")
    if missing:
        return State.NOT_MET, said("verdicts.elements_missing", f"lacks pkt {missing}", missing=missing)
    first, last = ELEMENTS[0], ELEMENTS[-1]
    return State.MET, said("verdicts.elements", f"contains pkt {first} to {last}", first=first, last=last)


def _end(row: Agreement, now: datetime) -> Iterator[Verdict]:
    if row.valid_to is None or instant(row.valid_to) <= now:
        return
    end = instant(row.valid_to)
    days = (end.astimezone(WARSAW).date() - now.astimezone(WARSAW).date()).days
    if step := next((step for step in WARN_DAYS if days <= step), None):
        text = f"ends in {days} day{'s' * (days != 1)}, not more than {step}: with it the cluster leaves the register"
        note = said("verdicts.agreement_ends", text, n=days, step=step)
        span = valid_instants(row)
        yield Verdict(
            rule="agreement_ends", article="art. 38ac ust. 12", state=State.NOTICE, said=note, subject=row.id, span=span
        )


def authorisation_verdicts(cluster: Cluster, start: datetime, now: datetime) -> Iterator[Verdict]:
    """Every member's leave to its data at every instant of its membership: what has none is marked."""
    for member in cluster.members:
        yield from _of_member(cluster, member, start, now)


def _lacking(at: datetime, now: datetime) -> State:
    """What is lacking: unmet; but a term that ends in the future is only to be known."""
    return State.NOTICE if at > now else State.NOT_MET


def unauthorised(cluster: Cluster, first: datetime, last: datetime) -> list[Unauthorised]:
    """Where between two instants members' data have no valid authorisation; in the order of the members.

    None where the cluster file has no table authorisations: nobody says it here.
    """
    found = []
    for member in cluster.members if cluster.authorisations else ():
        given = _given(cluster, member)

        def lacks(at: datetime, member: Member = member, given: list[Authorisation] = given) -> bool | None:
            return True if first <= at < last and is_valid(member, at) and _held(given, at) is None else None

        for (since, until), _ in runs(stretches([member, *given], first), lacks):
            if since is not None:
                found.append(Unauthorised(member.id, since, min(until or last, last)))
    return found


def _given(cluster: Cluster, member: Member) -> list[Authorisation]:
    return [row for row in cluster.authorisations if row.member == member.id]


def _held(given: list[Authorisation], at: datetime) -> Authorisation | None:
    """The authorisation that is valid at an instant."""
    return next((row for row in given if is_valid(row, at)), None)


def _of_member(cluster: Cluster, member: Member, start: datetime, now: datetime) -> Iterator[Verdict]:
    given = _given(cluster, member)

    def found(at: datetime) -> tuple[State, Note] | None:
        if not is_valid(member, at):
            return None
        if not given:
            text = "no authorisation to its data is recorded (table authorisations)"
            return State.NOT_KNOWN, said("verdicts.no_authorisation_recorded", text)
        held = _held(given, at)
        if held is None:
            text = "its data may not be used: no authorisation is valid"
            return _lacking(at, now), said("verdicts.no_authorisation", text)
        if not held.document:
            return State.MET, said("verdicts.authorised", "authorised")
        return State.MET, said("verdicts.authorised_by", f"authorised by {held.document}", document=held.document)

    for span, (state, note) in runs(stretches([member, *given], start), found):
        yield Verdict(
            rule="authorisation", article=f"{_ARTICLE} pkt 6", state=state, said=note, subject=member.id, span=span
        )
