"""An explained number: what it is, how it comes about, and the numbers that it is made of.

Words are not here: a ``Said`` names a sentence of ``central/web/texts`` below ``explain`` and what is put into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

Fact = str | int | None
"""What is put into a sentence. Its name's ending says what it is: ``_wh`` (whole Wh), ``_zl``, ``_pct`` and ``_num``
(exact decimals), ``_n`` (a count), ``_at`` (an instant of UTC), ``_key`` (another sentence); others are plain text. The
sentence names instants and sentences without these endings."""


class Said(msgspec.Struct, frozen=True):
    """One sentence."""

    key: str
    facts: dict[str, Fact] = {}


def named(where: str, quantity: str, facts: Mapping[str, Fact]) -> Said:
    """What a number is: a quantity, and of what."""
    return Said(f"at.{where}", {"quantity_key": f"quantity.{quantity}", **facts})


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the journal, and where in its bytes a stand is."""

    sequence: int | None
    """The gateway's row of the stand; None where the stand isn't in the message."""
    row: int
    """The message's id in the journal."""
    digest: str
    """SHA-256 of the bytes, hexadecimal; its first 32 digits name the message in its receipt."""
    received: str
    """By central's clock, UTC."""
    payload: bytes
    first: int
    """The place of the stand's first byte in ``payload``; -1 where the stand isn't in it."""
    last: int
    """The place after its last byte."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One explained number."""

    what: Said
    value: str | None = None
    """An exact decimal in ``unit``; None: not known."""
    unit: str = ""
    """Wh, zł, zł/kWh, %, or nothing."""
    how: tuple[Said, ...] = ()
    """The rules by which the parts make the value."""
    told: str | None = None
    """What the tables say, where they say the same number."""
    wrong: bool = False
    """The parts don't make the value that the tables tell."""
    parts: tuple[Step, ...] = ()
    notes: tuple[Said, ...] = ()
    """What to mind."""
    ask: dict[str, str] | None = None
    """The question that explains this number by itself."""
    raw: Raw | None = None

    @property
    def disagreements(self) -> list[Step]:
        """Every step below, and this one, whose parts don't make its value."""
        return [*([self] if self.wrong else []), *(found for part in self.parts for found in part.disagreements)]


class View(msgspec.Struct, frozen=True):
    """How much of a tree is made."""

    depth: int
    """Levels of parts below a step."""
    width: int | None
    """How many parts of a long list are told one by one, the largest first; None: all."""

    @property
    def deeper(self) -> View:
        """One level less."""
        return View(self.depth - 1, self.width)


T = TypeVar("T")


def listed(
    view: View, rows: Sequence[tuple[T, str | int]], unit: str, make: Callable[[T, View], Step]
) -> tuple[Step, ...]:
    """The parts of a sum: the largest of ``rows`` (a part and its value), and all others as one."""
    if view.depth <= 0:
        return ()
    ordered = rows
    if view.width is not None and len(rows) > view.width:
        ordered = sorted(rows, key=lambda row: -abs(Decimal(row[1])))
    shown = ordered[: view.width]
    rest = ordered[len(shown) :]
    parts = tuple(make(what, view.deeper) for what, _ in shown)
    if not rest:
        return parts
    total = sum((Decimal(value) for _, value in rest), Decimal(0))
    return (*parts, Step(what=Said("rest", {"count_n": len(rest)}), value=f"{total:f}", unit=unit))


def step(what: Said, computed: str | int | None, told: str | int | None, **more: Any) -> Step:
    """A step whose value was computed from its parts, compared with what the tables tell."""
    value = None if computed is None else str(computed)
    table = None if told is None else str(told)
    return Step(what=what, value=value, told=table, wrong=value != table, **more)
