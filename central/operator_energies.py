"""Operators' values by version become the energies of a month's periods. Tables in, tables out.

Quarters are summed exactly before an hour is rounded, half-up, once. Of an hour's own value and its four quarters the
one from the newer file counts, or always the hour's own (``hour_formation``); three quarters never hide an hour. Raw
and netted values are different quantities: a point's registers count where all that it declares is there; else its
netted values, both directions together, where they are settled netted anyway; else what there is of its registers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.aliases import under_ids
from central.energies import PERIOD_S
from central.grid import Bools, Grid, Ints, make_grid, net, places_at, point_rows, seconds
from central.settings import Settings
from central.tables import ENERGIES, INSTANT, METERED, labels

OPERATED: Final = pa.schema([*METERED, pa.field("file", pa.int64()), pa.field("netted", pa.bool_())])
"""Operators' energies; ``quality`` is measured, estimated, unstated or unknown (the worst of what was summed), ``file``
the newest archived file that is in it, ``netted`` whether both directions are netted values."""

ROUNDING: Final = ("rounded", "rounded_micro_wh")
"""Periods whose value was not whole Wh, and the sum of what rounding them half-up added, in millionths of a Wh."""

_WAYS: Final = ("drawn", "injected")
_QUALITIES: Final = ("measured", "estimated", "unstated", "unknown")
_HOUR_S, _QUARTER_S = 3600, 900
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Values:
    """One direction and kind of all points, (T, P) each."""

    known: Bools
    micro: Ints
    """Millionths of a Wh; 0 where not known."""
    file: Ints
    quality: Ints


def operator_energies(
    tables: Mapping[str, pa.Table], intervals: pa.Table, settings: Settings
) -> tuple[pa.Table, dict[str, int]]:
    """The energies that operators' values give (``OPERATED``), and what rounding did.

    Takes the tables cluster, periods, members and points (and what else tells regimes), and ``intervals``
    (``central.readings.INTERVALS``, the values that count). Gives beside the table what ``ROUNDING`` names.
    """
    about = tables["cluster"].to_pylist()[0]
    length = PERIOD_S[about["period"]]
    grid = make_grid({**tables, "energies": ENERGIES.empty_table()})
    rows = _rows(grid, point_rows(tables["points"], grid.starts), under_ids(intervals, tables))
    if not len(grid.starts) or not rows["start"].size:
        return OPERATED.empty_table(), dict.fromkeys(ROUNDING, 0)
    as_given = settings.hour_formation == "as_given"
    raw = [_lay_out(grid, rows, way, "raw", length, as_given=as_given) for way in range(2)]
    netted = [_lay_out(grid, rows, way, "netted", length, as_given=as_given) for way in range(2)]
    declared = [grid.declares_drawn, grid.declares_injected]
    all_raw = _all_known(raw, declared)
    paired = ~all_raw & _all_known(netted, declared) & _settled_netted(grid, settings)
    parts = [
        _chosen(grid, way, declared[way], paired, raw[way], netted[way]) for way in range(2) if declared[way].any()
    ]
    table = _table(about["cluster"], grid, parts)
    return table, _rounding(parts)


def _rows(grid: Grid, points: list[dict[str, Any]], intervals: pa.Table) -> dict[str, Any]:
    first, last = (int(grid.starts[0]), int(grid.starts[-1]) + _HOUR_S) if len(grid.starts) else (0, 0)
    start = seconds(intervals["start"])
    place = places_at(points, intervals["point"], start)
    used = (start >= first) & (start < last) & (place >= 0)
    chosen = intervals.filter(pa.array(used))
    quality = pc.index_in(chosen["quality"], value_set=pa.array(_QUALITIES, pa.string()))
    return {
        "start": start[used],
        "place": place[used],
        "way": pc.fill_null(pc.index_in(chosen["direction"], value_set=pa.array(_WAYS)), -1).to_numpy(),
        "kind": chosen["kind"].to_numpy(),
        "length": chosen["length"].to_numpy(),
        "micro": micro_wh(chosen["wh"]),
        "file": chosen["file"].to_numpy(),
        "quality": pc.fill_null(quality, len(_QUALITIES) - 1).to_numpy().astype(np.int64),
    }


def micro_wh(column: pa.ChunkedArray) -> Ints:
    """Exact decimals in millionths; below 2^40 Wh, so int64 holds four of them."""
    text = column.combine_chunks()
    whole = pc.invert(pc.match_substring(text, ".")).to_numpy(zero_copy_only=False)
    found: Ints = pc.if_else(pa.array(whole), text, "0").cast(pa.int64()).to_numpy().copy() * _MICRO
    for i in np.flatnonzero(~whole).tolist():
        found[i] = int(Decimal(text[i].as_py()) * _MICRO)
    return found


def _lay_out(grid: Grid, rows: Mapping[str, Any], way: int, kind: str, length: int, *, as_given: bool) -> _Values:
    chosen = (rows["way"] == way) & (rows["kind"] == kind)
    direct = _direct(grid, rows, chosen & (rows["length"] == length), length)
    if length != _HOUR_S or kind != "raw":
        return direct
    quarters = _quarters(grid, rows, chosen & (rows["length"] == _QUARTER_S))
    newer = quarters.known & (~direct.known | ((quarters.file >= direct.file) & (not as_given)))
    return _Values(
        direct.known | quarters.known,
        np.where(newer, quarters.micro, direct.micro),
        np.where(newer, quarters.file, direct.file),
        np.where(newer, quarters.quality, direct.quality),
    )


def _direct(grid: Grid, rows: Mapping[str, Any], chosen: Bools, length: int) -> _Values:
    found = _none(grid)
    at = (rows["start"][chosen] - grid.starts[0]) // length, rows["place"][chosen]
    inside = at[0] < len(grid.starts)
    at = at[0][inside], at[1][inside]
    found.known[at] = True
    for name in ("micro", "file", "quality"):
        getattr(found, name)[at] = rows[name][chosen][inside]
    return found


def _quarters(grid: Grid, rows: Mapping[str, Any], chosen: Bools) -> _Values:
    found = _none(grid)
    at = (rows["start"][chosen] - grid.starts[0]) // _HOUR_S, rows["place"][chosen]
    count = np.zeros_like(found.micro)
    np.add.at(count, at, 1)
    np.add.at(found.micro, at, rows["micro"][chosen])
    np.maximum.at(found.file, at, rows["file"][chosen])
    np.maximum.at(found.quality, at, rows["quality"][chosen])
    return dataclasses.replace(found, known=count == _HOUR_S // _QUARTER_S)


def _none(grid: Grid) -> _Values:
    shape = len(grid.starts), len(grid.points)
    return _Values(np.zeros(shape, dtype=np.bool_), *(np.zeros(shape, dtype=np.int64) for _ in range(3)))


def _all_known(values: list[_Values], declared: list[Bools]) -> Bools:
    found: Bools = np.all([one.known | ~there for one, there in zip(values, declared, strict=True)], axis=0)
    return found & (declared[0] | declared[1])


def _settled_netted(grid: Grid, settings: Settings) -> Bools:
    """(T, P) where a point is netted in settlement anyway, or has nothing to net: it measures one direction."""
    ones = np.ones_like(grid.drawn)
    drawn, _ = net(dataclasses.replace(grid, drawn=ones, injected=ones), settings.netting)
    found: Bools = (drawn == 0) | (grid.declares_drawn != grid.declares_injected)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """One direction's rows: places in the grid, and values of one length with them."""

    way: int
    period: Ints
    point: Ints
    micro: Ints
    file: Ints
    quality: Ints
    netted: Bools

    @property
    def wh(self) -> Ints:
        """Rounded half-up; energies are never negative."""
        return (self.micro + _MICRO // 2) // _MICRO


def _chosen(grid: Grid, way: int, declared: Bools, paired: Bools, raw: _Values, netted: _Values) -> _Part:
    known = grid.valid & declared & (paired | raw.known)
    at = np.nonzero(known)
    pair = paired[at]
    micro, file, quality = (
        np.where(pair, getattr(netted, name)[at], getattr(raw, name)[at]) for name in ("micro", "file", "quality")
    )
    return _Part(way, at[0], at[1], micro, file, quality, pair)


def _table(cluster: str, grid: Grid, parts: list[_Part]) -> pa.Table:
    tables = [
        pa.table(
            {
                "cluster": labels([cluster], np.zeros(len(part.period), dtype=np.int64)),
                "point": labels(grid.points, part.point),
                "direction": labels(list(_WAYS), np.full(len(part.period), part.way)),
                "start": pa.array(grid.starts[part.period]).cast(INSTANT),
                "wh": pa.array(part.wh),
                "quality": labels(list(_QUALITIES), part.quality),
                "file": pa.array(part.file),
                "netted": pa.array(part.netted),
            },
            schema=OPERATED,
        )
        for part in parts
    ]
    return pa.concat_tables([OPERATED.empty_table(), *tables]).unify_dictionaries()


def _rounding(parts: list[_Part]) -> dict[str, int]:
    added = [part.wh * _MICRO - part.micro for part in parts]
    return {
        "rounded": sum(int(np.count_nonzero(one)) for one in added),
        "rounded_micro_wh": sum(sum(one[one != 0].tolist()) for one in added),
    }
