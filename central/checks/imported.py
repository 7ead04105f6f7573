"""``file_doubt``: what puts an imported file's values in doubt; ``unknown_point``: values of points nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import heard, sentence


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each doubt and file, and one for each point."""
    for one in seen.file_doubts:
        yield found(
            kind="file_doubt",
            what=one.name,
            where=sentence("findings.where.line", "file {file}, line {line}", file=str(one.number), line=str(one.line))
            if one.line
            else sentence("findings.where.file", "file {file}", file=str(one.number)),
            since=one.since,
            until=one.until,
            first=str(one.times),
            unit="values",
            text=sentence("findings.times", "{text} ({times_num} times)", text=heard(one.text), times_num=one.times)
            if one.times > 1
            else heard(one.text),
            way_out="ask the operator; import the corrected file: its values count instead",
            identity=(one.digest, one.point, one.text),
        )
    for point in seen.unknown_points:
        yield found(
            kind="unknown_point",
            what=point.point,
            where=seen.cluster_file,
            since=point.first,
            until=point.last,
            text=sentence(
                "findings.unknown_point",
                "imported files have values of point {point}, which the cluster file doesn't name",
                point=point.point,
            ),
            way_out="correct [[points]] in the cluster file: its values enter by themselves",
            identity=(point.point,),
        )
