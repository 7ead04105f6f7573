"""``store_down``: the readings store's server can't be read now, so the months' own findings aren't known."""

from __future__ import annotations

from datetime import datetime

from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import heard, sentence


def finding(reason: str, now: datetime) -> Finding:
    """The finding that is there instead of a month's."""
    return found(
        kind="store_down",
        what=Note("findings.readings_store", "readings store"),
        where="[store]",
        since=now,
        until=now,
        text=sentence(
            "findings.store_down",
            "{reason}; missing hours and falls can't be told meanwhile",
            reason=heard(reason),
        ),
        way_out="see to the InfluxDB server, and to url, bucket and token_file of [store]",
        identity=("readings store",),
    )
