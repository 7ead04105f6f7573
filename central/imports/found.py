"""What a file of an operator gave: values of periods, rows that can't be values, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import msgspec

Kind = Literal["raw", "netted", "billing"]
"""``raw``: a meter's registers. ``netted``: drawn and injected after netting inside each hour. ``billing``: CSIRE's
billing profile, of which no document says whether it is netted. They are different quantities and never mixed."""

RAW: Final = "raw"
NETTED: Final = "netted"
BILLING: Final = "billing"

UNSTATED: Final = "unstated"
"""The quality of a value whose format carries no status."""
UNKNOWN: Final = "unknown"
"""The quality of a value whose status word isn't known: it is never taken for measured."""

MAX_VALUES: Final = 20_000_000
"""The most values of one file."""


class Value(NamedTuple):
    """The energy of one period as a file says it."""

    point: str
    direction: str
    """``drawn`` or ``injected``."""
    kind: str
    """See ``Kind``."""
    start: int
    """Seconds since 1970."""
    length: int
    """Seconds: 3600 or 900."""
    wh: str
    """The exact decimal, in Wh; never negative."""
    quality: str
    """``measured``, ``estimated``, ``unstated`` or ``unknown``."""
    word: str
    """The file's own status word."""
    line: int
    """Line or row in the file, or the place in a list; the first is 1."""


WHOLE: Final = 0
"""The line of what no line says alone."""


class Note(msgspec.Struct, frozen=True):
    """Something of a file that someone should know; its values are in."""

    text: str
    line: int
    """Where it was first met; ``WHOLE``: it is of the file as a whole."""
    times: int
    doubt: bool = False
    """Whether it puts the file's values in doubt: then it is a finding."""


class BadLine(msgspec.Struct, frozen=True, order=True):
    """A row that can't be a value, with the reason."""

    line: int
    reason: str


class Given(NamedTuple):
    """What a person says of a file that says it not itself."""

    point: str = ""
    direction: str = ""


NOTHING_GIVEN: Final = Given()


@dataclass
class Found:
    """What a file gave, while it is read and after."""

    layout: str
    """The name of its format."""
    title: str
    values: list[Value] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    missing: int = 0
    """Cells that are empty, or say that there is no value."""
    _notes: dict[str, Note] = field(default_factory=dict)

    def note(self, text: str, line: int, count: int = 1) -> None:
        """Say something once, however often it is met."""
        before = self._notes.get(text, Note(text, line, 0))
        self._notes[text] = Note(text, min(before.line, line), before.times + count, before.doubt)

    def doubt(self, text: str, line: int, count: int = 1) -> None:
        """Say something that puts values in doubt."""
        self.note(text, line, count)
        self._notes[text] = msgspec.structs.replace(self._notes[text], doubt=True)

    def unknown_status(self, word: str, line: int) -> None:
        """Doubt the values of a status word that isn't known."""
        self.doubt(f"status {word[:40]!r} isn't known: its values are kept, and not taken for measured", line)

    def refuse(self, line: int, reason: str) -> None:
        """Name a row that can't be a value."""
        self.bad.append(BadLine(line, reason))

    @property
    def notes(self) -> list[Note]:
        """What is to be said, in the order of lines."""
        return sorted(self._notes.values(), key=lambda one: (one.line, one.text))


class BadCellError(ValueError):
    """A row or cell that can't be a value; the message says what is wrong."""


class NotReadError(Exception):
    """A file as a whole that can't be read; the message says why and what helps."""


class LacksError(NotReadError):
    """A person has to say what the file doesn't: its ``point``, or its ``direction``."""

    def __init__(self, lacks: Literal["point", "direction"], message: str) -> None:
        """``message`` says what is lacking, without the way to say it."""
        super().__init__(message)
        self.lacks: Final = lacks


class UnknownFormatError(NotReadError):
    """Nothing in a file tells its format."""


def shown(words: Sequence[str], most: int = 5) -> str:
    """A few words for a message."""
    more = f", … ({len(words)})" if len(words) > most else ""
    return ", ".join(f"{word[:40]!r}" for word in words[:most]) + more
