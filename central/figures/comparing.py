"""Klaster's charges beside the operator's and the sellers' figures: line by line, and summed up.

A difference is theirs less ours. What is missing on either side is said and never counted as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from central.figures.figure import RECKONED, Document
from central.figures.ours import Ours, ours_of, together
from central.figures.points import PointOf, points_of
from central.figures.theirs import Theirs, all_zones, theirs_of
from central.register.opening import Run
from metering.period import Month

_NO_OURS: Final = Ours(drawn_wh=None, charged_wh=None, full_zl=None, charge_zl=None, rests_on="")
_NO_THEIRS: Final = Theirs(charged_wh=None, net_zl=None, vat_zl=None, gross_zl=None)

ALL_ZONES: Final = "*"
"""The zone of a line where one side tells zones and the other doesn't: both are summed over all."""


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides say; energies in Wh, money in zł net, exact. None: not known on that side."""

    ours_wh: Decimal | None = None
    theirs_wh: Decimal | None = None
    difference_wh: Decimal | None = None
    ours_zl: Decimal | None = None
    theirs_zl: Decimal | None = None
    difference_zl: Decimal | None = None


class Line(Sides, frozen=True, kw_only=True):
    """One thing that both should say."""

    party: str
    """operator or seller; empty where nobody charged it, and the contract's kind isn't known either."""
    member: str
    """Whose the point is; several with `` + `` between them where it changed hands in the month."""
    point: str
    zone: str
    component: str
    state: str
    """alike, differs, or not_compared."""
    why: str = ""
    """Why it can't be compared, or not wholly."""
    full_zl: Decimal | None = None
    """Ours, without the cluster."""
    seems: str = ""
    """What a difference looks like: ``without_cluster`` (theirs is what it would be without the relief), or
    ``several_documents`` (they are added up; one may stand in place of another)."""
    documents: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    rests_on: str = ""
    """The worst status of our rates and calendars; empty where we reckon nothing."""


class Sum(Sides, frozen=True, kw_only=True):
    """Sums over the lines of one name whose money could be compared."""

    name: str
    component: str = ""
    """Empty: all components; then there are no energies, which would count one kWh for each of them."""
    lines: int
    not_compared: int
    """Lines that aren't, or not wholly, in the sums."""


class Gross(msgspec.Struct, frozen=True, kw_only=True):
    """A point's sums with VAT, where a party gave it for all that klaster reckons. Rounding alone may differ."""

    party: str
    point: str
    ours_zl: str
    theirs_zl: Decimal
    difference_zl: Decimal


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """Up to so much a difference is none."""

    wh: Decimal = Decimal(0)
    zl: Decimal = Decimal(0)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison."""

    run: str
    digest: str
    cluster: str
    month: str
    regime_status: str
    party: str
    incomplete_periods: int
    """Of the run: they are in no sum of ours, so differences may come from them."""
    lines: list[Line]
    beside: list[Line]
    """What documents charge besides: klaster reckons no such component."""
    sums: dict[str, list[Sum]]
    """By member, point, zone and component; and whole."""
    gross: list[Gross]

    @property
    def differing(self) -> int:
        """How many lines differ."""
        return sum(line.state == "differs" for line in self.lines)

    @property
    def not_compared(self) -> int:
        """How many lines can't be compared, or not wholly."""
        return sum(bool(line.why) for line in self.lines)


def compare(run: Run, documents: Iterable[Document], tolerance: Tolerance, party: str = "") -> Compared:
    """Compare a run with the documents that count.

    Raises:
        RunError: the run can't be read.
    """
    month = Month.parse(run.manifest.month)
    points = points_of(run.cluster, month)
    outputs = run.outputs()
    inputs = run.inputs()
    industrial = set(inputs["industrial"]["point"].to_pylist()) if "industrial" in inputs else set()
    ours = ours_of(outputs["charges"], industrial)
    codes = {code: name for name, point in points.items() for code in point.codes}
    theirs = theirs_of(documents, str(month), codes, party)
    reckoned = {key: one for key, one in theirs.items() if key[2] in RECKONED}
    owners = _owners(points, ours)
    lines = list(
        _lines(ours, reckoned, {name: point.charged_by for name, point in points.items()}, owners, tolerance, party)
    )
    beside = [
        Line(
            party=key[0],
            member=owners.get(key[1], ""),
            point=key[1],
            zone=key[3],
            component=key[2],
            state="not_reckoned",
            theirs_wh=one.charged_wh,
            theirs_zl=one.net_zl,
            documents=tuple(one.documents),
        )
        for key, one in sorted(theirs.items())
        if key[2] not in RECKONED
    ]
    totals = run.manifest.totals
    return Compared(
        run=run.id,
        digest=run.row.manifest,
        cluster=run.manifest.cluster,
        month=str(month),
        regime_status=str(run.manifest.settings.get("regime_status", "simulation")),
        party=party,
        incomplete_periods=totals.periods - totals.complete,
        lines=lines,
        beside=beside,
        sums={
            "member": _sums(lines, "member"),
            "point": _sums(lines, "point"),
            "zone": _sums(lines, "zone"),
            "component": _sums(lines, ""),
        },
        gross=list(_gross(outputs, reckoned, lines)),
    )


