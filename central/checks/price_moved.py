"""``price_moved``: the price of energy moved on or near the day when the contract was amended (art. 38af)."""

from __future__ import annotations

from collections.abc import Iterator

from central.cluster.prices import Known
from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each point, zone and move, with both prices."""
    for move in seen.price_moves:
        if move.known is Known.MOVED and move.at is not None:
            yield found(
                kind="price_moved",
                what=move.point,
                where=seen.cluster_file,
                since=move.at,
                first=str(move.before),
                second=str(move.after),
                unit="zł/kWh",
                text=sentence("findings.price_moved", "art. 38af: {said}", said=move.said),
                way_out="ask the seller why: price terms stay unless the parties agree otherwise; if they did, "
                "acknowledge it, with the agreement as the reason",
                identity=(move.point, move.zone, move.at.isoformat(), str(move.before), str(move.after)),
            )
