"""What changed between two runs, and what each cause changed: the causes' energy and money add up to the whole."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.register.comparing import Comparison, Effect, Side, compare_sides, side_of
from central.register.opening import open_run
from central.register.readings_changed import reading_rows
from central.register.sources import code_digest
from central.register.verifying import verify
from central.reports.diff_text import change_cells
from central.settlement import settle
from tests.central.made_month import asked, central
from tests.central.made_runs import CLUSTER, RATES, make_runs

Tables = Mapping[str, pa.Table]


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    folder = tmp_path_factory.mktemp("diff")
    return side_of(open_run(folder / "register" / "runs" / make_runs(folder)))


def replaced(table: pa.Table, column: str, change: Callable[[dict], object]) -> pa.Table:
    """A table in which one column is another, row by row."""
    field = table.schema.field(column)
    values = pa.array([change(row) for row in table.to_pylist()], field.type)
    return table.set_column(table.schema.names.index(column), field, values)


def readings(one: Side) -> Side:
    at = {"point": "B1", "direction": "drawn"}
    table = one.inputs["energies"]
    hours = [300, 301, 302, 500]
    starts = {one.inputs["periods"]["start"][i].as_py() for i in hours}
    changed = replaced(
        table,
        "wh",
        lambda row: row["wh"] + 901 * ((row["start"] in starts) and all(row[key] == at[key] for key in at)),
    )
    return with_inputs(one, energies=changed)


def master(one: Side) -> Side:
    changed = replaced(one.inputs["points"], "member", lambda row: "A" if row["point"] == "B1" else row["member"])
    return with_inputs(one, points=changed)


def setting(one: Side) -> Side:
    return msgspec.structs.replace(one, settings=msgspec.structs.replace(one.settings, tier_base="all_drawn"))


def rate(one: Side) -> Side:
    dearer = {"0.2": "0.27", "0.0073": "0.0091"}
    changed = replaced(one.inputs["rates"], "zl_per_kwh", lambda row: dearer.get(row["zl_per_kwh"], row["zl_per_kwh"]))
    return with_inputs(one, rates=changed)


def with_inputs(one: Side, **tables: pa.Table) -> Side:
    return msgspec.structs.replace(one, inputs={**one.inputs, **tables})


CAUSES: dict[str, Callable[[Side], Side]] = {
    "readings": readings,
    "master data": master,
    "settings": setting,
    "rates": rate,
}


def settled(one: Side) -> Side:
    return msgspec.structs.replace(one, name="later", outputs=settle(one.inputs, one.settings))


def assert_adds_up(found: Comparison) -> None:
    """Every step's effect and members' effects add up to the whole, in Wh and in grosze."""
    for name in Effect.__struct_fields__:
        whole = Decimal(getattr(found.effect, name))
        assert sum((Decimal(getattr(step.effect, name)) for step in found.steps), Decimal(0)) == whole, name
        assert sum((Decimal(getattr(one, name)) for one in found.members.values()), Decimal(0)) == whole, name
        for member, effect in found.members.items():
            parts = [Decimal(getattr(step.members[member], name)) for step in found.steps if member in step.members]
            assert sum(parts, Decimal(0)) == Decimal(getattr(effect, name)), (member, name)


@pytest.mark.parametrize(
    "chosen", [n for k in range(1, 5) for n in itertools.combinations(CAUSES, k)], ids=" and ".join
)
def test_each_cause_is_named_and_all_add_up_to_the_whole_difference(side: Side, chosen: tuple[str, ...]) -> None:
    later = side
    for name in chosen:
        later = CAUSES[name](later)
    later = settled(later)
    found = compare_sides(side, later)
    assert not found.equal
    assert found.same_program
    assert [step.cause for step in found.steps] == list(chosen)
    assert bool(found.readings) == ("readings" in chosen)
    assert bool(found.master) == ("master data" in chosen)
    assert bool(found.settings) == ("settings" in chosen)
    assert bool(found.rates) == ("rates" in chosen)
    assert_adds_up(found)
    back = compare_sides(later, side)
    assert Decimal(back.effect.charge_zl) == -Decimal(found.effect.charge_zl)
    if chosen == ("readings",):
        hours = {one.row["start"] for one in found.results["hours"] if one.column == "drawn_wh"}
        assert len(hours) == 4
        assert found.effect.drawn_wh == 4 * 901
        assert set(found.members) >= {"B"}


def test_a_point_of_new_master_data_and_its_readings_add_up_too(side: Side) -> None:
    """Readings of a point that isn't there yet change nothing by themselves; the step that brings it does."""
    points = side.inputs["points"]
    fewer = with_inputs(side, points=points.filter(pa.array([name != "S1" for name in points["point"].to_pylist()])))
    table = side.inputs["energies"]
    fewer = with_inputs(fewer, energies=table.filter(pa.array([name != "S1" for name in table["point"].to_pylist()])))
    found = compare_sides(settled(fewer), side)
    assert {step.cause for step in found.steps} >= {"master data"}
    assert_adds_up(found)


