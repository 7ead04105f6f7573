"""Step (a): stands of one epoch become the energies of periods. Tables in, tables out.

A stand is rounded once, after the multiplier (half-up to whole Wh); energies are differences of such stands, so they
telescope: whatever is missing in between, the sum between two stands of one epoch is exact. Two equal stands prove zero
for every period between them. Nothing is differenced across two epochs, gateways, or records of a meter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.exchanges import Bridge, Edge, Exchanges
from central.grid import Bools, Ints, seconds
from central.tables import BEHIND, DOUBLES, GAPS, INSTANT, LIVES, METERED, labels
from metering.energy import MAX_READING_WH, half_up
from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from metering.point import Direction, Role
from metering.stand import Quality

DIRECTIONS = {ACTIVE_IMPORT: Direction.DRAWN, ACTIVE_EXPORT: Direction.INJECTED}
"""Of a settlement meter's registers."""
_BEHIND = (Role.GENERATION, Role.STORAGE, Role.SUBMETER)
"""Roles whose energies storages and validation need."""
PERIOD_S = {"hour": 3600, "quarter": 900}
_QUALITIES = (Quality.MEASURED.value, Quality.INTERPOLATED.value)
_LIFE = ("meter", "register", "epoch", "gateway")


@dataclass(frozen=True, slots=True)
class _Record:
    """A meter's record: where it hung (or, behind a point, which meter it is), when, and its multiplier."""

    point: int
    multiplier: Decimal
    first: float
    last: float
    gateway: str
    declared: frozenset[str]
    opening: Mapping[str, str]
    """What people read at its beginning: register to Wh; so ``closing`` at its end."""
    closing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """Differences of neighbouring stands of one life and record: arrays of one length, seconds and Wh."""

    point: int
    direction: str
    meter: str
    gateway: str
    epoch: str
    since: Ints
    until: Ints
    first: Ints
    then: Ints
    measured: Bools


