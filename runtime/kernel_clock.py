"""What Linux's kernel knows of the machine's clock: adjtimex(2)."""

from __future__ import annotations

import ctypes
from typing import Final

from metering.wire import ClockState

_TIME_ERROR: Final = 5
"""Of adjtimex(2): the clock isn't synchronised (STA_UNSYNC), or its source is wrong (STA_CLOCKERR)."""


class _Timex(ctypes.Structure):
    """``struct timex``; only ``modes`` = 0 (read, change nothing) matters, the rest is room for the answer."""

    _fields_ = (("modes", ctypes.c_uint), ("_answer", ctypes.c_char * 508))


def kernel_state() -> ClockState:
    """Whether a time service (chrony, ntpd, systemd-timesyncd, PTP) has the machine's clock synchronised.

    The kernel says unsynchronised from its start until the first synchronisation, and again when the greatest error
    that the service allows for has grown beyond 16 s, which takes some nine hours. Where it can't be asked: unknown.
    """
    try:
        asked = ctypes.CDLL(None, use_errno=True).adjtimex
        answer = int(asked(ctypes.byref(_Timex())))
    except (OSError, AttributeError):
        return ClockState.UNKNOWN
    if answer < 0:
        return ClockState.UNKNOWN
    return ClockState.UNSYNCHRONISED if answer == _TIME_ERROR else ClockState.SYNCHRONISED
