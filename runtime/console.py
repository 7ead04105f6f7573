"""What a person sees in a terminal: tables, one clear message for trouble, exit codes, ``--json``."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Literal, NoReturn

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.config import ConfigError


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    DIFFERS = 1
    """A check failed or two things differ."""
    BAD_INPUT = 2
    """Bad input or usage; nothing was changed."""
    INCOMPLETE = 3
    """Done, but something is missing."""


_PIPED_COLUMNS = 160
"""The width of tables that no terminal shows: wide enough not to fold. ``COLUMNS`` says another one."""


def _width() -> int | None:
    shown = sys.stdout is not None and sys.stdout.isatty()
    return None if shown or os.environ.get("COLUMNS", "").isdigit() else _PIPED_COLUMNS


out = Console(highlight=False, width=_width())
err = Console(stderr=True, highlight=False)


def fail(message: str, code: Exit = Exit.BAD_INPUT) -> NoReturn:
    """Print one message to standard error and end the program."""
    for line in message.split("\n"):
        err.print(Text(plain(line)), soft_wrap=True)
    sys.exit(code)


@contextlib.contextmanager
def config_errors(consequence: str = "nothing was done") -> Iterator[None]:
    """Turn a ``ConfigError`` into its list of problems and exit code 2."""
    try:
        yield
    except ConfigError as error:
        fail(error.told(consequence))


def print_json(answer: object) -> None:
    """One JSON document on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def plain(text: str) -> str:
    """Text from elsewhere as a terminal may show it: no control characters, no escapes."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def say(text: str, *, style: str | None = None) -> None:
    """Print a line that may hold text from elsewhere: no markup, no control characters."""
    out.print(Text(plain(text), style=style or ""), soft_wrap=False)


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Print a table; the columns named in ``right`` are aligned right.

    In a narrow terminal headings and texts are folded, never the first column, numbers and the columns named in
    ``whole`` (dates), since a number that is cut off looks like another one. What doesn't fit then goes on in a line
    below, row by row. Where no terminal is, it spills over the width.
    """
    if title:
        say(title, style="bold")  # the table's own title would be folded at the table's width
    cells = [[Text("" if cell is None else plain(str(cell))) for cell in row] for row in rows]
    made = _made(columns, cells, right, whole, fold_heads=False)
    if made.__rich_measure__(out, out.options.update(width=_ANY_WIDTH)).maximum > out.width:
        made = _made(columns, cells, right, whole, fold_heads=True)
        foldable = [i for i, name in enumerate(columns) if i and name not in right and name not in whole]
        words = [max((cell_len(word) for row in cells for word in row[i].plain.split()), default=0) for i in foldable]
        least = made.__rich_measure__(out, out.options.update(width=_ANY_WIDTH)).minimum
        least -= sum(max(0, word - max(_LEAST_TEXT, len(columns[i]))) for i, word in zip(foldable, words, strict=True))
        if least > out.width and out.width != _PIPED_COLUMNS:
            _print_wrapped(columns, cells, right)
            return
        made.width = least if least > out.width else None
    out.print(made, crop=False)
    out.print()


def _print_wrapped(columns: Sequence[str], rows: Sequence[Sequence[Text]], right: Sequence[str]) -> None:
    """A table whose rows take several lines: what doesn't fit beside the first columns stands indented below them."""
    widths = [max(map(cell_len, [name, *(row[i].plain for row in rows)])) for i, name in enumerate(columns)]
    most = out.width - _INDENT
    widths = [one if not i or columns[i] in right else min(one, most) for i, one in enumerate(widths)]
    lines: list[list[int]] = [[]]
    used = -_GAP
    for i, width in enumerate(widths):
        if lines[-1] and used + _GAP + width > out.width:
            lines.append([])
            used = _INDENT - _GAP
        lines[-1].append(i)
        used += _GAP + width

    def show(cells: Sequence[Text], style: str) -> None:
        for number, line in enumerate(lines):
            folded = [[part.plain.rstrip() for part in cells[i].wrap(out, widths[i])] or [""] for i in line]
            for k in range(max(map(len, folded))):
                parts = [one[k] if k < len(one) else "" for one in folded]
                padded = [_padded(part, widths[i], columns[i] in right) for part, i in zip(parts, line, strict=True)]
                text = (" " * _INDENT if number else "") + (" " * _GAP).join(padded)
                out.print(Text(text.rstrip(), style=style), soft_wrap=True)

    show([Text(name) for name in columns], "bold")
    out.print(Text("─" * min(out.width, max(sum(widths[i] + _GAP for i in line) for line in lines))), soft_wrap=True)
    for row in rows:
        show(row, "")
    out.print()


def _padded(text: str, width: int, to_right: bool) -> str:
    room = " " * (width - cell_len(text))
    return room + text if to_right else text + room


_GAP = 2
"""Blanks between two columns of a wrapped table."""
_INDENT = 4
"""Of the lines in which a row of it goes on."""


_ANY_WIDTH = 10_000
_LEAST_TEXT = 10
"""To how many characters a column of text is narrowed before a table grows wider than the terminal."""


def _made(
    columns: Sequence[str],
    rows: Sequence[Sequence[Text]],
    right: Sequence[str],
    whole: Sequence[str],
    *,
    fold_heads: bool,
) -> Table:
    made = Table(header_style="bold", box=SIMPLE_HEAD)
    made.show_edge = made.pad_edge = False
    made.collapse_padding = True
    for i, name in enumerate(columns):
        justify: Literal["left", "right"] = "right" if name in right else "left"
        head = name.replace(" ", "\n") if fold_heads else name
        unfolded = i == 0 or name in right or name in whole
        least = max(map(cell_len, [*head.split("\n"), *(row[i].plain for row in rows)])) if unfolded else None
        made.add_column(head, justify=justify, overflow="fold", no_wrap=unfolded, min_width=least)
    for row in rows:
        made.add_row(*row)
    return made
