"""Memory that is freed is kept for the next month: asking the system for it anew takes as long as the arithmetic."""

from __future__ import annotations

import ctypes
from typing import Final

import pyarrow as pa

_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
"""As in glibc's malloc.h."""
_MOST: Final = 2**31 - 1


def keep_memory() -> None:
    """For a process that settles month after month and then ends; nothing else changes, and where it can't, nothing."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    if mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _MOST):
        pa.set_memory_pool(pa.system_memory_pool())
