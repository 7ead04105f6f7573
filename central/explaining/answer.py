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
from central.explaining.case import Case
from central.explaining.evidence import BooksEvidence, case_of
from central.explaining.explain import COMPONENTS, explain
from central.explaining.question import Asked, QuestionError, asked
from central.explaining.run_evidence import case_of_run
from central.explaining.since import books_now
from central.explaining.step import Said, Step, View
from central.explaining.telling import plain
from central.places import without_places
from central.readings import StoreDownError
from central.register.keeping import Register
from central.register.manifest import RUN_ID, RunError, UnknownRunError
from central.register.opening import Run
from central.register.sources import code_digest
from central.standing import standing_books
from central.trouble import TROUBLES, trouble_text
from metering.period import utc_text
from runtime.config import ConfigError

WIDTH: Final = 5
"""How many parts of a long list are told one by one."""
DEPTHS: Final = range(13)
ASKED: Final = ("month", "day", "hour", "member", "point", "component", "zone", "quantity")
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
        if books is not None and books.cluster.name != run.manifest.cluster:
            raise QuestionError(
                f"run: {run.id} is of {run.manifest.cluster[:60]!r}, the configuration of {books.cluster.name[:60]!r}: "
                "explain an exported run of another cluster without the configuration"
            )
        month = words["month"] or run.manifest.month
        if month != run.manifest.month:
            raise QuestionError(f"month: {month[:40]!r} isn't the run's, which is {run.manifest.month}")
        case = case_of_run(run, BooksEvidence(books.config) if books else None)
        question = _asked({**words, "month": month}, case.length)
        return _of_run(run, books, case, question, view or usual_view(question))
    if books is not None:
        question = _asked(words, PERIOD_S[books.cluster.period])
        case = case_of(books, question.month)
    else:
        raise ValueError("books or a run")
    return explain(case, question, view or usual_view(question))


def _of_run(run: Run, books: Books | None, case: Case, question: Asked, view: View) -> Step:
    """A run's number, with who made the run, and what the books say of it by now."""
    made = run.manifest
    facts = {"run": run.id, "made_at": utc_text(made.made), "by": made.by or "–", "digest": run.row.manifest}
    notes = [Said("note.of_run", {**facts, "klaster": made.code.klaster})]
    found = explain(case, question, view)
    if books is not None:
        notes += _books_now(run, books, case, question, found)
    return msgspec.structs.replace(found, notes=(*notes, *found.notes))


def _books_now(run: Run, books: Books, case: Case, question: Asked, found: Step) -> tuple[Said, ...]:
    try:
        today = case_of(books, question.month)
        now = explain(today, question, View(0, WIDTH))
    except QuestionError:
        return (Said("note.books_none"),)
    except StoreDownError:
        return (Said("note.books_down"),)
    same = run.manifest.code.code == code_digest()
    return books_now(case, today, question, found, now, same_program=same)


def _asked(words: Mapping[str, str | None], length: int) -> Asked:
    return asked(**words, length=timedelta(seconds=length), components=COMPONENTS)


def usual_view(question: Asked) -> View:
    """A period's number goes all the way down; a month's and a day's to the periods."""
    return View(8 if question.start is not None else 1 if question.day else 2, WIDTH)


def run_of(books: Books, name: str) -> Run:
    """A run of the register beside the books.

    Raises:
        QuestionError: it is no run's name.
        RunError: there is no such run, or it was changed.
    """
    if not RUN_ID.fullmatch(name):
        raise QuestionError(f"run: {name[:60]!r} is not a run's name like 2026-10-final")
    return Register(books.config.register).run(name)


class Asking(msgspec.Struct, frozen=True):
    """A question as it comes from the page or the API."""

    query: dict[str, str]
    everything: bool = False
    payload: bool = False


def explain_standing(config_file: Path, asking: Asking) -> Answer:
    """Answer in a worker process, of the books it keeps. What can't be asked is a trouble that begins with ``?``.

    No place on the disk is told.
    """
    found = _standing(config_file, asking)
    return found if found.value is not None else without_places(found, config_file)


def _standing(config_file: Path, asking: Asking) -> Answer:
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
    except (QuestionError, UnknownRunError) as error:
        return Answer(None, f"?{error}")
    except (ConfigError, RunError) as error:
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
        "points": sorted({point.id for point in books.cluster.points}),
    }
