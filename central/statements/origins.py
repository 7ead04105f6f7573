"""Where a member's values of a run are from: counts of periods by point, direction and origin. Pure."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Bools, seconds
from central.statements.told import Told

DOUBTED = ("interpolated", "substituted", "unstated", "unknown", "estimated")
"""Qualities that are marked at the figures that rest on them."""
_WAYS = ("drawn", "injected")


class Origin(msgspec.Struct, kw_only=True):
    """Values of one point, direction and origin."""

    point: str
    direction: str
    source: str
    """own, operator, estimate or readings (a file that doesn't say); ``missing`` where there is no value."""
    quality: str
    """measured, interpolated, estimated, …; of an estimate its id; empty where nobody said."""
    periods: int
    wh: int | None


class Stretch(msgspec.Struct, kw_only=True):
    """A stretch in which the member's data had no valid authorisation; half-open, UTC text."""

    since: str
    until: str


def origins(told: Told, member: str) -> list[Origin]:
    """Each point and direction of the member with the origins of its values; what is missing last."""
    grid = told.grid
    columns = [p for p, owner in enumerate(grid.members) if owner == member and grid.valid[:, p].any()]
    names = sorted({grid.points[p] for p in columns})
    energies = told.inputs["energies"]
    energies = energies.filter(pc.is_in(energies["point"].cast(pa.string()), value_set=pa.array(names, pa.string())))
    starts = seconds(energies["start"])
    points, ways = (energies[name].cast(pa.string()).to_pylist() for name in ("point", "direction"))
    kinds = list(zip(*(_words(energies, name) for name in ("source", "quality")), strict=True))
    made = _estimates(told, names)
    wh = energies["wh"].to_pylist()
    at = np.searchsorted(grid.starts, starts)
    inside = (at < len(grid.starts)) & (starts >= (grid.starts[0] if len(grid.starts) else 0))
    due: dict[tuple[str, str], Bools] = {}
    for p in columns:
        for way, declared in zip(_WAYS, (grid.declares_drawn[p], grid.declares_injected[p]), strict=True):
            if declared:
                key = (grid.points[p], way)
                due[key] = due.get(key, np.zeros(len(grid.starts), dtype=np.bool_)) | grid.valid[:, p]
    found: dict[tuple[str, str], dict[tuple[str, str], list[int]]] = {key: {} for key in due}
    for i, place in enumerate(at.tolist()):
        key = (points[i], ways[i])
        if key not in due or not inside[i] or not due[key][place]:
            continue
        kind = kinds[i]
        if (estimate := made.get((*key, int(starts[i])))) is not None:
            kind = ("estimate", estimate)
        sums = found[key].setdefault(kind, [0, 0])
        sums[0] += 1
        sums[1] += wh[i]
    rows = []
    for (point, way), by_kind in sorted(found.items()):
        for (source, quality), (count, energy) in sorted(by_kind.items()):
            rows.append(Origin(point=point, direction=way, source=source, quality=quality, periods=count, wh=energy))
        lacking = int(due[point, way].sum()) - sum(count for count, _ in by_kind.values())
        if lacking:
            rows.append(Origin(point=point, direction=way, source="missing", quality="", periods=lacking, wh=None))
    return rows


def _words(energies: pa.Table, name: str) -> list[str]:
    if name not in energies.schema.names:
        return ["readings" if name == "source" else ""] * energies.num_rows
    return [one or "" for one in energies[name].cast(pa.string()).to_pylist()]


def _estimates(told: Told, points: list[str]) -> dict[tuple[str, str, int], str]:
    """The estimate of each estimated value, by point, direction and start."""
    table = told.estimated
    if table is None or not table.num_rows:
        return {}
    table = table.filter(pc.is_in(table["point"].cast(pa.string()), value_set=pa.array(points, pa.string())))
    keys = zip(
        table["point"].cast(pa.string()).to_pylist(),
        table["direction"].cast(pa.string()).to_pylist(),
        seconds(table["start"]).tolist(),
        strict=True,
    )
    return dict(zip(keys, (f"E{number}" for number in table["estimate"].to_pylist()), strict=True))
