"""``no_authorisation``: data of a member that counts without a valid authorisation (art. 38aa ust. 2 pkt 6)."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each stretch of the month in which a member has none; of what has begun."""
    for one in seen.unauthorised:
        if one.since > seen.now:
            continue
        yield found(
            kind="no_authorisation",
            what=one.member,
            where=seen.cluster_file,
            since=one.since,
            until=one.until,
            text=sentence(
                "findings.no_authorisation",
                "no authorisation to its data is valid from {since} to {until}; its values count all the same, and are "
                "marked",
                since=one.since,
                until=one.until,
            ),
            way_out=sentence(
                "findings.no_authorisation_way",
                "get the authorisation and write it to [[authorisations]] of {file}, with its days; or take the member "
                "out from the day on which it ended",
                file=seen.cluster_file,
            ),
        )
