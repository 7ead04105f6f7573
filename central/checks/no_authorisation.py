"""``no_authorisation``: data of a member that counts without a valid authorisation (art. 38aa ust. 2 pkt 6)."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding, when


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each stretch of the month in which a member has none; of what has begun."""
    for one in seen.unauthorised:
        if one.since > seen.now:
            continue
        yield Finding(
            kind="no_authorisation",
            what=one.member,
            where=seen.cluster_file,
            since=one.since,
            until=one.until,
            text=f"no authorisation to its data is valid from {when(one.since)} to {when(one.until)}; "
            "its values count all the same, and are marked",
            way_out=f"get the authorisation and write it to [[authorisations]] of {seen.cluster_file}, with its days; "
            "or take the member out from the day on which it ended",
        )
