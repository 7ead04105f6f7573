"""What in the tables coordinator, calls and filings can't be so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from central.cluster.codes import nip_problem
from central.cluster.dealings import FilingKind
from central.cluster.model import ClusterFile
from central.validity import bound_problem
from runtime.config import Problem

MAX_TEXT: Final = 200
MAX_LONG_TEXT: Final = 1000
"""Of the cluster's activity and area, and of what a call asks."""
_LONG: Final = ("activity", "area", "subject")
_SHORT: Final = ("register_number", "name", "address", "representative", "addressee", "note")
_FIRST_YEAR, _LAST_YEAR = 2024, 2199


def dealings_problems(read: ClusterFile, file: str) -> list[Problem]:
    """Every problem of these tables, of the members' addresses and of what ``[cluster]`` says for the register."""
    rows: list[tuple[str, msgspec.Struct]] = [("cluster", read.cluster)]
    rows += [("coordinator", read.coordinator)] if read.coordinator else []
    rows += [(f"{table}[{i}]", row) for table in ("calls", "filings") for i, row in enumerate(getattr(read, table), 1)]
    found = [(key, *unfit) for key, row in rows for unfit in _unfit(row, key)]
    found += [
        (f"members[{i}]", "address", *unfit)
        for i, row in enumerate(read.members, 1)
        if (unfit := _text(row.address, MAX_TEXT))
    ]
    found += [*_contact(read), *_order(read)]
    return [Problem(file, f"{key}.{name}", value, said) for key, name, value, said in found]


def _unfit(row: msgspec.Struct, key: str) -> Iterator[tuple[str, str, str]]:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if name == "name" and key == "cluster":
            continue
        if name in (*_LONG, *_SHORT) and (unfit := _text(value, MAX_LONG_TEXT if name in _LONG else MAX_TEXT)):
            yield name, *unfit
        if isinstance(value, date) and key != "cluster" and (wrong := bound_problem(value, "", "")):
            yield name, wrong[0].value, wrong[0].expected


def _text(value: str, most: int) -> tuple[str, str] | None:
    if len(value) <= most and value.isprintable() and value == value.strip():
        return None
    return f'"{value[:60]}"', f"expected up to {most} printable characters, no space at an end"


def _contact(read: ClusterFile) -> Iterator[tuple[str, str, str, str]]:
    one = read.coordinator
    if one is None:
        return
    if one.nip and (why := nip_problem(one.nip)):
        yield "coordinator", "nip", f'"{one.nip[:60]}"', why
    if one.krs and not re.fullmatch(r"[0-9]{10}", one.krs):
        yield "coordinator", "krs", f'"{one.krs[:60]}"', "expected ten digits"
    if one.email and not re.fullmatch(r"[!-~]{1,64}@[!-~]{1,100}", one.email):
        yield "coordinator", "email", f'"{one.email[:60]}"', "expected an address like biuro@klaster.example"


def _order(read: ClusterFile) -> Iterator[tuple[str, str, str, str]]:
    """Ids and references, days out of order, and years where none or another belongs."""
    filings = {row.id for row in read.filings}
    for table in ("calls", "filings"):
        first: dict[str, int] = {}
        for i, row in enumerate(getattr(read, table), 1):
            if not row.id or _text(row.id, 64):
                yield f"{table}[{i}]", "id", f'"{row.id[:60]}"', "expected 1 to 64 printable characters"
            elif row.id in first:
                yield f"{table}[{i}]", "id", f'"{row.id}"', f"stands already in {table}[{first[row.id]}]"
            first.setdefault(row.id, i)
    for i, call in enumerate(read.calls, 1):
        if call.filing and call.filing not in filings:
            yield f"calls[{i}]", "filing", f'"{call.filing[:60]}"', "no filing has this id"
        if call.answered and call.answered < call.served:
            yield f"calls[{i}]", "answered", str(call.answered), f"is before it was served, {call.served}"
    for i, filing in enumerate(read.filings, 1):
        key = f"filings[{i}]"
        of_year = filing.kind is FilingKind.ANNUAL_REPORT
        if of_year and (filing.year is None or not _FIRST_YEAR <= filing.year <= _LAST_YEAR):
            yield (
                key,
                "year",
                str(filing.year or "")[:60],
                "needs the year that the report is about, like 2025",
            )
        elif not of_year and filing.year is not None:
            yield key, "year", str(filing.year)[:60], "goes with kind annual_report alone"
        if filing.up_to and filing.kind is not FilingKind.REGISTER_CHANGE:
            yield key, "up_to", str(filing.up_to), "goes with kind register_change alone"
        elif filing.up_to and filing.up_to > filing.sent:
            yield key, "up_to", str(filing.up_to), f"is after it was sent, {filing.sent}"
        if filing.complete_since and filing.complete_since < filing.sent:
            yield key, "complete_since", str(filing.complete_since), f"is before it was sent, {filing.sent}"
