"""Why values are missing: who should have given them, and what is known of it. Values in, values out.

All that fits is told, the likeliest first. What was recorded as a finding while it lasted explains an older stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from central.checks.gateway_silent import SILENCE
from central.completeness import STORAGE
from central.deadlines import DEADLINES, Deadline, last_passed, next_due
from central.evidence import GatewaySeen, Held
from central.finding import Finding
from central.readings import MeterSeen
from central.reports.note import Note
from central.sentence import Fact, counted, heard, joined, sentence
from metering.period import WARSAW
from metering.point import Role
from metering.wire import MeterStatus

NAMED = 3
"""So many held meters are named."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that explains a stretch."""

    cause: str
    """``two_values``, ``fall``, ``meter_unknown``, ``gateway_silent``, ``backlog``, ``meter_failing``, ``file_late``,
    ``file_awaited`` or ``nothing_known``."""
    said: Note
    """What is known of it, for any language."""
    gateway: str = ""
    meter: str = ""
    operator: str = ""
    deadline: str = ""
    """The last one that has passed, or the next one."""
    finding: str = ""
    """The id of the record that says so."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of a gateway or meter, and from when to when it lasted."""

    id: str
    finding: Finding
    since: datetime
    until: datetime | None
    """None while it is open."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing."""

    point: str
    direction: str
    since: datetime
    until: datetime


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What is known besides the energies."""

    now: datetime
    meters: Sequence[Mapping[str, Any]]
    """Rows of the table meters."""
    seen: Sequence[MeterSeen] = ()
    held: Sequence[Held] = ()
    gateways: Sequence[GatewaySeen] = ()
    records: Sequence[Recorded] = ()
    doubles: Mapping[tuple[str, str], Sequence[datetime]] = {}
    """By point and direction: periods of which two values are there."""
    falls: Mapping[tuple[str, str], Sequence[tuple[datetime, datetime]]] = {}
    """And stretches whose stands can't give an energy."""


