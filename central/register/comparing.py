"""Two runs compared: every number that changed, and what each cause changed, by settling the steps between. Pure.

The steps go from the one run's inputs to the other's, a cause at a time: program, readings, master data, settings,
rates. What a step changes is its effect given those before it; the effects add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.group_sums import sums_by
from central.register.alignment import Change, changes
from central.register.manifest import RunError
from central.register.opening import Run
from central.register.recomputing import readable, settle_again
from central.register.sources import code_digest
from central.register.valid_readings import between
from central.settings import Settings

BOOKS_NOW: Final = "the books now"
"""The name of the side that no run is."""
READINGS: Final = ("energies", "behind", "stocks")
_VALID: Final = ("energies", "behind")
"""Of them those that a run has for the validity of its points and meters alone."""
RATES: Final = ("rates", "zones", "vat", "operators")
_HOW: Final = ("quality", "source", "file")
"""Columns of energies that say where a value is from; they change no number."""
_ENERGIES: Final = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")
_MONEY: Final = ("full_zl", "relief_zl", "charge_zl")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two: a run, or what the books know now."""

    name: str
    cluster: str
    month: str
    inputs: Mapping[str, pa.Table]
    outputs: Mapping[str, pa.Table]
    settings: Settings
    code: str


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a cause changed, of the cluster or of one member: after less before."""

    drawn_wh: int
    injected_wh: int
    allocated_wh: int
    relieved_wh: int
    full_zl: str
    relief_zl: str
    charge_zl: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a side's month its sums are of."""

    periods: int
    complete: int
    unpriced: int
    """Rows of charges whose energy is known and whose rate isn't."""

    @property
    def whole(self) -> bool:
        """Whether nothing is lacking in its sums."""
        return self.complete == self.periods and not self.unpriced


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One cause."""

    cause: str
    """program, readings, master data, settings or rates; several where they can only be settled together."""
    effect: Effect
    members: dict[str, Effect]
    """Of the members that it changed."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that isn't the same."""

    before: str
    after: str
    results: dict[str, list[Change]]
    """Changed numbers by table: hours, shares, charges, totals, storages, stocks."""
    readings: list[Change]
    """Changed energies; columns that say where a value is from with them."""
    master: dict[str, list[Change]]
    """Changed master data by table."""
    rates: dict[str, list[Change]]
    settings: list[Change]
    same_program: bool
    steps: list[Step]
    effect: Effect
    """Of all causes."""
    members: dict[str, Effect]
    known_before: Known
    known_after: Known

    @property
    def equal(self) -> bool:
        """Whether no number changed."""
        return not any(self.results.values())


def side_of(run: Run) -> Side:
    """A run as a side; raises RunError where it can't be read."""
    return Side(
        name=run.id,
        cluster=run.manifest.cluster,
        month=run.manifest.month,
        inputs=run.inputs(),
        outputs=run.outputs(),
        settings=run.settings,
        code=run.manifest.code.code,
    )


def compare_sides(before: Side, after: Side) -> Comparison:
    """Compare two of one cluster and month.

    Raises:
        ValueError: they are of two clusters or months.
        RunError: their tables can't be compared.
    """
    if (before.cluster, before.month) != (after.cluster, after.month):
        raise ValueError(
            f"{before.name} is of {before.cluster} {before.month}, {after.name} of {after.cluster} {after.month}: only "
            "runs of one cluster and month can be compared"
        )
    with readable(f"{before.name} and {after.name}", "their tables can't be compared"):
        return _compared(before, after)


def _compared(before: Side, after: Side) -> Comparison:
    results = {
        name: list(changes(name, before.outputs[name], after.outputs[name]))
        for name in before.outputs
        if name in after.outputs
    }
    inputs = {name: list(_changed(name, before, after)) for name in sorted({*before.inputs, *after.inputs})}
    readings = [one for name in READINGS for one in inputs.pop(name, [])]
    settings = list(_settings(before.settings, after.settings))
    steps = list(_steps(before, after)) if any(results.values()) else []
    return Comparison(
        before=before.name,
        after=after.name,
        results=results,
        readings=readings,
        master={name: found for name, found in inputs.items() if found and name not in RATES},
        rates={name: inputs[name] for name in RATES if inputs.get(name)},
        settings=settings,
        same_program=before.code == after.code,
        steps=steps,
        effect=_effect(_sums(before.outputs), _sums(after.outputs)),
        members=_by_member(before.outputs, after.outputs),
        known_before=_known(before.outputs),
        known_after=_known(after.outputs),
    )


def _known(outputs: Mapping[str, pa.Table]) -> Known:
    complete = pc.sum(pc.equal(outputs["hours"]["status"], "complete"), min_count=0).as_py()
    charges = outputs["charges"]
    unpriced = pc.and_(pc.is_valid(charges["drawn_wh"]), pc.is_null(charges["full_zl"]))
    return Known(periods=outputs["hours"].num_rows, complete=complete, unpriced=pc.sum(unpriced, min_count=0).as_py())


