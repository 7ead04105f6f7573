"""One settled month as it is looked up: rows by point, by period and by both, whatever settled it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.energies import PERIOD_S
from central.estimate import Estimate
from central.explaining.step import Raw, Said
from central.grid import Ints, seconds
from central.settings import Settings
from metering.period import utc_text

Row = dict[str, Any]
Key = tuple[str, str]
"""Point and direction."""
T = TypeVar("T")
_MOST_KEPT: Final = 4096
"""Periods' rows kept: a month explained point by point would otherwise fill the memory."""


class FileFacts(NamedTuple):
    """An operator's file in the archive."""

    number: int
    name: str
    digest: str
    imported: str
    """UTC."""
    who: str
    has_lines: bool = True
    """Else a value's line is its place, from 1, in the list that it stands in (``central.imports.recognise``)."""


class Evidence(Protocol):
    """What lies below the tables; None everywhere means that it isn't there to be looked at."""

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table | None:
        """The stands between two instants, both inclusive (``central.readings.STANDS``); of some meters, or of all."""

    def versions(self, first: datetime, last: datetime) -> pa.Table | None:
        """All versions of operators' values of periods in that time (``central.readings.INTERVALS``)."""

    def file(self, number: int) -> FileFacts | None:
        """An archived file."""

    def line(self, number: int, codes: set[str], key: tuple[str, str, int, int]) -> int | None:
        """The line of an archived file with a point's value; ``key`` is its direction, kind, start and length."""

    def estimate(self, number: int) -> Estimate | None:
        """An estimate as it was recorded."""

    def estimates_of(self, point: str, direction: str, start: int) -> list[Estimate]:
        """Every estimate with a value for a period, those taken back too."""

    def message(self, row: int, stand: Row) -> Raw | None:
        """The message of the journal in which a stand (a row of STANDS) came."""

    @property
    def read_from(self) -> tuple[Said, ...]:
        """What values are from where no stands are kept: the files of which the settlement was made; else nothing."""

    @property
    def ends(self) -> str:
        """Where the chain of proof ends, as the key of a sentence; empty where it goes down to the journal."""


class Tables(NamedTuple):
    """What a settlement took and gave."""

    inputs: Mapping[str, pa.Table]
    outputs: Mapping[str, pa.Table]
    settings: Settings
    estimated: pa.Table | None
    """``central.estimated.ESTIMATED``; None where it isn't known which estimate gave which value."""
    doubles: pa.Table | None


