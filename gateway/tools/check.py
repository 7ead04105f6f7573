"""What one check of the doctor found."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    """It works, and won't for ever."""
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It can't be told."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    state: State
    found: str
    way_out: str = ""
    """What to do; empty where nothing is to be done."""
