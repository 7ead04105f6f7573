"""Statements' files: all that were asked for are written, or none."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from central.papers.paper import file_stem
from central.statements.document import plain_text
from central.statements.layout import document
from central.statements.pdf import pdf
from central.statements.statement import Statement
from central.statements.workbook import xlsx


class PartlyWrittenError(Exception):
    """Only some files are in their places: ``written``."""

    def __init__(self, written: Sequence[Path], error: OSError) -> None:
        """Keep them; the message has all."""
        named = ", ".join(map(str, written))
        super().__init__(f"{error.filename}: {error.strerror}; written were only: {named}")


def write_statements(made: Iterable[Statement], folder: Path, language: str) -> list[Path]:
    """Write PDF and workbook of each, all of them or none; the same run gives the same bytes.

    All are written beside their places first, and put there when the last one is whole.

    Raises:
        OSError: the folder can't be made or written.
        RuntimeError: a PDF can't be laid out.
        PartlyWrittenError: the disk gave way just while they were put in their places.
    """
    was_there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".statements.", dir=folder))
    try:
        drafts = [file for one in made for file in _write(one, beside, language)]
        placed: list[Path] = []
        try:
            placed.extend(draft.replace(folder / draft.name) for draft in drafts)
        except OSError as error:
            if placed:
                raise PartlyWrittenError(placed, error) from error
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if not was_there:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only where nothing was put into it
    return placed


def _write(one: Statement, folder: Path, language: str) -> list[Path]:
    laid = document(one, language)
    name = file_name(one, language)
    files = {
        f"{name}.pdf": pdf(laid, one.run.made, plain_text(one.coordinator.name)),
        f"{name}.xlsx": xlsx(laid, one.run.made),
    }
    for called, content in files.items():
        (folder / called).write_bytes(content)
    return [folder / called for called in files]


def file_name(one: Statement, language: str) -> str:
    """``zestawienie-2026-10-final-gmina``; where the id can't be a part of a name, with a digest of it."""
    stem = file_stem(one.member.id)
    if stem != one.member.id:
        stem += f"-{hashlib.blake2b(one.member.id.encode(), digest_size=4).hexdigest()}"
    return f"{'zestawienie' if language == 'pl' else 'statement'}-{one.run.run}-{stem}"
