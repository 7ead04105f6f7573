"""One member's statement of one run, as numbers without words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from central.cluster.dealings import Coordinator
from central.cluster.model import Member
from central.readings_of_law.questions import QUESTIONS
from central.settings import CHOICES, Settings
from central.statements.energies import Energy, PointEnergy, Step, point_energies, steps, together
from central.statements.money import Money, member_money
from central.statements.origins import Origin, Stretch, origins
from central.statements.supplied import supplied_in
from central.statements.told import Accepted, Estimated, RunFacts, Told
from central.statements.without_relief import Without, without_relief
from metering.period import utc_text

COMPARED_ENERGIES = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")
COMPARED_MONEY = ("full_zl", "relief_zl", "charge_zl", "full_gross_zl", "relief_gross_zl", "charge_gross_zl")


class Setting(msgspec.Struct, kw_only=True):
    """How one of the law's open questions was answered."""

    name: str
    value: str
    default: bool


class Compared(msgspec.Struct, kw_only=True):
    """One number of a correction beside the run that it corrects; Wh as whole numbers, zł as decimals."""

    name: str
    before: Decimal | None
    after: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """After less before."""
        return None if self.before is None or self.after is None else self.after - self.before


class Difference(msgspec.Struct, kw_only=True):
    """A correction beside the run that it corrects."""

    run: str
    rows: list[Compared]
    """None at all where that run isn't at hand."""
    missing: bool = False


class Who(msgspec.Struct, kw_only=True):
    """A cluster, coordinator or member, as the run's cluster file has it; empty where it doesn't say."""

    id: str = ""
    name: str = ""
    nip: str = ""
    number: str = ""
    """Of the entry in the URE register."""


class Statement(msgspec.Struct, kw_only=True):
    """All of it."""

    run: RunFacts
    cluster: Who
    coordinator: Who
    member: Who
    period_s: int
    periods: int
    """Of the month, and how many of them are complete in the whole cluster."""
    complete: int
    energy: Energy
    points: list[PointEnergy]
    """With their zones."""
    details: dict[str, dict[str, str]]
    """Operator and seller of each point in the month, as the cluster file has them."""
    without_relief: list[Without]
    """Allocated energy without relief, and why."""
    steps: list[Step]
    money: Money
    origins: list[Origin]
    estimates: dict[str, Estimated]
    unauthorised: list[Stretch] | None
    """None: nobody can tell."""
    accepted: list[Accepted]
    settings: list[Setting]
    regime_status: str
    ec_outcome: str
    ec_outcome_date: date | None
    difference: Difference | None = None

    @property
    def whole(self) -> bool:
        """Whether no figure is missing in it."""
        return self.complete == self.periods and self.money.whole.status not in {"missing", "unknown"}

    def answer(self) -> Any:
        """For ``--json``: exact decimals as text."""
        return msgspec.to_builtins(self)


def statement(told: Told, member: str, corrected: Told | None = None) -> Statement:
    """A member's statement; ``corrected``: the run that a correction corrects, where it is at hand.

    Raises:
        KeyError: the member has no point in the run.
        ValueError: the run's tables contradict one another.
    """
    if member not in told.members:
        raise KeyError(member)
    points = point_energies(told, member)
    hours = told.outputs["hours"]["status"].to_pylist()
    mine = {one.point for one in points}
    found = Statement(
        run=told.facts,
        cluster=Who(
            name=told.inputs["cluster"].to_pylist()[0]["cluster"],
            number=told.master.register_number if told.master else "",
        ),
        coordinator=_who(told.master.coordinator if told.master else None),
        member=_member(told, member),
        period_s=int(told.period.total_seconds()),
        periods=len(hours),
        complete=sum(one == "complete" for one in hours),
        energy=together(points),
        points=points,
        details=_details(told, mine),
        without_relief=without_relief(told, member),
        steps=steps(told, member),
        money=member_money(told, member),
        origins=origins(told, member),
        estimates=_estimates(told, mine),
        unauthorised=_unauthorised(told, member),
        accepted=[one for one in told.accepted if one.point in mine],
        settings=list(_settings(told.settings)),
        regime_status=told.settings.regime_status,
        ec_outcome=told.settings.ec_outcome,
        ec_outcome_date=told.settings.ec_outcome_date,
    )
    if told.facts.kind == "correction":
        found.difference = _difference(found, corrected, member)
    return found


def _difference(after: Statement, corrected: Told | None, member: str) -> Difference:
    if corrected is None:
        return Difference(run=after.run.rests_on, rows=[], missing=True)
    there = member in corrected.members
    energy = together(point_energies(corrected, member)) if there else Energy()
    money = member_money(corrected, member)
    rows = [
        Compared(name=name, before=_exact(getattr(energy, name)), after=_exact(getattr(after.energy, name)))
        for name in COMPARED_ENERGIES
    ]
    rows += [
        Compared(name=name, before=getattr(money.whole, name), after=getattr(after.money.whole, name))
        for name in COMPARED_MONEY
    ]
    before = {one.component: one for one in money.components}
    for one in after.money.components:
        then = before.get(one.component)
        rows.append(
            Compared(name=f"relief_zl/{one.component}", before=then.relief_zl if then else None, after=one.relief_zl)
        )
    return Difference(run=corrected.facts.run, rows=rows)


def _exact(wh: int | None) -> Decimal | None:
    return None if wh is None else Decimal(wh)


def _member(told: Told, member: str) -> Who:
    rows = [one for one in told.master.members if one.id == member] if told.master else []
    found = _who(rows[-1] if rows else None)
    found.id = member
    return found


def _who(row: Member | Coordinator | None) -> Who:
    return Who() if row is None else Who(name=row.name, nip=row.nip)


def _details(told: Told, points: set[str]) -> dict[str, dict[str, str]]:
    """Who operates and who sells at each point, of all the month's contracts."""
    found: dict[str, dict[str, str]] = {}
    if told.master is None:
        return found
    first, last = told.grid.starts[0], told.grid.starts[-1]
    for point in told.master.points:
        if point.id in points:
            said = found.setdefault(point.id, {"operator": "", "seller": ""})
            for name, words in supplied_in(point, float(first), float(last)).items():
                known = [one for one in said[name].split(", ") if one]
                said[name] = ", ".join(dict.fromkeys([*known, *words]))
    return found


def _estimates(told: Told, points: set[str]) -> dict[str, Estimated]:
    """The estimates that the member's values rest on, by their ids."""
    table = told.estimated
    if table is None or told.estimates is None:
        return {}
    names = table["point"].to_pylist()
    numbers = {number for name, number in zip(names, table["estimate"].to_pylist(), strict=True) if name in points}
    return {f"E{number}": told.estimates[number] for number in sorted(numbers) if number in told.estimates}


def _unauthorised(told: Told, member: str) -> list[Stretch] | None:
    if told.unauthorised is None:
        return None
    mine = [one for one in told.unauthorised if one.member == member]
    return [Stretch(since=utc_text(one.since), until=utc_text(one.until)) for one in mine]


def _settings(settings: Settings) -> Iterator[Setting]:
    for name in QUESTIONS:
        value = getattr(settings, name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        yield Setting(name=name, value=text, default=value == CHOICES[name][0])