class Causes:
    """Explains stretches, one after another."""

    def __init__(self, around: Around) -> None:
        """Nothing is explained yet."""
        self._around = around
        self._gateways = {one.gateway: one for one in around.gateways}
        self._status: dict[tuple[str, str], MeterStatus] = {
            (one.gateway, meter.id): meter for one in around.gateways if one.status for meter in one.status.meters
        }
        self._reading: dict[str, set[str]] = {}
        for one in around.seen:
            self._reading.setdefault(one.meter, set()).add(one.gateway)
        for gateway, meter in self._status:
            self._reading.setdefault(meter, set()).add(gateway)
        self._records: dict[tuple[str, ...], list[Recorded]] = {}
        for record in around.records:
            self._records.setdefault(record.finding.identity, []).append(record)
        self._at: dict[str, list[Mapping[str, Any]]] = {}
        for row in around.meters:
            self._at.setdefault(row["point"], []).append(row)

    def meters(self, one: Stretch) -> list[tuple[str, list[str]]]:
        """The meters that should have counted, and the gateways that read them.

        For a storage's line those of the storage; without a direction both.
        """
        roles = {"": (Role.SETTLEMENT, Role.STORAGE), STORAGE: (Role.STORAGE,)}.get(one.direction, (Role.SETTLEMENT,))
        return [
            (row["serial"], [row["gateway"]] if row["gateway"] else sorted(self._reading.get(row["serial"], ())))
            for row in self._at.get(one.point, ())
            if row["role"] in roles and _meets(row["valid_from"], row["valid_to"], one)
        ]

    def read_here(self, one: Stretch) -> bool:
        """Whether a gateway reads what is missing, or should."""
        return any(gateways for _, gateways in self.meters(one))

    def of(self, one: Stretch, operator: str | None) -> tuple[Cause, ...]:
        """What explains a stretch; ``operator`` is whose files the point rests on, None where it rests on none."""
        found = [*self._stands(one), *self._held(one)]
        for meter, gateways in self.meters(one):
            for gateway in gateways:
                found += self._gateway(one, meter, gateway)
        if operator is not None:
            found.append(self._file(one, operator))
        return tuple(found) or (Cause(cause="nothing_known", said=self._nothing(one)),)

    def _stands(self, one: Stretch) -> Iterator[Cause]:
        key = one.point, one.direction
        twice = sum(one.since <= at < one.until for at in self._around.doubles.get(key, ()))
        if twice:
            said = counted(
                "causes.two_values", twice, "period has two values: none counts", "periods have two values: none counts"
            )
            yield Cause(cause="two_values", said=said)
        for since, until in self._around.falls.get(key, ()):
            if since < one.until and until > one.since:
                fall = "the stands at {since} and {until} can't give an energy"
                yield Cause(cause="fall", said=sentence("causes.fall", fall, since=since, until=until))

    def _held(self, one: Stretch) -> Iterator[Cause]:
        """Stands that are held: of a meter of this point, or of one that its meter's gateway sends in its place."""
        mine = {row["serial"] for row in self._at.get(one.point, ())}
        unseen = {gateway for meter, named in self.meters(one) if meter not in self._reading for gateway in named}
        fits = [
            held
            for held in self._around.held
            if (held.seen.meter in mine or held.seen.gateway in unseen)
            and held.seen.first <= one.until
            and held.seen.last >= one.since
        ]
        for held in fits[:NAMED]:
            row = held.seen
            said = sentence(
                "causes.meter_unknown",
                "{stands} of meter {meter} held: {problem}",
                stands=counted("findings.stands", row.stands, "stand", "stands"),
                meter=row.meter,
                problem=heard(held.problem),
            )
            yield Cause(cause="meter_unknown", said=said, gateway=row.gateway, meter=row.meter)

    def _gateway(self, one: Stretch, meter: str, gateway: str) -> Iterator[Cause]:
        now, who = self._around.now, {"gateway": gateway, "meter": meter}
        seen = self._gateways.get(gateway)
        if seen is None:
            yield Cause(cause="gateway_silent", said=_never_heard(gateway), **who)
            return
        last = max((at for at in (seen.heard, seen.receipted) if at is not None), default=None)
        online = seen.status is not None and seen.status.online
        silent = last is None or not online or now - last > SILENCE
        # What ended well before it fell silent has another reason.
        if silent and (last is None or one.until > last - timedelta(hours=2)):
            said = _never_heard(gateway)
            if last is not None:
                said = sentence("causes.last_heard", "gateway {gateway} was last heard {at}", gateway=gateway, at=last)
            yield Cause(cause="gateway_silent", said=said, **who)
        elif online and seen.status is not None and seen.status.backlog:
            rows = counted("causes.rows", seen.status.backlog, "row waits", "rows wait")
            said = sentence("causes.backlog", "{rows} at gateway {gateway}", rows=rows, gateway=gateway)
            yield Cause(cause="backlog", said=said, **who)
        status = self._status.get((gateway, meter))
        if status and status.error and (status.last_read is None or one.until > status.last_read):
            read = Note("findings.never_read", "it was never read")
            if status.last_read is not None:
                read = sentence("findings.last_read", "last read {at}", at=status.last_read)
            said = sentence("causes.meter_failing", "meter {meter}: {error}", meter=meter, error=heard(status.error))
            yield Cause(cause="meter_failing", said=joined([said, read]), **who)
            return
        yield from self._recorded(one, meter, gateway)

    def _recorded(self, one: Stretch, meter: str, gateway: str) -> Iterator[Cause]:
        who = {"gateway": gateway, "meter": meter}
        for record in (*self._records.get((gateway,), ()), *self._records.get((gateway, meter), ())):
            if record.until is not None and record.since < one.until and record.until > one.since:
                text = record.finding.notes.get("text") or heard(record.finding.text)
                said = sentence("causes.recorded", "{text} (until {until})", text=text, until=record.until)
                yield Cause(cause=record.finding.kind, said=said, finding=record.id, **who)

    def _file(self, one: Stretch, operator: str) -> Cause:
        now, day = self._around.now, one.since.astimezone(WARSAW).date()
        passed, following = last_passed(day, now), next_due(day, now)
        who = sentence("causes.named", "{name}", name=operator) if operator else Note("causes.operator", "the operator")
        if passed is None:
            due = DEADLINES[0] if following is None else following
            said = sentence("causes.file_awaited", "{who}'s data of {day} are due {at} ({pct} %)", **_of(due, who, day))
            return Cause(cause="file_awaited", said=said, operator=operator, deadline=due.name)
        text = "{who}'s data of {day} were due {at} ({pct} %), and no file has these"
        said = sentence("causes.file_late", text, **_of(passed, who, day))
        return Cause(cause="file_late", said=said, operator=operator, deadline=passed.name)

    def _nothing(self, one: Stretch) -> Note:
        meters = self.meters(one)
        if not meters:
            said = "no meter of the cluster file is read there then, and no operator's file has the point"
            return Note("causes.no_meter", said)
        unread = [meter for meter, gateways in meters if not gateways]
        if unread:
            return sentence("causes.unread", "no gateway has sent stands of meter {meters}", meters=", ".join(unread))
        said = "the gateway was there and read meter {meters}"
        return sentence("causes.read", said, meters=", ".join(meter for meter, _ in meters))


def _never_heard(gateway: str) -> Note:
    return sentence("causes.never_heard", "gateway {gateway} was never heard", gateway=gateway)


def _of(due: Deadline, who: Note, day: date) -> dict[str, Fact]:
    return {"who": who, "day": day.isoformat(), "at": due.due(day), "pct": due.pct}


def _meets(first: datetime | None, last: datetime | None, one: Stretch) -> bool:
    return (first is None or first < one.until) and (last is None or last > one.since)
