"""``unknown_meter``: meters whose stands are held, because the cluster file doesn't know them there and then."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each meter and gateway."""
    for held in seen.held:
        row = held.seen
        yield Finding(
            kind="unknown_meter",
            what=row.meter,
            where=f"gateway {row.gateway}, {seen.cluster_file}",
            since=row.first,
            until=row.last,
            first=str(row.stands),
            unit="stands",
            text=f"{held.problem}; {row.stands} stand{'s' if row.stands > 1 else ''} of gateway {row.gateway} held",
            way_out="correct [[meters]] in the cluster file: its stands enter by themselves",
            identity=(row.meter, row.gateway),
        )
