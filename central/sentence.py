"""Sentences of findings and causes: each once in English, with the key and facts by which another language says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from central.finding import when
from central.reports.note import Note
from metering.period import utc_text
from metering.point import Direction

Fact = str | int | datetime | Note | Sequence[Note]


def sentence(key: str, english: str, **facts: Fact) -> Note:
    """``english`` with its facts put in; ``key`` names the same sentence in ``central/web/texts``.

    An instant is kept as ``NAME_at`` in UTC, a decimal's text is given as ``NAME_num``, sentences are said one after
    another, as a list with commas where the name ends in ``_list``.
    """
    kept: dict[str, str | int | list[Note]] = {}
    put: dict[str, str | int] = {}
    for name, fact in facts.items():
        match fact:
            case datetime():
                kept[f"{name}_at"], put[name] = utc_text(fact), when(fact)
            case str() | int():
                kept[name] = put[name] = fact
            case _:
                parts = [fact] if isinstance(fact, Note) else list(fact)
                between = ", " if name.endswith("_list") else "; "
                kept[name], put[name] = parts, between.join(part.text for part in parts)
    return Note(key, english.format(**put), kept)


def counted(key: str, n: int, one: str, other: str) -> Note:
    """So many of something: ``n`` decides the plural in each language."""
    return Note(key, f"{n} {one if n == 1 else other}", {"n": n})


def joined(parts: Sequence[Note]) -> Note:
    """Sentences one after another as one; a single one stays as it is."""
    return parts[0] if len(parts) == 1 else sentence("findings.joined", "{parts}", parts=list(parts))


def heard(text: str) -> Note:
    """What a gateway, a file or another program said in English: a language says it where it knows the sentence."""
    return Note("", text)


def way(direction: Direction | str) -> Note:
    """``drawn``, ``injected``, both, or storage meters' line."""
    return Note(f"findings.direction.{str(direction).replace(' ', '_')}", str(direction))
