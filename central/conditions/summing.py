"""A month's settlement as sums of hours: what each point drew, injected and generated, or could have at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.cluster.model import Cluster, Installation, Meter, Point
from central.conditions.hours import OPEN, PARTS, Hours, MonthSums, PointSums, point_key
from central.conditions.powers import added, generators, power_bound, within
from central.grid import Bools, Ints, seconds
from central.tables import BEHIND, STORAGES
from central.validity import valid_instants
from metering.period import Month
from metering.point import Direction, Role

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Laid:
    """A month's shares laid out (T, P), a column for each point's id."""

    starts: Ints
    valid: Bools
    drawn: Ints
    drawn_known: Bools
    injected: Ints
    injected_known: Bools


def month_sums(
    cluster: Cluster, month: Month, tables: Mapping[str, pa.Table], until: datetime | None = None
) -> MonthSums:
    """The sums of a settled month: ``tables`` are its ``shares`` and ``storages``, and ``behind`` where there are such.

    All members count, also those without relief. Nothing lacks from ``until`` on: it is yet to come.
    """
    return _Summing(cluster, month, tables, until or month.end).done()


class _Summing:
    """Adds up one month, point by point."""

    def __init__(self, cluster: Cluster, month: Month, tables: Mapping[str, pa.Table], until: datetime) -> None:
        self._cluster, self._month = cluster, month
        self._length_s = int(cluster.period.length.total_seconds())
        self._ids = sorted({point.id for point in cluster.points}, key=str.encode)
        self._laid = _lay_out(cluster, month, tables.get("shares"), self._ids, self._length_s)
        self._due = self._laid.starts < until.timestamp()
        self._behind = _behind(tables.get("behind", BEHIND.empty_table()), self._laid.starts, self._length_s)
        self._storages = _by_point(tables.get("storages", STORAGES.empty_table()))
        self._of_point: dict[str, list[Installation]] = {}
        for one in cluster.installations:
            self._of_point.setdefault(one.point, []).append(one)
        self._meters: dict[tuple[str, Role], list[Meter]] = {}
        for meter in cluster.meters:
            self._meters.setdefault((meter.point, meter.role), []).append(meter)
        # What a value may be at most, before it is doubted.
        self._wh_of_kw = Fraction(cluster.limits.over_power_pct * 10 * self._length_s, _HOUR_S)
        count = len(self._laid.starts)
        self._sums = {name: np.zeros(count, dtype=np.int64) for name in Hours.__slots__ if name != "starts"}
        self._made: dict[str, PointSums] = {}
        self._lacking: dict[str, int] = {}

    def done(self) -> MonthSums:
        places = {name: p for p, name in enumerate(self._ids)}
        members = {member.id: member for member in self._cluster.members}
        # A point whose owner, directions or source change has several rows, each valid in its span.
        for point in self._cluster.points:
            laid, starts = self._laid.valid[:, places[point.id]], self._laid.starts
            valid = laid & within(point, starts) & within(members[point.member], starts)
            if valid.any():
                self._add(places[point.id], point, valid)
        for meter in self._cluster.meters:
            if meter.private_wire:
                self._wire(meter)
        hours = _hourly(Hours(self._laid.starts, **self._sums), self._length_s)
        return MonthSums(self._month, hours, self._made, self._lacking)

    def _add(self, p: int, point: Point, valid: Bools) -> None:
        laid = self._laid
        draws, injects = Direction.DRAWN in point.directions, Direction.INJECTED in point.directions
        drawn_known = valid & laid.drawn_known[:, p] if draws else np.zeros_like(valid)
        injected_known = valid & laid.injected_known[:, p] if injects else np.zeros_like(valid)
        drawn, injected = np.where(drawn_known, laid.drawn[:, p], 0), np.where(injected_known, laid.injected[:, p], 0)
        if draws:
            self._plus("drawn", drawn)
            contracted = -int(-(Fraction(point.contracted_kw or 0) * self._wh_of_kw) // 1) or OPEN
            self._plus("drawn_more", np.where(valid & ~drawn_known, contracted, 0))
        given, given_res, shown = self._given(point, valid, injected)
        if injects:
            self._inject(point, valid, injected_known, injected, given, given_res, shown)
        generated, known = self._generate(point, valid, injected_known, injected, given, shown)
        missing = self._due & ((valid & ~drawn_known & draws) | (valid & ~injected_known & injects))
        if missing.any():
            self._lacking[point.id] = self._lacking.get(point.id, 0) + int(missing.sum())
        key = point_key(point)
        self._made[key] = self._made.get(key, PointSums()) + PointSums(
            drawn_wh=sum(drawn.tolist()),
            drawn_periods=int(drawn_known.sum()),
            injected_wh=sum(injected.tolist()),
            injected_periods=int(injected_known.sum()),
            generated_wh=sum(generated.tolist()),
            generated_periods=int(known.sum()),
        )

    def _inject(
        self, point: Point, valid: Bools, known: Bools, injected: Ints, given: Ints, given_res: Ints, shown: Bools
    ) -> None:
        """Renewable, other, or either; and how much more of each what is missing could be."""
        share = self._res_share(point)
        stores = self._stores(point)
        clear = known & shown if share is not None else np.zeros_like(known)
        own = injected if point.injects_stored else injected - given
        res = (0 if point.injects_stored else own * (share or 0)) + given_res * PARTS
        self._plus("res", np.where(clear, res, 0))
        self._plus("other", np.where(clear, injected * PARTS - res, 0))
        self._plus("either", np.where(known & ~clear, injected * PARTS, 0))
        bound = power_bound(self._of_point.get(point.id, ()), self._laid.starts, self._wh_of_kw, stored=stores)
        missing = np.where(valid & ~known, np.where(bound == OPEN, OPEN, bound * PARTS), 0)
        if share != 0 or stores:
            self._plus("res_more", missing)
        if share != PARTS or stores:
            self._plus("other_more", missing)

    def _given(self, point: Point, valid: Bools, injected: Ints) -> tuple[Ints, Ints, Bools]:
        """What a storage gave of what the point injected, what of that is renewable, and whether that is known."""
        zeros = np.zeros_like(injected)
        rows = self._storages.get(point.id)
        if rows is None:
            without = not point.injects_stored and not self._meters.get((point.id, Role.STORAGE))
            # Without a table of storages a storage's own energy is of unknown origin.
            traced = without or (self._cluster.settings.storage == "as_metered" and not point.injects_stored)
            if not without:
                self._sums["discharged"] = np.full_like(injected, OPEN)
            return zeros, zeros, np.full(len(injected), traced)
        place = (seconds(rows["start"]) - self._laid.starts[0]) // self._length_s
        found = []
        for name in ("given_wh", "given_res_wh", "discharge_wh"):
            column = np.full(len(injected), OPEN, dtype=np.int64)
            column[place] = rows[name].fill_null(OPEN).to_numpy()
            found.append(column)
        given, given_res, discharged = found
        there = np.zeros(len(injected), dtype=np.bool_)
        there[place] = True
        there &= valid
        self._plus("discharged", np.where(there, discharged, 0))
        shown: Bools = ~there | (given != OPEN)
        return np.where(there & shown, given, 0), np.where(there & shown, given_res, 0), shown

    def _generate(
        self, point: Point, valid: Bools, known: Bools, injected: Ints, given: Ints, shown: Bools
    ) -> tuple[Ints, Bools]:
        """What its installations generated, and where that is known; by generation meters, else by its injection."""
        installed = generators(self._of_point.get(point.id, ()))
        if not installed and not point.generates:
            return np.zeros_like(injected), np.zeros_like(valid)
        starts = self._laid.starts
        metered, there, complete = self._metered(point)
        least = np.where(known & shown, injected - given, 0)
        # A point that only injects has its generation there, but for the plant's own use; a storage blurs it by what
        # it can take or give.
        alone, stored = Direction.DRAWN not in point.directions, self._stored(point)
        seen = valid & np.where(there, complete, known & (stored == 0) if alone else False)
        generated = np.where(seen, np.where(there, metered, least), 0)
        if not self._meters.get((point.id, Role.STORAGE)):
            least = np.where(stored == OPEN, 0, least - np.maximum(stored, 0))
        least = np.where(valid & ~seen, np.maximum(least, 0), 0)
        bound = power_bound(installed, starts, self._wh_of_kw, stored=False)
        if alone:
            by_injection = np.where(known & (stored != OPEN), injected + stored, OPEN)
            bound = np.where(
                bound == OPEN, by_injection, np.where(by_injection == OPEN, bound, np.minimum(bound, by_injection))
            )
        more = np.where(bound == OPEN, OPEN, np.maximum(bound - least, 0))
        if installed and not point.generates:
            more = np.where(bound == OPEN, 0, more)  # before and after its installations nothing generates
        self._plus("generated", generated + least)
        self._plus("generated_more", np.where(valid & ~seen, more, 0))
        return generated, seen

    def _metered(self, point: Point) -> tuple[Ints, Bools, Bools]:
        """(T,) the sum of the generation meters behind a point, whether there are such, and whether all have values."""
        starts = self._laid.starts
        total = np.zeros(len(starts), dtype=np.int64)
        there, complete = np.zeros(len(starts), dtype=np.bool_), np.ones(len(starts), dtype=np.bool_)
        for meter in self._meters.get((point.id, Role.GENERATION), ()):
            inside = within(meter, starts)
            wh = self._behind.get((meter.serial, "injected"), np.full(len(starts), OPEN, dtype=np.int64))
            total += np.where(inside & (wh != OPEN), wh, 0)
            there |= inside
            complete &= ~inside | (wh != OPEN)
        return total, there, complete

    def _wire(self, meter: Meter) -> None:
        starts = self._laid.starts
        inside = within(meter, starts)
        wh = self._behind.get((meter.serial, "drawn"), np.full(len(starts), OPEN, dtype=np.int64))
        self._plus("drawn", np.where(inside & (wh != OPEN), wh, 0))
        self._plus("drawn_more", np.where(inside & (wh == OPEN), OPEN, 0))
        if missing := int((inside & self._due & (wh == OPEN)).sum()):
            self._lacking[f"meter {meter.serial}"] = missing

    def _res_share(self, point: Point) -> int | None:
        """How much of what its source injects is renewable, %; None where its installations differ in that."""
        inside = generators(self._of_point.get(point.id, ()))
        inside = [one for one in inside if self._overlaps(one)]
        if not any(one.res_pct is not None for one in inside):
            return PARTS if point.injects_res else 0
        shares = {(PARTS if one.kind.is_res else 0) if one.res_pct is None else one.res_pct for one in inside}
        return shares.pop() if len(shares) == 1 else None

    def _overlaps(self, one: Installation) -> bool:
        first, last = valid_instants(one)
        return (first is None or first < self._month.end) and (last is None or last > self._month.start)

    def _stores(self, point: Point) -> bool:
        return (
            point.injects_stored
            or bool(self._meters.get((point.id, Role.STORAGE)))
            or any(one.storage_power_kw or one.storage_kwh for one in self._of_point.get(point.id, ()))
        )

    def _stored(self, point: Point) -> Ints:
        """(T,) what a storage beside the point's source can take or give in a period; ``OPEN`` where nobody knows."""
        if not self._stores(point):
            return np.zeros_like(self._laid.starts)
        total = np.full(len(self._laid.starts), OPEN, dtype=np.int64)
        for one in self._of_point.get(point.id, ()):
            most = -int(-(Fraction(one.storage_power_kw) * self._wh_of_kw) // 1)
            if most > 0:
                total = np.where(within(one, self._laid.starts), np.maximum(total, 0) + most, total)
        return total

    def _plus(self, name: str, values: Ints) -> None:
        open_ended = name.endswith("_more") or name == "discharged"
        self._sums[name] = added(self._sums[name], values) if open_ended else self._sums[name] + values


def _lay_out(cluster: Cluster, month: Month, shares: pa.Table | None, ids: list[str], length_s: int) -> Laid:
    first, last = int(month.start.timestamp()), int(month.end.timestamp())
    starts = np.arange(first, last, length_s, dtype=np.int64)
    shape = len(starts), len(ids)
    valid, drawn_known, injected_known = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    drawn, injected = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    if shares is None:
        places = {name: p for p, name in enumerate(ids)}
        for point in cluster.points:
            valid[:, places[point.id]] |= within(point, starts)
        return Laid(starts, valid, drawn, drawn_known, injected, injected_known)
    row = (seconds(shares["start"]) - first) // length_s
    column = _places(shares["point"], ids)
    for values, known, name in ((drawn, drawn_known, "drawn_wh"), (injected, injected_known, "injected_wh")):
        values[row, column] = shares[name].fill_null(0).to_numpy()
        known[row, column] = pc.is_valid(shares[name]).to_numpy()
    valid[row, column] = True
    return Laid(starts, valid, drawn, drawn_known, injected, injected_known)


def _places(column: pa.ChunkedArray, ids: list[str]) -> Ints:
    """Each row's place among the ids."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = pa.array(ids, pa.string())
    found = [np.zeros(0, dtype=np.int64)]
    for chunk in column.chunks:
        places = pc.index_in(chunk.dictionary, value_set=words).to_numpy(zero_copy_only=False)
        found.append(places.astype(np.int64)[chunk.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(found)


def _behind(table: pa.Table, starts: Ints, length_s: int) -> dict[tuple[str, str], Ints]:
    """What each meter behind a point counted, by serial and direction; ``OPEN`` where it has no value."""
    meters = sorted(pc.unique(table["meter"]).to_pylist())
    ways = [str(Direction.DRAWN), str(Direction.INJECTED)]
    offset = seconds(table["start"]) - starts[0]
    place = offset // length_s
    inside = (place >= 0) & (place < len(starts)) & (offset % length_s == 0)
    laid = np.full((len(meters), len(ways), len(starts)), OPEN, dtype=np.int64)
    places = _places(table["meter"], meters), _places(table["direction"], ways), place
    meter, way, place = (one[inside] for one in places)
    laid[meter, way, place] = table["wh"].to_numpy()[inside]
    return {(name, of): laid[i, j] for i, name in enumerate(meters) for j, of in enumerate(ways)}


def _by_point(storages: pa.Table) -> dict[str, pa.Table]:
    return {
        point: storages.filter(pc.equal(storages["point"], point)) for point in pc.unique(storages["point"]).to_pylist()
    }


def _hourly(periods: Hours, length_s: int) -> Hours:
    """Quarters as the hours that they make."""
    if length_s == _HOUR_S or not len(periods.starts):
        return periods
    first = np.flatnonzero(periods.starts % _HOUR_S == 0)
    columns = {"starts": periods.starts[first]}
    for name in Hours.__slots__[1:]:
        values = getattr(periods, name)
        total = np.add.reduceat(values, first)
        if name.endswith("_more") or name == "discharged":
            total = np.where(np.minimum.reduceat(values, first) == OPEN, OPEN, total)
        columns[name] = total
    return Hours(**columns)
