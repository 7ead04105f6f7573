"""The rates and the calendars of zones that the evidence of a complaint rests on, as sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from central.figures.complaint_cells import day_cell, decimal_cell
from central.figures.polish import COMPONENTS, STATUSES
from central.papers.paper import Cell, Sheet
from central.register.opening import Run
from central.zones.hours import dso_key
from metering.period import Month


def rates_of(run: Run, charges: Sequence[Mapping[str, Any]], month: Month) -> Iterator[Mapping[str, Any]]:
    """The rates of the run that may have made the rows: of their component, zone, tariff, operator and price."""
    inputs = run.inputs()
    used = {(row["component"], row["rate"]) for row in charges if row["rate"] is not None}
    points = {row["point"] for row in charges}
    tariffs = {row["tariff"] or "" for row in inputs["points"].to_pylist() if row["point"] in points}
    operated = inputs["operators"].to_pylist() if "operators" in inputs else []
    operators = {dso_key(row["dso"]) for row in operated if row["point"] in points}
    for row in inputs["rates"].to_pylist():
        fits = (row["component"], row["zl_per_kwh"]) in used and (row["tariff"] or "") in {"", *tariffs}
        fits = fits and (not row.get("dso") or dso_key(row["dso"]) in operators)
        if fits and _in_month(row, month):
            yield row


def _in_month(row: Mapping[str, Any], month: Month) -> bool:
    first, last = row["valid_from"], row["valid_to"]
    return (first is None or first < month.end) and (last is None or last > month.start)


def rates_sheet(rates: Sequence[Mapping[str, Any]]) -> Sheet:
    """The rates with source, decision and status."""
    rows: list[tuple[Cell, ...]] = [
        (
            COMPONENTS[row["component"]],
            row["tariff"] or "wszystkie",
            row["zone"] or "wszystkie",
            row.get("dso") or "każdy",
            decimal_cell(row["zl_per_kwh"]),
            day_cell(row["valid_from"]),
            day_cell(row["valid_to"]),
            row["source"] or "nie podano",
            row.get("decision_no") or "nie podano",
            STATUSES[row["status"]],
        )
        for row in rates
    ]
    columns = (
        *("składnik", "grupa taryfowa", "strefa", "operator", "zł/kWh netto", "obowiązuje od", "nie obowiązuje od"),
        *("źródło", "nr decyzji", "status"),
    )
    return Sheet("Stawki", columns, rows)


def zones_sheet(run: Run, charges: Sequence[Mapping[str, Any]], month: Month) -> Iterator[Sheet]:
    """The calendars of the tariffs; none where no rate has a zone."""
    zones, points = {row["zone"] for row in charges if row["zone"]}, {row["point"] for row in charges}
    inputs = run.inputs()
    if not zones or "zones" not in inputs:
        return
    tariffs = {row["tariff"] for row in inputs["points"].to_pylist() if row["point"] in points}
    rows: list[tuple[Cell, ...]] = [
        (
            row["tariff"],
            row["dso"] or "każdy",
            row["zone"],
            row["months"] or "wszystkie",
            row["days"] or "wszystkie",
            row["hours"] or "wszystkie",
            row["source"] or "nie podano",
            row["decision_no"] or "nie podano",
            STATUSES[row["status"]],
        )
        for row in inputs["zones"].to_pylist()
        if row["tariff"] in tariffs and _in_month(row, month)
    ]
    columns = ("grupa taryfowa", "operator", "strefa", "miesiące", "dni", "godziny", "źródło", "nr decyzji", "status")
    yield Sheet("Strefy", columns, rows)
