"""A point's id as a file writes it."""

from __future__ import annotations

import re
from functools import lru_cache

from central.imports.found import Found, Given, LacksError, NotReadError
from metering.point import POINT_PATTERN, point_id_problem

_EXPONENT = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
_GUARD = re.compile(r'="(.*)"')


@lru_cache(65_536)
def point_of(cell: str) -> str:
    """The id without spaces, an apostrophe or a formula around it.

    Raises:
        ValueError: it can't be a point's id, with what is wrong.
    """
    text = _GUARD.sub(r"\1", cell.strip()).strip().removeprefix("'").replace(" ", "").replace("\u00a0", "")
    if _EXPONENT.fullmatch(text):
        raise ValueError(
            "has an exponent: a spreadsheet has lost its last digits; take the file as the operator sent it"
        )
    if not re.fullmatch(POINT_PATTERN, text):
        raise ValueError("can't be a point's id")
    return text


def check_digit_note(point: str, found: Found, line: int) -> None:
    """Say once that a PPE's check digit is wrong: it is taken as it is."""
    if problem := point_id_problem(point):
        found.doubt(f"point {point}: {problem}", line)


def given_point(given: Given) -> str:
    """The point that the person importing named.

    Raises:
        LacksError: none is named.
    """
    if not given.point:
        raise LacksError("point", "the file names no point")
    return given.point


def given_direction(given: Given, hint: str) -> str:
    """The direction that the person importing named; ``hint`` says where to find it.

    Raises:
        LacksError: none is named.
    """
    if not given.direction:
        raise LacksError("direction", f"the file doesn't say its direction ({hint})")
    return given.direction


def must_agree(stated: str, given: str, what: str) -> None:
    """What the file says of itself and what the person says must be the same.

    Raises:
        NotReadError: they differ.
    """
    if given and given != stated:
        raise NotReadError(f"the file says {what} {stated}, and it was given as {given}")


def directions_agree(found: Found, given: Given) -> None:
    """What was said of the direction must be what every value has, also where the format says it row by row.

    Asked when a file is taken, not when the archive is read again: what was taken once stays readable.

    Raises:
        NotReadError: the file has another direction too.
    """
    for stated in sorted({one.direction for one in found.values}):
        must_agree(stated, given.direction, "direction")
