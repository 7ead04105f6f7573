"""What a check of the cluster's data against the law says."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from central.reports.note import Note, plain
from central.validity import Span
from metering.period import local_text


class State(StrEnum):
    """Whether a requirement is met."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_KNOWN = "not_known"
    """The data that would tell are absent."""
    NOTICE = "notice"
    """Nothing is broken, but somebody should know."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement's state, of one thing and in one stretch of time."""

    rule: str
    article: str
    """Of the RES Act, where nothing else is said."""
    state: State
    said: Note
    subject: str = ""
    """The member, point, installation or agreement; empty: the cluster."""
    span: Span = (None, None)

    @property
    def text(self) -> str:
        """What was found, in English."""
        return self.said.text

    def answer(self) -> dict[str, Any]:
        """For ``--json``."""
        first, last = self.span
        return {
            "rule": self.rule,
            "article": self.article,
            "state": self.state.value,
            "subject": self.subject,
            "from": local_text(first) if first else None,
            "to": local_text(last) if last else None,
            "text": self.text,
            "said": plain([self.said])[0],
        }
