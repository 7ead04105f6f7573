"""CSIRE's daily profiles (6.1.1.1, 6.1.1.5, 7.1.1.4): quarters by their place in the day.

Evidence: schemas of 06.2024 and 12.2024, pre-production; one generator. The message carries no unit: kWh is inferred,
and said. Billing and metering profile are different series; that billing is netted is stated nowhere: it stays apart.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from central.imports.amounts import plain_text, wh_of
from central.imports.found import WHOLE, Found, Given, NotReadError, Value
from central.imports.points import check_digit_note, must_agree, point_of
from metering.period import WARSAW, day_start

NAME, TITLE = "csire-xml", "CSIRE daily profiles"
_ROOT = "DailyMeteringPointMeasurements"
_PRODUCTS: Final = {
    "CK1125": ("drawn", "billing"),
    "CK1126": ("injected", "billing"),
    "CK1128": ("drawn", "raw"),
    "CK1129": ("injected", "raw"),
}
_LENGTHS: Final = {"CK0098": 900, "CK0099": 3600, "PT15M": 900, "PT1H": 3600}
_QUALITIES: Final = {"CK0031": "measured", "CK0032": "measured", "CK0033": "estimated", "CK0034": "estimated"}
_DISTURBED: Final = {"CK0032", "CK0034"}
_NO_DATA: Final = "CK0035"


def parse(content: bytes) -> ET.Element:
    """The document; document types, entities and external references are forbidden.

    Raises:
        NotReadError: it is no XML, or holds what is forbidden.
    """
    try:
        root: ET.Element = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise NotReadError("the XML has a document type or entities in it; no message has") from None
    except (ET.ParseError, ValueError, LookupError) as error:
        raise NotReadError(f"it begins like XML, but is damaged or cut off ({error}): download it again") from None
    return root


def is_it(root: ET.Element) -> bool:
    """Whether a document is one, in whatever namespace."""
    return next(_all(root, _ROOT), None) is not None


def read(root: ET.Element, given: Given) -> Found:
    """Its values; ``line`` is the SEQ of a value in its product.

    Raises:
        NotReadError: another point was named.
    """
    found = Found(NAME, TITLE)
    found.note("the message carries no unit: its volumes are taken as kWh", WHOLE)
    for message in _all(root, _ROOT):
        code = _text(message, "MeteringPointCode")
        try:
            point = point_of(code)
        except ValueError as error:
            found.refuse(1, f"MeteringPointCode {code[:40]!r} {error}")
            continue
        must_agree(point, given.point, "point")
        check_digit_note(point, found, 1)
        # Versions of one message in one file count in their order.
        for data in sorted(_all(message, "BasicData"), key=_version):
            _take_day(data, point, found)
    found.values = list({one[:5]: one for one in found.values}.values())
    return found


def _version(data: ET.Element) -> int:
    text = _text(data, "DataVersionNumber")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _take_day(data: ET.Element, point: str, found: Found) -> None:
    try:
        day = _day(_text(data, "PeriodStart"))
    except ValueError:
        found.refuse(1, f"PeriodStart {_text(data, 'PeriodStart')[:40]!r} isn't the midnight of a local day")
        return
    midnight, end = (int(day_start(one).timestamp()) for one in (day, day + timedelta(days=1)))
    for product in _all(data, "EnergyProduct"):
        kind, resolution = _text(product, "ProductType"), _text(product, "ResolutionDuration")
        if kind not in _PRODUCTS:
            found.note(f"product {kind[:40]!r} isn't taken: no active energy drawn or injected", 1)
            continue
        if resolution not in _LENGTHS:
            found.refuse(1, f"{day}: ResolutionDuration {resolution[:40]!r} isn't known")
            continue
        length = _LENGTHS[resolution]
        rows = list(_all(product, "EnergyProductMeasurement"))
        count = (end - midnight) // length
        places = [_text(row, "SEQ") for row in rows]
        if places != [str(place) for place in range(1, len(rows) + 1)] or len(rows) != count:
            said = f"{len(rows)} values of {kind}, SEQ {places[:1]}…; the day has {count} periods, counted from 1"
            found.refuse(1, f"{day}: {said}")
            continue
        for place, row in enumerate(rows):
            _take(row, (point, *_PRODUCTS[kind], midnight + place * length, length), place + 1, found)


def _take(row: ET.Element, key: tuple[str, str, str, int, int], line: int, found: Found) -> None:
    volume, word = _text(row, "Volume"), _text(row, "QQ")
    if word == _NO_DATA or not volume:
        found.missing += 1
        return
    try:
        wh = plain_text(wh_of(volume, "kWh", "."))
    except ValueError as error:
        found.refuse(line, f"Volume {volume[:40]!r} {error}")
        return
    if word in _DISTURBED:
        found.doubt(f"quality {word}: read or determined under disturbance", line)
    elif word not in _QUALITIES:
        found.unknown_status(word, line)
    found.values.append(Value(*key, wh, _QUALITIES.get(word, "unknown"), word, line))


def _day(text: str) -> date:
    """The local day that begins at an instant; a wrong offset on a change day is no midnight.

    Raises:
        ValueError: it isn't a local midnight.
    """
    at = datetime.fromisoformat(text)
    there = at.astimezone(WARSAW)
    if at.tzinfo is None or day_start(there.date()) != at:
        raise ValueError(text)
    return there.date()


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in root.iter() if isinstance(one.tag, str) and one.tag.rpartition("}")[2] == name)


def _text(root: ET.Element, name: str) -> str:
    found = next(_all(root, name), None)
    return "" if found is None else (found.text or "").strip()
