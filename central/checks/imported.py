"""``file_doubt``: what puts an imported file's values in doubt; ``unknown_point``: values of points nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each doubt and file, and one for each point."""
    for one in seen.file_doubts:
        yield Finding(
            kind="file_doubt",
            what=one.name,
            where=f"file {one.number}" + (f", line {one.line}" if one.line else ""),
            since=one.imported,
            until=one.imported,
            first=str(one.times),
            unit="values",
            text=f"{one.text}{f' ({one.times} times)' if one.times > 1 else ''}",
            way_out="ask the operator; import the corrected file: its values count instead",
            identity=(one.digest, one.point, one.text),
        )
    for point in seen.unknown_points:
        yield Finding(
            kind="unknown_point",
            what=point.point,
            where=seen.cluster_file,
            since=point.first,
            until=point.last,
            text=f"imported files have values of point {point.point}, which the cluster file doesn't name",
            way_out="correct [[points]] in the cluster file: its values enter by themselves",
            identity=(point.point,),
        )
