from __future__ import annotations

from datetime import timedelta

import msgspec

from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from metering.period import HOUR
from metering.point import Direction
from simulators.curves import Steps
from simulators.ledger import Flows, Ledger, keep_books
from simulators.scenario import Scenario, scenario_path
from simulators.world import World, site_curves


def test_stands_are_what_the_registers_show_at_the_hour(ledger: Ledger, world: World) -> None:
    for stand in ledger.stands:
        reading = world.reading(stand.meter, stand.at)
        assert stand.wh == (reading.import_wh if stand.register == ACTIVE_IMPORT else reading.export_wh)
        assert stand.point_wh == stand.wh * stand.multiplier


def test_the_books_agree_with_a_slow_sum_straight_from_the_curves(scenario: Scenario, ledger: Ledger) -> None:
    steps = (ledger.until - scenario.scenario.start) // timedelta(minutes=1)
    drawn_wh = {hour.start: 0 for hour in ledger.balance}
    injected_wh = dict(drawn_wh)
    for site in scenario.sites:
        curves = site_curves(scenario, site, Steps(scenario.scenario.start, 60, steps))
        scale = 3600 * site.settlement_meter.multiplier
        in_ws = out_ws = 0
        at_hour = {}
        for step in range(steps + 1):
            at = scenario.scenario.start + timedelta(minutes=step)
            if at.minute == 0:
                at_hour[at] = (in_ws // scale, out_ws // scale)
            if step < steps:
                net = int(curves.load_w[step]) - int(curves.pv_w[step])
                in_ws, out_ws = in_ws + max(net, 0) * 60, out_ws + max(-net, 0) * 60
        for start in drawn_wh:
            multiplier = site.settlement_meter.multiplier
            drawn_wh[start] += (at_hour[start + HOUR][0] - at_hour[start][0]) * multiplier
            if Direction.INJECTED in site.directions:
                injected_wh[start] += (at_hour[start + HOUR][1] - at_hour[start][1]) * multiplier
    for hour in ledger.balance:
        assert (hour.drawn_wh, hour.injected_res_wh) == (drawn_wh[hour.start], injected_wh[hour.start])
        assert hour.covered_wh == min(hour.drawn_wh, hour.injected_res_wh)


def test_the_books_hold_every_hour_of_the_local_day(ledger: Ledger, scenario: Scenario) -> None:
    assert len(ledger.balance) == 24
    assert len(ledger.stands) == 4 * 2 * 25
    assert len(ledger.energies) == 24 * 5
    assert ledger.until == scenario.scenario.until


def test_the_inverter_meter_makes_no_energy_of_the_balance(ledger: Ledger, scenario: Scenario) -> None:
    school = scenario.site("school")
    assert school is not None
    made = {s.at: s.wh for s in ledger.stands if s.meter == "23010033" and s.register == ACTIVE_EXPORT}
    injected = [e for e in ledger.energies if e.point == school.point and e.direction is Direction.INJECTED]
    assert sum(e.wh for e in injected) < made[ledger.until] - made[ledger.since]


def test_the_energies_of_a_point_sum_to_the_difference_of_its_stands(ledger: Ledger) -> None:
    drawn = sum(e.wh for e in ledger.energies if e.point.endswith("10"))
    stands = {s.at: s.point_wh for s in ledger.stands if s.meter == "23010017" and s.register == ACTIVE_IMPORT}
    assert drawn == stands[ledger.until] - stands[ledger.since]


def test_the_change_of_power_is_seen_five_minutes_around_the_hour(ledger: Ledger, flows: Flows) -> None:
    stand = next(s for s in ledger.stands if s.meter == "23010041" and s.register == ACTIVE_EXPORT and s.at.hour == 9)
    flow = flows[stand.meter, stand.register]
    foot = (stand.at - flow.start) // timedelta(minutes=1)
    near = flow.watts[foot - 5 : foot + 5]
    assert stand.change_w == max(near) - min(near) > 0
    assert (stand.power_before_w, stand.power_after_w) == (flow.watts[foot - 1], flow.watts[foot])


def test_the_books_can_end_earlier(scenario: Scenario, flows: Flows, ledger: Ledger) -> None:
    early = keep_books(scenario, flows, ledger.since + timedelta(hours=2, minutes=30))
    assert early.until == ledger.since + 2 * HOUR
    assert early.balance == ledger.balance[:2]


def test_a_cluster_of_quarters_has_books_whose_quarters_sum_to_the_hours(flows: Flows) -> None:
    text = scenario_path("three-sites").read_text(encoding="utf-8")
    quarters = msgspec.toml.decode(text)
    quarters["scenario"]["period"] = "quarter"
    for site in quarters["sites"]:
        site["stands"] = "quarter"
    made = msgspec.convert(quarters, Scenario)
    books = keep_books(made, flows, made.first_hour + timedelta(hours=3))
    hours = keep_books(msgspec.convert(msgspec.toml.decode(text), Scenario), flows, books.until)
    assert len(books.balance) == 4 * len(hours.balance) == 12
    for number, hour in enumerate(hours.balance):
        four = books.balance[4 * number : 4 * number + 4]
        assert sum(one.drawn_wh for one in four) == hour.drawn_wh
        assert sum(one.injected_res_wh for one in four) == hour.injected_res_wh


def test_a_site_on_quarters_in_a_cluster_of_hours_has_four_times_the_stands(flows: Flows, ledger: Ledger) -> None:
    content = msgspec.toml.decode(scenario_path("three-sites").read_text(encoding="utf-8"))
    content["sites"][1]["stands"] = "quarter"
    books = keep_books(msgspec.convert(content, Scenario), flows)
    school = [one for one in books.stands if one.site == "school"]
    assert len(school) == 4 * (24 * 4 + 1)
    assert books.balance == ledger.balance
