"""A document's tables as a workbook (XLSX): numbers as numbers, everything else as text, never a formula."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Final

import xlsxwriter

from central.statements.document import Cell, Document, Facts, Figure, Table, Words, shown

_WIDEST, _NARROWEST, _HEADED = 60, 9, 2
_LONGEST_NAME: Final = 31


def xlsx(document: Document, made: datetime) -> bytes:
    """The workbook; ``made`` is the run's own instant, so the same run gives the same bytes."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"{document.title} – {document.subtitle}", "created": made.replace(tzinfo=None)})
    writing = _Writing(book, document.language)
    writing.first(document)
    for block in document.blocks:
        if isinstance(block, Table):
            writing.table(block, document)
    book.close()
    return content.getvalue()


class _Writing:
    def __init__(self, book: Any, language: str) -> None:
        self._book, self._language = book, language
        border = {"border": 1, "border_color": "#B8C2CC", "valign": "top"}
        self._plain = book.add_format({**border, "text_wrap": True, "num_format": "@"})
        self._head = book.add_format({**border, "bold": True, "text_wrap": True, "bg_color": "#DDE6F0"})
        self._group = book.add_format({**border, "bold": True, "bg_color": "#EEF2F6", "num_format": "@"})
        self._title = book.add_format({"bold": True, "font_size": 13})
        self._note = book.add_format({"italic": True})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._numbers: dict[tuple[int, bool, bool, str], Any] = {}
        self._border = border
        self._names: set[str] = set()

    def first(self, document: Document) -> None:
        """What must be read first, and whom and what it is about."""
        page = self._page(document.title.split(" ")[0])
        page.set_column(0, 0, 34)
        page.set_column(1, 1, 90)
        page.write_string(0, 0, document.title, self._title)
        page.write_string(1, 0, document.subtitle, self._note)
        at = 3
        for strong, sentence in document.boxes:
            page.write_string(at, 0, strong, self._head)
            page.write_string(at, 1, sentence, self._plain)
            at += 1
        for block in document.blocks:
            if isinstance(block, Table):
                continue
            at += 1
            page.write_string(at, 0, block.title, self._title)
            rows = [("", text) for text in block.sentences] if isinstance(block, Words) else block.rows
            intro = [("", block.intro)] if isinstance(block, Facts) and block.intro else []
            for name, text in [*intro, *rows]:
                at += 1
                page.write_string(at, 0, name, self._wrap)
                page.write_string(at, 1, text, self._wrap)
            at += 1

    def table(self, table: Table, document: Document) -> None:
        """One table on a page of its own."""
        page = self._page(table.sheet)
        page.set_paper(9)
        page.set_landscape() if len(table.columns) > 5 else page.set_portrait()
        page.fit_to_pages(1, 0)
        page.repeat_rows(_HEADED)
        page.freeze_panes(_HEADED + 1, 0)
        page.set_footer(f"&L{document.foot.replace('&', '&&')}&R&P / &N")
        page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        page.write_string(0, 0, f"{table.title} – {document.subtitle}", self._title)
        page.write_string(1, 0, table.intro, self._note)
        for column, one in enumerate(table.columns):
            cells = [row.cells[column] for row in table.rows if row.kind != "group"]
            longest = max([len(one.title) // 2, *(len(shown(cell, self._language)) for cell in cells)])
            page.set_column(column, column, min(max(longest + 3, _NARROWEST), _WIDEST))
            page.write_string(_HEADED, column, one.title, self._head)
        at = _HEADED
        for row in table.rows:
            at += 1
            for column, cell in enumerate(row.cells):
                self._cell(page, at, column, cell, row.kind)
        for note in table.notes:
            at += 1
            page.write_string(at, 0, note, self._note)

    def _page(self, name: str) -> Any:
        kept = "".join(letter for letter in name if letter not in "[]:*?/\\'")[:_LONGEST_NAME].strip() or "1"
        number = 1
        while kept.casefold() in self._names:
            number += 1
            kept = f"{kept[: _LONGEST_NAME - 3].strip()} {number}"
        self._names.add(kept.casefold())
        return self._book.add_worksheet(kept)

    def _cell(self, page: Any, row: int, column: int, cell: Cell, kind: str) -> None:
        if isinstance(cell, Figure) and cell.value is not None:
            page.write_number(row, column, cell.value, self._number(cell, strong=kind == "sum"))
        else:
            page.write_string(row, column, shown(cell, self._language), self._plain if kind == "plain" else self._group)

    def _number(self, cell: Figure, *, strong: bool) -> Any:
        """The format of a number; its marks are a part of it, so that the cell stays a number."""
        key = (cell.digits, cell.signed, strong, cell.marks)
        if key not in self._numbers:
            digits = "#,##0" + ("." + "0" * cell.digits if cell.digits else "")
            mark = f'" {cell.marks}"' if cell.marks else ""
            style = f"+{digits}{mark};-{digits}{mark};{digits}{mark}" if cell.signed else f"{digits}{mark}"
            self._numbers[key] = self._book.add_format({**self._border, "num_format": style, "bold": strong})
        return self._numbers[key]
