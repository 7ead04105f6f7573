"""A month's energies as arrays, periods by points: what the arithmetic of a settlement works on.

Shapes: T periods in order, P points in the order of their ids' bytes. Arrays are hour-major (T, P). A point whose
owner, tariff or directions change within the periods has a column for each of its rows, each valid in its span.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Codes = npt.NDArray[np.int8]

REGIMES = ("none", "net_metering", "net_billing")
"""A regime's code is its place here."""
NETTABLE = frozenset({"net_metering", "net_billing"})


@dataclass(frozen=True, slots=True)
class Grid:
    """Energies as metered (before netting), and what is known."""

    starts: Ints
    """(T,) starts of the periods, seconds since 1970."""
    points: list[str]
    members: list[str]
    """(P,) each point's member."""
    declares_drawn: Bools
    declares_injected: Bools
    """(P,) what each point's settlement meter measures."""
    res: Bools
    """(P,) whether what a point injects is renewable."""
    storage: Bools
    """(P,) whether what a point injects is a storage's discharge."""
    tariffs: list[str]
    regimes: Codes
    """(T or 1, P) the point's own regime, or its member's where it has none; one row where none changes."""
    member_regimes: Codes
    """(T or 1, P) the regime of the point's member."""
    granted: Bools
    """(T or 1, P) whether relief may be had at all, by the table eligibility."""
    valid: Bools
    """(T, P) whether point and member are valid."""
    drawn: Ints
    injected: Ints
    """(T, P) Wh; 0 where not known."""
    known: Bools
    """(T, P) whether every declared value is there."""
    complete: Bools
    """(T,) whether no declared value of any valid point is missing."""


def make_grid(tables: Mapping[str, pa.Table]) -> Grid:
    """Lay the month's tables out as arrays.

    Raises:
        ValueError: two energies for one point, direction and period, or periods that aren't evenly spaced.
    """
    starts = seconds(tables["periods"]["start"])
    if len(starts) > 1 and len(np.unique(np.diff(starts))) > 1:
        raise ValueError("the periods of a settlement must follow one another without a gap")
    rows = point_rows(tables["points"], starts)
    names = [row["point"] for row in rows]
    members = [row["member"] for row in rows]
    valid = _valid(rows, starts)
    declares_drawn = np.array([row["drawn"] for row in rows], dtype=np.bool_)
    declares_injected = np.array([row["injected"] for row in rows], dtype=np.bool_)
    lines = _whole_lines(tables["energies"], starts)
    drawn, drawn_known = lay_out(tables["energies"], "drawn", starts, names, lines)
    injected, injected_known = lay_out(tables["energies"], "injected", starts, names, lines)
    drawn[:, ~declares_drawn] = 0
    injected[:, ~declares_injected] = 0
    regimes, member_regimes = _regimes(tables, starts, rows)
    known = (drawn_known | ~declares_drawn) & (injected_known | ~declares_injected)
    return Grid(
        starts=starts,
        points=names,
        members=members,
        declares_drawn=declares_drawn,
        declares_injected=declares_injected,
        res=np.array([bool(row["res"]) for row in rows], dtype=np.bool_),
        storage=np.array([row["injected"] and bool(row.get("storage")) for row in rows], dtype=np.bool_),
        tariffs=[row["tariff"] or "" for row in rows],
        regimes=regimes,
        member_regimes=member_regimes,
        granted=_granted(tables, starts, rows),
        valid=valid,
        drawn=drawn,
        injected=injected,
        known=known,
        complete=np.logical_not(np.any(valid & ~known, axis=1)),
    )


def net(grid: Grid, netting: str) -> tuple[Ints, Ints]:
    """(T, P) drawn and injected as settled: netted within each period for the points that ``netting`` names.

    ``vector`` nets every point, ``registers`` none, ``by_kind`` those of prosumers (art. 4 ust. 2b: the positive part
    of the balance is drawn, the negative injected).
    """
    nets = {
        "vector": np.ones((1, len(grid.points)), dtype=np.bool_),
        "registers": np.zeros((1, len(grid.points)), dtype=np.bool_),
        "by_kind": among(grid.regimes, NETTABLE),
    }[netting]
    nets = nets & grid.declares_drawn & grid.declares_injected
    chosen = nets.any(axis=0)
    if not chosen.any():
        return grid.drawn, grid.injected
    nets = nets[:, chosen]
    drawn, injected = grid.drawn.copy(), grid.injected.copy()
    balance = drawn[:, chosen] - injected[:, chosen]
    drawn[:, chosen] = np.where(nets, np.maximum(balance, 0), drawn[:, chosen])
    injected[:, chosen] = np.where(nets, np.maximum(-balance, 0), injected[:, chosen])
    return drawn, injected


