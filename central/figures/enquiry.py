"""The operator's and the sellers' figures of a month beside a run, as the page and the API ask for them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from central.config import load_config
from central.enquiry import Enquiry
from central.figures.comparing import Tolerance, compare
from central.figures.figures_file import FIGURES, current, entered
from central.figures.run_beside import run_beside
from central.register.keeping import Register
from central.reports.money_figures import compared_row, list_rows
from metering.period import Month, utc_text


class Figures(Enquiry, frozen=True):
    """``compared`` as ``figures compare --json``, null without a run; ``documents`` as ``figures list --json``."""

    of_register: ClassVar[bool] = True
    month: str
    run: str | None = None
    """Without it the run that stands, or the last preliminary one."""

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        config = load_config(config_file)
        register, month = Register(config.register), Month.parse(self.month)
        all_of = entered(register.folder / FIGURES)
        run = run_beside(register, month, self.run)
        found = None
        if run is not None:
            found = compared_row(compare(run, [one.document for one in current(all_of).values()], Tolerance()))
        rows = [{**row, "at": utc_text(row["at"])} for row in list_rows(all_of)]
        return {
            "now": utc_text(now),
            "month": self.month,
            "runs": [one.run for one in register.of_month(month) if one.what == "run"],
            "documents": [row for row in rows if self.month in row["months"]],
            "months": sorted({name for row in rows for name in row["months"]}),
            "compared": found,
        }
