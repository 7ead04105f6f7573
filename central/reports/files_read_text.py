"""What files of readings gave besides their energies, as a person reads it or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from central.imports.found import WHOLE, Note
from central.operator_readings import FilesRead
from runtime import console

_SHOWN = 50


def files_read_values(read: FilesRead) -> dict[str, Any]:
    """The same as plain values."""
    notes = [{"file": name} | msgspec.to_builtins(note) for name, note in read.notes]
    unused = {"own_unused": read.joined.own_unused, "operator_unused": read.joined.operator_unused}
    return {"rounding": read.rounded, **unused, "notes_of_files": notes}


def print_files_read(read: FilesRead) -> None:
    """Print what is to be said of operators' files, and what rounding did to their values."""
    for name, note in read.notes[:_SHOWN]:
        console.say(f"{name}: {note_text(note)}")
    if len(read.notes) > _SHOWN:
        console.say(f"… and {len(read.notes) - _SHOWN} more notes on files")
    if count := read.joined.own_unused:
        console.say(f"Own values of periods for which the operator's count (precedence): {count}.")
    if count := read.joined.operator_unused:
        console.say(f"Operators' values of periods for which our own count (precedence): {count}.")
    if said := rounding_text(read.rounded):
        console.say(said)


def note_text(note: Note) -> str:
    """A note with its line, where one line says it, and how often it was met."""
    times = f"{note.times} times" if note.times > 1 else ""
    if note.line == WHOLE:
        return f"{note.text} ({times})" if times else note.text
    return f"line {note.line}{f' ({times})' if times else ''}: {note.text}"


def rounding_text(rounding: Mapping[str, int]) -> str:
    """What ``central.operator_energies.ROUNDING`` counts, in a sentence; empty where nothing was rounded."""
    count = rounding["rounded"]
    if not count:
        return ""
    added = Decimal(rounding["rounded_micro_wh"]) / 10**6
    periods = "period's value of an operator was" if count == 1 else "periods' values of operators were"
    how = "summed exactly, then rounded half-up once"
    return f"{count} {periods} finer than 1 Wh: {how}; in all that added {added.normalize():+f} Wh."
