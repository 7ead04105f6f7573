"""Begins a sentence with a capital letter, where a word of the language begins it and no name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from central.web.words import HEARD, Words


def begun(words: Words, said: Mapping[str, Any]) -> Markup:
    """A note as a sentence of its own, without its full stop."""
    text = words.note(said)
    begins = text[:1].isalpha() and (_own(words, said) or text.startswith("art. "))
    return Markup(text[:1].upper() + text[1:]) if begins else text  # noqa: S704 - it is Markup already


def _own(words: Words, said: Mapping[str, Any]) -> bool:
    """Whether its first word is the language's own: a field that begins it may be a sentence in turn."""
    form = words.form(said["key"])
    if form is None:
        known = HEARD.find(said["text"])
        form = known and words.form(known.key)
    if form is None:
        return False
    if not form.startswith("{"):
        return True
    first = said["facts"].get(form[1 : form.index("}")])
    return isinstance(first, list) and bool(first) and _own(words, first[0])
