"""A round of asking gateways by themselves for what is missing: from the recorded findings to the table of requests.

What was estimated is still missing: an estimate is undone by measured values, so they are asked for all the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from central.causes import Around, Causes
from central.cluster import Cluster
from central.config import CentralConfig
from central.evidence import GatewaySeen
from central.findings_file import Record
from central.gap_requests import to_ask
from central.gaps_asked import GapsAsked
from central.master import master_tables
from central.readings import MeterSeen
from central.requests import RequestTable
from metering.wire import ResendRequest

_UNMEASURED: Final = frozenset({"missing", "estimated"})
"""Kinds of findings whose periods have no measured value."""


def ask_for_gaps(
    config: CentralConfig,
    cluster: Cluster,
    records: Iterable[Record],
    seen: list[MeterSeen],
    gateways: list[GatewaySeen],
    now: datetime,
) -> tuple[str, ...]:
    """Ask for the open gaps that are due; gives what was asked, as words for the log.

    Raises:
        sqlite3.Error: a table can't be written.
    """
    gaps = [
        (one.finding.what, one.finding.since, one.finding.until)
        for one in records
        if one.finding.kind in _UNMEASURED and one.closed is None and one.finding.since and one.finding.until
    ]
    if not gaps:
        return ()
    meters = master_tables(cluster, ())["meters"].to_pylist()
    causes = Causes(Around(now=now, meters=meters, seen=seen, gateways=gateways))
    asked, requests = GapsAsked(config.gaps), RequestTable(config.requests)
    try:
        under_way = frozenset(one.id for one in requests.unanswered())
        due = to_ask(gaps, causes, gateways, asked.all(), under_way, now)
        for one in due:
            request = ResendRequest(id=uuid.uuid4().hex, first=one.since, last=one.until, meters=one.meters)
            # Noted first: cut off between the two, it is asked again after the pause rather than at once, for ever.
            asked.keep(one, request.id, now)
            requests.ask(one.gateway, request, now)
    finally:
        asked.close()
        requests.close()
    return tuple(f"{one.gateway} {one.since.isoformat()} … {one.until.isoformat()}" for one in due)
