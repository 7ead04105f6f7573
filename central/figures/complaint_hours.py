"""The hours and energies that the evidence of a complaint rests on, as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from central.applied import applied_rates
from central.behind import settled_grid
from central.figures.complaint_cells import decimal_cell
from central.papers.paper import Cell, Sheet, kwh
from central.register.opening import Run
from metering.period import local_text, utc_text

MOST_HOURS: Final = 300_000
"""A month of 400 points. A sheet of a workbook has 1 048 576 rows, and no spreadsheet likes so many."""


class TooMuchError(Exception):
    """More hours than a workbook should hold; the message says the way out."""


def hours_sheet(run: Run, points: Sequence[str]) -> Sheet:
    """Each hour of each point, beside the cluster's own hour."""
    outputs = run.outputs()
    shares = outputs["shares"]
    mine = shares.filter(pc.is_in(shares["point"].cast(pa.string()), value_set=pa.array(points)))
    if mine.num_rows > MOST_HOURS:
        raise TooMuchError(
            f"{len(points)} points have {mine.num_rows} hours, too many for one workbook: give --point, one at a time"
        )
    hours = {row["start"]: row for row in outputs["hours"].to_pylist()}
    zones = _zones(run, points)
    rows: list[tuple[Cell, ...]] = []
    for row in sorted(mine.to_pylist(), key=lambda one: (one["point"], one["start"])):
        hour, start = hours[row["start"]], row["start"].astimezone(UTC)
        rows.append(
            (
                row["point"],
                local_text(start),
                utc_text(start),
                zones.get((row["point"], int(start.timestamp())), ""),
                *(kwh(row[name]) for name in ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")),
                *(kwh(hour[name]) for name in ("drawn_wh", "injected_res_wh", "covered_wh")),
                decimal_cell(hour["ratio_pct"]),
                decimal_cell(hour["multiplier"]),
                "pełna" if row["status"] == "complete" else "niepełna",
            )
        )
    columns = (
        *("PPE", "początek (czas lokalny)", "początek (UTC)", "strefa"),
        *("pobrano kWh", "wprowadzono kWh", "przypisano kWh", "z ulgą kWh"),
        *(
            "klaster: pobrano kWh",
            "klaster: wprowadzono OZE kWh",
            "klaster: pokryto kWh",
            "stosunek %",
            "mnożnik",
            "godzina",
        ),
    )
    note = (
        "Mnożnik: część składnika zmiennego stawki sieciowej i stawki jakościowej, którą nalicza się w tej godzinie "
        "(art. 184k ust. 1 pkt 2). Godzina niepełna nie wchodzi do żadnej sumy."
    )
    return Sheet("Godziny", columns, rows, (note,))


def _zones(run: Run, points: Sequence[str]) -> dict[tuple[str, int], str]:
    """The zone of each hour, where the variable network rate has zones; by point and start, seconds since 1970."""
    if not any(run.outputs()["charges"]["zone"].to_pylist()):
        return {}
    tables = run.inputs()
    grid = settled_grid(tables, run.settings)
    applied = applied_rates(grid, tables)
    starts = grid.starts.tolist()
    found: dict[tuple[str, int], str] = {}
    for place, point in enumerate(grid.points):
        if point in points:
            names = applied.priced["network_variable", int(applied.of[place])].zone.tolist()
            valid = grid.valid[:, place].tolist()
            found |= {(point, at): zone for at, zone, is_ in zip(starts, names, valid, strict=True) if is_}
    return found
