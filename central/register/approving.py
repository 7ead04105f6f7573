"""The recorded approval: a person's word that a run's numbers are those of the month."""

from __future__ import annotations

from datetime import datetime

from central.books import Books
from central.register.accepted import gap_text, missing, unaccepted
from central.register.closing import closing, reasons
from central.register.from_books import results
from central.register.keeping import Register
from central.register.making import NotYetError
from central.register.manifest import Entry, RunError
from central.register.opening import Run
from central.register.standing import changed
from central.register.verifying import verify
from metering.period import Month


def approve_run(register: Register, run: Run, books: Books | None, by: str, note: str, now: datetime) -> Entry:
    """Record it; ``books``: those that the run was made from.

    Raises:
        NotYetError: the month can't be closed by this run; nothing was recorded.
        RunError: it isn't a run to approve, or was changed.
        StoreDownError, OSError, sqlite3.Error: books or register can't be used.
    """
    if run.manifest.kind == "final":
        raise RunError(f"{run.id}: a final rests on an approval already: that of {run.manifest.approved}")
    if books is None and run.manifest.source == "books":
        raise RunError(f"{run.id} was made from the books: name central's configuration, so that they are looked at")
    month = Month.parse(run.manifest.month)
    against = _against(run, month)
    if books is not None:
        lines = closing(books, register, month, now, run.manifest.accepted)
        against += [text for one in lines if not one.done and one.name != "approved" for text in reasons(one)]
        against += _books_moved(run, books, month)
    if against:
        raise NotYetError(f"{run.id} can't be approved; nothing was recorded", list(dict.fromkeys(against)))
    return register.approve(run, by, note, now)


def _against(run: Run, month: Month) -> list[str]:
    found = verify(run)
    against = (
        [] if found.equal else [f"runs: it isn't recomputed: {found.count} values differ (klaster-central verify)"]
    )
    lacking = missing(run.inputs(), run.outputs()["hours"], None, run.settings, month)
    return against + [f"complete: {gap_text(one)}: missing" for one in unaccepted(lacking, run.manifest.accepted)]


def _books_moved(run: Run, books: Books, month: Month) -> list[str]:
    for name, table in results(books.settled(month)).items():
        if changed(run.manifest.files.get(f"out/{name}.parquet"), name, table):
            return [f"the books say something else of {name} by now: make a new preliminary run"]
    return []
