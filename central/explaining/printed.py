"""An explanation as a person reads it in a terminal: a tree, in English."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.text import Text
from rich.tree import Tree

from central.explaining.step import Said, Step
from central.explaining.telling import amount, sentence
from central.web.words import ENGLISH, NBSP
from runtime import console

_WIDEST: Final = 100
"""Columns of a terminal that are used: longer lines are hard to read."""
_PIPED: Final = 80
_QUESTIONS: Final = 4


def print_explained(step: Step, *, payload: bool, command: Sequence[str]) -> None:
    """The tree, then what doesn't add up, then the messages' own bytes where they are asked for, then what to ask.

    ``command`` are the words that every question begins with.
    """
    width = min(console.out.width, _WIDEST) if sys.stdout.isatty() else _PIPED
    console.out.print(_tree(step, frozenset(), set()), width=width)
    wrong = step.disagreements
    if wrong:
        console.say("")
        console.say(f"{len(wrong)} numbers don't add up with the books; report this:", style="bold red")
        for one in wrong:
            console.say(f"  {_said(one.what)}: made {one.value}, the books say {one.told}")
    messages = list(_with_message(step)) if payload else []
    for one in messages:
        _message(one)
    if payload and not messages:
        console.say("")
        console.say("No stand is told here, so there are no bytes: ask for a point's hour (--point, --hour).")
    if asks := _next(step):
        console.say("")
        console.say("Ask on:")
        for ask in asks:
            words = [word for name, value in ask.items() for word in (f"--{name}", value)]
            console.out.print(Text(console.plain("  " + shlex.join([*command, *words]))), soft_wrap=True)


def _next(step: Step) -> list[dict[str, str]]:
    """Of the numbers that are told without what makes them the largest of each kind."""
    largest: dict[str, tuple[Decimal, dict[str, str]]] = {}
    for one in _leaves(step):
        if one.ask is None or one.value is None or one.ask == step.ask:
            continue
        value, kind = abs(Decimal(one.value)), one.ask["quantity"]
        if value and (kind not in largest or value > largest[kind][0]):
            largest[kind] = value, one.ask
    return [ask for _, ask in largest.values()][:_QUESTIONS]


def _leaves(step: Step) -> Iterator[Step]:
    if not step.parts:
        yield step
    for part in step.parts:
        yield from _leaves(part)


def _tree(step: Step, told: frozenset[str], explained: set[str]) -> Tree:
    """``told``: notes that stand above already; ``explained``: questions whose answers do."""
    head = Text.assemble((_plain(amount(ENGLISH, step.value, step.unit)), "bold"), "  ", _said(step.what))
    if step.wrong:
        books = sentence(ENGLISH, "wrong", {"told": amount(ENGLISH, step.told, step.unit)}).unescape()
        head.append(f"  {_plain(books)}", style="bold red")
    for one in step.how:
        head.append(f"\n{_said(one)}", style="dim")
    notes = [note for note in map(_said, step.notes) if note not in told]
    for note in notes:
        head.append(f"\n! {note}", style="yellow")
    made = Tree(head, guide_style="dim")
    if step.ask is not None and step.parts:
        question = repr(sorted(step.ask.items()))
        if question in explained:
            head.append(f"\n{_said(Said('as_above'))}", style="dim")
            return made
        explained.add(question)
    for part in step.parts:
        made.children.append(_tree(part, told.union(notes), explained))
    return made


def _said(one: Said) -> str:
    return _plain(sentence(ENGLISH, one.key, one.facts).unescape())


def _plain(text: str) -> str:
    """The page's blanks that don't break are none of a terminal's."""
    return console.plain(text.replace(NBSP, " "))


def _with_message(step: Step) -> Iterator[Step]:
    if step.raw is not None:
        yield step
    for part in step.parts:
        yield from _with_message(part)


def _message(step: Step) -> None:
    raw = step.raw
    if raw is None:
        return
    console.say("")
    console.say(f"{_said(step.what)}: row {raw.row} of the journal, SHA-256 {raw.digest}", style="bold")
    if raw.first < 0:
        console.say(raw.payload.decode(errors="replace"))
        return
    console.say(f"bytes {raw.first} to {raw.last} of {len(raw.payload)} are the stand:")
    parts = (raw.payload[: raw.first], raw.payload[raw.first : raw.last], raw.payload[raw.last :])
    before, stand, after = (console.plain(part.decode(errors="replace")) for part in parts)
    console.out.print(Text.assemble((before, "dim"), (stand, "bold reverse"), (after, "dim")), soft_wrap=True)
