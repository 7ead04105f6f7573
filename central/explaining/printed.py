"""An explanation as a person reads it in a terminal: a tree, in English."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from rich.tree import Tree

from central.explaining.step import Said, Step
from central.explaining.telling import amount, sentence
from central.web.words import ENGLISH, NBSP
from runtime import console


def print_explained(step: Step, *, payload: bool) -> None:
    """The tree, then what doesn't add up, then the messages' own bytes where they are asked for."""
    console.out.print(_tree(step, frozenset()))
    wrong = step.disagreements
    if wrong:
        console.say("")
        console.say(f"{len(wrong)} numbers don't add up with the books; report this:", style="bold red")
        for one in wrong:
            console.say(f"  {_said(one.what)}: made {one.value}, the books say {one.told}")
    for one in _with_message(step) if payload else ():
        _message(one)


def _tree(step: Step, told: frozenset[str]) -> Tree:
    """``told``: notes that stand above already."""
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
    for part in step.parts:
        made.children.append(_tree(part, told.union(notes)))
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
