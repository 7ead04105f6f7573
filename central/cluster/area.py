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
from central.cluster.verdict import State, Verdict
from central.reports.note import Note, named, said

MOST_GMINY = 5


def area_verdicts(cluster: Cluster, start: datetime) -> Iterator[Verdict]:
    """The area at every instant from ``start`` on."""

    def found(at: datetime) -> tuple[State, Note] | None:
        points = points_at(cluster, at)
        if not points:
            return None
        gminy = {gmina_of(point.gmina) for point in points if point.gmina}
        state, note = area_state(cluster, gminy)
        unknown = [point.id for point in points if not point.gmina]
        if unknown and state is not State.NOT_MET:
            ids = named(unknown)
            text = f"nobody said in which gmina {ids.text} lies"
            return State.NOT_KNOWN, said("verdicts.gmina_unknown", text, points=[ids])
        return state, note

    for span, (state, note) in runs(stretches([*cluster.members, *cluster.points], start), found):
        yield Verdict(rule="area", article="art. 38ab ust. 1", state=state, said=note, span=span)


def area_state(cluster: Cluster, gminy: set[str]) -> tuple[State, Note]:
    """Whether these gminy (six digits) can be one cluster's area."""
    powiaty = {powiat_of(gmina) for gmina in gminy}
    if len(powiaty) <= 1:
        codes = named(sorted(powiaty))
        return State.MET, said("verdicts.one_powiat", f"one powiat: {codes.text}", powiaty=[codes])
    count, codes = len(gminy), named(sorted(powiaty))
    if count > MOST_GMINY:
        text = f"{count} gminy in powiaty {codes.text}: at most {MOST_GMINY}, or all in one powiat"
        return State.NOT_MET, said("verdicts.many_gminy", text, n=count, powiaty=[codes], most=MOST_GMINY)
    borders = {frozenset((gmina_of(row.gmina), gmina_of(row.neighbour))) for row in cluster.adjacency}
    told = {gmina for pair in borders for gmina in pair}
    apart = _apart(gminy, borders, pairwise=cluster.settings.adjacency == "pairwise")
    if not apart:
        codes = named(sorted(gminy))
        text = f"{count} gminy that border on one another: {codes.text}"
        return State.MET, said("verdicts.bordering_gminy", text, n=count, gminy=[codes])
    if missing := sorted(gminy - told):
        codes = named(missing)
        text = f"nobody said on which gminy {codes.text} borders (table adjacency)"
        return State.NOT_KNOWN, said("verdicts.borders_unknown", text, gminy=[codes])
    text = f"no borders between the gminy {apart[0]} and {apart[1]}"
    return State.NOT_MET, said("verdicts.no_border", text, one=apart[0], other=apart[1])


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