def energies_of(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Difference the stands of the cluster's settlement meters.

    Takes the tables cluster, points, meters and stands (``central.readings.STANDS``). Gives ``energies``
    (``central.tables.METERED``, at most one row for a point, direction and period), ``gaps`` (``GAPS``: neighbouring
    stands more than a period apart with the sum they prove, and those whose difference can't be an energy), ``doubles``
    (``DOUBLES``: periods for which two lives give different energies, so that none counts) and ``lives`` (``LIVES``);
    and ``behind`` (``BEHIND``), the energies of generation and storage meters and of submeters, of which no gaps
    are told.
    Stands off the grid of the cluster's period are left out: the next one on it covers the same energy. What people
    read at an exchange joins the energies of its two meters (``central.exchanges``).
    """
    about = tables["cluster"].to_pylist()[0]
    length = PERIOD_S[about["period"]]
    points = list(dict.fromkeys(tables["points"]["point"].to_pylist()))
    exchanges = Exchanges()
    found = list(_differences(tables["stands"], _records(tables, points), length, exchanges))
    lives = _lives(found, points)
    found += map(_bridged, exchanges.bridges(length))
    energies, doubles = _energies(about["cluster"], found, points, length)
    gaps = _gaps(found, points, length)
    behind = _behind(about["cluster"], tables, length)
    return {"energies": energies, "gaps": gaps, "doubles": doubles, "lives": lives, "behind": behind}


def _behind(cluster: str, tables: Mapping[str, pa.Table], length: int) -> pa.Table:
    """Each meter on its own: a point's sum is known only where all of them are."""
    rows = [row for row in tables["meters"].to_pylist() if row["role"] in _BEHIND]
    if not rows:
        return BEHIND.empty_table()
    keys = sorted({(row["point"], row["role"], row["serial"]) for row in rows})
    records: dict[str, list[_Record]] = {}
    for row in rows:
        place = keys.index((row["point"], row["role"], row["serial"]))
        records.setdefault(row["serial"], []).append(_record(row, place, frozenset(Direction)))
    stands = tables["stands"]
    stands = stands.filter(pc.is_in(stands["meter"], value_set=pa.array(list(records), pa.string())))
    exchanges = Exchanges()
    found = list(_differences(stands, records, length, exchanges))
    found += map(_bridged, exchanges.bridges(length))
    energies, _ = _energies(cluster, found, [str(place) for place in range(len(keys))], length)
    place = energies["point"].cast(pa.string()).cast(pa.int64())
    named = zip(("point", "role", "meter"), zip(*keys, strict=True), strict=True)
    columns = {
        "cluster": energies["cluster"].cast(pa.string()),
        **{name: pa.array(words, pa.string()).take(place) for name, words in named},
        "direction": energies["direction"].cast(pa.string()),
        "start": energies["start"],
        "wh": energies["wh"],
    }
    return pa.table(columns, schema=BEHIND)


def _records(tables: Mapping[str, pa.Table], points: list[str]) -> dict[str, list[_Record]]:
    declared: dict[str, frozenset[str]] = {}
    for row in tables["points"].to_pylist():
        # What one of a point's rows alone declares is left out of the others' time by the grid.
        ways = frozenset(way for way in ("drawn", "injected") if row[way])
        declared[row["point"]] = declared.get(row["point"], frozenset()) | ways
    places = {name: i for i, name in enumerate(points)}
    records: dict[str, list[_Record]] = {}
    for row in tables["meters"].to_pylist():
        if row["role"] == Role.SETTLEMENT:
            record = _record(row, places[row["point"]], declared[row["point"]])
            records.setdefault(row["serial"], []).append(record)
    return records


def _record(row: Mapping[str, Any], place: int, declared: frozenset[str]) -> _Record:
    return _Record(
        point=place,
        multiplier=Decimal(row["multiplier"]),
        first=-np.inf if row["valid_from"] is None else row["valid_from"].timestamp(),
        last=np.inf if row["valid_to"] is None else row["valid_to"].timestamp(),
        gateway=row["gateway"] or "",
        declared=declared,
        opening=dict(row.get("opening") or ()),
        closing=dict(row.get("closing") or ()),
    )


def _bridged(one: Bridge) -> _Found:
    return _Found(
        point=one.point,
        direction=one.direction,
        meter=one.edge.meter,
        gateway=one.edge.gateway,
        epoch=one.edge.epoch,
        since=np.array([one.since]),
        until=np.array([one.until]),
        first=np.array([one.first]),
        then=np.array([one.then]),
        measured=np.array([one.measured]),
    )


def _differences(
    stands: pa.Table, records: Mapping[str, list[_Record]], length: int, exchanges: Exchanges
) -> Iterator[_Found]:
    at = seconds(stands["at"])
    stands = stands.filter(pa.array(at % length == 0))
    codes, words = zip(*(_codes(stands[name]) for name in _LIFE), strict=True)
    at = seconds(stands["at"])
    order = np.lexsort((at, codes[3], codes[2], codes[1], codes[0]))
    at, measured = at[order], _is_measured(stands["quality"])[order]
    text = stands["wh"].take(pa.array(order)).combine_chunks()
    keys = np.stack([code[order] for code in codes]) if len(order) else np.zeros((4, 0), dtype=np.int64)
    changes = np.any(keys[:, 1:] != keys[:, :-1], axis=0)
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), len(order)] if len(order) else []
    for first, last in pairwise(bounds):
        meter, register, epoch, gateway = (words[i][keys[i, first]] for i in range(4))
        direction = DIRECTIONS.get(register)
        for record in records.get(meter, []):
            inside = (at[first:last] >= record.first) & (at[first:last] <= record.last)
            if direction is None or direction not in record.declared or not inside.any():
                continue
            if record.gateway not in {"", gateway}:
                continue
            when, how = at[first:last][inside], measured[first:last][inside]
            wh = _scaled(text.slice(first, last - first).filter(pa.array(inside)), record.multiplier)
            who = {"meter": meter, "gateway": gateway, "epoch": epoch}
            # A life that goes on across the record's end is no exchanged meter's: its stands say all.
            if register in record.closing and at[last - 1] <= record.last:
                end = half_up(Decimal(record.closing[register]) * record.multiplier)
                edge = Edge(int(when[-1]), int(wh[-1]), end - int(wh[-1]), bool(how[-1]), **who)
                exchanges.put("closing", record.point, direction, int(record.last), edge)
            if register in record.opening and at[first] >= record.first:
                start = half_up(Decimal(record.opening[register]) * record.multiplier)
                edge = Edge(int(when[0]), int(wh[0]), int(wh[0]) - start, bool(how[0]), **who)
                exchanges.put("opening", record.point, direction, int(record.first), edge)
            if len(when) < 2:
                continue
            yield _Found(
                point=record.point,
                direction=direction,
                meter=meter,
                gateway=gateway,
                epoch=epoch,
                since=when[:-1],
                until=when[1:],
                first=wh[:-1],
                then=wh[1:],
                measured=how[:-1] & how[1:],
            )


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Each row's place among the column's words in their order."""
    encoded = column.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    rank = np.empty(len(words), dtype=np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return rank[encoded.indices.to_numpy(zero_copy_only=False)], sorted(words)


def _is_measured(column: pa.ChunkedArray) -> Bools:
    found: Bools = pc.equal(column, Quality.MEASURED.value).to_numpy()
    return found


def _scaled(text: pa.Array, multiplier: Decimal) -> Ints:
    """Stands times the multiplier, each rounded half-up once. Below 10^13 Wh times 10^5, so int64 holds them."""
    if multiplier == multiplier.to_integral_value() and not pc.any(pc.match_substring(text, ".")).as_py():
        whole: Ints = text.cast(pa.int64()).to_numpy() * int(multiplier)
        return whole
    return np.array([half_up(Decimal(wh) * multiplier) for wh in text.to_pylist()], dtype=np.int64)


def _plausible(one: _Found, length: int) -> Bools:
    wh, count = one.then - one.first, (one.until - one.since) // length
    found: Bools = (wh >= 0) & (wh <= MAX_READING_WH * np.minimum(count, 2**20))
    return found


def _energies(cluster: str, found: list[_Found], points: list[str], length: int) -> tuple[pa.Table, pa.Table]:
    ways = [way.value for way in Direction]
    columns: list[tuple[Any, ...]] = []
    for one in found:
        count = (one.until - one.since) // length
        known = _plausible(one, length) & ((count == 1) | (one.then == one.first))
        times, since = count[known], one.since[known]
        step = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        size = len(step)
        columns.append(
            (
                np.full(size, one.point),
                np.full(size, ways.index(one.direction)),
                np.repeat(since, times) + step * length,
                np.repeat((one.then - one.first)[known], times),
                np.repeat(one.measured[known], times),
            )
        )
    empty = (np.zeros(0, dtype=np.int64),) * 5
    joined = (np.concatenate(part).astype(np.int64) for part in zip(empty, *columns, strict=True))
    point, way, start, wh, measured = joined
    order = np.lexsort((start, way, point))
    point, way, start, wh, measured = point[order], way[order], start[order], wh[order], measured[order]
    once, low, high = _alike(point, way, start, wh)
    one_value = low == high
    kept, double = once[one_value], once[~one_value]
    energies = pa.table(
        {
            "cluster": labels([cluster], np.zeros(len(kept), dtype=np.int64)),
            "point": labels(points, point[kept]),
            "direction": labels(ways, way[kept]),
            "start": pa.array(start[kept]).cast(INSTANT),
            "wh": pa.array(wh[kept]),
            "quality": labels(list(_QUALITIES), 1 - measured[kept]),
        },
        schema=METERED,
    )
    doubles = {
        "point": pa.array([points[i] for i in point[double]], pa.string()),
        "direction": pa.array([ways[i] for i in way[double]], pa.string()),
        "start": pa.array(start[double]).cast(INSTANT),
        "low_wh": pa.array(low[~one_value]),
        "high_wh": pa.array(high[~one_value]),
    }
    return energies, pa.table(doubles, schema=DOUBLES)


def _alike(point: Ints, way: Ints, start: Ints, wh: Ints) -> tuple[Ints, Ints, Ints]:
    """The first row of each point, direction and period, and the least and greatest energy given for it."""
    if not len(point):
        return point, wh, wh
    changes = (point[1:] != point[:-1]) | (way[1:] != way[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(np.concatenate([[True], changes]))
    return first, np.minimum.reduceat(wh, first), np.maximum.reduceat(wh, first)


def _gaps(found: list[_Found], points: list[str], length: int) -> pa.Table:
    rows = [
        {
            "point": points[one.point],
            "direction": one.direction,
            "meter": one.meter,
            "since": int(one.since[i]),
            "until": int(one.until[i]),
            "first_wh": int(one.first[i]),
            "then_wh": int(one.then[i]),
            "proved": bool(plausible[i]),
        }
        for one, plausible in ((one, _plausible(one, length)) for one in found)
        for i in np.flatnonzero(~plausible | (one.until - one.since > length)).tolist()
    ]
    return pa.Table.from_pylist(rows, schema=GAPS)


def _lives(found: list[_Found], points: list[str]) -> pa.Table:
    rows = [
        {
            "point": points[one.point],
            "direction": one.direction,
            "meter": one.meter,
            "gateway": one.gateway,
            "epoch": one.epoch,
            "first": int(one.since[0]),
            "last": int(one.until[-1]),
            "first_wh": int(one.first[0]),
            "last_wh": int(one.then[-1]),
        }
        for one in found
    ]
    return pa.Table.from_pylist(rows, schema=LIVES)