def test_what_another_program_changed_is_told_as_its_own_cause(side: Side) -> None:
    charges = replaced(side.outputs["charges"], "charge_zl", lambda row: f"{Decimal(row['charge_zl']) + 1:.2f}")
    older = msgspec.structs.replace(side, code="0" * 64, outputs={**side.outputs, "charges": charges})
    later = settled(rate(side))
    found = compare_sides(older, later)
    assert [step.cause for step in found.steps] == ["program", "rates"]
    assert Decimal(found.steps[0].effect.charge_zl) == -charges.num_rows
    assert_adds_up(found)
    newer = msgspec.structs.replace(older, name="later")
    backwards = compare_sides(later, newer)
    assert [step.cause for step in backwards.steps] == ["rates", "program"]
    assert_adds_up(backwards)


def test_causes_that_can_only_be_settled_together_are_named_as_joint(side: Side) -> None:
    """Two energies for one hour of a point can't be settled: only with the point taken out they can."""
    table = side.inputs["energies"]
    mine = table.filter(pa.array([name == "B1" for name in table["point"].to_pylist()]))
    points = side.inputs["points"].filter(
        pa.array([name != "B1" for name in side.inputs["points"]["point"].to_pylist()])
    )
    doubled = pa.concat_tables([table, mine.slice(0, 1)]).unify_dictionaries()
    later = settled(with_inputs(side, energies=doubled, points=points))
    found = compare_sides(side, later)
    assert [step.cause for step in found.steps] == ["readings and master data"]
    assert_adds_up(found)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 744), st.integers(0, 3000)), min_size=1, max_size=6), st.booleans())
def test_any_changed_readings_are_told_each_and_add_up(
    side: Side, changes: list[tuple[int, int]], cheaper: bool
) -> None:
    table = side.inputs["energies"]
    wh = table["wh"].to_pylist()
    for i, value in changes:
        wh[i] = value
    moved = sum(one != other for one, other in zip(wh, table["wh"].to_pylist(), strict=True))
    later = with_inputs(side, energies=table.set_column(table.schema.names.index("wh"), "wh", pa.array(wh, pa.int64())))
    found = compare_sides(side, settled(rate(later) if cheaper else later))
    assert sum(one.column == "wh" for one in found.readings) == moved
    assert found.equal == (not moved and not cheaper)
    assert_adds_up(found)