def among(regimes: Codes, names: frozenset[str]) -> Bools:
    """Whether each of the ``regimes`` is one of those named."""
    return np.isin(regimes, [REGIMES.index(name) for name in names])


def seconds(column: pa.ChunkedArray) -> Ints:
    """Instants of a column as seconds since 1970."""
    found: Ints = column.cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_numpy()
    return found


def _regimes(tables: Mapping[str, pa.Table], starts: Ints, points: list[dict[str, Any]]) -> tuple[Codes, Codes]:
    """Each point's own regime, and its member's; a row for each period only where one of them changes."""
    code = {name: i for i, name in enumerate(REGIMES)}
    always = {row["member"]: code[row["regime"]] for row in tables["members"].to_pylist()}
    of_member = np.array([[always[row["member"]] for row in points]], dtype=np.int8).reshape(1, len(points))
    own = np.array([[code.get(row["regime"], -1) for row in points]], dtype=np.int8).reshape(1, len(points))
    dated = tables["regimes"].to_pylist() if "regimes" in tables else []
    if dated:
        of_member, own = (np.repeat(one, len(starts), axis=0) for one in (of_member, own))
    for row in dated:
        chosen, inside = _of_holder(row, points), within(row, starts)
        (of_member if row["point"] is None else own)[np.ix_(inside, chosen)] = code[row["regime"]]
    return np.where(own >= 0, own, of_member), of_member


def _granted(tables: Mapping[str, pa.Table], starts: Ints, points: list[dict[str, Any]]) -> Bools:
    """Whether relief may be had: no row denies it, and of a holder whose rows grant it one is valid."""
    rows = tables["eligibility"].to_pylist() if "eligibility" in tables else []
    granted = np.ones((len(starts) if rows else 1, len(points)), dtype=np.bool_)
    given: dict[tuple[str, str | None], Bools] = {}
    for row in rows:
        inside = within(row, starts)
        if not row["eligible"]:
            granted[np.ix_(inside, _of_holder(row, points))] = False
            continue
        holder = row["member"], row["point"]
        given[holder] = given.get(holder, np.zeros(len(starts), dtype=np.bool_)) | inside
    for (member, point), inside in given.items():
        granted[np.ix_(~inside, _of_holder({"member": member, "point": point}, points))] = False
    return granted


def _of_holder(row: Mapping[str, Any], points: list[dict[str, Any]]) -> Bools:
    """(P,) the one point that a row names, as far as it is its member's, or all points of its member."""
    of_member = np.array([point["member"] == row["member"] for point in points], dtype=np.bool_)
    if row["point"] is None:
        return of_member
    return of_member & np.array([point["point"] == row["point"] for point in points], dtype=np.bool_)


def point_rows(points: pa.Table, starts: Ints) -> list[dict[str, Any]]:
    """The rows of a table of points that columns are made of, in order: by the ids' bytes, those of one id in time.

    Of an id with several rows those that no period begins in are left out, but for one.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in points.to_pylist():
        found.setdefault(row["point"], []).append(row)
    chosen = []
    for name in sorted(found, key=str.encode):
        rows = found[name]
        if len(rows) > 1:
            rows = sorted(rows, key=lambda row: row["valid_from"].timestamp() if row["valid_from"] else -np.inf)
            rows = [row for row in rows if within(row, starts).any()] or rows[-1:]
        chosen += rows
    return chosen


def places_at(rows: Sequence[Mapping[str, Any]], column: pa.ChunkedArray, at: Ints) -> Ints:
    """Each value's place among rows of points: that of its point's row which is valid at ``at`` (seconds since 1970).

    The point's first row where none is valid then; -1 where no row is the point's.
    """
    names = [row["point"] for row in rows]
    unique = list(dict.fromkeys(names))
    of_name = _index(column, unique)
    if len(unique) == len(names):
        return of_name
    place_of = {name: u for u, name in enumerate(unique)}
    first = np.full(len(unique), -1, dtype=np.int64)
    for p, name in reversed(list(enumerate(names))):
        first[place_of[name]] = p
    found: Ints = np.where(of_name >= 0, first[of_name], -1)
    for p, row in enumerate(rows):
        u = place_of[row["point"]]
        if p != first[u]:
            found[(of_name == u) & within(row, at)] = p
    return found


def within(row: Mapping[str, Any], starts: Ints) -> Bools:
    """(T,) whether each period begins in the row's validity."""
    first = -np.inf if row["valid_from"] is None else row["valid_from"].timestamp()
    last = np.inf if row["valid_to"] is None else row["valid_to"].timestamp()
    inside: Bools = (starts >= first) & (starts < last)
    return inside