def _changed(name: str, before: Side, after: Side) -> Iterator[Change]:
    there = before.inputs.get(name), after.inputs.get(name)
    if name in _VALID:
        there = there[0], between(name, before.inputs, after.inputs)
    one = there[0] if there[0] is not None else there[1].schema.empty_table()  # type: ignore[union-attr]
    other = there[1] if there[1] is not None else one.schema.empty_table()
    yield from changes(name, one, other)


def _settings(before: Settings, after: Settings) -> Iterator[Change]:
    one, other = (msgspec.to_builtins(settings) for settings in (before, after))
    for name in one:
        if one[name] != other[name]:
            yield Change(row={"setting": name}, column=name, before=one[name], after=other[name])


def _steps(before: Side, after: Side) -> Iterator[Step]:
    """The causes in order; where a step between can't be settled, it is taken together with the next."""
    tables, settings, state = dict(before.inputs), before.settings, before.outputs
    here = code_digest()
    waiting: list[str] = []
    if before.code != here:
        waiting.append("program")
    others = sorted({*before.inputs, *after.inputs} - {*READINGS, *RATES})
    next_of = {**after.inputs, **{name: between(name, before.inputs, after.inputs) for name in _VALID}}
    for cause, names in (("readings", READINGS), ("master data", others), ("settings", ()), ("rates", RATES)):
        if "program" in waiting and (again := _settled(tables, settings)) is not None:
            yield from _step(["program"], state, again)
            waiting.remove("program")
            state = again
        if cause == "settings":
            changed = settings != after.settings
            settings = after.settings
        else:
            changed = any(_differ(name, tables.get(name), next_of.get(name)) for name in names)
            for name in names:
                _take(name, tables, next_of.get(name))
            if cause == "master data":
                for name in _VALID:
                    _take(name, tables, after.inputs.get(name))
        if not changed:
            continue
        waiting.append(cause)
        if (again := _settled(tables, settings)) is not None:
            yield from _step(waiting, state, again)
            state, waiting = again, []
    # What is left is of a program that made the later run and isn't this one.
    yield from _step([*waiting, "program"], state, after.outputs)


def _take(name: str, tables: dict[str, pa.Table], table: pa.Table | None) -> None:
    tables.pop(name, None)
    if table is not None:
        tables[name] = table


def _settled(tables: Mapping[str, pa.Table], settings: Settings) -> dict[str, pa.Table] | None:
    try:
        return settle_again(tables, settings, "")
    except RunError:
        return None


def _differ(name: str, one: pa.Table | None, other: pa.Table | None) -> bool:
    if one is None or other is None:
        there = one if other is None else other
        return there is not None and bool(there.num_rows)
    return next(changes(name, one, other, leave=_HOW), None) is not None


def _step(causes: list[str], one: Mapping[str, pa.Table], other: Mapping[str, pa.Table]) -> Iterator[Step]:
    effect, members = _effect(_sums(one), _sums(other)), _by_member(one, other)
    if members or causes != ["program"]:
        yield Step(cause=" and ".join(causes), effect=effect, members=members)


_Sums = dict[str, int | Decimal]


def _by_member(one: Mapping[str, pa.Table], other: Mapping[str, pa.Table]) -> dict[str, Effect]:
    before, after = _member_sums(one), _member_sums(other)
    nothing = _nothing()
    return {
        member: _effect(before.get(member, nothing), after.get(member, nothing))
        for member in sorted({*before, *after})
        if before.get(member, nothing) != after.get(member, nothing)
    }


def _nothing() -> _Sums:
    return {**dict.fromkeys(_ENERGIES, 0), **dict.fromkeys(_MONEY, Decimal(0))}


def _member_sums(outputs: Mapping[str, pa.Table]) -> dict[str, _Sums]:
    found = {
        member: {**_nothing(), **{name: wh or 0 for name, wh in sums.items()}}
        for member, sums in sums_by(outputs["shares"], "member", _ENERGIES).items()
    }
    charges = outputs["charges"].select(["member", *_MONEY]).to_pydict()
    for i, member in enumerate(charges["member"]):
        sums = found.setdefault(member, _nothing())
        for name in _MONEY:
            sums[name] += Decimal(charges[name][i] or 0)
    return found


def _sums(outputs: Mapping[str, pa.Table]) -> _Sums:
    found = _nothing()
    for sums in _member_sums(outputs).values():
        for name, value in sums.items():
            found[name] += value
    return found


def _effect(before: _Sums, after: _Sums) -> Effect:
    found: dict[str, Any] = {name: int(after[name] - before[name]) for name in _ENERGIES}
    found |= {name: f"{after[name] - before[name]:.2f}" for name in _MONEY}
    return Effect(**found)
