"""What the books know now against the run that stands for a month: late data proposes a correction."""

from __future__ import annotations

from central.books import Books
from central.register.comparing import BOOKS_NOW, Comparison, Side, compare_sides, side_of
from central.register.from_books import results
from central.register.keeping import Register
from central.register.sources import code_digest
from metering.period import Month


def propose(books: Books, register: Register, month: Month) -> Comparison | None:
    """The difference of the standing run to the books; None where the month has no final.

    Raises:
        RunError: the run can't be read.
        StoreDownError, OSError, sqlite3.Error: the books can't be read.
    """
    standing = register.standing(month)
    return None if standing is None else compare_sides(side_of(standing), books_side(books, month))


def books_side(books: Books, month: Month) -> Side:
    """A month as the books know it now."""
    settled = books.settled(month)
    return Side(
        name=BOOKS_NOW,
        cluster=books.cluster.name,
        month=str(month),
        inputs=settled.tables,
        outputs=results(settled),
        settings=books.cluster.settings,
        code=code_digest(),
    )
