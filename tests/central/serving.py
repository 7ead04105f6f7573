"""``klaster-central serve`` as a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CENTRAL = str(Path(sys.executable).with_name("klaster-central"))


@contextlib.contextmanager
def serving(config: Path) -> Iterator[Path]:
    """A service, which must not end by itself; gives its log."""
    log = config.with_name("central.log")
    with log.open("wb") as out:
        process = subprocess.Popen([CENTRAL, "serve", str(config)], stdout=out, stderr=out)
    try:
        yield log
        assert process.poll() is None, log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(30)
