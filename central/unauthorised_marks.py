"""Which figures rest on data of members without a valid authorisation (art. 38aa ust. 2 pkt 6): they count, marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.cluster.model import Cluster
from central.cluster.papers import Unauthorised, unauthorised
from central.grid import Bools, seconds
from central.reports.note import Note
from central.reports.summary import Summary
from metering.period import Month, utc_text

NOTE: Final = (
    "Data of some members are used here without a valid authorisation (art. 38aa ust. 2 pkt 6 of the RES Act): they "
    "count, and are marked; the findings say whose and from when."
)
"""Said of every answer that rests on such data."""


def mark(summary: Summary, cluster: Cluster, months: Sequence[Month]) -> list[Unauthorised]:
    """Mark the members of a summary of these months, and say so; gives the stretches."""
    found = [one for month in months for one in unauthorised(cluster, month.start, month.end)]
    for row in summary.members:
        mine = [f"{utc_text(one.since)}/{utc_text(one.until)}" for one in found if one.member == row.member]
        if mine:
            row.unauthorised = mine
    if found:
        summary.note(Note("unauthorised", NOTE))
    return found


def of_shares(stretches: Iterable[Unauthorised], shares: pa.Table) -> pa.Table:
    """Shares with ``unauthorised``: 1 where the row's member has no valid authorisation in the period."""
    marks: Bools = np.zeros(shares.num_rows, dtype=np.bool_)
    starts = seconds(shares["start"])
    for one in stretches:
        mine = pc.equal(shares["member"].cast(pa.string()), one.member).to_numpy()
        marks |= mine & (starts >= one.since.timestamp()) & (starts < one.until.timestamp())
    return shares.append_column("unauthorised", pa.array(marks.astype(np.int64)))
