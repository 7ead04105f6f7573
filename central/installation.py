"""Which installation of central this is: what tells it from another one on the same topics, be it a copy or a clone."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
from pathlib import Path
from typing import Final

FILE: Final = "installation.id"
"""In the data folder: random, written once, left out of backups."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def central_name(data_dir: Path) -> str:
    """This central's name on its topics, the same until the machine is started anew.

    A cloned machine has the same folder with the same id in it, but another start of its own; a copied folder on one
    machine is another file. Only a clone of a running machine's memory, still running, can't be told apart.

    Raises:
        OSError: the data folder can't be written.
    """
    file = data_dir / FILE
    with contextlib.suppress(FileExistsError), file.open("x", encoding="ascii") as made:
        made.write(f"{secrets.token_hex(16)}\n")
    marks = (file.read_bytes().hex(), str(file.resolve()), str(file.stat().st_ino), _boot())
    mark = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:8]
    return f"{socket.gethostname()[:40]} {mark}"


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
