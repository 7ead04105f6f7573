"""The radar of the next relief step as the page and the API ask for it, of one month."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from central.enquiry import Enquiry, EnquiryError
from central.radar.lacks import month_lacks
from central.radar.slots import radar_answer
from central.standing import standing_books
from metering.period import Month, utc_text


class Radar(Enquiry, frozen=True):
    """As ``radar --month --json``."""

    month: str

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``."""
        month = Month.parse(self.month)
        if month.start > now:
            raise EnquiryError(f"{month} is yet to come")
        books = standing_books(config_file)
        found = month_lacks(month, books.settled(month).tables, books.cluster.settings)
        ended = (min(month.end, now) - month.start) // books.cluster.period.length
        incomplete = max(0, ended - sum(found.complete.values()))
        return {"now": utc_text(now), **radar_answer(books.cluster.name, [found], None), "incomplete": incomplete}
