"""Where a statement's values are from, and what puts some of them in doubt. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from central.finding import when
from central.statements.document import Column, Figure, Row, Table, plain_text
from central.statements.origins import DOUBTED
from central.statements.saying import Saying
from central.statements.words import METHODS, QUALITIES, SOURCES, WAYS


def where_from(by: Saying) -> Table:
    """The origins of each point's values."""
    one = by.one
    rows = []
    for row in one.origins:
        origin = SOURCES[by.language].get(row.source, plain_text(row.source))
        known = QUALITIES[by.language].get(row.quality, plain_text(row.quality))
        origin += f", {known}" if known else ""
        doubted = row.source in {"estimate", "missing"} or row.quality in DOUBTED
        rows.append(Row([plain_text(row.point), WAYS[by.language].get(row.direction, row.direction),
                         f"{origin} *" if doubted else origin, Figure(row.periods), by.kwh(row.wh)]))  # fmt: skip
    columns = [
        Column(by.say("ppe"), width=5),
        Column(by.say("direction"), width=3),
        Column(by.say("origin"), width=6),
        Column(by.say("periods"), right=True, width=2),
        Column(by.say("kwh"), right=True, width=3),
    ]
    return Table(by.say("origins"), by.say("origin"), columns, rows, by.say("origins_intro"),
                 list(_notes(by)))  # fmt: skip


def _notes(by: Saying) -> Iterator[str]:
    one = by.one
    if one.estimates:
        methods = METHODS[by.language]
        said = [
            by.say("estimate", id=name, method=methods.get(est.method, est.method), reason=est.reason, by=est.by)
            for name, est in one.estimates.items()
        ]
        yield by.say("estimates", list="; ".join(said))
    if any(row.source == "readings" for row in one.origins):
        yield by.say("no_evidence")
    elif not any(row.source in {"estimate", "missing"} or row.quality in DOUBTED for row in one.origins):
        yield by.say("no_doubt")
    if one.unauthorised is None:
        yield by.say("authorised_unknown")
    elif one.unauthorised:
        spans = "; ".join(f"{_local(span.since)} – {_local(span.until)}" for span in one.unauthorised)
        yield by.say("unauthorised", spans=spans)
    else:
        yield by.say("authorised")
    for gap in one.accepted:
        yield by.say(
            "accepted", point=gap.point, direction=WAYS[by.language].get(gap.direction, gap.direction),
            since=when(gap.since), until=when(gap.until), reason=gap.reason,
        )  # fmt: skip


def _local(text: str) -> str:
    return when(datetime.fromisoformat(text))
