"""The columns of a file of figures, as data, and how a row of cells becomes a figure. Hostile until read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from central.figures.figure import OTHERS, RECKONED, WORDS, Figure, Party
from central.imports.amounts import wh_of
from central.imports.points import point_of
from metering.period import Month
from metering.point import point_id_problem

MAX_TEXT: Final = 200
_MONEY: Final = re.compile(r"-?[0-9]{1,9}([.,][0-9]{1,2})?", re.ASCII)
_MONTH: Final = re.compile(r"([0-9]{4}-[0-9]{2})(-01([T ]00:00:00)?)?", re.ASCII)
_AROUND: Final = re.compile(r"^(opłata|stawka) | stawki sieciowej$")
_ZONE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``read`` gives the cell's value, or raises ValueError with what is wrong with it."""

    name: str
    read: Callable[[str], Any]
    required: bool = False
    """Whether the file must have it, and each row a value."""


def _party(text: str) -> Party:
    word = {"sprzedawca": "seller"}.get(text.casefold(), text.casefold())
    if word not in set(Party):
        raise ValueError("expected operator or seller")
    return Party(word)


def _text(text: str) -> str:
    if len(text) > MAX_TEXT or not text.isprintable():
        raise ValueError(f"expected up to {MAX_TEXT} printable characters")
    return text


def _month(text: str) -> str:
    found = _MONTH.fullmatch(text)
    try:
        return str(Month.parse(found[1])) if found else _refused("expected a month like 2026-10")
    except ValueError:
        return _refused("expected a month like 2026-10")


def _point(text: str) -> str:
    point = point_of(text)
    if problem := point_id_problem(point):
        raise ValueError(problem)
    return point


def _zone(text: str) -> str:
    if text and not _ZONE.fullmatch(text):
        raise ValueError("expected a zone's name as in the rates file, like peak")
    return text


def _component(text: str) -> str:
    word = " ".join(text.casefold().split())
    word = WORDS.get(_AROUND.sub("", word), word)
    if word not in (*RECKONED, *OTHERS):
        raise ValueError(f"expected one of {', '.join((*RECKONED, *OTHERS))}")
    return word


def _energy(text: str) -> Decimal | None:
    return wh_of(text, "kWh", signed=True) if text else None


def _money(text: str) -> Decimal | None:
    if not text:
        return None
    if not _MONEY.fullmatch(text):
        raise ValueError("expected zł with at most two decimals, below 10^9, no spaces, like 1234.56")
    return Decimal(text.replace(",", "."))


def _refused(why: str) -> str:
    raise ValueError(why)


COLUMNS: Final = (
    Column("party", _party, required=True),
    Column("issuer", _text),
    Column("document", _text, required=True),
    Column("corrects", _text),
    Column("month", _month, required=True),
    Column("point", _point, required=True),
    Column("zone", _zone),
    Column("component", _component, required=True),
    Column("quantity_kwh", _energy),
    Column("net_zl", _money),
    Column("vat_zl", _money),
    Column("gross_zl", _money),
    Column("note", _text),
)
"""All of them; a file may have them in any order, and leave out those that aren't required."""
NAMES: Final = tuple(column.name for column in COLUMNS)
_NUMBERS: Final = ("quantity_kwh", "net_zl", "vat_zl", "gross_zl")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read: a figure, and the document in which it stands."""

    line: int
    party: Party
    issuer: str
    document: str
    corrects: str
    figure: Figure


def row_of(line: int, cells: Mapping[str, str]) -> Row:
    """A row of the file by its cells.

    Raises:
        ValueError: with everything that is wrong with it.
    """
    found: dict[str, Any] = {}
    wrong = []
    for column in COLUMNS:
        text = cells.get(column.name, "").strip()
        if column.required and not text:
            wrong.append(f"{column.name} is empty")
            continue
        try:
            found[column.name] = column.read(text)
        except ValueError as error:
            wrong.append(f"{column.name} {text[:40]!r}: {error}")
    if not wrong:
        wrong += _contradictions(found)
    if wrong:
        raise ValueError("; ".join(wrong))
    party, issuer, document, corrects = (found.pop(name) for name in ("party", "issuer", "document", "corrects"))
    quantity = found.pop("quantity_kwh")
    return Row(line, party, issuer, document, corrects, Figure(**found, quantity_wh=quantity))


def _contradictions(found: Mapping[str, Any]) -> list[str]:
    wrong = []
    if found["quantity_kwh"] is None and found["net_zl"] is None:
        wrong.append("it has neither quantity_kwh nor net_zl")
    below = [name for name in _NUMBERS if found[name] is not None and found[name] < 0]
    if below and not found["corrects"]:
        said = "is below zero" if len(below) == 1 else "are below zero"
        wrong.append(f"{', '.join(below)} {said}: only a document that corrects another has differences")
    if found["corrects"] and found["corrects"] == found["document"]:
        wrong.append("corrects names the document itself")
    net, vat, gross = (found[name] for name in ("net_zl", "vat_zl", "gross_zl"))
    if None not in {net, vat, gross} and net + vat != gross:
        wrong.append(f"net_zl {net} + vat_zl {vat} isn't gross_zl {gross}")
    return wrong
