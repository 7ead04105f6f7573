"""A document as PDF/A, made by Typst: bundled fonts only, and the same bytes each time."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from central.statements.document import Cell, Document, Facts, Figure, Table, shown
from metering.period import WARSAW

TEMPLATE: Final = Path(__file__).with_name("statement.typ")
STANDARD: Final = "a-2b"
_LONGEST: Final = 18
"""A longer word may be broken anywhere: no name may run out of its column."""
_LONGEST_FACT: Final = 80
"""Where there is room for more: a digest is one word, to be copied."""
_MAY_BREAK: Final = "\u200b"


def pdf(document: Document, made: datetime, author: str) -> bytes:
    """The PDF; ``made`` is the run's own instant, so the same run gives the same bytes.

    Raises:
        RuntimeError: Typst can't lay it out.
    """
    try:
        return _compiled(document, made, author)
    except typst.TypstError as error:
        raise RuntimeError(f"the PDF can't be made: {str(error)[:300]}") from error


def _compiled(document: Document, made: datetime, author: str) -> bytes:
    day = made.astimezone(WARSAW)
    content = _plain(document) | {"date": [day.year, day.month, day.day], "author": author}
    compiled: bytes = typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        format="pdf",
        ignore_system_fonts=True,
        font_paths=[],
        sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
        pdf_standards=[STANDARD],
        timestamp=int(made.timestamp()),
    )
    return compiled


def _plain(document: Document) -> dict[str, Any]:
    return {
        "language": document.language,
        "title": document.title,
        "subtitle": document.subtitle,
        "head": document.head,
        "foot": document.foot,
        "page": document.page,
        "boxes": [list(box) for box in document.boxes],
        "blocks": [_block(block, document.language) for block in document.blocks],
    }


def _block(block: Any, language: str) -> dict[str, Any]:
    if isinstance(block, Table):
        return {
            "type": "table",
            "title": breakable(block.title),
            "intro": block.intro,
            "columns": [{"title": one.title, "right": one.right, "width": max(one.width, 1)} for one in block.columns],
            "rows": [{"kind": row.kind, "cells": [_cell(cell, language) for cell in row.cells]} for row in block.rows],
            "notes": [breakable(note, _LONGEST_FACT) for note in block.notes],
        }
    if isinstance(block, Facts):
        rows = [[name, text if block.code else breakable(text, _LONGEST_FACT)] for name, text in block.rows]
        return {"type": "facts", "title": block.title, "intro": block.intro, "code": block.code, "rows": rows}
    return {"type": "words", "title": block.title, "sentences": list(block.sentences)}


def _cell(cell: Cell, language: str) -> dict[str, str | bool]:
    text = shown(cell, language)
    if isinstance(cell, Figure):
        return {"t": text, "m": cell.marks, "figure": True}
    return {"t": breakable(text), "m": "", "figure": False}


def breakable(text: str, longest: int = _LONGEST) -> str:
    """A text whose long words may be broken."""
    return " ".join(_pieces(word) if len(word) > longest else word for word in text.split(" "))


def _pieces(word: str) -> str:
    return _MAY_BREAK.join(word[at : at + _LONGEST] for at in range(0, len(word), _LONGEST))
