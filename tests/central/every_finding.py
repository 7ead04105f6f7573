"""Evidence in which every check finds something, and what the real checks find there: for whoever says it to people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from central import checks
from central.asked_for import AskedFor
from central.books import Books
from central.causes import Around, Cause, Causes, Recorded, Stretch
from central.checks import store_down
from central.checks.deadlines import WAYS_OUT, DeadlinesSeen
from central.cluster.papers import Unauthorised
from central.cluster.prices import Known, PriceMove
from central.cluster.verdict import State, Verdict
from central.conditions.assessing import assess
from central.conditions.condition import State as Met
from central.conditions.standing import WATCHED
from central.conditions.windows import Sums
from central.config import load_config
from central.estimate import Estimate, Outcome
from central.estimation import METHODS
from central.evidence import (
    AnotherCentral,
    ClockDoubt,
    ConditionsSeen,
    FileDoubt,
    GatewaySeen,
    Held,
    IntakeSeen,
    OverBudget,
    StandingRun,
)
from central.finding import Finding
from central.limits import Limits
from central.papers.duties import Duty, DutyState, Who
from central.readings import Doubt, MeterSeen, PointSeen
from central.reports.note import Note
from central.series import Series
from central.tables import DOUBLES, GAPS, LIVES, OUTPUTS
from central.validation import validate
from central.watch import Watch
from metering.obis import ACTIVE_IMPORT as IMPORT
from metering.obis import REACTIVE_IMPORT
from metering.period import EPOCH, day_periods
from metering.point import Direction
from metering.wire import GatewayStatus, MeterStatus, OutboxStatus, Rejected
from metering.wire import Verdict as Admitted
from tests.central.condition_cases import cluster, example_sums
from tests.central.made_month import MONTH, hour, make_month
from tests.central.made_series import HOUR, behind, hourly, series, table

AT = datetime(2026, 10, 14, 10, tzinfo=UTC)
NOW = datetime(2026, 10, 20, 8, 30, 15, tzinfo=UTC)
DAY = [period.start for period in day_periods(date(2026, 10, 14))]


def every_finding(folder: Path) -> list[Finding]:
    """What all checks find, each kind and each of its sentences at least once."""
    found = [*of_month(folder), *of_intake(), *of_validation(), *of_conditions(), *of_deadlines()]
    return [*found, store_down.finding("InfluxDB at http://influx:8086, bucket b: no route", NOW)]


def of_month(folder: Path) -> Iterator[Finding]:
    """Of a month whose town hall lacks hours, then with tables that say the rest."""
    without = [("M1", i) for i in (5, 6, 7, 15)]
    made = make_month(folder, without)
    rates = (folder / "rates.toml").read_text(encoding="utf-8")
    (folder / "rates.toml").write_text(
        rates.replace("[[rates]]", "[[rates]]\nvalid_from = 2026-09-03"), encoding="utf-8"
    )
    seen = Watch(Books(load_config(made.config))).month_seen(MONTH, NOW)
    asked = [AskedFor(gateway="g1", point=point, since=hour(4), until=hour(8), times=1, at=NOW, request="r")
             for point in seen.grid.points]  # fmt: skip
    gap = {"point": "P", "meter": "M1", "direction": "drawn", "since": hour(4), "until": hour(8), "first_wh": 1234567}
    life = {"point": "P", "direction": "injected", "meter": "M1", "gateway": "g1"}
    tables = {
        **seen.tables,
        "gaps": pa.Table.from_pylist([gap | {"then_wh": 12, "proved": False}, *seen.tables["gaps"].to_pylist()], GAPS),
        "doubles": rows(DOUBLES, {"point": "P", "direction": "drawn", "start": hour(1), "low_wh": 1, "high_wh": 12345}),
        "lives": rows(LIVES, *(life | {"epoch": e, "first": hour(n), "last": hour(n), "first_wh": n, "last_wh": n}
                               for n, e in ((1, "a"), (2, "b")))),
    }  # fmt: skip
    outcomes = [outcome(method, n) for n, method in enumerate(sorted(METHODS))]
    full = msgspec.structs.replace(
        seen, asked=asked, tables=tables, outcomes=outcomes, cluster_file="cluster.toml",
        unauthorised=[Unauthorised("hall", hour(0), hour(99))],
        standing=StandingRun(run="2026-09-final", tables=tuple(OUTPUTS), relieved_wh=(1234567, None)),
    )  # fmt: skip
    yield from checks.of_month(full)
    for standing in (
        StandingRun(run="2026-09-final", tables=("hours",), relieved_wh=(1, 2), charge_zl=("1234.50", "-0.10")),
        StandingRun(
            run="2026-09", trouble="/srv/register: the chain is broken at row 3: a row was changed or taken out"
        ),
    ):
        yield from checks.correction_due.check(msgspec.structs.replace(full, standing=standing))
    rates = rates.replace("[[rates]]", '[[rates]]\nzone = "peak"')
    (folder / "rates.toml").write_text(rates, encoding="utf-8")
    (folder / "cluster.toml").write_text(many_points((folder / "cluster.toml").read_text("utf-8")), encoding="utf-8")
    yield from checks.of_month(Watch(Books(load_config(made.config))).month_seen(MONTH, NOW))


def many_points(cluster: str) -> str:
    """A cluster of quarters whose points have a tariff, one whose zones nobody tells; seven more have no meter."""
    more = "".join(f'[[points]]\nid = "N{i}"\nmember = "A"\ndirections = ["drawn"]\n' for i in range(7))
    quarters = cluster.replace("[[members]]", 'period = "quarter"\n[[members]]', 1) + more
    drawn = 'directions = ["drawn"]\n'
    return quarters.replace(drawn, f'{drawn}tariff = "X9"\n', 1).replace(f"{drawn}[", f'{drawn}tariff = "C12a"\n[')


def rows(schema: pa.Schema, *found: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(found), schema)


def outcome(method: str, n: int) -> Outcome:
    start = int((hour(30) - EPOCH).total_seconds())
    one = Estimate(number=n + 1, point="P", direction=Direction.DRAWN, method=method, starts=(start,), wh=(1234,),
                   reason="licznik <b>", by="A. Nowak", at=NOW)  # fmt: skip
    return Outcome(estimate=one, counting=5000, counting_wh=1234567, proved=2, measured=1, measured_wh=3,
                   replaced_wh=4, contradicted=1)  # fmt: skip


def of_intake() -> list[Finding]:
    """Of gateways, meters and files."""
    rejected = [
        Rejected(register=register, problem="falls", value=value, last_value=last, at=AT, until=until, count=count)
        for register, value, last, until, count in (
            (IMPORT, "12", "1234567.5", NOW, 1),
            (REACTIVE_IMPORT, "1.234567890e+300", "", None, 2),
            (IMPORT, "", "7", None, 12345),
            (IMPORT, "", "", None, 5),
        )
    ]
    failing = MeterStatus(id="M2", bus="b", profile="p", error="no answer: within 1 s", rejected=tuple(rejected))
    read = MeterStatus(id="M1", bus="b", profile="p", error="exception: code 2", last_read=AT)
    trouble = "the disk is nearly full; the outbox was damaged: it had gone; 3 stands and 2 registers could be read"
    full = OutboxStatus(id="o", unwritten=12345, lost=2, trouble=trouble)
    gateways = [
        GatewaySeen(gateway="g1", status=GatewayStatus(online=True, meters=(failing, read), outbox=full), heard=AT,
                    receipted=AT, put_off=NOW),
        GatewaySeen(gateway="g2", status=GatewayStatus(online=False), heard=AT, receipted=None),
        *(GatewaySeen(gateway=f"w{i}", status=None, heard=None, receipted=None,
                      over_budget=OverBudget(since=AT, at=NOW, unit=unit, sent=123456, budget=20000, put_off=12345,
                                             shut_until=until))
          for i, (unit, until) in enumerate([("bytes", None), ("messages", None), ("messages", NOW)])),
    ]  # fmt: skip
    stand = {"gateway": "g1", "journal": 12345, "meter": "M1", "register": IMPORT}
    conflict = {"verdict": Admitted.CONFLICT, "reason": "-", "first_wh": "1234567", "wh": "12"}
    doubt = {"number": 3, "digest": "d", "point": "", "since": AT, "until": AT}
    move = PriceMove(point="P", zone="peak", amended=date(2026, 10, 1), known=Known.MOVED, before=Decimal("0.5"),
                     after=Decimal("0.6"), at=AT, sources=("faktura", ""), sellers=("A", "B"))  # fmt: skip
    seen = IntakeSeen(
        now=NOW,
        cluster_file="cluster.toml",
        held=[held("meter M9 isn't in the cluster file", n) for n in (1, 3, 12345)],
        doubts=[
            Doubt(**stand, **conflict, at=AT),
            Doubt(**stand, **conflict),
            Doubt(gateway="g1", journal=7, verdict=Admitted.REFUSED, reason="sequence 7: an instant outside 2000 to 2199"),
        ],
        clocks=[
            ClockDoubt(gateway="g1", problem=problem, begun=AT, seen=AT, since=AT, until=AT, first=NOW, second=AT, stands=n)
            for n, problem in ((1, "ahead"), (3, "back"), (5, "unsynchronised"))
        ],
        gateways=gateways,
        file_doubts=[
            FileDoubt(name="a.csv", line=line, times=times, text="status 'X' isn't known: its values are kept, and not "
                      "taken for measured", **doubt)
            for line, times in ((0, 1), (7, 12345))
        ],
        unknown_points=[PointSeen("P9", AT, NOW)],
        behind=2,
        behind_since=AT,
        another=AnotherCentral(mine="here 11", other="there 22", serving=True, since=AT, at=NOW),
        price_moves=[move],
    )  # fmt: skip
    unheard = IntakeSeen(
        now=NOW,
        gateways=[GatewaySeen(gateway="g3", status=None, heard=AT, receipted=None)],
        behind=1,
        behind_since=AT,
        another=AnotherCentral(mine="here 11", other="there 22", serving=False, since=AT, at=NOW),
    )
    return [*checks.of_intake(seen), *checks.of_intake(unheard)]


def held(problem: str, stands: int, meter: str = "M9") -> Held:
    return Held(seen=MeterSeen(meter=meter, gateway="g1", first=AT, last=NOW, stands=stands), problem=problem)


def of_validation() -> Iterator[Finding]:
    """Each check of measured energies, by the series of ``test_validation``."""
    for made in made_series():
        yield from validate(made)


def made_series() -> Iterator[Series]:
    """Series that trigger every check."""

    def of(at: datetime, wh: int) -> int:
        return wh if at == AT else 300

    yield series(hourly("D", "drawn", lambda at: of(at, 11_001)))
    plant: list[dict[str, object]] = [{"id": "I", "point": "S", "kind": "pv", "power_kw": 5}]
    yield series(hourly("S", "injected", lambda at: 5501 if at == AT else 0), more={"installations": plant})
    yield series(hourly("D", "drawn", lambda at: 0 if AT <= at < AT + 25 * HOUR else 300))
    both = hourly("S", "drawn", lambda at: 400 if AT <= at < AT + 6 * HOUR else 0)
    both += hourly("S", "injected", lambda at: 1000 if AT <= at < AT + 6 * HOUR else 0)
    yield series(both, limits=Limits(both_ways_min_wh=300))
    undeclared = table(hourly("D", "injected", lambda at: of(at, 6)))
    for period in ("hour", "quarter"):
        of_cluster: Any = {"name": "Test", "registered_from": date(2024, 10, 1), "period": period}
        yield series([], undeclared=undeclared, more={"cluster": of_cluster})
    nights = {AT.replace(hour=22), AT.replace(hour=22) + 24 * HOUR}
    yield series(hourly("S", "injected", lambda at: 51 if at in nights else 0))
    doubled = [period.start for period in day_periods(date(2026, 10, 25))][2]
    yield series(hourly("D", "drawn", lambda at: None if at == doubled else 300))
    for one, other in (("own", "operator"), ("quarters_given", "hours_given")):
        tables = {
            name: table(hourly("D", "drawn", lambda at, wh=wh: of(at, wh))) for name, wh in ((one, 1), (other, 20_000))
        }
        yield series([], **tables)
    meters: list[dict[str, object]] = [
        {"serial": role, "point": "S", "role": role} for role in ("generation", "submeter")
    ]
    counted = [("S", "generation", "generation", "injected", at, 20) for at in DAY]
    counted += [("S", "submeter", "submeter", "drawn", at, 50_000) for at in DAY]
    measured = hourly("S", "drawn", lambda _: 5) + hourly("S", "injected", lambda _: 5000)
    yield series(measured, more={"meters": meters}, behind=behind(counted))


def of_conditions() -> Iterator[Finding]:
    """Each condition not met and not known to be, each requirement, and what is to come."""
    for sums, day in ((example_sums(), date(2026, 11, 30)), (Sums({}, NOW), date(2026, 11, 30))):
        found = assess(cluster(), sums, day)
        unmet = [replace(one, state=Met.NOT_MET) for one in (*found.conditions, *found.dry_run)]
        said = Note("verdicts.no_agreement", "no agreement is valid")
        standing = [Verdict(rule=rule, article="art. 38ab", state=State.NOT_MET, said=said) for rule in WATCHED]
        made = replace(found, conditions=unmet, standing=standing)
        soon = replace(found, conditions=[replace(one, state=Met.MET, trend=replace(one.trend, state=Met.NOT_MET))
                                          for one in found.conditions if one.trend])  # fmt: skip
        for assessed in (found, made, soon):
            yield from checks.of_conditions(ConditionsSeen(now=NOW, assessment=assessed, cluster_file="cluster.toml"))


def of_deadlines() -> list[Finding]:
    """Every duty of everybody: late, due today, due soon."""
    today = date(2026, 10, 20)
    duties = [
        Duty(kind=kind, article="art. 38ac", who=who, subject=subject, begins=date(2026, 9, 1),
             due=today + timedelta(days=left), state=DutyState.LATE if left < 0 else DutyState.OPEN)
        for kind in WAYS_OUT
        for who in Who
        for left, subject in ((-1, "hall"), (-2, ""), (0, ""), (1, ""), (5, "hall"))
    ]  # fmt: skip
    seen = DeadlinesSeen(today=today, duties=duties, cluster_file="cluster.toml")
    late = [replace(one, state=DutyState.LATE) for one in duties if one.kind == "change"]
    unfiled = DeadlinesSeen(today=today, duties=[*late, *late], cluster_file="cluster.toml", filed=False)
    return [*checks.of_deadlines(seen), *checks.of_deadlines(unfiled)]


def every_cause() -> Iterator[Cause]:
    """What explains a stretch, each way once."""
    one = Stretch(point="D", direction="drawn", since=AT, until=AT + 2 * HOUR)
    key = (one.point, one.direction)
    row = {"serial": "M", "point": "D", "role": "settlement", "gateway": "g", "valid_from": None, "valid_to": None}
    failing = MeterStatus(id="M", bus="b", profile="p", error="no answer")
    read = msgspec.structs.replace(failing, last_read=AT)
    backlog = GatewayStatus(online=True, backlog=12345, meters=(failing,))
    record = Finding(kind="meter_failing", what="M", text="no answer", way_out="-", identity=("g", "M"))
    known = msgspec.structs.replace(record, notes={"text": Note("findings.never_read", "it was never read")})
    recorded = [Recorded(id="f", finding=one, since=AT - HOUR, until=AT + HOUR) for one in (record, known)]
    online = GatewayStatus(online=True)
    for status, heard, more in (
        (None, None, {"doubles": {key: [AT]}, "falls": {key: [(AT, AT + HOUR)]}}),
        (None, None, {"doubles": {key: [AT, AT + HOUR]}, "held": [held("meter M isn't in the cluster file", 2, "M")]}),
        (GatewayStatus(online=False), AT, {}),
        (backlog, NOW, {}),
        (GatewayStatus(online=True, backlog=1, meters=(read,)), NOW, {}),
        (online, NOW, {"records": recorded}),
        (online, NOW, {}),
    ):
        gateways = [GatewaySeen(gateway="g", status=status, heard=heard, receipted=None)]
        causes = Causes(Around(now=NOW, meters=[row], gateways=gateways, **more))
        for operator in (None, "", "PGE <b>"):
            yield from causes.of(one, operator)
    for meters in ([], [row | {"gateway": ""}], [row]):
        around = Around(now=AT + HOUR, meters=meters)
        for operator in (None, "PGE"):
            yield from Causes(around).of(one, operator)
