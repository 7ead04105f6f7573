"""An explanation as a person reads it in a terminal: a tree, in the language that is asked for."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

import click
from rich.text import Text
from rich.tree import Tree

from central.explaining.step import Said, Step
from central.explaining.telling import amount, sentence
from central.web.words import NBSP, Words
from runtime import console

_WIDEST: Final = 100
"""Columns of a terminal that are used: longer lines are hard to read."""
_PIPED: Final = 80
_QUESTIONS: Final = 4
_GLUE: Final = "\ue000"
"""Stands for a blank at which a line of the tree may not end: a number stays whole. No text has it (``plain``)."""


def print_explained(step: Step, words: Words, *, payload: bool, command: Sequence[str]) -> None:
    """The tree, then what doesn't add up, then the messages' own bytes where they are asked for, then what to ask.

    ``command`` are the words that every question begins with.
    """
    width = min(console.out.width, _WIDEST) if sys.stdout.isatty() else _PIPED
    with console.out.capture() as drawn:
        console.out.print(_Telling(words).tree(step, frozenset()), width=width)
    click.echo(drawn.get().replace(_GLUE, " "), nl=False)
    wrong = step.disagreements
    if wrong:
        console.say("")
        console.say(_plain(words("explain.printed.wrong", n=len(wrong)).unescape()), style="bold red")
        for one in wrong:
            made, told = (amount(words, value, one.unit) for value in (one.value, one.told))
            line = words("explain.printed.wrong_one", what=_said(words, one.what), made=made, told=told)
            console.say(f"  {_plain(line.unescape())}")
    messages = list(_with_message(step)) if payload else []
    for one in messages:
        _message(one, words)
    if payload and not messages:
        console.say("")
        console.say(_plain(words("explain.printed.no_bytes").unescape()))
    if asks := _next(step):
        console.say("")
        console.say(_plain(words("explain.printed.ask_on").unescape()))
        for ask in asks:
            asked = [word for name, value in ask.items() for word in (f"--{name}", value)]
            console.out.print(Text(console.plain("  " + shlex.join([*command, *asked]))), soft_wrap=True)


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


class _Telling:
    """One tree in one language; what stands above already isn't told again."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._explained: set[str] = set()
        """Questions whose answers stand above."""

    def tree(self, step: Step, told: frozenset[str]) -> Tree:
        """``told``: notes of the steps above."""
        words = self._words
        head = Text.assemble((_glued(amount(words, step.value, step.unit)), "bold"), "  ", self._said(step.what))
        if step.wrong:
            books = sentence(words, "wrong", {"told": amount(words, step.told, step.unit)}).unescape()
            head.append(f"  {_glued(books)}", style="bold red")
        for one in step.how:
            head.append(f"\n{self._said(one)}", style="dim")
        notes = [note for note in map(self._said, step.notes) if note not in told]
        for note in notes:
            head.append(f"\n! {note}", style="yellow")
        made = Tree(head, guide_style="dim")
        if step.ask is not None and step.parts:
            question = repr(sorted(step.ask.items()))
            if question in self._explained:
                head.append(f"\n{self._said(Said('as_above'))}", style="dim")
                return made
            self._explained.add(question)
        for part in step.parts:
            made.children.append(self.tree(part, told.union(notes)))
        return made

    def _said(self, one: Said) -> str:
        return _glued(sentence(self._words, one.key, one.facts).unescape())


def _said(words: Words, one: Said) -> str:
    return _plain(sentence(words, one.key, one.facts).unescape())


def _plain(text: str) -> str:
    """The page's blanks that don't break are none of a terminal's."""
    return console.plain(text.replace(NBSP, " "))


def _glued(text: str) -> str:
    return _GLUE.join(map(console.plain, text.split(NBSP)))


def _with_message(step: Step) -> Iterator[Step]:
    if step.raw is not None:
        yield step
    for part in step.parts:
        yield from _with_message(part)


def _message(step: Step, words: Words) -> None:
    raw = step.raw
    if raw is None:
        return
    console.say("")
    facts = {"what": _said(words, step.what), "row": raw.row, "digest": raw.digest}
    console.say(_plain(words("explain.printed.message", **facts).unescape()), style="bold")
    if raw.first < 0:
        console.say(raw.payload.decode(errors="replace"))
        return
    place = {"first": raw.first, "last": raw.last, "size": len(raw.payload)}
    console.say(_plain(words("explain.printed.bytes", **place).unescape()))
    parts = (raw.payload[: raw.first], raw.payload[raw.first : raw.last], raw.payload[raw.last :])
    before, stand, after = (console.plain(part.decode(errors="replace")) for part in parts)
    console.out.print(Text.assemble((before, "dim"), (stand, "bold reverse"), (after, "dim")), soft_wrap=True)
