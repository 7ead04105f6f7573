"""What Linux's kernel knows of the machine's clock: adjtimex(2)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Final, cast

from metering.wire import ClockState

_TIME_ERROR: Final = 5
"""Of adjtimex(2): the clock isn't synchronised (STA_UNSYNC), or its source is wrong (STA_CLOCKERR)."""


class _Timex(ctypes.Structure):
    """``struct timex``; only ``modes`` = 0 (read, change nothing) matters, the rest is room for the answer."""

    _fields_ = (("modes", ctypes.c_uint), ("_answer", ctypes.c_char * 508))


@cache
def _adjtimex() -> Callable[[object], int]:
    """The C library's function; to find it takes longer than to ask it, and every answer of a meter asks it."""
    return cast("Callable[[object], int]", ctypes.CDLL(None, use_errno=True).adjtimex)


def kernel_state() -> ClockState:
    """Whether a time service (chrony, ntpd, systemd-timesyncd, PTP) has the machine's clock synchronised.

    The kernel says unsynchronised from its start until the first synchronisation, and again when the greatest error
    that the service allows for has grown beyond 16 s, which takes some nine hours. Where it can't be asked: unknown.
    """
    try:
        answer = int(_adjtimex()(ctypes.byref(_Timex())))
    except (OSError, AttributeError):
        return ClockState.UNKNOWN
    if answer < 0:
        return ClockState.UNKNOWN
    return ClockState.UNSYNCHRONISED if answer == _TIME_ERROR else ClockState.SYNCHRONISED
