"""Room on the disk that is kept for stands: a file that is given up when the disk is full.

By then the gateway has long been quiet: its log tells warnings and errors only while the disk has little room left.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

SIZE: Final = 4 << 20
"""Bytes; as many as the stands of 128 registers need in three weeks (benchmarks/outbox.py)."""
LITTLE: Final = 32 << 20
"""With fewer bytes free the disk has little room left."""


class Reserve:
    """One such file. Every call may wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Nothing is made before ``make``."""
        self._path = path
        self.spent = False
        """Whether it was given up since it was made."""

    def make(self) -> None:
        """Make it, or make it again, where there is room enough; where not, there is none."""
        if self.free() < LITTLE + SIZE or (self._path.exists() and self._path.stat().st_size == SIZE):
            return
        part = self._path.with_suffix(".reserve-part")
        try:
            with part.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, SIZE)
            part.replace(self._path)
            self.spent = False
        except OSError:
            # On a disk that lets nothing be written this can't be undone either.
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def give_up(self) -> bool:
        """Make room for stands; whether there was any to be made."""
        try:
            self._path.unlink()
        except OSError:
            return False
        self.spent = True
        return True

    def free(self) -> int:
        """Bytes free on its disk."""
        found = os.statvfs(self._path.parent)
        return found.f_bavail * found.f_frsize

    def little(self) -> bool:
        """Whether its disk has little room left."""
        return self.free() < LITTLE
