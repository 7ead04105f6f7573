"""Estimates put where nothing is measured, their sums made what stands prove. Tables in, tables out.

A measured value always stands. Between two stands of one epoch the estimates and what is measured between them add up
to the proved difference exactly: an estimate gives the shape, the stands the sum. Whatever comes later is respected
anew at each settlement, since nothing but the estimate as it was recorded is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from central.estimate import Estimate, Outcome
from central.grid import seconds
from central.tables import ENERGIES, LABEL
from metering.energy import share

ESTIMATED: Final = pa.schema(
    [*ENERGIES, pa.field("estimate", pa.int64()), pa.field("method", LABEL), pa.field("proved", pa.bool_())]
)
"""Estimated energies that count: ``estimate`` is the record's number, ``proved`` whether stands give their sum."""

NOTE: Final = (
    "Some of these values are estimated, not measured; the findings name each estimate with its method, reason and "
    "author."
)
"""Said of every answer that rests on an estimate."""

_Key = tuple[str, str]


@dataclass(slots=True)
class Filled:
    """One point and direction, its periods by their start."""

    measured: dict[int, int] = field(default_factory=dict)
    wanted: dict[int, tuple[int, Estimate]] = field(default_factory=dict)
    """Where an estimate counts: its value and itself."""
    proved: dict[int, int] = field(default_factory=dict)
    """Of these: the value that adds up."""
    partly: set[int] = field(default_factory=set)
    """Of these: in a gap whose sum is proved, and not all of which is estimated."""
    contradicted: set[int] = field(default_factory=set)
    """Where an estimate can't count: stands prove less than its sum, or what is measured is more than they prove."""

    def value(self, start: int) -> int:
        """What counts of a wanted period."""
        return self.proved.get(start, self.wanted[start][0])


def fill(measured: pa.Table, told: Mapping[str, pa.Table], estimates: Iterable[Estimate]) -> dict[_Key, Filled]:
    """Fit estimates of points and directions into what is measured.

    Takes all measured energies of their time, and the gaps and doubles of ``central.energies``. A period of which two
    values are measured has none that counts, and gets no estimate either.
    """
    found: dict[_Key, Filled] = {}
    lengths: dict[_Key, int] = {}
    for one in estimates:
        filled = found.setdefault((one.point, one.direction.value), Filled())
        lengths[one.point, one.direction.value] = one.length_s
        filled.wanted.update({start: (wh, one) for start, wh in zip(one.starts, one.wh, strict=True)})
    for key, start, wh in _of(measured, found, "wh"):
        found[key].measured[start] = wh
        found[key].wanted.pop(start, None)
    for key, start, _ in _of(told["doubles"], found, "low_wh"):
        found[key].wanted.pop(start, None)
    gaps: dict[_Key, list[tuple[int, int, int]]] = {}
    for row in told["gaps"].to_pylist() if found else ():
        if row["proved"] and (row["point"], row["direction"]) in found:
            span = int(row["since"].timestamp()), int(row["until"].timestamp()), row["then_wh"] - row["first_wh"]
            gaps.setdefault((row["point"], row["direction"]), []).append(span)
    for key, spans in gaps.items():
        # The shorter first: what it fixes is known to a longer one around it.
        for since, until, total in sorted(spans, key=lambda one: (one[1] - one[0], one)):
            _fit(found[key], range(since, until, lengths[key]), total)
    return found


def _fit(filled: Filled, periods: Sequence[int], total: int) -> None:
    open_ = [at for at in periods if at not in filled.measured and at not in filled.proved]
    mine = [at for at in open_ if at in filled.wanted]
    if not mine:
        return
    fixed = sum(filled.measured.get(at, 0) + filled.proved.get(at, 0) for at in periods)
    left = total - fixed
    weights = [filled.wanted[at][0] for at in mine]
    if left < 0 or (len(mine) < len(open_) and sum(weights) > left):
        for at in mine:
            del filled.wanted[at]
        filled.contradicted.update(mine)
    elif len(mine) < len(open_):
        filled.partly.update(mine)
    else:
        parts = share(left, weights if any(weights) else [1] * len(mine))
        filled.proved.update(zip(mine, parts, strict=True))


def _of(table: pa.Table, keys: Mapping[_Key, Filled], value: str) -> Iterable[tuple[_Key, int, int]]:
    """The rows of some points and directions."""
    points = pa.array(sorted({point for point, _ in keys}), pa.string())
    rows = (
        table.filter(pc.is_in(table["point"].cast(pa.string()), value_set=points)) if len(points) else table.slice(0, 0)
    )
    columns = (rows[name].cast(pa.string()).to_pylist() for name in ("point", "direction"))
    for point, direction, start, wh in zip(
        *columns, seconds(rows["start"]).tolist(), rows[value].to_pylist(), strict=True
    ):
        if (point, direction) in keys:
            yield (point, direction), start, wh


def estimated_table(cluster: str, filled: Mapping[_Key, Filled]) -> pa.Table:
    """The estimated energies that count (``ESTIMATED``), by point, direction and start."""
    rows: list[dict[str, Any]] = [
        {
            "cluster": cluster,
            "point": point,
            "direction": direction,
            "start": start,
            "wh": one.value(start),
            "estimate": estimate.number,
            "method": estimate.method,
            "proved": start in one.proved,
        }
        for (point, direction), one in sorted(filled.items())
        for start, (_, estimate) in sorted(one.wanted.items())
    ]
    return pa.Table.from_pylist(rows, schema=ESTIMATED)


def with_estimated(energies: pa.Table, estimated: pa.Table) -> pa.Table:
    """A month's energies with what is estimated; quality and source say so."""
    if not estimated.num_rows:
        return energies
    rows = {name: estimated[name] for name in ENERGIES.names}
    for name, word in (("quality", "estimated"), ("source", "estimate")):
        rows[name] = pa.repeat(pa.scalar(word), estimated.num_rows).dictionary_encode().cast(LABEL)
    columns = [
        rows[column.name] if column.name in rows else pa.nulls(estimated.num_rows, column.type)
        for column in energies.schema
    ]
    return pa.concat_tables([energies, pa.table(columns, schema=energies.schema)]).unify_dictionaries()


def outcomes(filled: Mapping[_Key, Filled], estimates: Iterable[Estimate]) -> list[Outcome]:
    """What became of each of these estimates' values."""
    return [_outcome(filled.get((one.point, one.direction.value), Filled()), one) for one in estimates]


def _outcome(filled: Filled, one: Estimate) -> Outcome:
    recorded = dict(zip(one.starts, one.wh, strict=True))
    counting = [at for at in one.starts if at in filled.wanted and filled.wanted[at][1].number == one.number]
    measured = [at for at in one.starts if at in filled.measured]
    return Outcome(
        estimate=one,
        counting=len(counting),
        counting_wh=sum(map(filled.value, counting)),
        proved=sum(at in filled.proved for at in counting),
        measured=len(measured),
        measured_wh=sum(filled.measured[at] for at in measured),
        replaced_wh=sum(recorded[at] for at in measured),
        contradicted=sum(at in filled.contradicted for at in one.starts),
    )
