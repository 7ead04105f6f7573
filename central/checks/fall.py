"""``fall``: neighbouring stands of one epoch whose difference can't be an energy."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each such pair."""
    for row in seen.tables["gaps"].to_pylist():
        if not row["proved"]:
            yield Finding(
                kind="fall",
                what=row["point"],
                where=f"meter {row['meter']}",
                since=row["since"],
                until=row["until"],
                first=str(row["first_wh"]),
                second=str(row["then_wh"]),
                unit="Wh",
                text=f"meter {row['meter']}, {row['direction']}: {row['first_wh']} Wh, then {row['then_wh']} Wh",
                way_out="look at the meter: if it was exchanged or reset, its stands belong to two records",
                identity=(row["point"], row["meter"], row["direction"], row["since"].isoformat()),
            )
