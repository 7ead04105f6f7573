"""Files of readings as a command names them: ``FILE``, or ``PPE=FILE`` for one that names no point."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from central.imports.found import NOTHING_GIVEN, Given, LacksError
from metering.point import point_id_problem

_NAMED = re.compile(r"(?P<point>[A-Za-z0-9_-]+)(?::(?P<direction>[a-z]+))?=(?P<file>.+)", re.DOTALL)
_DIRECTIONS: Final = ("drawn", "injected")


class NamedFile(NamedTuple):
    """A file, and what the person who named it said of it."""

    path: Path
    given: Given = NOTHING_GIVEN


def named_file(word: Path) -> NamedFile:
    """What is meant by ``FILE``, ``PPE=FILE``, ``PPE:drawn=FILE`` or ``PPE:injected=FILE``.

    A file whose own name looks like one of these is that file.

    Raises:
        ValueError: the point can't be one, or the direction is neither, with what is wrong.
    """
    if not (found := _NAMED.fullmatch(str(word))) or word.exists():
        return NamedFile(word)
    direction = found["direction"] or ""
    if direction and direction not in _DIRECTIONS:
        raise ValueError(f"direction {direction[:40]!r}: expected drawn or injected")
    if problem := point_id_problem(found["point"]):
        raise ValueError(f"point {found['point']}: {problem}")
    return NamedFile(Path(found["file"]), Given(found["point"], direction))


def way_out(error: LacksError, file: NamedFile) -> str:
    """How to say on the command line what a file doesn't say itself."""
    if error.lacks == "point":
        return f"say whose it is: --readings PPE={file.path}"
    return f"say it: --readings {file.given.point or 'PPE'}:drawn={file.path}, or :injected"
