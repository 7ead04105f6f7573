"""What a statement needs, read from a run: of a register, or of an exported file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pyarrow as pa

from central.cluster import Cluster
from central.cluster.papers import unauthorised
from central.estimate import Estimate
from central.explaining.run_evidence import case_of_run
from central.register.manifest import RUN_ID, ChangedError, RunError
from central.register.opening import Run
from central.statements.told import Accepted, Estimated, RunFacts, Told
from metering.period import Month


def told_of(run: Run) -> Told:
    """One run.

    Raises:
        RunError: it isn't what it was, or holds what no run holds.
    """
    inputs = {name: table for name, table in run.inputs().items() if name != "stands"}
    try:
        period: timedelta = run.period.length
        master = _master(run)
        month = Month.parse(run.manifest.month)
        stretches = None if master is None else unauthorised(master, month.start, month.end)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RunError(f"{run.where}: the run can't be read: {str(error)[:200]}") from error
    estimated = _evidence(run, "estimated")
    return Told(
        facts=_facts(run),
        period=period,
        settings=run.settings,
        inputs=inputs,
        outputs=run.outputs(),
        master=master,
        unauthorised=stretches,
        case=case_of_run(run, None),
        accepted=[Accepted(**msgspec.structs.asdict(one)) for one in run.manifest.accepted],
        estimates=_estimates(run),
        estimated=estimated if isinstance(estimated, pa.Table) else None,
    )


def _master(run: Run) -> Cluster | None:
    try:
        return run.cluster
    except ChangedError:
        raise
    except RunError:
        return None


def _facts(run: Run) -> RunFacts:
    said, approval = run.manifest, run.approval
    named = RUN_ID.fullmatch(said.run)
    return RunFacts(
        run=said.run,
        month=said.month,
        kind=said.kind,
        version=int(named[4]) if named and named[4] else None,
        made=said.made,
        by=said.by,
        reason=said.reason,
        source=said.source,
        rests_on=said.corrects or said.approved,
        approved_by=approval.by if approval else "",
        approved_at=approval.at if approval else None,
        digest=run.row.manifest,
        code=said.code.code,
        klaster=said.code.klaster,
    )


def _evidence(run: Run, name: str) -> Any:
    try:
        return run.evidence(name)
    except KeyError:
        return None


def _estimates(run: Run) -> dict[int, Estimated] | None:
    rows = _evidence(run, "estimates")
    if rows is None:
        return None
    found = {}
    try:
        for row in rows:
            one = msgspec.convert(row["estimate"], Estimate)
            found[one.number] = Estimated(id=one.id, method=one.method, reason=one.reason, by=one.by)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise RunError(f"{run.where}: evidence/estimates.json can't be read: {str(error)[:200]}") from error
    return found
