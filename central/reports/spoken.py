"""Sentences of a language's catalogue as a terminal shows them: plain text, with blanks that break."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from html import unescape
from typing import Final

import msgspec
from markupsafe import Markup

from central.conditions.condition import rounded
from central.finding import when
from central.reports.note import Note
from central.web.words import NBSP, WORDS


class Spoken:
    """What a command says in one language."""

    def __init__(self, language: str) -> None:
        """``language`` is pl or en."""
        self.language = language
        self._words = WORDS[language]

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of a key, with its values put in."""
        return _plain(self._words(key, **values))

    def has(self, key: str) -> bool:
        """Whether the catalogue has something at a key."""
        return self._words.has(key)

    def note(self, one: Note) -> str:
        """A note; in English as the code says it."""
        return one.text if self._words.language == "en" else _plain(self._words.note(msgspec.to_builtins(one)))

    def number(self, text: str | int | None) -> str:
        """An exact decimal, with its sign; empty where not known."""
        return "" if text is None or text == "" else self._words.signed(str(text)).replace(NBSP, " ")

    def rounded(self, value: Fraction | None, decimals: int) -> str:
        """A number with so many decimals, half-up; empty where not known."""
        return "" if value is None else self.number(rounded(value, decimals))

    def at(self, at: datetime) -> str:
        """An instant of Europe/Warsaw with its offset."""
        return when(at)


ENGLISH: Final = Spoken("en")


def _plain(text: Markup) -> str:
    """What is in English alone is marked so on a page; a terminal has no such marks."""
    return unescape(str(text).replace('<span lang="en">', "").replace("</span>", "")).replace(NBSP, " ")
