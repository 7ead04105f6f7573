"""Which meter answers: its serial number, where its model tells it. Pure.

It is asked for before the stands: after a start, after any silence, every hour, and when a value falls or jumps. A
device that says nothing to the question is read all the same, and asked again an hour later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.observation import Event

_AGAIN_AFTER = timedelta(hours=1)
_PATIENCE = 3
"""So many polls in a row may go without an answer to the question, of a device that has answered it before."""
_LONGEST = 32
_ABSENT = frozenset({"", "0", "4294967295"})


@dataclass(frozen=True, slots=True)
class Identified:
    """What the answer to the question tells."""

    events: tuple[Event, ...] = ()
    again: bool = False
    """It has to be read once more: nothing is believed on one reading."""
    problem: str = ""
    """Why this meter's stands must not be read."""


class Identity:
    """One meter's serial number."""

    def __init__(self, configured: str, known: str) -> None:
        """``configured``: the only one that is right, if it isn't empty; ``known``: whose life was remembered."""
        self.serial = known
        self._configured = configured
        self._sighted = ""
        self._due = True
        self._asking = False
        self._passed_over = False
        self._unanswered = 0
        self._answers = False
        self._mute = False
        self._again: datetime | None = None
        self._seen: datetime | None = None

    def begin(self) -> bool:
        """A poll begins: whether to ask before the stands. Not to be called while nobody knows where to ask."""
        if self._asking:
            self._asking, self._unanswered = False, self._unanswered + 1
        if self._passed_over:
            # That poll failed too: the device is silent, not its serial number.
            self._passed_over, self._unanswered = False, 0
        late = self._again is not None and self._seen is not None and self._seen >= self._again
        if not (self._due or late):
            return False
        if self._unanswered >= (_PATIENCE if self._answers else 1):
            self._passed_over = True
            return False
        self._asking = True
        return True

    def take(self, text: str | None) -> Identified:
        """The serial number that the device tells; None when it refused the question by an exception."""
        self._asking, self._unanswered = False, 0
        if text is None or text in _ABSENT:
            return Identified(self._said_nothing("refuses" if text is None else "answers without a number to"))
        self._mute, self._answers = False, True
        if text not in {self.serial, self._sighted} and self.serial:
            self._sighted = text
            return Identified(again=True)
        self._sighted = ""
        if self._configured and text != self._configured:
            self._due = True
            return Identified(problem=f"its serial number is {text}, not {self._configured}: nothing is read of it")
        self._done()
        events = (Event("serial_read", {"serial": text}),) if not self.serial else ()
        self.serial = text
        return Identified(events)

    def answered(self, at: datetime) -> tuple[Event, ...]:
        """A stand's request was answered."""
        self._seen = at
        if self._passed_over:
            self._passed_over, self._unanswered = False, 0
            return self._said_nothing("doesn't answer")
        if self._again is None and not self._due:
            self._again = at + _AGAIN_AFTER
        return ()

    def unheard(self, *, asked: bool) -> None:
        """A request came to nothing; ``asked``: it was on the line."""
        self._due = True
        self._asking &= asked

    def doubted(self) -> None:
        """A value fell or jumped: who answers is to be asked."""
        self._due = True

    def _done(self) -> None:
        self._due, self._again = False, None

    def _said_nothing(self, how: str) -> tuple[Event, ...]:
        self._done()
        self._sighted = ""
        if self._mute:
            return ()
        self._mute = True
        return (Event("serial_unread", {"problem": f"the meter {how} the request for its serial number"}),)


def clean(text: str) -> str:
    """The characters of a serial number that may stand in an epoch's name."""
    return re.sub(r"[^A-Za-z0-9._/-]", "", text)[:_LONGEST]
