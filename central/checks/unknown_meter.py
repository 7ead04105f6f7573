"""``unknown_meter``: meters whose stands are held, because the cluster file doesn't know them there and then."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import counted, heard, sentence


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each meter and gateway."""
    for held in seen.held:
        row = held.seen
        yield found(
            kind="unknown_meter",
            what=row.meter,
            where=sentence(
                "findings.where.gateway_file", "gateway {gateway}, {file}", gateway=row.gateway, file=seen.cluster_file
            ),
            since=row.first,
            until=row.last,
            first=str(row.stands),
            unit="stands",
            text=sentence(
                "findings.unknown_meter",
                "{problem}; {stands} of gateway {gateway} held",
                problem=heard(held.problem),
                stands=counted("findings.stands", row.stands, "stand", "stands"),
                gateway=row.gateway,
            ),
            way_out="correct [[meters]] in the cluster file: its stands enter by themselves",
            identity=(row.meter, row.gateway),
        )
