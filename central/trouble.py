"""Anticipated trouble with central's files and servers, as one text that tells the way out."""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path
from typing import Final

from central.readings import StoreDownError

TROUBLES: Final = (StoreDownError, OSError, sqlite3.Error)
"""What may come of reading the books."""


def trouble_text(error: Exception) -> str:
    """What one of ``TROUBLES`` means to a person, and what to do."""
    if isinstance(error, StoreDownError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename or error}: there is nothing yet; start klaster-central serve or import first"
    who = "run this as the user that runs klaster-central serve, or restore the file from the journal by rebuild"
    return f"the books can't be read: {error}; {who}"


def unforeseen_text(error: BaseException) -> str:
    """An error that nobody anticipated, in one line: what, and where in the program."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
