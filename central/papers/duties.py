"""The calendar of a cluster's deadlines, from its data and a day alone: what is due, whose, since when, done by what.

Days are local days; what is due on a day is late from the next one on. Articles are of the RES Act (t.j. Dz.U. 2024
poz. 1361).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from central.cluster.dealings import Filing, FilingKind
from central.cluster.model import Cluster, Contract, Point
from central.cluster.spans import contract_at, points_at
from central.deadlines import DEADLINES
from central.papers.entry import entry_at
from central.papers.facts import Changed, changed
from central.validity import instant, is_valid, valid_instants
from metering.period import WARSAW, Month, day_start, months
from metering.point import Direction, Role

RELIEF_ENDS: Final = date(2029, 12, 31)
SWITCH: Final = date(2027, 1, 1)
"""From this day on the conditions are those of art. 184l ust. 2."""
FIRST_REPORT: Final = 2024
WARN_DAYS: Final = (180, 90, 30)
_14, _60, _90 = timedelta(days=14), timedelta(days=60), timedelta(days=90)


class DutyState(StrEnum):
    """Where a duty stands on a day."""

    DONE = "done"
    OPEN = "open"
    LATE = "late"
    PASSED = "passed"
    """A day in the calendar that nobody has to do anything for, or of which the cluster file can't tell."""


