"""A small file system that can be filled for real: a tmpfs of some MB, mounted with what rights there are.

As root by ``mount``, else by ``sudo``. A container that refuses both has a small ``/dev/shm`` of its own to fill.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE_MB = 80
"""Enough for a gateway to keep its reserve."""
_SHARED = Path("/dev/shm")
_SMALL_MB = 600


class SmallDisk:
    """A folder on a file system of its own."""

    def __init__(self, folder: Path, how: str) -> None:
        self.folder = folder
        self.how = how

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while ballast.write(b"\0" * size):
                        pass
        with pytest.raises(OSError, match="No space left") as caught:
            (self.folder / "one-more").write_bytes(b"\0" * 8192)
        assert caught.value.errno == errno.ENOSPC
        (self.folder / "one-more").unlink(missing_ok=True)

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(where: Path, size_mb: int = SIZE_MB) -> Iterator[SmallDisk]:
    """A mounted small disk; fails the test where none is to be had."""
    where.mkdir(parents=True)
    options = f"size={size_mb}m,mode=0700,uid={os.getuid()},gid={os.getgid()}"
    said = []
    for how in (["mount"], ["sudo", "-n", "mount"]):
        try:
            done = subprocess.run(
                [*how, "-t", "tmpfs", "-o", options, "klaster", str(where)], capture_output=True, text=True, check=False
            )
        except OSError as error:
            said.append(str(error))
            continue
        if done.returncode == 0:
            try:
                yield SmallDisk(where, " ".join(how))
            finally:
                # Lazily: a process that is slow to end may still hold a file.
                subprocess.run([*how[:-1], "umount", "-l", str(where)], check=True)
            return
        said.append(done.stderr.strip())
    if _megabytes(_SHARED) <= _SMALL_MB:
        with tempfile.TemporaryDirectory(prefix="klaster-faults-", dir=_SHARED) as folder:
            yield SmallDisk(Path(folder), f"{_SHARED}, which others may use too")
        return
    pytest.fail(f"no small file system can be mounted here ({'; '.join(said)}); without sudo: unshare -rm make test")


def _megabytes(folder: Path) -> float:
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize / 1e6
