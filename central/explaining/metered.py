"""Where the energy of one point, direction and period is from: two stands, an operator's file, an estimate, nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.explaining.case import Case, Row, at_text
from central.explaining.estimating import estimated, others
from central.explaining.lives import Exchange, Pair, bridges, nearest, pairs
from central.explaining.said_by_operator import operated
from central.explaining.stand import entered, stand
from central.explaining.step import Fact, Said, Step, View, step
from metering.period import Month, utc_text

LOOK_AROUND: Final = timedelta(days=62)
"""How far around the month a settlement looks at stands (``central.books``)."""


def energy(case: Case, point: str, direction: str, start: int, row: Row | None, view: View) -> Step:
    """``row`` is the energy that went into the settlement; None where there is none."""
    what = Said(
        "energy.energy", {"point": point, "direction_key": f"direction.{direction}", "start_at": at_text(start)}
    )
    if row is None:
        return _missing(case, what, point, direction, start, view)
    source = row.get("source")
    if source == "estimate":
        around = [] if case.evidence.read_from else _far(case, settlement_meters(case, point), direction, start)[0]
        return estimated(case, what, row, (point, direction, start), around)
    if source == "operator":
        made = operated(case, what, row, point, direction, view)
        beside = _own_beside(case, point, direction, start)
    else:
        made, beside = from_stands(case, what, row, settlement_meters(case, point), start, view), ()
    notes = (*made.notes, *beside, *others(case, (point, direction, start), measured=True))
    return msgspec.structs.replace(made, notes=notes)


def _own_beside(case: Case, point: str, direction: str, start: int) -> tuple[Said, ...]:
    """What the cluster's own stands say where an operator's value counts."""
    meters = settlement_meters(case, point)
    for one in pairs(near(case, meters, start) or [], meters, direction, start, case.length):
        if (wh := one.known(case.length)) is not None:
            return (Said("note.own_stands", {"wh_wh": wh, "meter": one.meter["serial"]}),)
    return ()


def from_stands(case: Case, what: Said, row: Row, meters: list[Row], start: int, view: View) -> Step:
    """The energy ``row`` (its ``direction`` and ``wh``) as two stands of one of the records of ``meters`` give it."""
    stands = near(case, meters, start)
    if stands is None:
        return Step(what=what, value=str(row["wh"]), unit="Wh", how=_no_stands(case))
    direction, length = row["direction"], case.length
    found, swapped = pairs(stands, meters, direction, start, length), None
    if not any(one.known(length) == row["wh"] for one in found):
        # Two equal stands far apart may prove the zeros between them, and entered stands need whole lives.
        found, swapped = _far(case, meters, direction, start)
    if swapped is not None and (swapped.known(length) == row["wh"] or not found):
        return _exchanged(case, what, row, swapped, view)
    found.sort(key=lambda one: (one.known(length) != row["wh"], one.known(length) is None))
    if not found or found[0].known(length) is None:
        return step(what, None, row["wh"], unit="Wh", how=(Said("rule.no_stands"),))
    first = found[0]
    notes = _beside(found, length)
    if {first.before.row and first.before.row["quality"], first.after.row and first.after.row["quality"]} & {
        "interpolated"
    }:
        notes = (*notes, Said("note.interpolated"))
    return step(
        what,
        first.known(length),
        row["wh"],
        unit="Wh",
        how=(_difference(first, length),),
        parts=_two(case, first, view),
        notes=notes,
    )


def _far(case: Case, meters: list[Row], direction: str, start: int) -> tuple[list[Pair], Exchange | None]:
    """All pairs around a period, and the exchange in it, by everything that the settlement looked at."""
    stands = _whole_lives(case, meters) or []
    more, swapped = bridges(stands, meters, direction, start, case.length)
    return [*pairs(stands, meters, direction, start, case.length), *more], swapped


def _whole_lives(case: Case, meters: list[Row]) -> list[Row] | None:
    """The stands of some meters around the whole month; None: there are none kept."""
    month = Month.parse(case.month)
    first, last = month.start - LOOK_AROUND, month.end + LOOK_AROUND
    names = sorted({row["serial"] for row in meters})

    def read(_: int) -> list[Row] | None:
        table = case.evidence.stands(first, last, names)
        return None if table is None else _of_meters(meters, table)

    return case.kept(f"stands {names}", 0, read)


def _no_stands(case: Case) -> tuple[Said, ...]:
    return case.evidence.read_from or (Said("end.no_stands"),)


def _two(case: Case, pair: Pair, view: View) -> tuple[Step, ...]:
    if view.depth <= 0:
        return ()
    return tuple(
        stand(case, one.row, pair.meter["multiplier"], one.multiplied, view.deeper)
        if one.row
        else entered(one.wh, pair.meter, one.multiplied, "closing" if one is pair.after else "opening", one.at)
        for one in (pair.after, pair.before)
    )


def _difference(pair: Pair, length: int) -> Said:
    count = (pair.after.at - pair.before.at) // length
    facts: dict[str, Fact] = {
        "meter": pair.meter["serial"],
        "gateway": pair.gateway,
        "epoch": pair.epoch,
        "multiplier_num": pair.meter["multiplier"],
        "after_wh": pair.after.multiplied,
        "before_wh": pair.before.multiplied,
        "since_at": at_text(pair.before.at),
        "until_at": at_text(pair.after.at),
        "count_n": count,
    }
    return Said("rule.difference" if count == 1 else "rule.proved_zero", facts)


def _beside(found: list[Pair], length: int) -> tuple[Said, ...]:
    """What other lives say of the same period: nothing, or the same."""
    others = [one for one in found[1:] if one.known(length) is not None]
    return tuple(
        Said("note.other_life", {"meter": one.meter["serial"], "gateway": one.gateway, "epoch": one.epoch})
        for one in others
    )


def _exchanged(case: Case, what: Said, row: Row, swapped: Exchange, view: View) -> Step:
    facts: dict[str, Fact] = {
        "old": swapped.old["serial"],
        "new": swapped.new["serial"],
        "exchanged_at": at_text(swapped.at),
        "closing_wh": swapped.closing,
        "last_wh": swapped.last.multiplied,
        "first_wh": swapped.first.multiplied,
        "opening_wh": swapped.opening,
    }
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        parts = tuple(
            stand(case, one.row, meter["multiplier"], one.multiplied, view.deeper)
            for one, meter in ((swapped.last, swapped.old), (swapped.first, swapped.new))
            if one.row
        )
    how = (Said("rule.exchanged", facts),)
    return step(what, swapped.known(case.length), row["wh"], unit="Wh", how=how, parts=parts)


def _missing(case: Case, what: Said, point: str, direction: str, start: int, view: View) -> Step:
    """Why there is no energy: what lies around the period, and what of it can't count."""
    how = [Said("rule.missing"), *_double(case, point, direction, start)]
    meters = settlement_meters(case, point)
    stands = _whole_lives(case, meters)
    parts: list[Step] = []
    if not [one for one in meters if case.valid(one, start)]:
        how.append(Said("why.no_meter"))
    if stands is None:
        how += _no_stands(case)
    else:
        found, swapped = _far(case, meters, direction, start)
        how += [_why_unknown(one, case.length) for one in found if one.known(case.length) is None]
        if swapped is not None and swapped.known(case.length) is None:
            how.append(_why_exchange(swapped, case.length))
        every = [one.known(case.length) for one in found] + ([swapped.known(case.length)] if swapped else [])
        known = set(every) - {None}
        if len(known) == 1 and not _double(case, point, direction, start):
            how.append(Said("why.came_later", {"wh_wh": known.pop()}))
        before, after = nearest(stands, meters, direction, start)
        how += [
            Said("why.none_before") if before is None else Said("why.last_before", {"at_at": utc_text(before["at"])}),
            Said("why.none_after") if after is None else Said("why.first_after", {"at_at": utc_text(after["at"])}),
        ]
        if view.depth > 0 and found:
            parts = list(_two(case, found[0], view))
    notes = others(case, (point, direction, start), measured=False)
    return Step(what=what, unit="Wh", how=tuple(how), parts=tuple(parts), notes=notes)


