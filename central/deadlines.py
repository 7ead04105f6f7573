"""By when an operator's data of a day must be there (metering regulation, § 16 ust. 1-2), and who is late.

The regulation's percentages are of all that the operator reads; here they are taken of the cluster's own points of that
operator, and a value counts as there from the moment at which the first file with it was imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from central.completeness import WAYS, Completeness
from central.grid import Bools, lay_out, seconds
from metering.period import WARSAW, day_start, utc_text

Floats = npt.NDArray[np.float64]


class Deadline(NamedTuple):
    """A share of a day's data that must be there."""

    name: str
    days: int
    """So many local days after the day."""
    at: time
    """Local time; 24:00 of a day is 0:00 of the next."""
    pct: int

    def due(self, day: date) -> datetime:
        """When it passes for the data of a day (UTC)."""
        return datetime.combine(day + timedelta(days=self.days), self.at, WARSAW).astimezone(UTC)


DEADLINES: Final = (
    Deadline("n+1", 1, time(9), 90),
    Deadline("n+3", 3, time(12), 94),
    Deadline("n+7", 8, time(0), 96),
    Deadline("30 days", 31, time(0), 100),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What operators gave, (T, L)."""

    known: Bools
    since: Floats
    """When the first file with it was imported, in seconds since 1970; infinite where that isn't known."""


def given(whole: Completeness, operator: pa.Table, versions: pa.Table, imported: Mapping[int, float]) -> Given:
    """What operators gave of each line's periods, and since when it was there.

    ``operator`` is ``central.operator_energies.OPERATED``, ``versions`` are ``central.readings.INTERVALS`` with their
    older versions, ``imported`` says when each file was, in seconds since 1970.
    """
    shape = whole.due.shape
    known, since = np.zeros(shape, dtype=np.bool_), np.full(shape, np.inf)
    if not operator.num_rows or not shape[0]:
        return Given(known, since)
    first = versions.filter(pc.and_(pc.equal(versions["version"], 1), pc.not_equal(versions["kind"], "billing")))
    files = first["file"].to_numpy()
    numbers, of = np.unique(files, return_inverse=True)
    came = np.array([imported.get(number, np.inf) for number in numbers.tolist()])[of] if len(files) else np.zeros(0)
    for way in WAYS:
        chosen = np.array([line.direction == way for line in whole.lines], dtype=np.bool_)
        _, there = lay_out(operator, way, whole.grid.starts, whole.grid.points)
        known[:, chosen] = there[:, whole.place[chosen]]
        rows = pc.equal(first["direction"], way).to_numpy()
        arrived = _arrived(whole, first.filter(pa.array(rows)), came[rows])
        since[:, chosen] = arrived[:, whole.place[chosen]]
    return Given(known, np.where(known, since, np.inf))


def _arrived(whole: Completeness, rows: pa.Table, came: Floats) -> Floats:
    """(T, P) when each period's value, or the last of its quarters, came first."""
    unique = {name: u for u, name in enumerate(dict.fromkeys(whole.grid.points))}
    shape = len(whole.grid.starts), len(unique)
    found, last = np.full(shape, np.inf), np.zeros(shape)
    count = np.zeros(shape, dtype=np.int64)
    places = pa.array(unique, pa.string())
    p = pc.fill_null(pc.index_in(rows["point"], value_set=places), -1).to_numpy().astype(np.int64)
    t = (seconds(rows["start"]) - int(whole.grid.starts[0])) // whole.length_s
    length = rows["length"].to_numpy()
    inside = (p >= 0) & (t >= 0) & (t < shape[0])
    direct = inside & (length == whole.length_s)
    np.minimum.at(found, (t[direct], p[direct]), came[direct])
    parts = inside & (length < whole.length_s) & pc.equal(rows["kind"], "raw").to_numpy()
    np.maximum.at(last, (t[parts], p[parts]), came[parts])
    np.add.at(count, (t[parts], p[parts]), 1)
    whole_hour = count >= whole.length_s // 900
    came_at: Floats = np.where(whole_hour, np.minimum(found, last), found)
    return came_at[:, [unique[name] for name in whole.grid.points]]


def operators(
    whole: Completeness, had: Given, names: Sequence[Sequence[str | None]], now: datetime
) -> list[dict[str, Any]]:
    """Each operator's days against their deadlines, as plain values; those who are late now come first.

    ``names`` (D, L) is whose data each line's day is; None where it doesn't rest on an operator's. ``state`` of a
    deadline: ``met`` by then, ``met_late``, ``late`` (passed, and still not met) or ``due`` (not passed yet).
    """
    at = {one: place for place, one in enumerate(sorted({name for row in names for name in row if name is not None}))}
    owner = np.array([[-1 if name is None else at[name] for name in row] for row in names], dtype=np.int64)
    found = []
    for name, code in at.items():
        days = list(_days(whole, had, owner.reshape(len(names), -1) == code, now))
        states = [one["state"] for day in days for one in day["deadlines"]]
        late = [one for day in days for one in day["deadlines"] if one["state"] == "late"]
        found.append(
            {
                "operator": name,
                "lines": int((owner == code).any(axis=0).sum()),
                "late": len(late),
                "late_since": min((one["due"] for one in late), default=None),
                "states": {state: states.count(state) for state in ("met", "met_late", "late", "due")},
                "days": days,
            }
        )
    return sorted(found, key=lambda one: (-one["late"], one["operator"]))


def _days(whole: Completeness, had: Given, mine: Bools, now: datetime) -> Iterator[dict[str, Any]]:
    first = np.searchsorted(whole.days.of, np.arange(len(whole.days.days) + 1))
    for d, day in enumerate(whole.days.days):
        part = slice(int(first[d]), int(first[d + 1]))
        wanted = whole.grid.valid[part][:, whole.place] & mine[d]
        expected = int(wanted.sum())
        if not expected or now < day_start(day + timedelta(days=1)):
            continue
        present = int((wanted & had.known[part]).sum())
        yield {
            "day": day.isoformat(),
            "expected": expected,
            "present": present,
            "deadlines": [_met(one, day, expected, present, wanted, had.since[part], now) for one in DEADLINES],
        }


def _met(
    one: Deadline, day: date, expected: int, present: int, wanted: Bools, since: Floats, now: datetime
) -> dict[str, Any]:
    due = one.due(day)
    passed = now >= due
    then = int((wanted & (since <= due.timestamp())).sum()) if passed else None
    enough = present * 100 >= one.pct * expected
    if then is not None and then * 100 >= one.pct * expected:
        state = "met"
    elif enough:
        state = "met_late" if passed else "met"
    else:
        state = "late" if passed else "due"
    return {
        "deadline": one.name,
        "due": utc_text(due),
        "required_pct": one.pct,
        "present_then": then,
        "pct": _pct(present if then is None else then, expected),
        "state": state,
    }


def _pct(part: int, whole: int) -> str:
    """A share in percent, one decimal, cut: 89.99 % is not 90."""
    tenths = 1000 * part // whole
    return f"{tenths // 10}.{tenths % 10}"


def last_passed(day: date, now: datetime) -> Deadline | None:
    """The last deadline for the data of a day that has passed."""
    return next((one for one in reversed(DEADLINES) if one.due(day) <= now), None)


def next_due(day: date, now: datetime) -> Deadline | None:
    """The next one to pass."""
    return next((one for one in DEADLINES if one.due(day) > now), None)