class Who(StrEnum):
    """Whose duty it is."""

    COORDINATOR = "coordinator"
    OPERATOR = "operator"
    SELLER = "seller"
    URE = "ure"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One deadline."""

    kind: str
    """A key of ``central.papers.duty_words.WORDS``."""
    article: str
    who: Who
    subject: str = ""
    begins: date
    """From when the term runs."""
    due: date
    """The last day in time."""
    state: DutyState
    done_on: date | None = None
    done_by: str = ""
    """The filing that did it, or what else shows it."""
    warn_days: tuple[int, ...] = (7,)

    @property
    def key(self) -> str:
        """Its name for ever."""
        return f"{self.kind}/{self.subject}/{self.due.isoformat()}"

    @property
    def in_time(self) -> bool | None:
        """Whether what is done was done in time; None: not done, or nobody knows when."""
        return None if self.done_on is None else self.done_on <= self.due

    def answer(self, today: date) -> dict[str, Any]:
        """For ``--json``, without words."""
        return {
            "kind": self.kind,
            "article": self.article,
            "who": self.who.value,
            "subject": self.subject,
            "from": self.begins.isoformat(),
            "due": self.due.isoformat(),
            "days_left": (self.due - today).days,
            "state": self.state.value,
            "done_on": self.done_on and self.done_on.isoformat(),
            "done_by": self.done_by or None,
            "in_time": self.in_time,
        }


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is reckoned on one day."""

    cluster: Cluster
    today: date
    """What was sent, answered, amended or noticed after it isn't known yet."""
    until: date
    """Duties due later aren't named."""
    noticed: Sequence[tuple[date, Sequence[Changed]]] = field(default=())
    """Changes of the register's facts that the history alone tells, with the day of their record."""

    def duties(self) -> list[Duty]:
        """Every duty, those due first before the others."""
        found = [
            *self._entry(),
            *self._changes(),
            *self._contracts(),
            *self._meters(),
            *self._reports(),
            *self._calls(),
            *self._agreements(),
            *self._days(),
            *self._data(),
        ]
        return sorted((one for one in found if one.due <= self.until), key=lambda one: (one.due, one.kind, one.subject))

    def _duty(self, kind: str, article: str, who: Who, begins: date, due: date, **more: Any) -> Duty:
        state = more.pop("state", None)
        if state is None:
            done = more.get("done_on") or more.get("done_by")
            state = DutyState.DONE if done else DutyState.LATE if self.today > due else DutyState.OPEN
        return Duty(kind=kind, article=article, who=who, begins=begins, due=due, state=state, **more)

    def _sent(self, *kinds: FilingKind) -> list[Filing]:
        return [one for one in self.cluster.filings if one.kind in kinds and one.sent <= self.today]

    def _entry(self) -> Iterator[Duty]:
        for one in self._sent(FilingKind.REGISTER_APPLICATION):
            begins = one.complete_since or one.sent
            entered = self.cluster.registered_from
            done = (
                {"done_on": entered, "done_by": "[cluster] registered_from"} if begins <= entered <= self.today else {}
            )
            yield self._duty("entry", "art. 38ac ust. 6", Who.URE, begins, begins + _14, subject=one.id, **done)

    def _changes(self) -> Iterator[Duty]:
        told = self._sent(FilingKind.REGISTER_CHANGE)
        for day, found in self._days_of_change():
            subjects = dict.fromkeys(f"{one.fact.section} {one.fact.subject}".strip() for one in found)
            done = next((one for one in sorted(told, key=lambda one: one.sent) if (one.up_to or one.sent) >= day), None)
            more = {"done_on": done.sent, "done_by": done.id} if done else {}
            named = ", ".join(list(subjects)[:4]) + (f" +{len(subjects) - 4}" if len(subjects) > 4 else "")
            yield self._duty("change", "art. 38ac ust. 10", Who.COORDINATOR, day, day + _14, subject=named, **more)

    def _days_of_change(self) -> Iterator[tuple[date, Sequence[Changed]]]:
        """The days after the entry on which facts of the register change by the rows' validities; then the noticed."""
        cluster = self.cluster
        start = day_start(cluster.registered_from)
        holders = [*cluster.members, *cluster.points, *cluster.installations]
        rows = [*holders, *(row for point in cluster.points for row in point.contracts)]
        cuts = sorted({at for row in rows for at in valid_instants(row) if at is not None and at > start})
        before = entry_at(cluster, start, "")
        for cut in cuts:
            if cut.astimezone(WARSAW).date() > self.until:
                break
            after = entry_at(cluster, cut, "")
            if found := changed(before, after):
                yield cut.astimezone(WARSAW).date(), found
            before = after
        yield from ((day, found) for day, found in self.noticed if day <= self.today)

    def _contracts(self) -> Iterator[Duty]:
        """The operator's 90 days; a seller's 60 (from a complete application) and 90 days."""
        applied = [(one.id, one.complete_since or one.sent) for one in self._sent(FilingKind.OPERATOR_APPLICATION)]
        asked = self.cluster.applied_to_operator
        if not applied and asked and asked <= self.today:
            applied = [("applied_to_operator", asked)]
        for name, begins in applied:
            done = self._amended(begins)
            yield self._duty(
                "operator_contracts", "art. 38ae ust. 1", Who.OPERATOR, begins, begins + _90, subject=name, **done
            )
        for one in self._sent(FilingKind.SELLER_APPLICATION):
            done = self._amended(one.sent, one.addressee)
            begins, named = one.complete_since or one.sent, one.addressee or one.id
            yield self._duty("seller_60", "art. 184l ust. 5", Who.SELLER, begins, begins + _60, subject=named, **done)
            yield self._duty("seller_90", "art. 38af", Who.SELLER, one.sent, one.sent + _90, subject=named, **done)

    def _amended(self, applied: date, seller: str | None = None) -> dict[str, Any]:
        """Done where every contract that the application was about is amended by now: on the last of the days.

        It is about the points that drew on its day, of that seller alone. One that has left the cluster, or the
        seller, without an amended contract no longer waits for one; one that came later is another application's.
        Where all have left, there is nothing to be done any more.
        """
        then, now = day_start(applied), day_start(self.today)
        there = {point.id for point in points_at(self.cluster, now)}
        days, waiting, about = [], False, False
        for point in points_at(self.cluster, then):
            if Direction.DRAWN not in point.directions or seller not in {None, contract_at(point, then).seller}:
                continue
            about = True
            if (day := self._amended_on(point, then, seller)) is not None:
                days.append(day)
            else:
                left = point.id not in there or seller not in {None, contract_at(point, now).seller}
                waiting = waiting or not left
        if waiting or not about:
            return {}
        return {"done_on": max(days), "done_by": "contract_amended"} if days else {"state": DutyState.PASSED}

    def _amended_on(self, point: Point, since: datetime, seller: str | None) -> date | None:
        """The first day up to today on which a contract of the point, valid since then, is amended."""
        owner = next((one.contract_amended for one in self.cluster.members if one.id == point.member), None)
        now, found = day_start(self.today), []
        for row in point.supplied or (Contract(),):
            begins, ends = valid_instants(row)
            in_time = (begins is None or begins <= now) and (ends is None or ends > since)
            if in_time and seller in {None, row.seller}:
                found.append(row.contract_amended or owner)
        return min((day for day in found if day is not None and day <= self.today), default=None)

    def _meters(self) -> Iterator[Duty]:
        """One for each day of application; prosumers and producers aren't named by the duty."""
        groups: dict[date, list[Point]] = {}
        for point in points_at(self.cluster, day_start(self.today)):
            asked = point.remote_read_requested or self.cluster.applied_to_operator
            if asked and asked <= self.today and Direction.INJECTED not in point.directions:
                groups.setdefault(asked, []).append(point)
        for asked, points in groups.items():
            lacking = [point.id for point in points if not self._is_read_from_afar(point)]
            done = {} if lacking else {"done_by": "[[meters]] remote_read"}
            named = ", ".join(lacking[:3]) + (f" +{len(lacking) - 3}" if len(lacking) > 3 else "")
            yield self._duty(
                "remote_read", "art. 38ae ust. 1 pkt 2", Who.OPERATOR, asked, asked + _90, subject=named, **done
            )

    def _is_read_from_afar(self, point: Point) -> bool:
        at = day_start(self.today)
        hung = (one for one in self.cluster.meters if one.point == point.id and is_valid(one, at))
        return any(one.remote_read for one in hung if one.role is Role.SETTLEMENT)

    def _reports(self) -> Iterator[Duty]:
        sent = {one.year: one for one in self._sent(FilingKind.ANNUAL_REPORT)}
        first = max(FIRST_REPORT, self.cluster.registered_from.year)
        for year in range(first, self.until.year):
            one = sent.get(year)
            more = {"done_on": one.sent, "done_by": one.id} if one else {}
            due = date(year + 1, 6, 30)
            begins = date(year + 1, 1, 1)
            yield self._duty(
                "annual_report", "art. 38ad ust. 1", Who.COORDINATOR, begins, due, subject=str(year),
                warn_days=(60, 14), **more,
            )  # fmt: skip

    def _calls(self) -> Iterator[Duty]:
        for call in self.cluster.calls:
            if call.served > self.today:
                continue
            answered = call.answered and call.answered <= self.today
            more = {"done_on": call.answered, "done_by": f"[[calls]] {call.id}"} if answered else {}
            yield self._duty(
                "call", "art. 38ac, art. 38ad ust. 2-3", Who.COORDINATOR, call.served, call.served + _14,
                subject=call.id, warn_days=(7, 2), **more,
            )  # fmt: skip

    def _agreements(self) -> Iterator[Duty]:
        for one in self.cluster.agreements:
            if one.valid_to is None:
                continue
            end = instant(one.valid_to)
            follows = [other.id for other in self.cluster.agreements if other is not one and is_valid(other, end)]
            due = (end - timedelta(seconds=1)).astimezone(WARSAW).date()
            more: dict[str, Any] = {"done_by": ", ".join(follows)} if follows else {}
            begins = one.signed or due - timedelta(days=WARN_DAYS[0])
            yield self._duty(
                "agreement_end", "art. 38ac ust. 12", Who.COORDINATOR, begins, due, subject=one.id,
                warn_days=WARN_DAYS, **more,
            )  # fmt: skip

    def _days(self) -> Iterator[Duty]:
        for kind, article, due, warn in (
            ("switch", "art. 184l ust. 2", SWITCH - timedelta(days=1), (180, 90, 30)),
            ("relief_ends", "art. 184k ust. 1", RELIEF_ENDS, (365, 180, 30)),
        ):
            state = DutyState.PASSED if self.today > due else DutyState.OPEN
            begins = self.cluster.registered_from
            yield self._duty(kind, article, Who.NOBODY, begins, due, warn_days=warn, state=state)

    def _data(self) -> Iterator[Duty]:
        """By when the operator's data of a month must be whole: of last month, this and those to come."""
        this = Month.of(day_start(self.today))
        first = Month.of(this.start - timedelta(days=1))
        last = Month.of(day_start(self.until))
        for month in months(first, last) if first <= last else ():
            end = month.next.first_day
            due: datetime = DEADLINES[-1].due(end - timedelta(days=1))
            day = (due - timedelta(seconds=1)).astimezone(WARSAW).date()
            state = DutyState.PASSED if self.today > day else DutyState.OPEN
            yield self._duty(
                "operator_data", "§ 16 ust. 2, Dz.U. 2022 poz. 788", Who.OPERATOR, end, day, subject=str(month),
                state=state,
            )  # fmt: skip
