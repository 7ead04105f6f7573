"""A statement's energies: of the month, by point and zone, and by relief step. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from central.statements.document import Column, Figure, Row, Table, plain_text, shown
from central.statements.energies import Energy
from central.statements.saying import Saying, lacks

_WAYS: Final = {"drawn": "drawn", "injected": "injected", "allocated": "drawn", "relieved": "drawn"}
"""Each sum, and the direction whose doubts it has."""


def energy_result(by: Saying) -> Table:
    """The month's sums."""
    rows = [Row([by.say(name), figure]) for name, figure in zip(_WAYS, _sums(by, by.one.energy, None), strict=True)]
    columns = [Column(by.say("quantity"), width=3), Column(by.say("amount"), right=True, width=2)]
    notes = [by.say("mark_not_measured")] if lacks(rows) else []
    return Table(by.say("energy_result"), by.say("energy_result"), columns, rows,
                 notes=[*notes, *by.letter_notes(rows)])  # fmt: skip


def energies(by: Saying) -> Table:
    """Each point with its zones."""
    rows = []
    for point in by.one.points:
        sums = _sums(by, point, point.point)
        rows.append(Row([_point(by, point.point), *([""] * 5)], "group"))
        if len(point.zones) == 1:
            rows.append(Row([by.zone(point.zones[0].zone), Figure(point.complete), *sums]))
            continue
        rows += [
            Row([by.zone(zone.zone), Figure(zone.periods), *(by.kwh(getattr(zone, f"{name}_wh")) for name in _WAYS)])
            for zone in point.zones
        ]
        rows.append(Row([by.say("together"), Figure(point.complete), *sums]))
    if len(by.one.points) > 1:
        sums = _sums(by, by.one.energy, None)
        rows.append(Row([by.say("together"), "", *sums], "sum"))
    columns = [Column(by.say("point"), width=5), Column(by.say("periods"), right=True, width=2)]
    columns += [Column(by.say(name), right=True, width=3) for name in _WAYS]
    notes = [by.say("mark_not_measured")] if lacks(rows) else []
    notes += by.letter_notes(rows)
    notes += [
        by.say("storage_charge", point=one.point, kwh=shown(by.kwh(one.storage_charge_wh), by.language))
        for one in by.one.points
        if one.storage_charge_wh
    ]
    if netted := [one.point for one in by.one.points if one.netted]:
        notes.append(by.say("netted", points=", ".join(netted)))
    return Table(by.say("energies"), by.say("energies_sheet"), columns, rows,
                 by.say("energies_intro"), notes)  # fmt: skip


def _sums(by: Saying, energy: Energy, point: str | None) -> list[Figure]:
    """Its four sums, marked; ``point``: None for all."""
    return [by.kwh(getattr(energy, f"{name}_wh"), by.marks_of(point, way)) for name, way in _WAYS.items()]


def _point(by: Saying, name: str) -> str:
    point = next(one for one in by.one.points if one.point == name)
    said = by.one.details.get(name, {})
    parts = [plain_text(name)]
    parts += [by.say("tariff", tariff=", ".join(point.tariffs))] if point.tariffs else []
    parts += [by.say(key, **{key: said[key]}) for key in ("operator", "seller") if said.get(key)]
    return " · ".join(parts)


def steps(by: Saying) -> Table:
    """How often which step was, and what the member drew then."""
    rows = []
    for one in by.one.steps:
        if one.multiplier in {"none", "incomplete"}:
            name = by.say(f"step_{one.multiplier}")
        else:
            said = one.multiplier.replace(".", ",") if by.language == "pl" else one.multiplier
            name = by.say("multiplier", multiplier=said, pct=f"{(1 - Decimal(one.multiplier)) * 100:.0f}")
        rows.append(Row([name, Figure(one.periods), by.kwh(one.drawn_wh), by.kwh(one.relieved_wh)]))
    energy = by.one.energy
    rows.append(Row([by.say("together"), Figure(by.one.periods), by.kwh(energy.drawn_wh),
                     by.kwh(energy.relieved_wh)], "sum"))  # fmt: skip
    columns = [Column(by.say("step"), width=4)]
    columns += [Column(title, right=True, width=3) for title in (
        by.say(f"unit_{by.unit}"), by.say("member_drawn"), by.say("member_relieved"))]  # fmt: skip
    notes = [by.say("mark_steps")] if lacks(rows) else []
    return Table(by.say("steps"), by.say("step"), columns, rows, by.say("steps_intro"), notes)
