"""``store_behind``: journalled messages that the readings store's server doesn't have yet."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """At most one."""
    if seen.behind_since is None:
        return
    yield found(
        kind="store_behind",
        what=Note("findings.readings_store", "readings store"),
        where="[store]",
        since=seen.behind_since,
        until=seen.now,
        first=str(seen.behind),
        unit="messages",
        text=Note(
            "findings.store_behind",
            f"{seen.behind} journalled message{'s are' if seen.behind > 1 else ' is'} not in the store yet; "
            "nothing is lost",
            {"n": seen.behind},
        ),
        way_out="see to the InfluxDB server: the store catches up by itself when it can be reached",
        identity=("readings store",),
    )
