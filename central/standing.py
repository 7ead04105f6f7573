"""Books that a worker process keeps between questions: a month is settled anew only when its files have changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from central.answers import Span
from central.ask import Answer, Question, ask
from central.books import Books
from central.config import load_config
from central.marks import Marks, books_marks
from central.places import without_places


class Standing:
    """The books of one configuration, opened anew when a file they rest on has changed."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._books: Books | None = None
        self._rest_on: tuple[Path, Marks] | None = None

    def books(self, config_file: Path) -> Books:
        """The books as they stand now; raises as ``Books.open`` does."""
        config = load_config(config_file)
        # Looked at before anything is read: what comes meanwhile is seen next time.
        rest_on = (config_file, books_marks(config, config_file))
        if self._books is None or rest_on != self._rest_on:
            # The old ones go first: two settlements of a large cluster need not fit into memory.
            self._books = None
            self._books, self._rest_on = Books(config), rest_on
        return self._books


_STANDING = Standing()


def standing_books(config_file: Path) -> Books:
    """The books that this process keeps; raises as ``Books.open`` does."""
    return _STANDING.books(config_file)


def ask_standing(question: Question, config_file: Path, span: Span, now: datetime) -> Answer:
    """As ``ask``, of the books that this process keeps; no place on the disk is told."""
    return without_places(ask(question, config_file, span, now, standing_books), config_file)
