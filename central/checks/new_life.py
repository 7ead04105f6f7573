"""``new_life``: settlement registers that began anew; what was used between the two lives is in no sum."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence, way

_REGISTER = ("point", "meter", "direction", "gateway")


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each pair of lives that follow one another as one gateway saw them."""
    table = seen.tables["lives"].to_pylist()
    rows = sorted(table, key=lambda row: (row["meter"], row["direction"], row["gateway"], row["first"]))
    for old, new in pairwise(rows):
        if all(old[name] == new[name] for name in _REGISTER):
            yield found(
                kind="new_life",
                what=new["meter"],
                where=sentence(
                    "findings.where.point",
                    "point {point}, gateway {gateway}",
                    point=new["point"],
                    gateway=new["gateway"],
                ),
                since=old["last"],
                until=new["first"],
                first=str(old["last_wh"]),
                second=str(new["first_wh"]),
                unit="Wh",
                text=sentence(
                    "findings.new_life",
                    "{direction}: it stood at {last_num} Wh and began anew at {first_num} Wh",
                    direction=way(new["direction"]),
                    last_num=old["last_wh"],
                    first_num=new["first_wh"],
                ),
                way_out="reset, exchange or a wrong reading: look at the meter; what lies between is not proved",
                identity=(*(new[name] for name in _REGISTER), new["epoch"]),
            )
