"""``gateway_silent``: a gateway that went offline, or of which nothing was heard for two hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence
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
        key, said = (
            ("findings.gateway_offline", "it is offline since {last}; looked at {now}")
            if offline
            else ("findings.gateway_unheard", "nothing was heard of it since {last}; looked at {now}")
        )
        yield found(
            kind="gateway_silent",
            what=one.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=one.gateway),
            since=last,
            until=max(seen.now, last),
            first=utc_text(last),
            second=utc_text(seen.now),
            unit="instant",
            text=sentence(key, said, last=last, now=seen.now),
            way_out="see to its power and network: what it reads meanwhile waits in its outbox",
            identity=(one.gateway,),
        )
