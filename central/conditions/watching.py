"""The conditions in the service's look: nothing is settled for them that the look hasn't settled anyway.

Each month that was looked at is kept as sums. A month that is lacking is summed up when nothing else is to be done, one
in a round. Once all are there, the verdict is reckoned from the sums: when one of them changed, and on each new day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from central.books import Books
from central.checks import of_conditions
from central.conditions.assessing import assess
from central.conditions.gathering import of_books, span_of, until_of
from central.conditions.kept import ConditionsFile
from central.conditions.windows import Sums, months_needed
from central.config import CentralConfig
from central.evidence import ConditionsSeen
from central.finding import Finding
from metering.period import WARSAW, Month

REST = timedelta(hours=1)
"""The present month, to which stands come all the time, is summed up no oftener."""


def look_at_conditions(
    config: CentralConfig, books: Books, looked: Sequence[Month], now: datetime, *, idle: bool
) -> list[Finding] | None:
    """What the conditions give now; None where nothing new can be said: records stay as they are.

    Raises:
        StoreDownError: the store's server can't be used.
        OSError: the cluster file can't be read.
        sqlite3.Error: the file of the conditions can't be used.
    """
    day = now.astimezone(WARSAW).date()
    mark = hashlib.blake2b(config.cluster_file.read_bytes(), digest_size=16).hexdigest()
    file = ConditionsFile(config.conditions)
    try:
        kept = file.kept(mark)
        needed = months_needed(day)
        present = needed[-1]
        wanted = [one for one in looked if one in needed and not (one == present and _rests(kept.get(one), now))]
        lacking = [one for one in reversed(needed) if one not in kept and one not in wanted]
        if idle and lacking and not wanted:
            wanted, lacking = lacking[:1], lacking[1:]
        span = span_of(books) if wanted else None
        for month in wanted:
            file.keep(of_books(books, month, span, until_of(day, now)), mark, now)
        last = file.last_verdict()
        if lacking or (not wanted and last is not None and last[0] == day.isoformat()):
            return None
        found = assess(books.cluster, Sums(file.sums(mark), until_of(day, now)), day)
        file.keep_verdict(day.isoformat(), now, found.answer())
    finally:
        file.close()
    return of_conditions(ConditionsSeen(now=now, assessment=found, cluster_file=config.cluster_file.name))


def _rests(summed: datetime | None, now: datetime) -> bool:
    return summed is not None and timedelta(0) <= now - summed < REST
