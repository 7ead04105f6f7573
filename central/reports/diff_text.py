"""What differs between two runs, as a person reads it in a terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from central.finding import when
from central.register.alignment import Change
from central.register.comparing import BOOKS_NOW, Comparison, Effect
from central.register.readings_changed import reading_rows
from central.reports.note import Note, said
from central.reports.register_text import kwh
from central.reports.spoken import ENGLISH, Spoken
from runtime import console

_SHOWN = 20
"""So many rows of each kind are shown; the JSON has all."""
_SIDES = ("before", "after")
_NOTHING = said("difference.nothing", "–")
_EFFECT = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "relief_zl", "charge_zl")


def diff_row(found: Comparison, length: timedelta) -> dict[str, Any]:
    """The comparison as plain values."""
    said: dict[str, Any] = msgspec.to_builtins(
        {
            "equal": found.equal,
            "before": found.before,
            "after": found.after,
            "effect": found.effect,
            "members": found.members,
            "known_before": found.known_before,
            "known_after": found.known_after,
            "steps": found.steps,
            "causes": {
                "program": not found.same_program,
                "readings": reading_rows(found.readings, length),
                "master": found.master,
                "settings": found.settings,
                "rates": found.rates,
            },
            "results": found.results,
        },
        str_keys=True,
    )
    return said


def print_diff(found: Comparison, length: timedelta, say: Spoken = ENGLISH) -> None:
    """Print the comparison."""
    printing = _Printing(say)
    before, after = (say("runs.books_now") if name == BOOKS_NOW else name for name in (found.before, found.after))
    console.say(f"{before} → {after}", style="bold")
    if found.equal:
        console.say(say("runs.no_difference"))
    printing.causes(found, reading_rows(found.readings, length))
    if found.equal:
        return
    printing.steps(found)
    printing.members(found)
    for name in ("hours", "shares", "charges", "totals"):
        changed = found.results.get(name, [])
        printing.changes(say(f"run_table.{name}"), changed)


def print_steps(found: Comparison, say: Spoken = ENGLISH) -> None:
    """Print what each cause changed."""
    _Printing(say).steps(found)


class _Printing:
    """A comparison in one language."""

    def __init__(self, say: Spoken) -> None:
        self._say = say
        ends = {"wh": "kWh", "zl": "zł"}
        stems = [name.rpartition("_") for name in _EFFECT]
        heads = [(say(f"column.{stem}"), ends[end]) for stem, _, end in stems]
        self._effect = [head if unit in head else f"{head}, {unit}" for head, unit in heads]

    def steps(self, found: Comparison) -> None:
        say = self._say
        rows = [(self._cause(step.cause), *self._cells(step.effect)) for step in found.steps]
        rows.append((say("site.sum"), *self._cells(found.effect)))
        console.table(say("runs.causes"), (say("runs.cause"), *self._effect), rows, right=self._effect)
        one, other = found.known_before, found.known_after
        if min(one.complete - one.periods, other.complete - other.periods) < 0:
            facts = {"before": one.complete, "of_before": one.periods, "after": other.complete}
            console.say(say("runs.known", of_after=other.periods, **facts))
        if one.unpriced or other.unpriced:
            console.say(say("runs.unpriced", before=one.unpriced, after=other.unpriced))

    def members(self, found: Comparison) -> None:
        rows = [(member, *self._cells(effect)) for member, effect in found.members.items()]
        self._table(self._say("runs.by_member"), (self._say("column.member"), *self._effect), rows, right=self._effect)

    def causes(self, found: Comparison, readings: Sequence[Mapping[str, Any]]) -> None:
        say = self._say
        if not found.same_program:
            console.say(say("runs.other_program"))
        cells = [
            (
                row["point"] + (f", {say('column.meter')} {row['meter']}" if "meter" in row else ""),
                self._way(row.get("direction", "")),
                self._span(row),
                row.get("periods", ""),
                self._kwh(row["before_wh"]) or say("runs.missing") if "before_wh" in row else row["before"],
                self._kwh(row["after_wh"]) or say("runs.missing") if "after_wh" in row else row["after"],
                "; ".join(map(say.note, origins(row))),
            )
            for row in readings
        ]
        before, after = (f"{say(f'runs.{side}')}, kWh" for side in _SIDES)
        count = say("completeness.count")
        heads = [say("column.point"), say("completeness.direction"), say("completeness.when"), count, before, after,
                 say("runs.from_where")]  # fmt: skip
        self._table(say("runs.readings"), heads, cells, right=(count, before, after))
        for name, changed in {**found.master, **found.rates, "settings": found.settings}.items():
            self.changes(name, changed)

    def changes(self, name: str, changed: Sequence[Change]) -> None:
        say = self._say
        heads = [say(f"runs.{head}") for head in ("row", "column", *_SIDES)]
        self._table(f"{name}: {say('runs.numbers_changed', n=len(changed))}", heads, change_cells(changed))

    def _cause(self, cause: str) -> str:
        parts = [part.replace(" ", "_") for part in cause.split(" and ")]
        return ", ".join(self._say(f"run_cause.{part}") for part in parts)

    def _way(self, direction: str) -> str:
        key = f"completeness.{direction}"
        return self._say(key) if self._say.has(key) else direction

    def _span(self, row: Mapping[str, Any]) -> str:
        if "since" not in row:
            return ""
        since, until = (self._say.at(datetime.fromisoformat(row[side])) for side in ("since", "until"))
        return self._say("site.from_to", since=since, until=until)

    def _table(
        self, title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()
    ) -> None:
        if not rows:
            return
        more = f" {self._say('difference.first', shown=_SHOWN)}" if len(rows) > _SHOWN else ""
        console.table(title + more, heads, rows[:_SHOWN], right=right)

    def _kwh(self, wh: int | None) -> str:
        return self._say.number(kwh(wh))

    def _cells(self, one: Effect) -> list[str]:
        energies = [kwh(wh) for wh in (one.drawn_wh, one.injected_wh, one.allocated_wh, one.relieved_wh)]
        return [self._signed(text) for text in (*energies, one.relief_zl, one.charge_zl)]

    def _signed(self, text: str) -> str:
        return ("" if text.startswith("-") or not text.strip("0.") else "+") + self._say.number(text)


def from_where(row: Mapping[str, Any]) -> str:
    """Where a changed value is from, before and after, in English."""
    return "; ".join(one.text for one in origins(row))


def origins(row: Mapping[str, Any]) -> list[Note]:
    """Where a changed value is from: its source, file and quality, each before and after."""
    found = []
    for name in ("source", "file", "quality"):
        if name in row:
            before, after = ([_word(name, word) for word in row[name][side]] or [_NOTHING] for side in _SIDES)
            shown = [", ".join(word.text for word in words) for words in (before, after)]
            facts: dict[str, str | int | list[Note]] = {"before_list": before, "after_list": after}
            found.append(Note(f"difference.{name}", f"{name} {shown[0]} → {shown[1]}", facts))
    return found


def _word(name: str, word: str) -> Note:
    return said("list.all", word, names=word) if name == "file" else Note(f"difference.{name}_word.{word}", word)


def change_cells(changed: Sequence[Change]) -> list[tuple[str, str, str, str]]:
    """Each change as texts: the row, the column, both values."""
    return [(_named(one), one.column, _text(one.before), _text(one.after)) for one in changed]


def _named(one: Change) -> str:
    return " ".join(_text(value) for key, value in one.row.items() if key != "cluster")


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return when(value)
    return "–" if value is None else str(value)
