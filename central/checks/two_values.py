"""``two_values``: periods for which two lives of registers give different energies, so that none counts."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each period and direction."""
    for row in seen.tables["doubles"].to_pylist():
        yield Finding(
            kind="two_values",
            what=row["point"],
            since=row["start"],
            until=row["start"],
            first=str(row["low_wh"]),
            second=str(row["high_wh"]),
            unit="Wh",
            text=f"{row['direction']}: {row['low_wh']} Wh and {row['high_wh']} Wh for one period, so none counts",
            way_out="find out who reads this meter, and name its gateway in [[meters]]",
            identity=(row["point"], row["direction"], row["start"].isoformat()),
        )
