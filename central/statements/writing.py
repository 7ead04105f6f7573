"""A statement's two files, each written whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from central.papers.paper import file_stem
from central.papers.writing import put
from central.statements.document import plain_text
from central.statements.layout import document
from central.statements.pdf import pdf
from central.statements.statement import Statement
from central.statements.workbook import xlsx


def write_statement(one: Statement, folder: Path, language: str) -> list[Path]:
    """Write PDF and workbook; the same run gives the same bytes.

    Raises:
        OSError: the folder can't be made or written.
        RuntimeError: the PDF can't be laid out.
    """
    laid = document(one, language)
    name = file_name(one, language)
    files = {
        f"{name}.pdf": pdf(laid, one.run.made, plain_text(one.coordinator.name)),
        f"{name}.xlsx": xlsx(laid, one.run.made),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [put(folder / called, content) for called, content in files.items()]


def file_name(one: Statement, language: str) -> str:
    """``zestawienie-2026-10-final-gmina``; where the id can't be a part of a name, with a digest of it."""
    stem = file_stem(one.member.id)
    if stem != one.member.id:
        stem += f"-{hashlib.blake2b(one.member.id.encode(), digest_size=4).hexdigest()}"
    return f"{'zestawienie' if language == 'pl' else 'statement'}-{one.run.run}-{stem}"
