"""What the books say by now of a number of a run, and what came or changed since the run was made. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import pyarrow as pa

from central.explaining.case import Case, at_text
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step
from central.register.alignment import Change, changes

_RATES: Final = ("rates", "zones", "vat", "operators")
_MASTER: Final = (
    "cluster",
    "members",
    "points",
    "meters",
    "regimes",
    "eligibility",
    "amendments",
    "industrial",
    "conditions_failed",
    "aliases",
)
_READINGS: Final = ("energies", "behind", "stocks")


def books_now(run: Case, books: Case, asked: Asked, then: Step, now: Step, *, same_program: bool) -> tuple[Said, ...]:
    """Notes for ``then``, a run's number, where ``now`` is the same number of the books."""
    if then.value == now.value:
        return (Said("note.books_same"),)
    if now.value is None:
        said = Said("note.books_unknown")
    elif now.unit == "Wh":
        said = Said("note.books_now_wh", {"now_wh": now.value})
    else:
        said = Said("note.books_now", {"now_num": now.value, "unit": now.unit or "–"})
    return (said, *(list(_causes(run, books, asked, same_program=same_program)) or [Said("note.since_unknown")]))


def _causes(run: Case, books: Case, asked: Asked, *, same_program: bool) -> Iterator[Said]:
    then, now = run.tables.inputs, books.tables.inputs
    yield from _readings(then, now, asked)
    settings = [msgspec.to_builtins(case.settings) for case in (run, books)]
    if names := [name for name in settings[0] if settings[0][name] != settings[1][name]]:
        yield Said("note.since_settings", {"names": ", ".join(names)})
    for key, tables in (("note.since_master", _MASTER), ("note.since_rates", _RATES)):
        if names := [name for name in tables if next(_changed(then, now, name), None) is not None]:
            yield Said(key, {"names": ", ".join(names)})
    if not same_program:
        yield Said("note.since_program")


def _readings(then: Mapping[str, pa.Table], now: Mapping[str, pa.Table], asked: Asked) -> Iterator[Said]:
    """Values that are another's, or came or went: of the period or day alone where one is asked for."""
    found = [
        one
        for name in _READINGS
        for one in _changed(then, now, name)
        if one.column == "wh" and _asked_of(asked, _start(one))
    ]
    mine = [one for one in found if one.row["point"] == asked.point] or found
    if not mine:
        if any(one.column == "total_wh" for one in _changed(then, now, "stocks")):
            yield Said("note.since_stocks")
        return
    first = mine[0]
    facts: dict[str, Fact] = {
        "count_n": len(found),
        "point": first.row["point"],
        "direction_key": f"direction.{first.row['direction']}",
        "start_at": at_text(_start(first) or 0),
        "then_wh": first.before,
        "now_wh": first.after,
    }
    yield Said("note.since_readings", facts)


def _asked_of(asked: Asked, start: int | None) -> bool:
    if asked.start is not None:
        return asked.start == start
    return start is None or not asked.day or asked.covers(start)


def _start(one: Change) -> int | None:
    return int(one.row["start"].timestamp()) if "start" in one.row else None


def _changed(then: Mapping[str, pa.Table], now: Mapping[str, pa.Table], name: str) -> Iterator[Change]:
    before, after = then.get(name), now.get(name)
    if before is None and after is None:
        return
    one = after.schema.empty_table() if before is None and after is not None else before
    other = before.schema.empty_table() if after is None and before is not None else after
    yield from changes(name, one, other, leave=("quality", "source", "file"))
