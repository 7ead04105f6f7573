"""Makes findings whose every word another language can say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from central.finding import Finding
from central.reports.note import Note


def found(
    *,
    kind: str,
    what: str | Note,
    where: str | Note = "",
    since: datetime | None = None,
    until: datetime | None = None,
    first: str | None = None,
    second: str | None = None,
    unit: str = "",
    text: Note,
    way_out: str | Note,
    wh: int | None = None,
    identity: Sequence[str] = (),
    over: bool = False,
) -> Finding:
    """A finding with its sentences; what is plain text is a name.

    A plain ``way_out`` is the kind's own: ``kind.KIND.way_out`` of ``central/web/texts``.
    """
    if isinstance(way_out, str):
        way_out = Note(f"kind.{kind}.way_out", way_out)
    said = {"text": text, "way_out": way_out, "what": what, "where": where}
    return Finding(
        kind=kind,
        what=_text(what),
        where=_text(where),
        since=since,
        until=until,
        first=first,
        second=second,
        unit=unit,
        text=text.text,
        way_out=way_out.text,
        notes={name: one for name, one in said.items() if isinstance(one, Note)},
        wh=wh,
        identity=tuple(identity),
        over=over,
    )


def _text(said: str | Note) -> str:
    return said if isinstance(said, str) else said.text
