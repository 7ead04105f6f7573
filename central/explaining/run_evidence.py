"""What an exported or kept run carries of its evidence: stands, but no journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.estimate import Estimate
from central.explaining.case import Case, FileFacts, Row, Tables
from central.explaining.estimating import of_period
from central.explaining.evidence import BooksEvidence
from central.explaining.step import Raw, Said
from central.register.opening import Run

_FILES: Final = 12
"""How many of a run's files are named."""


def case_of_run(run: Run, below: BooksEvidence | None) -> Case:
    """A run's month; ``below`` is what lies beside the service where the run was made, if that is at hand.

    Raises:
        RunError: the run isn't what it was.
    """
    inputs = {name: table for name, table in run.inputs().items() if name != "stands"}
    evidence = RunEvidence(run, below)
    tables = Tables(inputs, run.outputs(), run.settings, evidence.table("estimated"), evidence.table("doubles"))
    return Case(tables, evidence, run.manifest.month)


class RunEvidence:
    """See ``central.explaining.case.Evidence``."""

    def __init__(self, run: Run, below: BooksEvidence | None) -> None:
        """Nothing is read yet."""
        self._run, self._below = run, below

    @property
    def ends(self) -> str:
        """See ``Evidence``."""
        return "" if self._below else "end.run_has_no_journal"

    @property
    def read_from(self) -> tuple[Said, ...]:
        """See ``Evidence``."""
        if self._run.manifest.source != "files":
            return ()
        files = self._named("files") or ()
        named = [Said("end.file", {"name": str(one["name"]), "digest": str(one["sha256"])}) for one in files]
        more = [Said("end.more_files", {"count_n": len(named) - _FILES})] if len(named) > _FILES else []
        return Said("end.run_of_files", {"count_n": len(named)}), *named[:_FILES], *more

    def _named(self, name: str) -> Any:
        try:
            return self._run.evidence(name)
        except KeyError:
            return None

    def table(self, name: str) -> pa.Table | None:
        """A table of the evidence; None where the run has none of that name."""
        found = self._named(name)
        return found if isinstance(found, pa.Table) else None

    @cached_property
    def _stands(self) -> pa.Table | None:
        return self.table("stands")

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table | None:
        """See ``Evidence``."""
        found = _between(self._stands, "at", first, last, inclusive=True)
        if found is None or meters is None:
            return found
        return found.filter(pc.is_in(found["meter"].cast(pa.string()), value_set=pa.array(list(meters), pa.string())))

    def versions(self, first: datetime, last: datetime) -> pa.Table | None:
        """See ``Evidence``: a run carries the versions that counted."""
        return _between(self.table("intervals"), "start", first, last, inclusive=False)

    @cached_property
    def _estimates(self) -> list[Estimate]:
        return [msgspec.convert(one["estimate"], Estimate) for one in self._named("estimates") or ()]

    def estimate(self, number: int) -> Estimate | None:
        """See ``Evidence``."""
        return next((one for one in self._estimates if one.number == number), None)

    def estimates_of(self, point: str, direction: str, start: int) -> list[Estimate]:
        """See ``Evidence``: a run carries those that were in force."""
        return of_period(self._estimates, point, direction, start)

    def file(self, number: int) -> FileFacts | None:
        """See ``Evidence``."""
        for one in self._named("files") or ():
            if one.get("number") == number:
                return FileFacts(number, one["name"], one["sha256"], str(one["imported"]), one["who"])
        return None

    def line(self, number: int, codes: set[str], key: tuple[str, str, int, int]) -> int | None:
        """See ``Evidence``."""
        return self._below.line(number, codes, key) if self._below else None

    def message(self, row: int, stand: Row) -> Raw | None:
        """See ``Evidence``."""
        return self._below.message(row, stand) if self._below else None


def _between(
    table: pa.Table | None, column: str, first: datetime, last: datetime, *, inclusive: bool
) -> pa.Table | None:
    if table is None:
        return None
    kind = table.schema.field(column).type
    low, high = pa.scalar(first, kind), pa.scalar(last, kind)
    upper = pc.less_equal if inclusive else pc.less
    return table.filter(pc.and_(pc.greater_equal(table[column], low), upper(table[column], high)))
