"""The list that must hold before a month is closed: what is in, answered, estimated, priced and proved.

A gap that somebody accepts by name is no obstacle, be it that nobody has the values or only that no file has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec
import numpy as np
import pyarrow.compute as pc

from central.books import Books, Settled
from central.completeness import completeness
from central.completeness_seen import seen_around
from central.deadlines import given
from central.evidence import GRACE
from central.finding import when
from central.register.accepted import gap_text, missing, unaccepted
from central.register.from_books import of_month
from central.register.keeping import Register
from central.register.making import Asked
from central.register.manifest import AcceptedGap, RunError
from central.register.opening import open_run
from central.register.verifying import verify
from central.stretches import stretches
from metering.period import Month

_NAMED = 20
_OF_GAPS: Final = frozenset({"incomplete_month", "missing", "two_values", "fall"})
"""Findings that are answered when the gaps they tell of are accepted."""
_OF_RATES: Final = "rate_missing"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list."""

    name: str
    done: bool
    text: str
    details: tuple[str, ...] = ()


def closing(
    books: Books, register: Register, month: Month, now: datetime, accepted: Sequence[AcceptedGap] | None = None
) -> list[Item]:
    """Every line, done or not; ``accepted``: by default those of the month's approved run, or of its newest.

    Raises:
        StoreDownError, OSError, sqlite3.Error: the books can't be read.
    """
    runs, approved, item = _runs(register, month)
    if accepted is None:
        rests_on = approved or (runs[-1] if runs else "")
        accepted = register.run(rests_on).manifest.accepted if rests_on and item.done else ()
    settled = books.settled(month)
    lacking = missing(settled.tables, settled.hours, settled.gaps, settled.cluster.settings, month)
    without = unaccepted(lacking, accepted)
    files = unaccepted(_not_in(books, settled, now), accepted)
    said = f"approved: {approved}" if approved else "no run of it is approved: approve CONFIG RUN --by NAME"
    return [
        _line("ended", [] if now >= month.end + GRACE else [f"it ends at {when(month.end)}"], "the month has ended"),
        _line("complete", [f"{gap_text(one)}: missing" for one in without], _complete(lacking)),
        _line("files", [f"{gap_text(one)}: not in an operator's file" for one in files], "operators' files are in"),
        _findings(books, month, now, gaps=not without),
        _estimates(settled),
        _rates(settled),
        item,
        Item(name="approved", done=bool(approved), text=said),
    ]


def closing_reasons(books: Books, register: Register, month: Month, asked: Asked, now: datetime) -> list[str]:
    """Why a final can't be made now; raises as ``closing``."""
    accepted = asked.accepted or None
    return [text for one in closing(books, register, month, now, accepted) if not one.done for text in reasons(one)]


def reasons(item: Item) -> list[str]:
    """What a line that isn't done lacks."""
    return [f"{item.name}: {text}" for text in (item.details or (item.text,))]


def _line(name: str, wrong: Sequence[str], right: str) -> Item:
    more = [f"… and {len(wrong) - _NAMED} more"] if len(wrong) > _NAMED else []
    count = f"{len(wrong)} open"
    return Item(
        name=name, done=not wrong, text=count if wrong else right, details=(*wrong[:_NAMED], *more) if wrong else ()
    )


def _complete(lacking: Sequence[AcceptedGap]) -> str:
    return f"{len(lacking)} gaps, each accepted by name" if lacking else "every value is there"


def _not_in(books: Books, settled: Settled, now: datetime) -> list[AcceptedGap]:
    """What rests on operators' files and isn't in them."""
    whole = completeness(settled.tables, settled.gaps, settled.cluster.settings, settled.month.end + 2 * GRACE)
    seen = seen_around(books, settled, now)
    had = given(whole, settled.operator, seen.versions, seen.imported)
    days: list[date] = list(whole.days.days)
    theirs = np.array([[seen.operator(*line, day) is not None for line in whole.lines] for day in days], dtype=np.bool_)
    if not theirs.any():
        return []
    lacks = whole.grid.valid[:, whole.place] & theirs[whole.days.of] & ~had.known
    return [
        AcceptedGap(
            point=whole.lines[one.p].point,
            direction=whole.lines[one.p].direction,
            since=whole.at(one.first),
            until=whole.at(one.last),
            reason="",
        )
        for one in stretches(lacks)
    ]


def _findings(books: Books, month: Month, now: datetime, *, gaps: bool) -> Item:
    def open_() -> Iterator[str]:
        for known in of_month(books, month, now):
            one = known.finding
            answered = (gaps and one.kind in _OF_GAPS) or one.kind == _OF_RATES
            if one.weight != "watch" and not answered:
                yield f"{known.record.id if known.record else one.key} {one.kind} {one.what}: {one.text}"

    return _line("findings", list(open_()), "no finding of the month is open")


def _estimates(settled: Settled) -> Item:
    found = tuple(
        f"{one.estimate.id} {one.estimate.point} {one.estimate.direction.value} {one.estimate.method}: "
        f"{one.counting} values, {one.counting_wh / 1000:.3f} kWh, by {one.estimate.by}: {one.estimate.reason}"
        for one in settled.outcomes
        if one.counting
    )
    return Item(name="estimates", done=True, text=f"{len(found)} in force" if found else "none", details=found)


def _rates(settled: Settled) -> Item:
    status = {row["values"]: row["counts"] for row in pc.value_counts(settled.charges["rate_status"]).to_pylist()}
    if not settled.tables["rates"].num_rows:
        return Item(name="rates", done=True, text="there are none: money stays empty")
    lacking = status.pop("missing", 0)
    named = ", ".join(f"{count} {name}" for name, count in sorted(status.items()))
    if lacking:
        return Item(name="rates", done=False, text=f"{lacking} charges have no rate", details=())
    marked = "" if set(status) <= {"verified"} else "; what isn't verified is marked wherever it is shown"
    return Item(name="rates", done=True, text=f"of the charges' rates {named}{marked}")


def _runs(register: Register, month: Month) -> tuple[list[str], str, Item]:
    """The month's runs, the one that is approved, and whether each is what it says."""
    try:
        entries = register.of_month(month)
        runs = [one.run for one in entries if one.what == "run"]
        wrong = []
        for name in runs:
            found = verify(open_run(register.path(name)))
            if not found.equal:
                first = found.differences[0]
                wrong.append(f"{name} isn't recomputed: {first.table}.{first.column}; klaster-central verify tells all")
    except RunError as error:
        return [], "", _line("runs", [str(error)], "")
    approved = [one.run for one in entries if one.what == "approval"]
    return runs, approved[-1] if approved else "", _line("runs", wrong, f"{len(runs)} verified")
