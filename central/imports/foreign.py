"""Files that can be no operator's export, by their first bytes: what they are, and what to do instead."""

from __future__ import annotations

import codecs
from typing import Final

_ASK: Final = "take the portal's CSV, XLSX, JSON or XML export instead"
_BEGINNINGS: Final = {
    b"%PDF": f"it is a PDF, of which no values can be read exactly: {_ASK}",
    b"\x89PNG": f"it is a picture: {_ASK}",
    b"\xff\xd8\xff": f"it is a picture: {_ASK}",
    b"GIF8": f"it is a picture: {_ASK}",
    b"{\\rtf": f"it is a text document: {_ASK}",
    b"\x1f\x8b": "it is packed (gzip): unpack it, and give the file in it",
    b"7z\xbc\xaf": "it is packed (7z): unpack it, and give the files in it",
    b"Rar!": "it is packed (RAR): unpack it, and give the files in it",
    b"SQLite format 3": "it is a database",
    b"PAR1": "it is Parquet, which only klaster-central run takes",
}
_HTML: Final = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
_PAGE: Final = (
    "it is a web page: a portal's log-in or error page (log in, and download the export again), or a table that calls "
    "itself .xls (open it in a spreadsheet, and save it as .xlsx)"
)
_LOOKED_AT: Final = 4096
_MOST_NULS: Final = 0.1
"""Enea has written two NUL bytes around each date; more than this share of them is no text in UTF-8."""
_CONTROL: Final = bytes(range(1, 9)) + bytes(range(14, 32))


def foreign(content: bytes) -> str | None:
    """What a file is that can't be read, and the way out; None where it may be an export."""
    for beginning, said in _BEGINNINGS.items():
        if content.startswith(beginning):
            return said
    text = content[:_LOOKED_AT].removeprefix(codecs.BOM_UTF8).lstrip()
    if text.lower().startswith(_HTML):
        return _PAGE
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return None
    looked_at = content[:_LOOKED_AT]
    if looked_at.count(0) > _MOST_NULS * len(looked_at):
        return "it isn't text (NUL bytes); if it is UTF-16 without its mark, save it as CSV in UTF-8"
    if len(looked_at) - len(looked_at.translate(None, _CONTROL)) > 0.01 * len(looked_at):
        return "it isn't text, nor any other kind of file that is known"
    return None
