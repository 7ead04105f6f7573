"""The conditions of art. 184l as the page and the API ask for them, of today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from central.books import Books
from central.conditions.assessing import assess
from central.conditions.gathering import of_books, span_of, until_of
from central.conditions.hours import MonthSums
from central.conditions.kept import ConditionsFile
from central.conditions.windows import Sums, months_needed
from central.enquiry import Enquiry
from central.evidence import GRACE
from central.standing import standing_books
from metering.period import WARSAW, Month, utc_text


class Conditions(Enquiry, frozen=True):
    """As ``conditions --json``, of the local day of ``now``."""

    def answer(self, config_file: Path, now: datetime) -> dict[str, Any]:
        """See ``Enquiry``. Months that the service keeps as sums aren't settled again, but for the present one."""
        books = standing_books(config_file)
        day = now.astimezone(WARSAW).date()
        found = assess(books.cluster, _sums(books, months_needed(day), until_of(day, now)), day)
        return {"now": utc_text(now), **found.answer()}


def _sums(books: Books, months: Iterable[Month], until: datetime) -> Sums:
    kept, span = _kept(books), span_of(books)
    found = {}
    for month in months:
        if month.start >= until:
            break
        found[month] = kept[month] if month in kept else of_books(books, month, span, until)
    return Sums(found, until)


def _kept(books: Books) -> dict[Month, MonthSums]:
    """What the service has summed up, by the very cluster file, of months that were whole by then."""
    if not books.config.conditions.is_file():
        return {}
    mark = hashlib.blake2b(books.config.cluster_file.read_bytes(), digest_size=16).hexdigest()
    with closing(ConditionsFile(books.config.conditions, read_only=True)) as file:
        at = file.kept(mark)
        return {month: sums for month, sums in file.sums(mark).items() if at[month] >= month.end + GRACE}
