"""The answer to a question why: of the books, or of a run; for the command, the API and the page alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from central.ask import Answer
from central.books import Books
from central.energies import PERIOD_S
from central.explaining.evidence import BooksEvidence, case_of
from central.explaining.explain import COMPONENTS, explain
from central.explaining.question import Asked, QuestionError, asked
from central.explaining.run_evidence import case_of_run
from central.explaining.step import Step, View
from central.explaining.telling import plain
from central.register.manifest import RUN_ID, RunError
from central.register.opening import Run, open_run
from central.standing import standing_books
from central.trouble import TROUBLES, trouble_text
from runtime.config import ConfigError

WIDTH: Final = 5
"""How many parts of a long list are told one by one."""
DEPTHS: Final = range(13)
ASKED: Final = ("month", "hour", "member", "point", "component", "zone", "quantity")
"""The words of a question."""


def explained(books: Books | None, run: Run | None, query: Mapping[str, str | None], view: View | None) -> Step:
    """Explain a number of the books, or of a run.

    Raises:
        QuestionError: it can't be asked.
        RunError: the run isn't what it was.
        StoreDownError, OSError, sqlite3.Error: the books can't be read.
    """
    words = {name: query.get(name) for name in ASKED}
    if run is not None:
        month = words["month"] or run.manifest.month
        if month != run.manifest.month:
            raise QuestionError(f"month: {month[:40]!r} isn't the run's, which is {run.manifest.month}")
        case = case_of_run(run, BooksEvidence(books.config) if books else None)
        question = _asked({**words, "month": month}, case.length)
    elif books is not None:
        question = _asked(words, PERIOD_S[books.cluster.period])
        case = case_of(books, question.month)
    else:
        raise ValueError("books or a run")
    return explain(case, question, view or usual_view(question))


def _asked(words: Mapping[str, str | None], length: int) -> Asked:
    return asked(**words, length=timedelta(seconds=length), components=COMPONENTS)


def usual_view(question: Asked) -> View:
    """A period's number goes all the way down; a month's to the periods."""
    return View(8 if question.start is not None else 2, WIDTH)


def run_of(books: Books, name: str) -> Run:
    """A run of the register beside the books.

    Raises:
        QuestionError: it is no run's name.
        RunError: there is no such run, or it was changed.
    """
    if not RUN_ID.fullmatch(name):
        raise QuestionError(f"run: {name[:60]!r} is not a run's name like 2026-10-final")
    return open_run(books.config.register / "runs" / name)


class Asking(msgspec.Struct, frozen=True):
    """A question as it comes from the page or the API."""

    query: dict[str, str]
    everything: bool = False
    payload: bool = False


def explain_standing(config_file: Path, asking: Asking) -> Answer:
    """Answer in a worker process, of the books it keeps. What can't be asked is a trouble that begins with ``?``."""
    try:
        books = standing_books(config_file)
        run = run_of(books, asking.query["run"]) if asking.query.get("run") else None
        length = PERIOD_S[books.cluster.period]
        month = run.manifest.month if run else None
        question = _asked(
            {name: asking.query.get(name) for name in ASKED} | ({"month": month} if month else {}), length
        )
        view = View(usual_view(question).depth, None) if asking.everything else None
        step = explained(books, run, asking.query, view)
        return Answer(_answer(step, books, question, asking, run))
    except (QuestionError, RunError) as error:
        return Answer(None, f"?{error}")
    except ConfigError as error:
        return Answer(None, str(error))
    except TROUBLES as error:
        return Answer(None, trouble_text(error))


def _answer(step: Step, books: Books, question: Asked, asking: Asking, run: Run | None) -> dict[str, Any]:
    return {
        "cluster": books.cluster.name,
        "run": run.id if run else None,
        "asked": question.query(),
        "agrees": not step.disagreements,
        "step": plain(step, payload=asking.payload),
        "members": [{"id": member.id, "name": member.name} for member in books.cluster.members],
        "points": [point.id for point in books.cluster.points],
    }
