"""Knows again what gateways, files and central itself say in English, so that a page can say it in its language.

It reached the page as text: gateways of any age speak it, and records keep it. A catalogue's sentences are the
patterns: ``{said…}`` is a sentence within one, any other field is taken over as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any, NamedTuple


class Known(NamedTuple):
    """A sentence that was known again."""

    key: str
    fields: Mapping[str, str]


class Heard:
    """The sentences of a catalogue."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        """``sentences`` by key; where two fit, the first one is meant."""
        self._patterns = [(key, re.compile(_pattern(text), re.DOTALL)) for key, text in sentences.items()]

    def find(self, text: str) -> Known | None:
        """Which sentence a text is; None where none fits."""
        for key, pattern in self._patterns:
            if match := pattern.fullmatch(text):
                return Known(key, match.groupdict())
        return None


def flat(catalogue: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    """Each sentence with its whole key, those of tables within included."""
    for key, value in catalogue.items():
        if isinstance(value, dict):
            yield from flat(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def _pattern(text: str) -> str:
    return "".join(
        re.escape(literal) + (f"(?P<{name}>.+?)" if name else "") for literal, name, _, _ in Formatter().parse(text)
    )
