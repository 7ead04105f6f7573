"""The matrix as it is printed at the end of a test run."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.faults.account import Account


@dataclass(frozen=True)
class Row:
    """What one cell counted."""

    fault: str
    seed: int
    sent: int
    receipted: int
    in_books: int
    lost: int
    doubled: int
    equal: int
    incomplete: int
    wrong: int

    @classmethod
    def of(cls, fault: str, seed: int, found: Account) -> Row:
        return cls(
            fault,
            seed,
            found.sent,
            found.receipted,
            found.in_books,
            len(found.lost),
            len(found.doubled),
            len(found.equal),
            len(found.incomplete),
            len(found.wrong),
        )


_TITLES = ("fault", "seed", "sent", "receipted", "in books", "lost", "doubled", "hours equal", "incomplete", "wrong")
ROWS: list[Row] = []


def lines() -> list[str]:
    """A header and one line for each cell that has run."""
    cells = [_TITLES, *(tuple(str(getattr(row, one.name)) for one in fields(row)) for row in ROWS)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(_TITLES))]
    return ["  ".join([row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:]))]) for row in cells]
