"""``fall``: neighbouring stands of one epoch whose difference can't be an energy."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence, way


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each such pair."""
    for row in seen.tables["gaps"].to_pylist():
        if not row["proved"]:
            yield found(
                kind="fall",
                what=row["point"],
                where=sentence("findings.where.meter", "meter {meter}", meter=row["meter"]),
                since=row["since"],
                until=row["until"],
                first=str(row["first_wh"]),
                second=str(row["then_wh"]),
                unit="Wh",
                text=sentence(
                    "findings.fall",
                    "meter {meter}, {direction}: {first_num} Wh, then {then_num} Wh",
                    meter=row["meter"],
                    direction=way(row["direction"]),
                    first_num=row["first_wh"],
                    then_num=row["then_wh"],
                ),
                way_out="look at the meter: if it was exchanged or reset, its stands belong to two records",
                identity=(row["point"], row["meter"], row["direction"], row["since"].isoformat()),
            )
