"""``gateway_silent``: a gateway that went offline, or of which nothing was heard for two hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from central.evidence import IntakeSeen
from central.finding import Finding, when
from metering.period import utc_text

SILENCE = timedelta(hours=2)
"""So long a gateway may say nothing: its stands come every hour, its status every minute."""


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each such gateway."""
    for one in seen.gateways:
        last = max((at for at in (one.heard, one.receipted) if at is not None), default=None)
        offline = one.status is not None and not one.status.online
        if last is None or not (offline or seen.now - last > SILENCE):
            continue
        said = "it is offline" if offline else "nothing was heard of it"
        yield Finding(
            kind="gateway_silent",
            what=one.gateway,
            where=f"gateway {one.gateway}",
            since=last,
            until=max(seen.now, last),
            first=utc_text(last),
            second=utc_text(seen.now),
            unit="instant",
            text=f"{said} since {when(last)}; looked at {when(seen.now)}",
            way_out="see to its power and network: what it reads meanwhile waits in its outbox",
            identity=(one.gateway,),
        )
