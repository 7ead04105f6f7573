"""Whether the books still say what the run that stands for a month says; by digests alone, so it costs little."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from central.evidence import StandingRun
from central.register.digests import digests
from central.register.keeping import Register
from central.register.making import totals
from central.register.manifest import Kept, RunError
from central.register.register_file import REGISTER
from metering.period import Month


def standing_run(folder: Path, month: Month, outputs: Mapping[str, pa.Table]) -> StandingRun | None:
    """The final of a month, or its last correction, beside ``outputs``, which the books give now; None before it."""
    if not (folder / REGISTER).is_file():
        return None
    try:
        run = Register(folder).standing(month)
    except RunError as error:
        return StandingRun(run=str(month), trouble=str(error))
    if run is None:
        return None
    moved = tuple(
        name for name, table in outputs.items() if changed(run.manifest.files.get(f"out/{name}.parquet"), name, table)
    )
    then, now = run.manifest.totals, totals(outputs) if moved else run.manifest.totals
    return StandingRun(
        run=run.id,
        tables=moved,
        relieved_wh=(then.relieved_wh, now.relieved_wh),
        drawn_wh=(then.drawn_wh, now.drawn_wh),
        charge_zl=(then.charge_zl, now.charge_zl),
    )


def changed(kept: Kept | None, name: str, table: pa.Table) -> bool:
    """Whether a table isn't the one that a run keeps, in the columns that both have; a table of a newer klaster is."""
    if kept is None:
        return False
    if kept.rows != table.num_rows:
        return True
    now = digests(table, name)
    return any(digest != now[column] for column, digest in kept.columns.items() if column in now)
