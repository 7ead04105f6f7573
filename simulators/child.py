"""One program of a simulated cluster, with its log; it ends with its parent however that ends."""

from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

PATIENCE_S: Final = 10.0
"""How long a process may take to end by itself."""

_PR_SET_PDEATHSIG: Final = 1
_TAIL_LINES: Final = 15


class StartError(Exception):
    """A process can't be started, or didn't come up; the message tells which and what it said."""


class Death(msgspec.Struct, frozen=True):
    """A process that ended without being asked to."""

    name: str
    code: int
    """Exit code; negative is the signal that ended it."""
    log: Path


class Child:
    """One program with its log; ``start`` again after it has ended."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        """Nothing runs yet."""
        self.name = name
        self.log = log
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_to_end = False
        self.starts = 0
        """How often it was started."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def death(self) -> Death | None:
        """That it ended without being asked to, if so."""
        code = None if self._process is None else self._process.poll()
        return None if code is None or self._asked_to_end else Death(self.name, code, self.log)

    def start(self) -> None:
        """Run it; its output is added to its log.

        Raises:
            StartError: the program isn't there, or it runs already.
        """
        if self.alive:
            raise StartError(f"{self.name} runs already")
        self._asked_to_end = False
        self.starts += 1
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own commands
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,  # noqa: PLW1509 - the parent starts children from one thread
                )
            except OSError as error:
                raise StartError(f"{self.name} can't be started: {self._command[0]}: {error.strerror}") from error

    def send(self, number: signal.Signals) -> None:
        """Send it a signal if it runs; what it does then counts as asked for."""
        if self._process is not None and self.alive:
            self._asked_to_end = True
            self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE_S) -> bool:
        """Whether it has ended within ``seconds``."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self) -> str:
        """The last lines of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_TAIL_LINES:])


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
