"""A sentence that goes with results: a key and its values for whoever says it in another language, and the English."""

from __future__ import annotations

import msgspec


class Note(msgspec.Struct, frozen=True):
    """One sentence, or a part of one.

    ``key`` names it below ``notes`` in ``central/web/texts``; ``facts`` are what is put in: plain text, a count ``n``
    that decides the plural, or parts that are said one after another.
    """

    key: str
    text: str
    facts: dict[str, str | int | list[Note]] = {}
