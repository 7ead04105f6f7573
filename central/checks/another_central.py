"""``another_central``: two centrals want to serve this cluster's topics; only one takes stands in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence

LATELY = timedelta(minutes=5)
"""The one that stands back tries again every two minutes or so: unheard for longer, it is gone."""


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """At most one."""
    one = seen.another
    if one is None or seen.now - one.at > LATELY:
        return
    if one.serving:
        text = sentence(
            "findings.another_central_here",
            "another central, {other}, tries to take this cluster's stands too (heard {at}); this one, {mine}, takes "
            "them in, and the other is kept off",
            other=one.other,
            at=one.at,
            mine=one.mine,
        )
    else:
        text = sentence(
            "findings.another_central_there",
            "another central, {other}, takes this cluster's stands in (heard {at}); so this one, {mine}, takes none in",
            other=one.other,
            at=one.at,
            mine=one.mine,
        )
    yield found(
        kind="another_central",
        what=sentence("findings.this_central", "this central"),
        where="[broker]",
        since=one.since,
        until=max(seen.now, one.at),
        first=one.mine,
        second=one.other,
        text=text,
        way_out="stop one of the two; if they are two clusters, give each its own [broker] cluster",
        identity=("this central",),
    )
