"""The calendar of deadlines as the page and the API ask for it: what is open or late, one year ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from central.cluster.loading import load_cluster
from central.config import load_config
from central.enquiry import Enquiry
from central.papers.duties import Calendar, Duty, DutyState
from central.papers.duty_words import title
from central.papers.ics import calendar_text
from central.papers.noticed import noticed
from metering.period import WARSAW, utc_text

_AHEAD: Final = timedelta(days=366)


class Deadlines(Enquiry, frozen=True):
    """As ``deadlines --json``."""

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        cluster, today, duties = _duties(config_file, now)
        rows = [one.answer(today) | {"text": title(one, "en"), "text_pl": title(one, "pl")} for one in duties]
        return {"now": utc_text(now), "cluster": cluster, "today": today.isoformat(), "deadlines": rows}


class WriteCalendar(msgspec.Struct, frozen=True):
    """The same as a calendar file (iCalendar)."""

    now: datetime
    language: str

    def __call__(self, config_file: Path, out: Path) -> None:
        """Write it to ``out``, which isn't there yet; raises as ``Enquiry.answer``."""
        cluster, _, duties = _duties(config_file, self.now)
        with out.open("xb") as sink:
            sink.write(calendar_text(cluster, duties, self.now, self.language))


def _duties(config_file: Path, now: datetime) -> tuple[str, date, Sequence[Duty]]:
    config = load_config(config_file)
    cluster = load_cluster(config.cluster_file)
    today = now.astimezone(WARSAW).date()
    found = Calendar(cluster, today, today + _AHEAD, noticed(config.cluster_file)).duties()
    return cluster.name, today, [one for one in found if one.state in {DutyState.OPEN, DutyState.LATE}]
