"""An estimate as it would be recorded: which periods lack a value, what the method gives them, what stands prove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa

from central.books import LOOK_AROUND, Books
from central.estimate import Estimate
from central.estimated import Filled, fill
from central.estimation import METHODS
from central.estimation.history import Given, History, NotEstimatedError
from central.finding import when
from central.grid import Ints, lay_out, seconds
from central.local_days import LocalDays
from central.master import span_table
from central.series import within
from metering.energy import share
from metering.period import EPOCH, Month
from metering.point import Direction


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be estimated, by whom and why."""

    point: str
    direction: Direction | None
    """None: every direction that the point declares and that lacks values."""
    first: datetime
    last: datetime
    """From the first period's start to the last one's end (UTC)."""
    method: str
    parameters: dict[str, str] = {}
    """What the method is given, as it is recorded."""
    reason: str
    by: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One direction's estimate, before or after it is recorded."""

    estimate: Estimate
    given_wh: tuple[int, ...]
    """What the method gave: energies, or of a profile its weights. ``estimate.wh`` are what counts of it."""
    proved: tuple[bool, ...]
    """Of which periods stands prove the sum."""


def make(books: Books, estimates: Sequence[Estimate], asked: Asked, given: Given, now: datetime) -> list[Made]:
    """What would be recorded, one for each direction that lacks values.

    Raises:
        NotEstimatedError: it can't be estimated so; the message says what could.
        StoreDownError: the store's server can't be used.
    """
    length = books.cluster.period.length
    last = min(asked.last, now - (now - asked.first) % length)
    if last <= asked.first:
        raise NotEstimatedError(f"no {books.cluster.period} of the time from {when(asked.first)} has ended yet")
    month = Month.of(asked.first)
    if last > month.end + LOOK_AROUND:
        raise NotEstimatedError(f"at most {LOOK_AROUND.days} days beyond a month's end at once: end it earlier")
    asked = msgspec.structs.replace(asked, last=last)
    found = []
    for direction in _directions(books, asked):
        made = _of_direction(books, month, direction, estimates, asked, given, now)
        if made is not None:
            found.append(made)
    if not found:
        taken = _taken(estimates, asked)
        raise NotEstimatedError(
            f"every period of {asked.point} from {when(asked.first)} to {when(last)} has a value"
            + (f", some by {', '.join(taken)}: take it back first with --undo" if taken else ": nothing is put over it")
        )
    return found


def _directions(books: Books, asked: Asked) -> tuple[Direction, ...]:
    rows = [point for point in books.cluster.points if point.id == asked.point]
    declared = tuple(dict.fromkeys(way for point in rows for way in point.directions))
    if not rows:
        raise NotEstimatedError(f"{books.config.cluster_file}: there is no point {asked.point}")
    if asked.direction is None:
        return declared
    if asked.direction not in declared:
        raise NotEstimatedError(f"{asked.point} doesn't declare {asked.direction}")
    return (asked.direction,)


def _of_direction(
    books: Books,
    month: Month,
    direction: Direction,
    estimates: Sequence[Estimate],
    asked: Asked,
    given: Given,
    now: datetime,
) -> Made | None:
    settled = books.settled(month)
    measured = books.around(month, LOOK_AROUND)["measured"]
    history = _history(books, month, measured, asked.point, direction)
    active = [one for one in estimates if one.undone is None and one.point == asked.point]
    wanted = _wanted(books, history, settled.doubles.to_pylist(), direction, active, asked)
    if not len(wanted):
        return None
    told = {"gaps": settled.gaps, "doubles": settled.doubles}
    draft = Estimate(
        point=asked.point,
        direction=direction,
        method=asked.method,
        parameters=asked.parameters,
        length_s=history.length_s,
        starts=tuple(history.starts[wanted].tolist()),
        wh=(0,) * len(wanted),
        reason=asked.reason,
        by=asked.by,
        at=now,
    )
    shape = METHODS[asked.method](history, wanted, given)
    # Zeros can't contradict what is proved: this shows where stands prove a sum.
    before = fill(measured, told, [*active, draft])[asked.point, direction.value]
    _refuse_parts(before, draft)
    proved = [start in before.proved for start in draft.starts]
    values = _weighed(shape, proved, given.total_wh) if asked.method == "profile" else list(shape)
    filled = fill(measured, told, [*active, msgspec.structs.replace(draft, wh=tuple(values))])
    final = filled[asked.point, direction.value]
    wh = tuple(final.value(start) for start in draft.starts)
    if asked.method == "manual" and wh != tuple(values):
        there = [i for i, is_proved in enumerate(proved) if is_proved]
        raise NotEstimatedError(
            f"{direction}: stands prove {sum(wh[i] for i in there)} Wh for these periods, and the given values are "
            f"{sum(values[i] for i in there)} Wh: the values of each gap must add up to what is proved"
        )
    return Made(estimate=msgspec.structs.replace(draft, wh=wh), given_wh=tuple(shape), proved=tuple(proved))


