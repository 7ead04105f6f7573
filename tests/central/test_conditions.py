"""The conditions of art. 184l: the law's example to the last digit, what is missing, what is at the edge."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from central.conditions.assessing import Assessment, assess
from central.conditions.condition import Between, Condition, State, exact, percent
from central.conditions.rules import FROM_2027, UNTIL_2026, rules_on
from tests.central.condition_cases import cluster, example_sums

DAY = date(2026, 11, 30)


def named(found: Assessment, *, dry: bool = False) -> dict[str, Condition]:
    return {one.rule: one for one in (found.dry_run if dry else found.conditions)}


def test_the_example_of_the_law_comes_out_to_its_digits() -> None:
    found = assess(cluster(), example_sums(), DAY)
    now, later = named(found), named(found, dry=True)
    assert {rule: one.state for rule, one in now.items()} == {
        "res_share": State.MET,
        "power_limit": State.MET,
        "coverage_year": State.MET,
        "storage_power": State.MET,
    }
    assert now["res_share"].value == Between.just(Fraction(2850, 5850))
    assert now["power_limit"].value == Between.just(4000)
    assert now["coverage_year"].value == Between.just(Fraction(7000, 12000))
    assert now["storage_power"].value == Between.just(Fraction(100, 4000))
    shown = [percent(now[rule].value.low, 1) for rule in ("res_share", "coverage_year", "storage_power")]  # type: ignore[union-attr]
    assert shown == ["48.7", "58.3", "2.5"]
    assert {rule: one.state for rule, one in later.items()} == {
        "res_share": State.NOT_MET,
        "power_limit": State.MET,
        "coverage_hour": State.NOT_KNOWN,
        "storage_power": State.NOT_MET,
    }
    alpha, beta, _ = later["coverage_hour"].readings
    assert (alpha.state, beta.state) == (State.MET, State.NOT_MET)
    assert alpha.value == Between.just(Fraction(4000, 3200))
    assert beta.value == Between.just(Fraction(500, 1400))
    assert [percent(one.value.low, 1) for one in (alpha, beta) if one.value] == ["125.0", "35.7"]
    assert [at.isoformat() for at in beta.failing.starts] == ["2026-02-28T23:00:00+00:00"]  # type: ignore[union-attr]
    needs = {(one.what, one.unit): one.amount for one in later["storage_power"].needs}
    assert needs == {("storage", "kW"): Fraction(100)}
    needs = {(one.what, one.unit): one.amount for one in beta.needs}
    assert set(needs.values()) == {Fraction(200)}


def test_where_alpha_and_beta_differ_the_result_is_not_known_and_says_so() -> None:
    later = named(assess(cluster(), example_sums(), DAY), dry=True)["coverage_hour"]
    assert later.state is State.NOT_KNOWN
    assert "differ" in later.notes[0]


def test_what_would_meet_the_res_share_of_2027_meets_it_exactly() -> None:
    share = named(assess(cluster(), example_sums(), DAY), dry=True)["res_share"]
    kwh = share.needs[0].amount
    assert kwh == 150_000
    assert Fraction(2_850_000 + kwh, 5_850_000 + kwh) == Fraction(1, 2)
    assert {one.what.split(",")[0]: one.amount for one in share.needs[1:]} == {"pv": Fraction(150)}


@pytest.mark.parametrize(
    ("day", "rules"),
    [
        (date(2024, 7, 1), None),
        (date(2024, 7, 2), UNTIL_2026),
        (date(2026, 12, 31), UNTIL_2026),
        (date(2027, 1, 1), FROM_2027),
        (date(2029, 12, 31), FROM_2027),
        (date(2030, 1, 1), None),
    ],
)
def test_the_conditions_switch_on_the_first_of_january_2027(day: date, rules: object) -> None:
    assert rules_on(day) is rules


def test_from_2027_on_there_is_no_dry_run_and_the_hours_are_of_that_year() -> None:
    found = assess(cluster(), example_sums(datetime(2026, 12, 31, 23, tzinfo=UTC)), date(2027, 1, 1))
    assert found.rules is FROM_2027
    assert not found.dry_run
    assert {one.rule for one in found.conditions} == {"res_share", "power_limit", "coverage_hour", "storage_power"}


def test_a_demand_of_which_hours_are_missing_is_not_known_unless_both_bounds_agree() -> None:
    sums = example_sums()
    month = sums.months[next(iter(sums.months))]
    lacking = {name: one.__class__(one.drawn_wh, one.drawn_periods - 1) for name, one in month.points.items()}
    sums.months[month.month] = month.__class__(month.month, month.hours, lacking, {})  # type: ignore[index]
    open_ended = named(assess(cluster(), sums, DAY))["coverage_year"]
    assert open_ended.state is State.NOT_KNOWN
    assert any("gmina" in one for one in open_ended.missing)
    estimated = cluster(more='[[demand_estimates]]\nmember = "gmina"\nkwh = 12000000')
    known = named(assess(estimated, sums, DAY))["coverage_year"]
    assert (known.state, known.value) == (State.MET, Between.just(Fraction(7, 12)))
    assert "estimated" in known.notes[0]


def test_without_full_load_hours_the_potential_is_not_known_and_the_kind_is_named() -> None:
    made = cluster()
    import msgspec

    without = msgspec.structs.replace(made, full_load_hours=made.full_load_hours[1:])
    found = named(assess(without, example_sums(), DAY))["coverage_year"]
    # 4 000 of 12 000 MWh are sure, and the rest isn't known.
    assert (found.state, found.value) == (State.NOT_KNOWN, Between(Fraction(1, 3), None))
    assert "full-load hours of pv (table full_load_hours)" in found.missing


def test_a_point_that_injects_without_an_installation_leaves_power_open() -> None:
    extra = '[[points]]\nid = "X1"\nmember = "farm"\ndirections = ["injected"]\nsource = "wind"\n'
    now = named(assess(cluster(more=extra), example_sums(), DAY))
    assert now["power_limit"].state is State.NOT_KNOWN
    assert now["storage_power"].state is State.NOT_KNOWN
    assert "the installation behind point X1" in now["power_limit"].missing


def test_the_ends_of_the_scales_count_as_the_law_writes_them() -> None:
    big = cluster(more='[[installations]]\nid = "w"\npoint = "P1"\nkind = "pv"\npower_kw = 146000\n'
                       '[[installations]]\nid = "s"\npoint = "P1"\nkind = "storage"\nstorage_power_kw = 2900')  # fmt: skip
    now = named(assess(big, example_sums(), DAY))
    assert now["power_limit"].value == Between.just(150_000)
    assert now["power_limit"].state is State.MET
    assert now["storage_power"].value == Between.just(Fraction(2, 100))
    assert now["storage_power"].state is State.MET


def test_numbers_are_shown_exactly_where_they_can_be() -> None:
    assert exact(Fraction(5, 4)) == "1.25"
    assert exact(Fraction(-1, 8)) == "-0.125"
    assert exact(Fraction(1, 3)) == "1/3"
    assert percent(Fraction(2850, 5850)) == "48.7179"