def _lines(
    ours: Mapping[tuple[str, str, str], Ours],
    theirs: Mapping[tuple[str, str, str, str], Theirs],
    expected: Mapping[str, str],
    owners: Mapping[str, str],
    tolerance: Tolerance,
    party: str,
) -> Iterable[Line]:
    points = sorted({key[0] for key in ours} | {key[1] for key in theirs})
    for point in points:
        parties = {key[0] for key in theirs if key[1] == point} or {expected.get(point, "")}
        for by in sorted(parties):
            if party and by not in {party, ""}:
                continue
            for component in RECKONED:
                mine = {zone: one for (at, of, zone), one in ours.items() if (at, of) == (point, component)}
                others = {key[3]: one for key, one in theirs.items() if key[:3] == (by, point, component)}
                for zone, one, other in _pairs(mine, others):
                    about = {"party": by or party, "member": owners.get(point, ""), "point": point}
                    yield _line(about | {"zone": zone, "component": component}, one, other, tolerance)


def _pairs(mine: dict[str, Ours], others: dict[str, Theirs]) -> Iterable[tuple[str, Ours | None, Theirs | None]]:
    """What stands beside what: by zone; over all zones where one side alone tells them."""
    if mine and others and set(mine) != set(others) and ("" in mine or "" in others):
        yield ALL_ZONES, together(list(mine.values())), all_zones(list(others.values()))
        return
    for zone in sorted({*mine, *others}):
        yield zone, mine.get(zone), others.get(zone)


def _line(about: Mapping[str, str], one: Ours | None, other: Theirs | None, tolerance: Tolerance) -> Line:
    why = []
    if one is None:
        why.append("klaster reckons nothing of it")
    elif one.why:
        why.append(f"not known to klaster: {one.why}")
    if other is None:
        why.append("no document charges it")
    else:
        if other.charged_wh is None:
            why.append("a document doesn't say the quantity")
        if other.net_zl is None:
            why.append("a document doesn't say net zł")
        why += [f"the corrected document {name} wasn't entered" for name in dict.fromkeys(other.dangling)]
    whole = other is None or not other.dangling
    mine, said = one or _NO_OURS, other or _NO_THEIRS
    wh = _difference(mine.charged_wh, said.charged_wh) if whole else None
    zl = _difference(mine.charge_zl, said.net_zl) if whole else None
    differs = (wh is not None and abs(wh) > tolerance.wh) or (zl is not None and abs(zl) > tolerance.zl)
    state = "differs" if differs else "not_compared" if why else "alike"
    return Line(
        **about,
        state=state,
        why="; ".join(why),
        ours_wh=mine.charged_wh,
        theirs_wh=said.charged_wh,
        difference_wh=wh,
        ours_zl=mine.charge_zl,
        theirs_zl=said.net_zl,
        difference_zl=zl,
        full_zl=mine.full_zl,
        seems=_seems(one, other, tolerance) if differs and one and other else "",
        documents=tuple(dict.fromkeys(said.documents)),
        rates=tuple(mine.rates),
        rests_on=mine.rests_on,
    )


def _seems(one: Ours, other: Theirs, tolerance: Tolerance) -> str:
    """What the difference looks like."""
    relief = one.full_zl is not None and one.full_zl != one.charge_zl
    off = _difference(one.full_zl, other.net_zl) if relief else None
    if off is not None and abs(off) <= tolerance.zl:
        return "without_cluster"
    return "several_documents" if len(set(other.whole)) > 1 else ""


def _difference(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else other - one


def _sums(lines: Sequence[Line], name: str) -> list[Sum]:
    """By a column of the lines and each component, then over all components; by component alone without a name."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        called = str(getattr(line, name)) if name else ""
        groups.setdefault((called, line.component), []).append(line)
        groups.setdefault((called, ""), []).append(line)
    return [_sum(called, component, groups[called, component]) for called, component in sorted(groups)]


def _sum(name: str, component: str, lines: Sequence[Line]) -> Sum:
    money = [line for line in lines if line.difference_zl is not None]
    energy = [line for line in lines if line.difference_wh is not None] if component else []
    found: dict[str, Any] = {}
    for kind, those in (("zl", money), ("wh", energy)):
        for side in ("ours", "theirs", "difference"):
            values = [getattr(line, f"{side}_{kind}") for line in those]
            found[f"{side}_{kind}"] = sum(values, Decimal(0)) if those else None
    return Sum(
        name=name,
        component=component,
        **found,
        lines=len(lines),
        not_compared=sum(bool(line.why) for line in lines),
    )


def _gross(
    outputs: Mapping[str, Any], theirs: Mapping[tuple[str, str, str, str], Theirs], lines: Sequence[Line]
) -> Iterable[Gross]:
    """Points whose lines of a party all have money on both sides, and VAT on theirs."""
    ours: dict[str, list[str | None]] = {}
    for row in outputs["totals"].to_pylist() if "totals" in outputs else []:
        ours.setdefault(row["point"], []).append(row["charge_gross_zl"])
    for point, party in sorted({(line.point, line.party) for line in lines}):
        mine = [line for line in lines if (line.point, line.party) == (point, party)]
        parts = [one for key, one in theirs.items() if key[:2] == (party, point)]
        own = ours.get(point, [None])
        sums = [one.gross_zl for one in parts]
        if any(line.difference_zl is None for line in mine) or None in own or None in sums or not sums:
            continue
        said = sum((one for one in sums if one is not None), Decimal(0))
        reckoned = sum((Decimal(one) for one in own if one is not None), Decimal(0))
        yield Gross(party=party, point=point, ours_zl=str(reckoned), theirs_zl=said, difference_zl=said - reckoned)


def _owners(points: Mapping[str, PointOf], ours: Mapping[tuple[str, str, str], Ours]) -> dict[str, str]:
    found = {name: list(point.members) for name, point in points.items()}
    for (point, _, _), one in ours.items():
        mine = found.setdefault(point, [])
        mine += [member for member in one.members if member not in mine]
    return {point: " + ".join(members) for point, members in found.items()}