def _history(books: Books, month: Month, measured: pa.Table, point: str, direction: Direction) -> History:
    table = span_table(books.cluster, str(month), month.start - LOOK_AROUND, month.end + LOOK_AROUND)
    starts = seconds(table["start"])
    wh, known = lay_out(measured, direction.value, starts, [point])
    length_s = int(books.cluster.period.length.total_seconds())
    return History(starts, length_s, wh[:, 0], known[:, 0], LocalDays.of_periods(starts, length_s))


def _wanted(
    books: Books,
    history: History,
    doubles: Sequence[dict[str, object]],
    direction: Direction,
    active: Sequence[Estimate],
    asked: Asked,
) -> Ints:
    """The places of the periods that lack a value, and of which the point is valid."""
    valid = np.zeros(len(history.starts), dtype=np.bool_)
    for row in books.settled(Month.of(asked.first)).tables["points"].to_pylist():
        if row["point"] == asked.point and row[direction.value]:
            valid |= within(row["valid_from"], row["valid_to"], history.starts)
    open_ = within(asked.first, asked.last, history.starts) & valid
    open_ &= ~history.known
    twice = {one["start"] for one in doubles if (one["point"], one["direction"]) == (asked.point, direction.value)}
    if twice & {_at(history, place) for place in np.flatnonzero(open_).tolist()}:
        raise NotEstimatedError(
            f"{direction}: two values are measured for some of these periods, so none counts: name the meter's gateway"
        )
    estimated = {start for one in active if one.direction is direction for start in one.starts}
    open_ &= ~np.isin(history.starts, list(estimated))
    return np.flatnonzero(open_)


def _at(history: History, place: int) -> datetime:
    return EPOCH + timedelta(seconds=int(history.starts[place]))


def _taken(estimates: Sequence[Estimate], asked: Asked) -> list[str]:
    return [
        one.id
        for one in estimates
        if one.undone is None and one.point == asked.point and one.since < asked.last and one.until > asked.first
    ]


def _refuse_parts(filled: Filled, draft: Estimate) -> None:
    """A part of a gap whose sum is proved has no sum of its own."""
    contradicted = [start for start in draft.starts if start in filled.contradicted]
    if contradicted:
        raise NotEstimatedError(
            f"{draft.direction}: what is measured in between is more than stands prove for the whole from "
            f"{_when(contradicted[0])}: look at the meters first"
        )
    partly = [start for start in draft.starts if start in filled.partly]
    if partly:
        raise NotEstimatedError(
            f"{draft.direction}: two stands prove one sum for a gap of which {_when(partly[0])} is a part: estimate "
            "all of it (klaster-central findings names the gap's ends)"
        )


def _when(start: int) -> str:
    return when(EPOCH + timedelta(seconds=start))


def _weighed(weights: Sequence[int], proved: Sequence[bool], total_wh: int | None) -> list[int]:
    """A profile's weights as they are where a sum is proved, and as shares of the given sum elsewhere."""
    free = [weight for weight, is_proved in zip(weights, proved, strict=True) if not is_proved]
    if free and total_wh is None:
        raise NotEstimatedError(f"nothing proves the sum of {len(free)} of these periods: give it with --wh")
    if not free and total_wh is not None:
        raise NotEstimatedError("stands prove the sum of all these periods: leave --wh out")
    if total_wh and not any(free):
        raise NotEstimatedError("the profile's weights of these periods are all zero")
    parts: Iterator[int] = iter(share(total_wh or 0, free))
    return [weight if is_proved else next(parts) for weight, is_proved in zip(weights, proved, strict=True)]
