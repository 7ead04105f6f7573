"""The cluster's area: one powiat, or at most five gminy that border on one another (art. 38ab ust. 1).

"Sąsiadujących ze sobą" may be read as a chain or pair by pair: the setting ``adjacency``. Who borders on whom is data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from central.cluster.codes import gmina_of, powiat_of
from central.cluster.model import Cluster
from central.cluster.spans import points_at, runs, stretches
from central.cluster.verdict import State, Verdict, listed

MOST_GMINY = 5


def area_verdicts(cluster: Cluster, start: datetime) -> Iterator[Verdict]:
    """The area at every instant from ``start`` on."""

    def found(at: datetime) -> tuple[State, str] | None:
        points = points_at(cluster, at)
        if not points:
            return None
        gminy = {gmina_of(point.gmina) for point in points if point.gmina}
        state, text = area_state(cluster, gminy)
        unknown = [point.id for point in points if not point.gmina]
        if unknown and state is not State.NOT_MET:
            return State.NOT_KNOWN, f"nobody said in which gmina {listed(unknown)} lies"
        return state, text

    for span, (state, text) in runs(stretches([*cluster.members, *cluster.points], start), found):
        yield Verdict(rule="area", article="art. 38ab ust. 1", state=state, text=text, span=span)


def area_state(cluster: Cluster, gminy: set[str]) -> tuple[State, str]:
    """Whether these gminy (six digits) can be one cluster's area."""
    powiaty = {powiat_of(gmina) for gmina in gminy}
    if len(powiaty) <= 1:
        return State.MET, f"one powiat: {listed(sorted(powiaty))}"
    if len(gminy) > MOST_GMINY:
        said = f"{len(gminy)} gminy in powiaty {listed(sorted(powiaty))}: at most {MOST_GMINY}, or all in one powiat"
        return State.NOT_MET, said
    borders = {frozenset((gmina_of(row.gmina), gmina_of(row.neighbour))) for row in cluster.adjacency}
    told = {gmina for pair in borders for gmina in pair}
    apart = _apart(gminy, borders, pairwise=cluster.settings.adjacency == "pairwise")
    if not apart:
        return State.MET, f"{len(gminy)} gminy that border on one another: {listed(sorted(gminy))}"
    if missing := sorted(gminy - told):
        return State.NOT_KNOWN, f"nobody said on which gminy {listed(missing)} borders (table adjacency)"
    return State.NOT_MET, f"no borders between the gminy {' and '.join(apart)}"


def _apart(gminy: set[str], borders: set[frozenset[str]], *, pairwise: bool) -> tuple[str, str] | None:
    """Two gminy that don't border on each other; or, as a chain, that no chain within the area joins."""
    pairs = combinations(sorted(gminy), 2)
    if pairwise:
        return next((pair for pair in pairs if frozenset(pair) not in borders), None)
    first = min(gminy)
    reached, new = {first}, {first}
    while new:
        new = {gmina for gmina in gminy - reached if any(frozenset((gmina, near)) in borders for near in new)}
        reached |= new
    return (first, min(gminy - reached)) if gminy - reached else None
