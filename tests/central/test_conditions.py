"""The conditions of art. 184l: the law's example to the last digit, what is missing, what is at the edge."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import msgspec
import pyarrow as pa
import pytest

from central.cluster import Cluster
from central.conditions.assessing import Assessment, assess
from central.conditions.beta import beta
from central.conditions.condition import Between, Condition, State, exact, percent
from central.conditions.demand import demand_of
from central.conditions.devices import devices_at
from central.conditions.hours import PointSums
from central.conditions.potential import potential_of
from central.conditions.rules import FROM_2027, UNTIL_2026, rules_on
from central.conditions.summing import month_sums
from central.conditions.windows import year_of
from central.settings import CHOICES
from central.tables import SHARES
from metering.period import Month
from tests.central.condition_cases import cluster, example_sums

DAY = date(2026, 11, 30)


def named(found: Assessment, *, dry: bool = False) -> dict[str, Condition]:
    return {one.rule: one for one in (found.dry_run if dry else found.conditions)}


def texts(one: Condition) -> list[str]:
    return [note.text for note in one.missing]


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
    needs = {(one.what.text, one.unit): one.amount for one in later["storage_power"].needs}
    assert needs == {("storage", "kW"): Fraction(100)}
    needs = {(one.what.text, one.unit): one.amount for one in beta.needs}
    assert set(needs.values()) == {Fraction(200)}


def test_where_alpha_and_beta_differ_the_result_is_not_known_and_says_so() -> None:
    later = named(assess(cluster(), example_sums(), DAY), dry=True)["coverage_hour"]
    assert later.state is State.NOT_KNOWN
    assert "differ" in later.notes[0].text


def test_what_would_meet_the_res_share_of_2027_meets_it_exactly() -> None:
    share = named(assess(cluster(), example_sums(), DAY), dry=True)["res_share"]
    kwh = share.needs[0].amount
    assert kwh == 150_000
    assert Fraction(2_850_000 + kwh, 5_850_000 + kwh) == Fraction(1, 2)
    assert {one.what.text.split(",")[0]: one.amount for one in share.needs[1:]} == {"pv": Fraction(150)}


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
    assert any("gmina" in one.text for one in open_ended.missing)
    estimated = cluster(more='[[demand_estimates]]\nmember = "gmina"\nkwh = 12000000')
    known = named(assess(estimated, sums, DAY))["coverage_year"]
    assert (known.state, known.value) == (State.MET, Between.just(Fraction(7, 12)))
    assert "estimated" in known.notes[0].text


def test_without_full_load_hours_the_potential_is_not_known_and_the_kind_is_named() -> None:
    made = cluster()
    without = msgspec.structs.replace(made, full_load_hours=made.full_load_hours[1:])
    found = named(assess(without, example_sums(), DAY))["coverage_year"]
    # 4 000 of 12 000 MWh are sure, and the rest isn't known.
    assert (found.state, found.value) == (State.NOT_KNOWN, Between(Fraction(1, 3), None))
    assert "full-load hours of pv (table full_load_hours)" in texts(found)


def test_a_point_that_injects_without_an_installation_leaves_power_open() -> None:
    extra = '[[points]]\nid = "X1"\nmember = "farm"\ndirections = ["injected"]\nsource = "wind"\n'
    now = named(assess(cluster(more=extra), example_sums(), DAY))
    assert now["power_limit"].state is State.NOT_KNOWN
    assert now["storage_power"].state is State.NOT_KNOWN
    assert "the installation behind point X1" in texts(now["power_limit"])


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


def test_a_battery_without_a_meter_blurs_what_a_plant_generated_by_its_own_power_and_no_more() -> None:
    # At night the plant injects nothing: its battery of 100 kW could have taken up 110 kWh (10 % of doubt) of 3 MW.
    made, hour = cluster(), datetime(2026, 2, 28, 23, tzinfo=UTC)
    rows = [("D1", 1_400_000, None), ("P1", None, 0), ("C1", None, 500_000)]
    shares = pa.Table.from_pylist(
        [
            {"cluster": "Example", "start": hour, "point": point, "member": "x", "drawn_wh": drawn,
             "injected_wh": injected, "allocated_wh": 0, "relieved_wh": 0, "status": "complete"}
            for point, drawn, injected in rows
        ],
        schema=SHARES,
    )  # fmt: skip
    sums = month_sums(made, Month(2026, 3), {"shares": shares}, hour + timedelta(hours=1))
    assert not sums.lacking, "what is to come after that hour isn't missing"
    hours = sums.hours.within(hour, hour + timedelta(hours=1))
    found = beta(hours, FROM_2027)
    assert found.state is State.NOT_MET
    assert found.value == Between(Fraction(500, 1400), Fraction(610, 1400))
    assert found.margin == Between.just(-90)


def full_year(drawn: int, generated: int, injected: int) -> PointSums:
    """A point's months of 2025, all of whose hours are known, in Wh of the year."""
    return PointSums(drawn, 8760, injected, 8760, generated, 8760)


def test_each_reading_of_potential_and_demand_counts_its_own_numbers() -> None:
    made = cluster(
        more='[[demand_estimates]]\nmember = "gmina"\nkwh = 900\n[[demand_estimates]]\nmember = "farm"\nkwh = 100'
    )
    points = {"D1,gmina": full_year(10_000, 0, 0), "P1,farm": full_year(0, 7_000, 4_000)}
    points["C1,farm"] = full_year(0, 500, 500)
    year, at = year_of(date(2025, 1, 1)), datetime(2026, 1, 1, tzinfo=UTC)

    def under(**chosen: str) -> Cluster:
        return msgspec.structs.replace(made, settings=msgspec.structs.replace(made.settings, **chosen))

    by_demand = {name: demand_of(under(demand=name), at, 2025, points, 8760).wh for name in CHOICES["demand"]}
    # Own use is what was generated behind a point and not injected: 7 000 - 4 000.
    assert by_demand == {
        "metered_draw": Between.just(10_000),
        "gross": Between.just(13_000),
        "estimate": Between.just(1_000_000),
    }
    devices = devices_at(made, at)
    by_potential = {
        name: potential_of(under(potential=name), devices, year, points, 8760).wh for name in CHOICES["potential"]
    }
    # 3 000 kW × 1 000 h and 1 000 kW × 4 000 h.
    assert by_potential == {"metered_else_hours": Between.just(7_500), "hours": Between.just(7_000_000_000)}


def test_of_a_member_without_points_nothing_is_metered_so_its_estimate_counts() -> None:
    office = '[[members]]\nid = "office"\n[[demand_estimates]]\nmember = "{}"\nkwh = 7\n'
    points = {"D1,gmina": full_year(10_000, 0, 0), "P1,farm": full_year(0, 0, 0), "C1,farm": full_year(0, 0, 0)}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    found = demand_of(cluster(more=office.format("office")), at, 2025, points, 8760)
    assert (found.wh, found.estimated) == (Between.just(17_000), ("office",))
    # The farm has points that only inject: that it draws nothing is known.
    found = demand_of(cluster(more=office.format("farm")), at, 2025, points, 8760)
    assert (found.wh, found.estimated) == (Between.just(10_000), ())