def _double(case: Case, point: str, direction: str, start: int) -> list[Said]:
    if case.tables.doubles is None:
        return []
    return [
        Said("why.double", {"low_wh": row["low_wh"], "high_wh": row["high_wh"]})
        for row in case.tables.doubles.to_pylist()
        if (row["point"], row["direction"]) == (point, direction) and row["start"].timestamp() == start
    ]


def _why_unknown(pair: Pair, length: int) -> Said:
    facts: dict[str, Fact] = {
        "since_at": at_text(pair.before.at),
        "until_at": at_text(pair.after.at),
        "sum_wh": pair.after.multiplied - pair.before.multiplied,
        "count_n": (pair.after.at - pair.before.at) // length,
    }
    return Said("why.falls" if pair.after.multiplied < pair.before.multiplied else "why.only_sum", facts)


def _why_exchange(swapped: Exchange, length: int) -> Said:
    facts: dict[str, Fact] = {
        "exchanged_at": at_text(swapped.at),
        "count_n": (swapped.first.at - swapped.last.at) // length,
    }
    facts |= {"old_wh": swapped.closing - swapped.last.multiplied, "new_wh": swapped.first.multiplied - swapped.opening}
    return Said("why.exchange", facts)


def settlement_meters(case: Case, point: str) -> list[Row]:
    """The records of a point's settlement meters."""
    return [row for row in case.dated("meters", point, "point") if row["role"] == "settlement"]


def near(case: Case, meters: list[Row], start: int) -> list[Row] | None:
    """The stands of some meters from a period's start to its end; None: there are none kept."""
    begin = datetime.fromtimestamp(start, UTC)
    end = begin + timedelta(seconds=case.length)
    found = case.kept("near", start, lambda _: case.evidence.stands(begin, end))
    return None if found is None else _of_meters(meters, found)


def _of_meters(meters: list[Row], stands: pa.Table) -> list[Row]:
    names = pa.array(sorted({row["serial"] for row in meters}), pa.string())
    rows: list[Row] = stands.filter(pc.is_in(stands["meter"].cast(pa.string()), value_set=names)).to_pylist()
    return rows
