"""``new_life``: settlement registers that began anew; what was used between the two lives is in no sum."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from central.evidence import MonthSeen
from central.finding import Finding

_REGISTER = ("point", "meter", "direction", "gateway")


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each pair of lives that follow one another as one gateway saw them."""
    table = seen.tables["lives"].to_pylist()
    rows = sorted(table, key=lambda row: (row["meter"], row["direction"], row["gateway"], row["first"]))
    for old, new in pairwise(rows):
        if all(old[name] == new[name] for name in _REGISTER):
            yield Finding(
                kind="new_life",
                what=new["meter"],
                where=f"point {new['point']}, gateway {new['gateway']}",
                since=old["last"],
                until=new["first"],
                first=str(old["last_wh"]),
                second=str(new["first_wh"]),
                unit="Wh",
                text=f"{new['direction']}: it stood at {old['last_wh']} Wh and began anew at {new['first_wh']} Wh",
                way_out="reset, exchange or a wrong reading: look at the meter; what lies between is not proved",
                identity=(*(new[name] for name in _REGISTER), new["epoch"]),
            )
