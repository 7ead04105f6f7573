"""Why a request brought no words."""

from __future__ import annotations

from enum import StrEnum

import msgspec

_REFUSALS = frozenset({1, 2, 3, 4})


class FailureKind(StrEnum):
    """What went wrong with a request."""

    LINK_DOWN = "link down"
    NO_ANSWER = "no answer"
    EXCEPTION = "exception"
    WRONG_ANSWER = "wrong answer"
    DAMAGED = "damaged answer"
    """An answer came whose check is wrong: no other is owed."""
    RESTING = "resting"
    """It wasn't asked: an earlier answer may still come."""


class Failure(msgspec.Struct, frozen=True):
    """Why there are no words."""

    kind: FailureKind
    detail: str = ""
    code: int = 0
    """The exception's code (MODBUS Application Protocol V1.1b3, chapter 7)."""

    @property
    def refused(self) -> bool:
        """Whether the device won't answer this block as it was asked for; busy or out of reach it may later."""
        return self.kind is FailureKind.EXCEPTION and self.code in _REFUSALS

    def __str__(self) -> str:
        """The kind and what is known beyond it."""
        return f"{self.kind}: {self.detail}" if self.detail else str(self.kind)
