"""A sentence that goes with results: a key and its values for whoever says it in another language, and the English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

NAMED: Final = 5
"""So many of a list of names are told."""


class Note(msgspec.Struct, frozen=True):
    """One sentence, or a part of one.

    ``key`` names it in ``central/web/texts``, below ``notes`` where it has no dot; ``facts`` are what is put in: plain
    text, a count ``n`` that decides the plural, or parts that are said one after another. A fact whose name ends in
    ``_wh`` (whole Wh, said as kWh), ``_num`` (an exact decimal), ``_at`` (an instant of UTC) or ``_key`` (another
    sentence) is put in as the language writes it; the sentence names instants and sentences without these endings.
    """

    key: str
    text: str
    facts: dict[str, str | int | list[Note]] = {}


def said(key: str, text: str, /, **facts: str | int | list[Note]) -> Note:
    """A note, its facts by name."""
    return Note(key, text, facts)


def plain(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Notes as plain values: key, English text and facts."""
    found: list[dict[str, Any]] = msgspec.to_builtins(list(notes))
    return found


def distinct(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Each note once, in the order in which they come."""
    return tuple({(one.key, one.text): one for one in notes}.values())


def named(names: Sequence[str]) -> Note:
    """The first few of the names, and how many more there are."""
    shown, more = ", ".join(names[:NAMED]), len(names) - NAMED
    if more <= 0:
        return said("list.all", shown, names=shown)
    return said("list.more", f"{shown} and {more} more", names=shown, count=more)