def _valid(rows: Sequence[Mapping[str, Any]], starts: Ints) -> Bools:
    """(T, P) whether each row is valid; most have the same span."""
    spans: dict[tuple[Any, Any], list[int]] = {}
    for p, row in enumerate(rows):
        spans.setdefault((row["valid_from"], row["valid_to"]), []).append(p)
    valid = np.zeros((len(starts), len(rows)), dtype=np.bool_)
    for places in spans.values():
        valid[:, places] = within(rows[places[0]], starts)[:, None]
    return valid


@dataclass(frozen=True, slots=True)
class _Lines:
    """Energies that lie as all periods of one point and direction, then of the next."""

    points: list[str]
    directions: list[str]
    """Of each line."""
    wh: Ints
    """(lines, T)"""


def _whole_lines(energies: pa.Table, starts: Ints) -> _Lines | None:
    """The energies as lines; None where they don't lie so."""
    columns = [energies[name] for name in ("point", "direction", "start", "wh")]
    count, rest = divmod(energies.num_rows, len(starts)) if len(starts) else (0, 0)
    if rest or not count or any(one.num_chunks != 1 or one.null_count for one in columns):
        return None
    names: list[list[str]] = []
    for column in columns[:2]:
        if not pa.types.is_dictionary(column.type):
            return None
        codes, words = column.chunk(0).indices.to_numpy().reshape(count, -1), column.chunk(0).dictionary.to_pylist()
        if not bool(np.all(codes == codes[:, :1])):
            return None
        names.append([words[code] for code in codes[:, 0].tolist()])
    if not bool(np.all(seconds(energies["start"]).reshape(count, -1) == starts)):
        return None
    return _Lines(names[0], names[1], energies["wh"].chunk(0).to_numpy().reshape(count, -1))


def lay_out(
    energies: pa.Table, direction: str, starts: Ints, points: list[str], lines: _Lines | None = None
) -> tuple[Ints, Bools]:
    """One direction's energies (T, P), 0 where not known, and where they are; rows of other times or points are left.

    ``lines`` are the same energies, where they lie so.

    Raises:
        ValueError: two energies for one point and period.
    """
    unique = {name: u for u, name in enumerate(dict.fromkeys(points))}
    if len(unique) < len(points):
        values, known = lay_out(energies, direction, starts, list(unique), lines)
        columns = [unique[name] for name in points]
        return values[:, columns], known[:, columns]
    shape = (len(starts), len(points))
    values, known = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    if not len(starts) or not len(points):
        return values, known
    if lines is not None:
        chosen = [k for k, way in enumerate(lines.directions) if way == direction and lines.points[k] in unique]
        of = [unique[lines.points[k]] for k in chosen]
        if len(set(of)) < len(of):
            raise ValueError(f"two {direction} energies for one point and period")
        values[:, of], known[:, of] = lines.wh[chosen].T, True
        return values, known
    rows = energies.filter(pc.equal(energies["direction"], direction))
    column, at, wh = _index(rows["point"], points), seconds(rows["start"]), rows["wh"].to_numpy()
    if _is_whole(column, at, starts):
        places = column[:: len(starts)]
        values[:, places], known[:, places] = wh.reshape(len(places), len(starts)).T, True
        return values, known
    step = int(starts[1] - starts[0]) if len(starts) > 1 else 3600
    offset = at - starts[0]
    row = offset // step
    used = (column >= 0) & (row >= 0) & (row < len(starts)) & (offset % step == 0)
    column, row = column[used], row[used]
    known[row, column] = True
    if int(known.sum()) != len(row):
        raise ValueError(f"two {direction} energies for one point and period")
    values[row, column] = wh[used]
    return values, known


def _is_whole(column: Ints, at: Ints, starts: Ints) -> bool:
    """Whether the rows are all periods of one point after another: then they are laid out as they lie."""
    count, rest = divmod(len(column), len(starts))
    if rest or not count:
        return False
    places = column[:: len(starts)]
    return (
        bool(places.min() >= 0)
        and len(np.unique(places)) == count
        and bool(np.all(column.reshape(count, -1) == places[:, None]))
        and bool(np.all(at.reshape(count, -1) == starts))
    )


def _index(column: pa.ChunkedArray, points: list[str]) -> Ints:
    """Each row's place in ``points``, -1 where it isn't there; looked up once for each word of a dictionary."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks = []
    for chunk in column.chunks:
        places = pc.fill_null(pc.index_in(chunk.dictionary, value_set=pa.array(points, pa.string())), -1)
        chunks.append(places.to_numpy(zero_copy_only=False)[chunk.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(chunks).astype(np.int64) if chunks else np.zeros(0, dtype=np.int64)
