"""Operators' values that name an older code of a point count for the point, while its alias is valid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from central.imports.found import BadLine, Value

_KEY = ["point", "direction", "kind", "start", "length"]


class Aliases:
    """What ``central.tables.ALIASES`` says."""

    def __init__(self, table: pa.Table) -> None:
        """Lay the table out by code."""
        self._spans: dict[str, list[tuple[float, float, str]]] = {}
        for row in table.to_pylist():
            first, last = row["valid_from"], row["valid_to"]
            span = first.timestamp() if first else float("-inf"), last.timestamp() if last else float("inf")
            self._spans.setdefault(row["code"], []).append((*span, row["point"]))

    @property
    def codes(self) -> Collection[str]:
        """The codes."""
        return self._spans.keys()

    def spans(self, code: str) -> Sequence[tuple[float, float, str]]:
        """When a code is whose: from, to before (seconds since 1970), and the point."""
        return self._spans.get(code, ())

    @property
    def names(self) -> set[str]:
        """The codes, and the points that have them."""
        return {*self._spans, *(point for spans in self._spans.values() for _, _, point in spans)}

    def point(self, code: str, start: float) -> str:
        """The point's id at an instant (seconds since 1970); the code itself where it is nobody's alias then."""
        return next((point for first, last, point in self._spans.get(code, ()) if first <= start < last), code)

    def always(self, code: str, first: datetime, last: datetime) -> bool:
        """Whether the code is somebody's alias at every instant from ``first`` to before ``last``."""
        at = first.timestamp()
        for since, until, _ in sorted(self.spans(code)):
            at = max(at, until) if since <= at else at
        return at >= last.timestamp()

    def clashes(self, values: Iterable[Value]) -> list[BadLine]:
        """Values of one file that give a period of a point two energies, under its id and an alias."""
        names, known, bad = self.names, dict[tuple[object, ...], Value](), []
        for value in values:
            if value.point not in names:
                continue
            key = (self.point(value.point, value.start), *value[1:5])
            other = known.setdefault(key, value)
            if other.wh != value.wh:
                said = f"line {other.line} gives {other.wh} Wh for the same point as {other.point}"
                bad.append(BadLine(value.line, f"{value.wh} Wh of {value.point}, but {said}"))
        return bad


def versions_under_ids(versions: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """The same of intervals with their older versions: all stay, those of aliases under their points' ids."""
    aliases = Aliases(tables["aliases"])
    if not aliases.names:
        return versions
    starts = versions["start"].cast(pa.int64()).to_pylist()
    rows = zip(versions["point"].to_pylist(), starts, strict=True)
    points = pa.array([aliases.point(code, start) for code, start in rows], pa.string())
    return versions.set_column(versions.schema.get_field_index("point"), "point", points)


def under_ids(intervals: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Intervals (``central.readings.INTERVALS``) with points' ids in place of aliases (``aliases`` of the tables).

    An alias counts for periods that start while it is valid. Of two values for one key the newer file's counts; where
    one file says both and they differ neither does, as with two rows of one series in a file.
    """
    if "aliases" not in tables or not tables["aliases"].num_rows:
        return intervals
    aliases = Aliases(tables["aliases"])
    touched = pc.is_in(intervals["point"], value_set=pa.array(sorted(aliases.names), pa.string()))
    counts: dict[tuple[object, ...], dict[str, Any]] = {}
    clashing: set[tuple[object, ...]] = set()
    for row in intervals.filter(touched).to_pylist():
        row["point"] = aliases.point(row["point"], row["start"].timestamp())
        key = tuple(row[name] for name in _KEY)
        other = counts.setdefault(key, row)
        if row["file"] > other["file"]:
            counts[key] = row
            clashing.discard(key)
        elif row["file"] == other["file"] and row["wh"] != other["wh"]:
            clashing.add(key)
    found = [row for key, row in counts.items() if key not in clashing]
    resolved = pa.Table.from_pylist(found, schema=intervals.schema)
    return pa.concat_tables([intervals.filter(pc.invert(touched)), resolved])