def test_a_month_with_everything_in_it_is_stored_verified_exported_and_compared(tmp_path: Path) -> None:
    first = make_runs(tmp_path)
    second = make_runs(tmp_path, 500, CLUSTER.replace("60", "70"), RATES.replace('"0.31"', '"0.33"'))
    register = tmp_path / "register"
    run = open_run(register / "runs" / first)
    hours, shares = run.outputs()["hours"], run.outputs()["shares"]
    assert hours.num_rows == 745
    assert set(hours["gross_wh"].to_pylist()) >= {2500}
    assert run.settings.ec_outcome_date is not None
    assert sum(run.outputs()["storages"]["charge_wh"].to_pylist()) > 0
    of_a1 = {row["member"] for row in shares.to_pylist() if row["point"] == "A1"}
    assert of_a1 == {"A", "B"}
    zones = {row["zone"] for row in run.outputs()["charges"].to_pylist() if row["point"] == "A1"}
    assert zones >= {"peak", "off_peak"}
    for name in (first, second):
        asked("runs", "export", register, name, "--out", tmp_path / f"{name}.klaster")
    away = tmp_path / "away"
    away.mkdir()
    shutil.move(tmp_path / f"{first}.klaster", away / "one.klaster")
    shutil.move(tmp_path / f"{second}.klaster", away / "other.klaster")
    assert verify(open_run(away / "one.klaster")).equal
    assert verify(open_run(away / "other.klaster")).equal
    said = asked("diff", away / "one.klaster", away / "other.klaster", code=1)
    assert [step["cause"] for step in said["steps"]] == ["readings", "master data", "rates"]
    assert said["causes"]["readings"][0]["after_wh"] - said["causes"]["readings"][0]["before_wh"] == 500
    assert "industrial" in said["causes"]["master"]
    text = central("diff", register, first, second, code=1)
    assert "What each cause changed" in text
    assert code_digest() == run.manifest.code.code


def test_the_two_hours_of_the_october_night_are_told_apart(side: Side) -> None:
    starts = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]
    table = replaced(
        side.inputs["energies"],
        "wh",
        lambda row: row["wh"] + 7 * (row["start"] in starts and (row["point"], row["direction"]) == ("B1", "drawn")),
    )
    found = compare_sides(side, settled(with_inputs(side, energies=table)))
    (stretch,) = reading_rows(found.readings, timedelta(hours=1))
    assert stretch["local"] == "2026-10-25 02:00+02:00 to 2026-10-25 03:00+01:00"
    named = {row for row, column, *_ in change_cells(found.results["hours"]) if column == "drawn_wh"}
    assert named == {"2026-10-25 02:00+02:00", "2026-10-25 02:00+01:00"}


def leaves(one: Side) -> Side:
    """The point B1 leaves in mid-month: a run made then has none of its later values."""
    left = one.inputs["periods"]["start"][400].as_py()
    points = replaced(one.inputs["points"], "valid_to", lambda row: left if row["point"] == "B1" else row["valid_to"])
    rows = [row for row in one.inputs["energies"].to_pylist() if row["point"] != "B1" or row["start"] < left]
    energies = pa.Table.from_pylist(rows, one.inputs["energies"].schema)
    return settled(with_inputs(one, points=points, energies=energies))


def test_values_that_go_or_come_with_a_points_validity_are_no_change_of_readings(side: Side) -> None:
    later = leaves(side)
    for found in (compare_sides(side, later), compare_sides(later, side)):
        assert [step.cause for step in found.steps] == ["master data"]
        assert not found.readings
        assert {one.column for one in found.master["points"]} == {"valid_to"}
        assert_adds_up(found)
    # A value that changed in the time in which the point is valid in both is still told, and that one alone.
    both = compare_sides(side, leaves(readings(side)))
    assert [step.cause for step in both.steps] == ["readings", "master data"]
    starts = {side.inputs["periods"]["start"][i].as_py() for i in (300, 301, 302)}
    assert {one.row["start"] for one in both.readings} == starts
    assert_adds_up(both)


def test_how_much_of_the_month_the_sums_are_of_is_told(side: Side) -> None:
    first = side.inputs["energies"]["start"][0].as_py()
    rows = [row for row in side.inputs["energies"].to_pylist() if row["start"] != first]
    unpriced = replaced(
        side.inputs["rates"], "tariff", lambda row: "C99" if row["zl_per_kwh"] == "0.2" else row["tariff"]
    )
    lacking = with_inputs(side, energies=pa.Table.from_pylist(rows, side.inputs["energies"].schema), rates=unpriced)
    found = compare_sides(side, settled(lacking))
    assert found.known_before.whole
    assert found.known_after.complete == found.known_before.periods - 1
    assert found.known_after.unpriced > 0
