"""Enter files of figures: each file whole, or nothing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from central.figures.cells import rows_of
from central.figures.documents import parse
from central.figures.figures_file import FiguresFile, Origin, Taken
from central.imports.found import BadLine, NotReadError
from runtime.unread import why_unread

MAX_BYTES: Final = 32 << 20


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    file: str
    state: str
    """``taken``, ``same`` (all of it was entered already), ``checked`` (a dry run), or ``refused``."""
    rows: int = 0
    documents: list[Taken] = []
    refused: list[BadLine] = []
    """Rows that can't be figures, with the reason; nothing of the file is in then."""
    reason: str = ""
    """Why the file as a whole can't be read."""


def enter(path: Path, points: Collection[str] | None, figures: FiguresFile | None, who: str, now: datetime) -> Report:
    """Enter a file; without ``figures`` it is only checked. Raises sqlite3.Error where nothing can be written."""
    name = path.name
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotReadError(f"it is larger than {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
        parsed = parse(rows_of(content), points)
    except OSError as error:
        return Report(file=name, state="refused", reason=why_unread(error))
    except NotReadError as error:
        return Report(file=name, state="refused", reason=str(error))
    if parsed.bad:
        return Report(file=name, state="refused", rows=parsed.rows, refused=parsed.bad)
    if not parsed.documents:
        return Report(file=name, state="refused", reason="it has no row below its header")
    if figures is None:
        return Report(file=name, state="checked", rows=parsed.rows)
    origin = Origin(file=name, sha256=hashlib.sha256(content).hexdigest(), who=who, at=now)
    documents = figures.take(parsed.documents, origin)
    state = "same" if all(one.state == "same" for one in documents) else "taken"
    return Report(file=name, state=state, rows=parsed.rows, documents=documents)
