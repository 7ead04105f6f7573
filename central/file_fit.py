"""What of a file the cluster file has no use for. Pure."""

from __future__ import annotations

from central.aliases import Aliases
from central.cluster import Cluster
from central.imports.found import NETTED, Found, Note
from central.master import aliases_table


def of_unknown_points(found: Found, cluster: Cluster) -> int:
    """How many values are of points that the cluster file doesn't name: they count as soon as it does."""
    names, aliases = {point.id for point in cluster.points}, Aliases(aliases_table(cluster))
    return sum(aliases.point(value.point, value.start) not in names for value in found.values)


def unfit(found: Found, cluster: Cluster, *, kept: bool) -> list[Note]:
    """A note for each series of a file that doesn't count; ``kept``: whether it may, once the cluster file changes."""
    declared: dict[str, set[str]] = {}
    for point in cluster.points:
        declared.setdefault(point.id, set()).update(point.directions)
    aliases = Aliases(aliases_table(cluster))
    seen: dict[tuple[str, str, str], tuple[int, int]] = {}
    for value in found.values:
        series = (aliases.point(value.point, value.start), value.direction, value.kind)
        line, count = seen.get(series, (value.line, 0))
        seen[series] = line, count + 1
    notes: dict[str, tuple[int, int]] = {}
    for (name, direction, kind), (line, count) in seen.items():
        if name not in declared:
            then = "its values are kept, and enter the books when it is" if kept else "its values aren't used"
            said = f"point {name} isn't in the cluster file: {then}"
        elif direction not in declared[name]:
            said = f"point {name} doesn't declare {direction} in the cluster file: these values aren't used"
        elif kind == "billing":
            said = f"point {name}: values of the billing profile are {'kept, and ' if kept else ''}not used"
        elif kind == NETTED and cluster.period.value != "hour":
            said = f"point {name}: values netted by the hour can't be used where the cluster's period is a quarter"
        else:
            continue
        first, times = notes.get(said, (line, 0))
        notes[said] = min(first, line), times + count
    return [Note(said, line, times) for said, (line, times) in notes.items()]