class Case:
    """The tables of one month, and the evidence below them."""

    def __init__(self, tables: Tables, evidence: Evidence, month: str) -> None:
        """Nothing is looked up yet."""
        self.tables, self.evidence, self.month = tables, evidence, month
        self.settings = tables.settings
        self.about: Row = tables.inputs["cluster"].to_pylist()[0]
        self.length: int = PERIOD_S[self.about["period"]]
        self._shares = tables.outputs["shares"]
        self._dated: dict[tuple[str, str], dict[str, list[Row]]] = {}
        self._kept: dict[tuple[str, int], Any] = {}

    @cached_property
    def points(self) -> dict[str, list[Row]]:
        """Every point's rows, in time: there are several where its owner, tariff or directions change."""
        found: dict[str, list[Row]] = {}
        for row in self.tables.inputs["points"].to_pylist():
            found.setdefault(row["point"], []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row["valid_from"].timestamp() if row["valid_from"] else float("-inf"))
        return found

    def point_at(self, point: str, start: int) -> Row:
        """A point's row in a period, its last one where none is valid then."""
        rows = self.points[point]
        return next((row for row in rows if self.valid(row, start)), rows[-1])

    @cached_property
    def members(self) -> dict[str, Row]:
        """Every member's row."""
        return {row["member"]: row for row in self.tables.inputs["members"].to_pylist()}

    @cached_property
    def starts(self) -> Ints:
        """The starts of the month's periods, seconds."""
        return seconds(self.tables.inputs["periods"]["start"])

    @cached_property
    def hours(self) -> dict[int, Row]:
        """What the table of hours says of each period, by its start."""
        rows = self.tables.outputs["hours"].to_pylist()
        return dict(zip(seconds(self.tables.outputs["hours"]["start"]).tolist(), rows, strict=True))

    @cached_property
    def _share_starts(self) -> Ints:
        return seconds(self._shares["start"])

    def kept(self, name: str, start: int, make: Callable[[int], T]) -> T:
        """What ``make`` gives for a period, once for everything that is asked of it."""
        if (name, start) not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[name, start] = make(start)
        found: T = self._kept[name, start]
        return found

    def shares_at(self, start: int) -> list[Row]:
        """The shares of one period, in the order of their points."""
        return self.kept("shares", start, self._shares_at)

    def _shares_at(self, start: int) -> list[Row]:
        first, last = np.searchsorted(self._share_starts, [start, start + 1]).tolist()
        return _rows(self._shares.slice(first, last - first))

    def share(self, point: str, start: int) -> Row | None:
        """One point's; None where the point isn't valid then."""
        return next((row for row in self.shares_at(start) if row["point"] == point), None)

    def shares_of(self, point: str) -> dict[int, Row]:
        """One point's shares by the start of the period, in order."""
        mine = self._shares.filter(pc.equal(_text(self._shares["point"]), point))
        return dict(zip(seconds(mine["start"]).tolist(), mine.to_pylist(), strict=True))

    @cached_property
    def _energy_starts(self) -> Ints:
        return seconds(self.tables.inputs["energies"]["start"])

    def energies_at(self, start: int) -> dict[Key, Row]:
        """The energies that went into one period."""
        return self.kept("energies", start, self._energies_at)

    def _energies_at(self, start: int) -> dict[Key, Row]:
        rows = self.tables.inputs["energies"].filter(pa.array(self._energy_starts == start)).to_pylist()
        return {(row["point"], row["direction"]): row for row in rows}

    @cached_property
    def _storages(self) -> dict[str, dict[int, Row]]:
        table = self.tables.outputs.get("storages")
        found: dict[str, dict[int, Row]] = {}
        if table is not None:
            for at, row in zip(seconds(table["start"]).tolist(), table.to_pylist(), strict=True):
                found.setdefault(row["point"], {})[at] = row
        return found

    def storage_rows(self, point: str) -> dict[int, Row]:
        """The rows of the storage at a point, by their periods."""
        return self._storages.get(point, {})

    def storages_at(self, start: int) -> list[Row]:
        """The storages' rows of one period."""
        return [rows[start] for rows in self._storages.values() if start in rows]

    @cached_property
    def _behind_starts(self) -> Ints | None:
        table = self.tables.inputs.get("behind")
        return None if table is None else seconds(table["start"])

    def behind_at(self, start: int) -> list[Row]:
        """What meters behind points counted in one period."""
        return self.kept("behind", start, self._behind_at)

    def _behind_at(self, start: int) -> list[Row]:
        at = self._behind_starts
        return [] if at is None else _rows(self.tables.inputs["behind"].filter(pa.array(at == start)))

    def estimated_at(self, start: int) -> dict[Key, Row]:
        """The estimated energies that count in one period (``central.estimated.ESTIMATED``)."""
        return self.kept("estimated", start, self._estimated_at)

    def _estimated_at(self, start: int) -> dict[Key, Row]:
        table = self.tables.estimated
        rows = [] if table is None else _rows(table.filter(pc.equal(table["start"].cast("int64"), start)))
        return {(row["point"], row["direction"]): row for row in rows}

    def charges(self, point: str) -> list[Row]:
        """The rows of a point's charges, in their order."""
        return self._charges.get(point, [])

    @cached_property
    def _charges(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.tables.outputs["charges"].to_pylist():
            found.setdefault(row["point"], []).append(row)
        return found

    @cached_property
    def totals(self) -> list[Row]:
        """What each point of each member pays in the month; none where the settlement made no such table."""
        table = self.tables.outputs.get("totals")
        return [] if table is None else _rows(table)

    @cached_property
    def rates(self) -> list[Row]:
        """The rates, in their order."""
        return _rows(self.tables.inputs["rates"])

    def valid(self, row: Row, start: int) -> bool:
        """Whether a dated row is valid in a period."""
        return (row["valid_from"] is None or row["valid_from"].timestamp() <= start) and (
            row["valid_to"] is None or start < row["valid_to"].timestamp()
        )

    def points_of(self, member: str) -> list[str]:
        """The points that are a member's at any time, in the order of their bytes."""
        return self._points_of.get(member, [])

    @cached_property
    def _points_of(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for point in sorted(self.points, key=str.encode):
            for member in dict.fromkeys(row["member"] for row in self.points[point]):
                found.setdefault(member, []).append(point)
        return found

    def dated(self, name: str, holder: str, column: str = "member") -> list[Row]:
        """A member's (or a point's) rows of an input that needn't be there."""
        if (name, column) not in self._dated:
            table = self.tables.inputs.get(name)
            rows: dict[str, list[Row]] = {}
            for row in [] if table is None else table.to_pylist():
                rows.setdefault(row[column], []).append(row)
            self._dated[name, column] = rows
        return self._dated[name, column].get(holder, [])


def at_text(start: int) -> str:
    """An instant in seconds as text of UTC."""
    return utc_text(datetime.fromtimestamp(start, UTC))


def _rows(table: pa.Table) -> list[Row]:
    found: list[Row] = table.to_pylist()
    return found


def _text(column: pa.ChunkedArray) -> Any:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
