"""``store_down``: the readings store's server can't be read now, so the months' own findings aren't known."""

from __future__ import annotations

from datetime import datetime

from central.finding import Finding


def finding(reason: str, now: datetime) -> Finding:
    """The finding that is there instead of a month's."""
    return Finding(
        kind="store_down",
        what="readings store",
        where="[store]",
        since=now,
        until=now,
        text=f"{reason}; missing hours and falls can't be told meanwhile",
        way_out="see to the InfluxDB server, and to url, bucket and token_file of [store]",
        identity=("readings store",),
    )
