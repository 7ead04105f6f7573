"""``two_values``: periods for which two lives of registers give different energies, so that none counts."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence, way


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each period and direction."""
    for row in seen.tables["doubles"].to_pylist():
        yield found(
            kind="two_values",
            what=row["point"],
            since=row["start"],
            until=row["start"],
            first=str(row["low_wh"]),
            second=str(row["high_wh"]),
            unit="Wh",
            text=sentence(
                "findings.two_values",
                "{direction}: {low_num} Wh and {high_num} Wh for one period, so none counts",
                direction=way(row["direction"]),
                low_num=row["low_wh"],
                high_num=row["high_wh"],
            ),
            way_out="find out who reads this meter, and name its gateway in [[meters]]",
            identity=(row["point"], row["direction"], row["start"].isoformat()),
        )
