"""The radar of the next relief step as the page and the API ask for it, of one month."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from central.enquiry import Enquiry, EnquiryError
from central.radar.lacks import month_lacks
from central.radar.slots import lack_rows, radar_answer
from central.standing import standing_books
from metering.period import Month, utc_text


class Radar(Enquiry, frozen=True):
    """As ``radar --month --json``; with ``hour`` all single hours of that hour of the day besides, in their order."""

    month: str
    hour: int | None = None

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        month = Month.parse(self.month)
        if month.start > now:
            raise EnquiryError(f"{month} is yet to come")
        books = standing_books(config_file)
        found = month_lacks(month, books.settled(month).tables, books.cluster.settings)
        ended = (min(month.end, now) - month.start) // books.cluster.period.length
        incomplete = max(0, ended - sum(found.complete.values()))
        more = {} if self.hour is None else {"hour": self.hour, "of_hour": lack_rows(found, self.hour)}
        return {
            "now": utc_text(now),
            **more,
            **radar_answer(books.cluster.name, [found], None),
            "incomplete": incomplete,
        }
