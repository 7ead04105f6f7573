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
from central.findings import Known
from central.register.accepted import missing, unaccepted
from central.register.closing_notes import (
    approval_note,
    complete_note,
    estimate_note,
    finding_note,
    missing_note,
    not_in_file_note,
)
from central.register.from_books import of_month
from central.register.keeping import Register
from central.register.making import Asked
from central.register.manifest import AcceptedGap, RunError
from central.register.opening import open_run
from central.register.verifying import verify
from central.reports.note import Note, said
from central.sentence import heard
from central.stretches import stretches
from metering.period import Month, utc_text

_NAMED = 20
_OF_GAPS: Final = frozenset({"incomplete_month", "missing", "two_values", "fall"})
"""Findings that are answered when the gaps they tell of are accepted."""
_OF_RATES: Final = "rate_missing"
_OF_CONDITIONS: Final = "condition_not_met"
"""No word and no later data of the month answers it, and it changes no figure: it is named."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list."""

    name: str
    done: bool
    said: Note
    details_said: tuple[Note, ...] = ()

    @property
    def text(self) -> str:
        """In English."""
        return self.said.text

    @property
    def details(self) -> tuple[str, ...]:
        """In English; a gap as ``--accept-gap`` takes it."""
        return tuple(one.text for one in self.details_said)


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
    found = of_month(books, month, now)
    lacking = missing(settled.tables, settled.hours, settled.gaps, settled.cluster.settings, month)
    without = unaccepted(lacking, accepted)
    files = unaccepted(_not_in(books, settled, now), accepted)
    ends = said("closing.said.ends", f"it ends at {when(month.end)}", ends_at=utc_text(month.end))
    ended = said("closing.said.ended", "the month has ended")
    return [
        _line("ended", [] if now >= month.end + GRACE else [ends], ended),
        _line("complete", [missing_note(one) for one in without], complete_note(lacking)),
        _line("files", [not_in_file_note(one) for one in files], said("closing.said.files", "operators' files are in")),
        _findings(found, gaps=not without),
        _conditions(found),
        _estimates(settled),
        _rates(settled),
        item,
        Item(name="approved", done=bool(approved), said=approval_note(approved)),
    ]


def closing_reasons(books: Books, register: Register, month: Month, asked: Asked, now: datetime) -> list[str]:
    """Why a final can't be made now; raises as ``closing``."""
    accepted = asked.accepted or None
    return [text for one in closing(books, register, month, now, accepted) if not one.done for text in reasons(one)]


def reasons(item: Item) -> list[str]:
    """What a line that isn't done lacks."""
    return [f"{item.name}: {text}" for text in (item.details or (item.text,))]


def _line(name: str, wrong: Sequence[Note], right: Note) -> Item:
    if not wrong:
        return Item(name=name, done=True, said=right)
    count, more = len(wrong), len(wrong) - _NAMED
    rest = [said("closing.said.more", f"… and {more} more", count=more)] if more > 0 else []
    text = said("closing.said.open", f"{count} open", count=count)
    return Item(name=name, done=False, said=text, details_said=(*wrong[:_NAMED], *rest))


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


def _findings(found: Sequence[Known], *, gaps: bool) -> Item:
    def open_() -> Iterator[Note]:
        for known in found:
            one = known.finding
            answered = (gaps and one.kind in _OF_GAPS) or one.kind in {_OF_RATES, _OF_CONDITIONS}
            if one.weight != "watch" and not answered:
                yield _named(known)

    return _line("findings", list(open_()), said("closing.said.findings", "no finding of the month is open"))


def _conditions(found: Sequence[Known]) -> Item:
    wrong = tuple(_named(known) for known in found if known.finding.kind == _OF_CONDITIONS)
    if not wrong:
        return Item(
            name="conditions", done=True, said=said("closing.said.no_conditions", "none is known not to be met")
        )
    text = f"{len(wrong)} not met today; no figure of the month changes by it"
    return Item(
        name="conditions", done=True, said=said("closing.said.conditions", text, count=len(wrong)), details_said=wrong
    )


def _named(known: Known) -> Note:
    return finding_note(known.record.id if known.record else known.finding.key, known.finding)


def _estimates(settled: Settled) -> Item:
    found = tuple(estimate_note(one) for one in settled.outcomes if one.counting)
    if not found:
        return Item(name="estimates", done=True, said=said("closing.said.no_estimates", "none"))
    text = said("closing.said.estimates", f"{len(found)} in force", count=len(found))
    return Item(name="estimates", done=True, said=text, details_said=found)


def _rates(settled: Settled) -> Item:
    if not settled.tables["rates"].num_rows:
        note = said("closing.said.no_rates", "there are none: money stays empty")
        return Item(name="rates", done=True, said=note)
    status = {row["values"]: row["counts"] for row in pc.value_counts(settled.charges["rate_status"]).to_pylist()}
    lacking = status.pop("missing", 0)
    if lacking:
        text = f"{lacking} charges have no rate" if lacking > 1 else "1 charge has no rate"
        return Item(name="rates", done=False, said=said("closing.said.rates_missing", text, n=lacking))
    counts = [
        said("closing.said.rate_count", f"{count} {name}", status_key=f"rate.{name}", count_num=str(count))
        for name, count in sorted(status.items())
    ]
    text = f"of the charges' rates {', '.join(one.text for one in counts)}"
    if set(status) <= {"verified"}:
        return Item(name="rates", done=True, said=said("closing.said.rates", text, rates=[*counts]))
    text += "; what isn't verified is marked wherever it is shown"
    return Item(name="rates", done=True, said=said("closing.said.rates_marked", text, rates=[*counts]))


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
                text = f"{name} isn't recomputed: {first.table}.{first.column}; klaster-central verify tells all"
                wrong.append(said("closing.said.differs", text, run=name, table=first.table, column=first.column))
    except RunError as error:
        wrong = [said("closing.said.broken", str(error), trouble=[heard(str(error))])]
        return [], "", _line("runs", wrong, said("closing.said.verified", "", count=0))
    approved = [one.run for one in entries if one.what == "approval"]
    verified = said("closing.said.verified", f"{len(runs)} verified", count=len(runs))
    return runs, approved[-1] if approved else "", _line("runs", wrong, verified)
