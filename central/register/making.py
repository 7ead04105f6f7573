"""Make a run: what was settled, put into the register if it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.cluster import Cluster
from central.register.accepted import gap_text, missing, unaccepted
from central.register.keeping import Making
from central.register.manifest import AcceptedGap, Entry, Kept, Manifest, RunError, Totals
from central.register.opening import Run
from central.register.sources import made_with
from central.register.writing import Writing
from central.reports.summary import exact_sum
from metering.period import Month


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What run is asked for."""

    kind: str
    by: str = ""
    reason: str = ""
    accepted: tuple[AcceptedGap, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a run and isn't settled."""

    source: str
    tables: Mapping[str, pa.Table] = {}
    values: Mapping[str, Any] = {}
    rates: Any = ()
    """The records of the rates, as they were read."""


class NotYetError(Exception):
    """A run, or an approval, whose conditions don't hold: ``reasons`` says which."""

    def __init__(self, what: str, reasons: Sequence[str]) -> None:
        """Keep them; the message has all."""
        super().__init__(f"{what}:\n" + "\n".join(f"- {one}" for one in reasons))
        self.reasons = list(reasons)


def must_have_values(month: Month, energies: pa.Table, now: datetime) -> None:
    """A month that is yet to come has a run only where readings of it are there.

    Raises:
        RunError: it has none.
    """
    if month.start > now and not energies.num_rows:
        raise RunError(f"{month} is yet to come, and there are no readings of it; nothing was made of it")


class RunMaker:
    """Makes one run. Its inputs are written while they are settled, so they are given first."""

    def __init__(self, making: Making, cluster: Cluster, month: Month, asked: Asked) -> None:
        """Ask for a run.

        Raises:
            RunError: the month's final is made already.
            NotYetError: a final without an approval, or a correction without a final.
            OSError: it can't be written.
        """
        self.asked = asked
        self.month = month
        self.cluster = cluster
        self._making = making
        self.id = making.name(month, asked.kind)
        self.basis = _basis(making, month, asked)
        """The approved run that a final rests on, or the run that a correction corrects."""
        self.accepted = asked.accepted or (self.basis.manifest.accepted if self.basis else ())
        self._writing = making.begin(self.id)
        self._totals: Totals | None = None

    def __enter__(self) -> RunMaker:
        """Nothing more."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the writing; without ``keep`` it is no run."""
        self._writing.__exit__(None, None, None)

    @property
    def writing(self) -> Writing:
        """Where the files go."""
        return self._writing

    def inputs(self, tables: Mapping[str, pa.Table]) -> None:
        """What goes into ``settle``."""
        for name in sorted(tables, key=lambda name: -tables[name].num_rows):
            self._writing.table("in", name, tables[name])

    def outputs(
        self, tables: Mapping[str, pa.Table], result: Mapping[str, pa.Table], gaps: pa.Table | None = None
    ) -> None:
        """What came out of it; ``gaps``: what stands tell of missing values, if there are any.

        Raises:
            NotYetError: values are missing that a final or a correction needs.
        """
        lacking = missing(tables, result["hours"], gaps, self.cluster.settings, self.month)
        if self.asked.kind != "preliminary" and (without := unaccepted(lacking, self.accepted)):
            named = [f"{gap_text(one)}: missing; accept it with --accept-gap …=REASON, or bring it" for one in without]
            raise NotYetError(f"{self.id}: the month isn't complete; nothing was made", named)
        for name in sorted(result, key=lambda name: -result[name].num_rows):
            self._writing.table("out", name, result[name])
        self._totals = totals(result)

    def keep(self, evidence: Evidence, now: datetime) -> Entry:
        """Write the rest, and make it a run.

        Raises:
            NotYetError: a final whose numbers aren't those that were approved; a correction that corrects nothing.
            RunError, OSError, sqlite3.Error: the register can't take it.
        """
        for name, table in evidence.tables.items():
            self._writing.table("evidence", name, table)
        for name, values in evidence.values.items():
            self._writing.values(f"evidence/{name}", values)
        self._writing.values("cluster", self.cluster)
        self._writing.values("rates", msgspec.to_builtins(evidence.rates))
        files = self._writing.done()
        self._compare(files)
        if self._totals is None:
            raise RunError(f"{self.id}: it has no result")
        manifest = Manifest(
            cluster=self.cluster.name,
            run=self.id,
            month=str(self.month),
            kind=self.asked.kind,
            made=now.replace(microsecond=0),
            by=self.asked.by,
            reason=self.asked.reason,
            source=evidence.source,
            corrects=self.basis.id if self.basis and self.asked.kind == "correction" else "",
            corrects_digest=self.basis.row.manifest
            if self.basis and self.asked.kind == "correction"
            else msgspec.UNSET,
            approved=self.basis.id if self.basis and self.asked.kind == "final" else "",
            accepted=self.accepted,
            settings=msgspec.to_builtins(self.cluster.settings),
            code=made_with(),
            totals=self._totals,
            files=files,
        )
        return self._making.keep(self._writing, manifest)

    def _compare(self, files: Mapping[str, Kept]) -> None:
        if self.basis is None:
            return
        changed = [name for name in result_names(files) if differs(self.basis.manifest.files.get(name), files[name])]
        if self.asked.kind == "final" and changed:
            said = f"{', '.join(changed)}: other numbers than in {self.basis.id}, which was approved"
            way = f"make a preliminary run, look at what changed (diff {self.basis.id} …) and approve that one"
            raise NotYetError(f"{self.id}: nothing was made", [f"{said}; {way}"])
        if self.asked.kind == "correction" and not changed:
            raise NotYetError(f"{self.id}: nothing was made", [f"there is nothing to correct in {self.basis.id}"])


def _basis(making: Making, month: Month, asked: Asked) -> Run | None:
    register = making.register
    if asked.kind == "correction":
        if (standing := register.standing(month)) is None:
            raise NotYetError(f"{month}: nothing was made", ["there is no final yet that could be corrected"])
        return standing
    if asked.kind == "final":
        approved = [one.run for one in register.of_month(month) if one.what == "approval"]
        if not approved:
            runs = [one.run for one in register.of_month(month)]
            said = f"there is no run of {month} yet: make one by run --kind preliminary, look at it and approve it"
            if runs:
                said = f"no run of {month} is approved; look at one and approve it: approve {runs[-1]} --by NAME"
            raise NotYetError(f"{month}-final: nothing was made", [said])
        return register.run(approved[-1])
    return None


def result_names(files: Mapping[str, Kept]) -> list[str]:
    """The names of the tables that came out."""
    return sorted(name for name in files if name.startswith("out/"))


def differs(one: Kept | None, other: Kept) -> bool:
    """Whether two tables differ in rows or in a column that both have; a column that one klaster appended doesn't."""
    if one is None:
        return bool(other.rows)
    if one.rows != other.rows:
        return True
    return any(one.columns[name] != other.columns[name] for name in one.columns if name in other.columns)


def totals(result: Mapping[str, pa.Table]) -> Totals:
    """The sums of a month's result."""
    hours, shares, charges = result["hours"], result["shares"], result["charges"]
    complete = hours.filter(pc.equal(hours["status"], "complete"))

    def wh(table: pa.Table, *names: str) -> int | None:
        return sum(exact_sum(table[name]) for name in names) if complete.num_rows else None

    def zl(name: str) -> str | None:
        values = charges[name].drop_null()
        return str(sum((Decimal(one) for one in values.to_pylist()), Decimal("0.00"))) if len(values) else None

    return Totals(
        periods=hours.num_rows,
        complete=complete.num_rows,
        drawn_wh=wh(complete, "drawn_wh"),
        injected_wh=wh(complete, "injected_res_wh", "injected_other_wh"),
        covered_wh=wh(complete, "covered_wh"),
        relieved_wh=wh(shares, "relieved_wh"),
        full_zl=zl("full_zl"),
        relief_zl=zl("relief_zl"),
        charge_zl=zl("charge_zl"),
    )
