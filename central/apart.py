"""Scopes of findings looked at apart: what one check stumbles over costs its own scope a look, and nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from central.trouble import unforeseen_text
from runtime.config import ConfigError

_OF_ALL = (ConfigError, OSError, sqlite3.Error)
"""Trouble with files that every scope rests on."""


class Apart:
    """The scopes of one round."""

    def __init__(self) -> None:
        """None was looked at."""
        self.stumbled: list[str] = []
        """Which scopes weren't looked at, and what the program stumbled over: their records stay as they were."""

    @contextlib.contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Look at a scope in the block; an error that nobody anticipated is noted, and the block left.

        Raises:
            ConfigError, OSError, sqlite3.Error: what the other scopes would meet as well.
        """
        try:
            yield
        except _OF_ALL:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, receipts and the other scopes go on
            self.stumbled.append(f"{name}: {unforeseen_text(error)}")
