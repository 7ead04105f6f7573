"""How complete a month is now, why what is missing is missing, who is late, and what hangs on it: plain values.

Gathered from the books; what is reckoned is in ``completeness``, ``causes``, ``deadlines`` and ``missing_weight``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from central.answers import Span
from central.books import Books, Settled
from central.causes import Cause, Stretch
from central.completeness import SOURCES, Completeness, completeness
from central.completeness_seen import Seen, seen_around
from central.deadlines import given, operators
from central.missing_weight import Weights, weigh
from metering.period import WARSAW, utc_text

COUNTS = ("expected", "present", *SOURCES, "absent", "proved")
"""What is counted of each point, direction and day."""


def completeness_now(books: Books, span: Span, now: datetime) -> dict[str, Any]:
    """Expected and present periods of the span's month by point, direction and local day, and what is missing.

    ``days`` are the local days; in each of ``points`` ``by_day`` has for every count a list beside them. ``missing``
    are the stretches, the one on which most money hangs first (``central.missing_weight``).

    Raises:
        StoreDownError: the store's server can't be used.
    """
    settled = books.settled(span.month)
    whole = completeness(settled.tables, settled.gaps, settled.cluster.settings, now)
    seen = seen_around(books, settled, now)
    points = list(_points(whole))
    incomplete = whole.missing.any(axis=1)
    return {
        "cluster": settled.cluster.name,
        "period": settled.cluster.period.value,
        "span": str(span.month),
        "now": utc_text(now),
        "complete": not incomplete.any(),
        "incomplete_periods": int(incomplete.sum()),
        **_sums(points),
        "days": [day.isoformat() for day in whole.days.days],
        "due": whole.days.due.tolist(),
        "points": points,
        "missing": _missing(whole, settled, seen),
        "operators": _operators(whole, settled, seen, now),
    }


def of_points(answer: dict[str, Any], chosen: Collection[str]) -> dict[str, Any]:
    """The same answer of some points alone; operators, and how many periods are incomplete, stay the cluster's."""
    points = [one for one in answer["points"] if one["point"] in chosen]
    missing = [one for one in answer["missing"] if one["point"] in chosen]
    return answer | {"complete": not missing, **_sums(points), "points": points, "missing": missing}


def _sums(points: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(one[name] for one in points) for name in COUNTS}


def _points(whole: Completeness) -> Iterator[dict[str, Any]]:
    """Each line with its counts, in all and by day."""
    counts = {
        "expected": whole.by_day(whole.due),
        **{name: whole.by_day(whole.due & (whole.source == code)) for code, name in enumerate(SOURCES)},
        "absent": whole.by_day(whole.missing),
        "proved": whole.by_day(whole.proved),
    }
    counts["present"] = counts["expected"] - counts["absent"]
    for i, line in enumerate(whole.lines):
        yield {
            "point": line.point,
            "member": whole.grid.members[whole.place[i]],
            "direction": line.direction,
            **{name: int(table[:, i].sum()) for name, table in counts.items()},
            "by_day": {name: table[:, i].tolist() for name, table in counts.items()},
        }


def _missing(whole: Completeness, settled: Settled, seen: Seen) -> list[dict[str, Any]]:
    weights = weigh(whole, settled.tables, settled.cluster.settings)
    sums = {
        (row["point"], row["direction"], row["since"], row["until"]): row["then_wh"] - row["first_wh"]
        for row in settled.gaps.to_pylist()
        if row["proved"]
    }
    found = []
    for one in whole.stretches():
        line, since, until = whole.lines[one.p], whole.at(one.first), whole.at(one.last)
        stretch = Stretch(point=line.point, direction=line.direction, since=since, until=until)
        operator = seen.operator(line.point, line.direction, since.astimezone(WARSAW).date())
        proved = int(whole.proved[one.first : one.last, one.p].sum())
        found.append(
            {
                "point": line.point,
                "member": whole.grid.members[whole.place[one.p]],
                "direction": line.direction,
                "since": utc_text(since),
                "until": utc_text(until),
                "periods": one.last - one.first,
                "proved": proved,
                "proved_wh": sums.get((line.point, line.direction, since, until)),
                **_weight(weights, one.p, slice(one.first, one.last)),
                "causes": [_cause(one) for one in seen.causes.of(stretch, operator)],
                "asked": _asked(seen, stretch),
            }
        )
    return [{"rank": i + 1, **one} for i, one in enumerate(sorted(found, key=_order))]


def _cause(one: Cause) -> dict[str, Any]:
    """``evidence`` is what ``said`` says in English."""
    found = msgspec.to_builtins(one)
    return {"cause": found.pop("cause"), "evidence": one.said.text, **found}


def _weight(weights: Weights, line: int, part: slice) -> dict[str, Any]:
    """``weight_zl``: the cluster's relief that the periods hold back; ``like_wh`` the guess it rests on."""
    relief, charge = float(weights.relief[part].sum()), float(weights.charge[part, line].sum())
    guess = float(weights.guess[part, line].sum())
    return {
        "weight_zl": None if math.isnan(relief) else f"{relief:.2f}",
        "charge_zl": None if math.isnan(charge) else f"{charge:.2f}",
        "like_wh": None if math.isnan(guess) else round(guess),
    }


def _order(one: Mapping[str, Any]) -> tuple[float, float, int, str, str]:
    weight, charge = (float(one[name] or 0) for name in ("weight_zl", "charge_zl"))
    return -weight, -charge, -one["periods"], one["point"], one["since"]


def _asked(seen: Seen, stretch: Stretch) -> list[dict[str, Any]]:
    """When which gateway was asked by itself for what is missing, and when it is asked again at the earliest."""
    return [
        {"gateway": one.gateway, "times": one.times, "at": utc_text(one.at), "again": utc_text(one.again)}
        for one in seen.asked.get(stretch.point, ())
        if one.since < stretch.until and one.until > stretch.since
    ]


def _operators(whole: Completeness, settled: Settled, seen: Seen, now: datetime) -> list[dict[str, Any]]:
    names = [[seen.operator(*line, day) for line in whole.lines] for day in whole.days.days]
    had = given(whole, settled.operator, seen.versions, seen.imported)
    return operators(whole, had, names, now)
