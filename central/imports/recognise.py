"""From a file's bytes to its values: the format is found by what is in the file, never by its name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from central.imports import csire_xml, enea_operator, energa_json, klaster_rows, ptpiree, tauron_json
from central.imports.foreign import foreign
from central.imports.found import MAX_VALUES, NOTHING_GIVEN, WHOLE, Found, Given, NotReadError, UnknownFormatError
from central.imports.layout import find_layout, layouts
from central.imports.long_rows import read_long
from central.imports.rows import COLUMNS
from central.imports.scrutiny import scrutinise
from central.imports.sheet import Sheet, decoded, sheet_of, tidy_row
from central.imports.wide_rows import read_wide

MAX_BYTES: Final = 64 * 2**20
"""The largest file that is imported; a month of 1,000 points in our own CSV is about that."""
WITHOUT_LINES: Final = frozenset({csire_xml.NAME, energa_json.NAME, tauron_json.NAME})
"""Formats that have no lines: a value's ``line`` is its place, from 1, in the list (of a day) that it stands in."""
_JSON_STARTS = (b"{", b"[")


def read_file(content: bytes, given: Given = NOTHING_GIVEN) -> Found:
    """Read a file.

    Raises:
        NotReadError: its format isn't known, it can't be read at all, or a person has to say more of it.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise NotReadError("the file is empty")
    if len(content) > MAX_BYTES:
        raise NotReadError(f"it is larger than {MAX_BYTES >> 20} MiB: split it")
    if said := foreign(content):
        raise NotReadError(said)
    found = _read(content, given)
    if len(found.values) > MAX_VALUES:
        raise NotReadError(f"it has more than {MAX_VALUES} values")
    scrutinise(found)
    found.bad.sort()
    if not found.values and not found.bad:
        found.note("the file has no values", WHOLE)
    return found


def _read(content: bytes, given: Given) -> Found:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in _JSON_STARTS:
        return _json(content, given)
    if start == b"<":
        root = csire_xml.parse(content)
        if csire_xml.is_it(root):
            return csire_xml.read(root, given)
        raise NotReadError(f"an XML document that isn't an export; known: {csire_xml.TITLE}")
    sheet = sheet_of(content)
    found = _of_sheet(sheet, given)
    for remark in sheet.remarks:
        found.note(remark, WHOLE)
    return found


def _of_sheet(sheet: Sheet, given: Given) -> Found:
    if klaster_rows.is_it(sheet):
        return klaster_rows.read(sheet, given)
    if enea_operator.is_it(sheet):
        return enea_operator.read(sheet, given)
    if sheet.text and ptpiree.is_it(sheet.text):
        return ptpiree.read(sheet.text, given)
    if layout_found := find_layout(sheet):
        layout, line = layout_found
        found = Found(layout.name, layout.title)
        (read_long if layout.shape == "long" else read_wide)(layout, line, sheet, given, found)
        return found
    if sorted(cell.lower() for cell in _first(sheet, ";")) == sorted(COLUMNS):
        raise UnknownFormatError("the columns are klaster's own, but separated by semicolons: commas are expected")
    known = ", ".join(sorted({*(one.name for one in layouts()), *_NAMES}))
    first = ";".join(_first(sheet, ";"))[:120]
    if not first:
        raise NotReadError("; ".join(["it has no rows of values", *sheet.remarks]))
    said = "; ".join([f"its format isn't known; it begins with {first!r}", *sheet.remarks])
    raise UnknownFormatError(f"{said}. Known formats: {known}")


def _first(sheet: Sheet, separator: str) -> list[str]:
    head = sheet.head(separator)
    return tidy_row(head[0][1]) if head else []


_NAMES: Final = (
    csire_xml.NAME,
    enea_operator.NAME,
    energa_json.NAME,
    klaster_rows.NAME,
    ptpiree.NAME,
    tauron_json.NAME,
)


def _json(content: bytes, given: Given) -> Found:
    text, _ = decoded(content)
    try:
        # Numbers keep their own digits: a double would make others of them.
        answer: Any = _JSON.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        said = str(error).removeprefix("JSON is malformed: ")
        damaged = NotReadError(f"it begins like JSON, but is damaged or cut off ({said}): download it again")
        try:
            # A table may begin with a bracket too, such as a heading "[kWh]".
            return _of_sheet(sheet_of(content), given)
        except UnknownFormatError:
            raise damaged from None
    if tauron_json.is_it(answer):
        return tauron_json.read(answer, given)
    if energa_json.is_it(answer):
        return energa_json.read(answer, given)
    if isinstance(answer, dict) and isinstance(answer.get("data"), str):
        if answer.get("success") != 1:
            raise NotReadError("the portal's answer says that it failed (success isn't 1)")
        return _of_sheet(sheet_of(answer["data"].encode()), given)
    raise NotReadError(f"a JSON document that isn't an export; known: {tauron_json.TITLE}, {energa_json.TITLE}")


_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
