"""What differs between two runs, as a person reads it in a terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from central.finding import when
from central.register.alignment import Change
from central.register.comparing import Comparison, Effect
from central.register.readings_changed import reading_rows
from central.reports.note import Note, said
from central.reports.register_text import kwh
from runtime import console

_SHOWN = 20
"""So many rows of each kind are shown; the JSON has all."""
_SIDES = ("before", "after")
_NOTHING = said("difference.nothing", "–")
_EFFECT = ("drawn kWh", "injected kWh", "allocated kWh", "relieved kWh", "relief zł", "charge zł")


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


def print_diff(found: Comparison, length: timedelta) -> None:
    """Print the comparison."""
    console.say(f"{found.before} → {found.after}", style="bold")
    if found.equal:
        console.say("equal: every number is the same")
    readings = reading_rows(found.readings, length)
    _causes(found, readings)
    if found.equal:
        return
    print_steps(found)
    rows = [(member, *_cells(effect)) for member, effect in found.members.items()]
    _table("what changed for each member", ("member", *_EFFECT), rows, right=_EFFECT)
    for name in ("hours", "shares", "charges", "totals"):
        changed = found.results.get(name, [])
        _table(f"{name}: {len(changed)} numbers changed", ("row", "column", "before", "after"), change_cells(changed))


def _known(found: Comparison) -> None:
    """What the sums lack: what isn't known counts as nothing in them."""
    one, other = found.known_before, found.known_after
    if min(one.complete - one.periods, other.complete - other.periods) < 0:
        console.say(
            f"The sums are of complete hours alone: {one.complete} of {one.periods} before, "
            f"{other.complete} of {other.periods} after. What isn't known counts as nothing in them."
        )
    if one.unpriced or other.unpriced:
        console.say(
            f"Rows of charges without a rate count as nothing in the sums in zł: {one.unpriced} before, "
            f"{other.unpriced} after."
        )


def print_steps(found: Comparison) -> None:
    """Print what each cause changed."""
    rows = [(step.cause, *_cells(step.effect)) for step in found.steps]
    console.table(
        "what each cause changed", ("cause", *_EFFECT), [*rows, ("all", *_cells(found.effect))], right=_EFFECT
    )
    _known(found)


def _causes(found: Comparison, readings: Sequence[Mapping[str, Any]]) -> None:
    if not found.same_program:
        console.say("they were made by different arithmetic (versions of klaster)")
    cells = [
        (
            f"{row['point']} {row.get('direction', '')}" + (f", meter {row['meter']}" if "meter" in row else ""),
            row.get("local", ""),
            row.get("periods", ""),
            kwh(row["before_wh"]) or "missing" if "before_wh" in row else row["before"],
            kwh(row["after_wh"]) or "missing" if "after_wh" in row else row["after"],
            from_where(row),
        )
        for row in readings
    ]
    heads = ("point", "from to", "periods", "before kWh", "after kWh", "from where")
    _table("readings that changed", heads, cells, right=("periods", "before kWh", "after kWh"))
    for name, changed in {**found.master, **found.rates, "settings": found.settings}.items():
        _table(f"{name} that changed", ("row", "column", "before", "after"), change_cells(changed))


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


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    if not rows:
        return
    more = f" (the first {_SHOWN}; --json has all)" if len(rows) > _SHOWN else ""
    console.table(title + more, heads, rows[:_SHOWN], right=right)


def _cells(one: Effect) -> tuple[str, ...]:
    energies = (one.drawn_wh, one.injected_wh, one.allocated_wh, one.relieved_wh)
    return (*(_signed(kwh(wh)) for wh in energies), _signed(one.relief_zl), _signed(one.charge_zl))


def _signed(text: str) -> str:
    return text if text.startswith("-") or not text.strip("0.") else f"+{text}"
