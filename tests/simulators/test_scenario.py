from __future__ import annotations

from pathlib import Path

import pytest

from metering.period import day_start
from runtime.config import ConfigError
from simulators.scenario import Scenario, load_scenario, scenario_path


def test_three_sites_has_a_serial_line_and_a_whole_local_day(scenario: Scenario) -> None:
    assert [site.id for site in scenario.sites] == ["townhall", "school", "pvfarm"]
    assert [bus.link for site in scenario.sites for bus in site.buses] == ["serial", "tcp", "tcp"]
    assert scenario.first_hour == day_start(scenario.scenario.registered_from.replace(month=6, day=17))


def test_a_scenario_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match="three-sites"):
        scenario_path("four-sites")


def test_every_mistake_of_a_scenario_is_told_at_once(tmp_path: Path) -> None:
    text = scenario_path("three-sites").read_text(encoding="utf-8")
    wrong = (
        text.replace('point = "590322400000000027"', 'point = "590322400000000028"')
        .replace('member = "sun"', 'member = "moon"')
        .replace('serial = "23010033"', 'serial = "23010025"')
        .replace("unit = 2", "unit = 1")
    )
    path = tmp_path / "wrong.toml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    assert {problem.key for problem in caught.value.problems} == {
        "sites[2].point",
        "sites[3].member",
        "sites.meters.serial",
        "sites[2].meters.unit",
    }


def test_a_start_between_the_steps_is_refused(tmp_path: Path) -> None:
    text = scenario_path("three-sites").read_text(encoding="utf-8")
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace("21:50:00Z", "21:50:30Z"), encoding="utf-8")
    with pytest.raises(ConfigError, match="multiple of step_s"):
        load_scenario(path)


def test_a_site_on_hours_in_a_cluster_of_quarters_is_refused(tmp_path: Path) -> None:
    text = scenario_path("quarters").read_text(encoding="utf-8")
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace('stands = "quarter"', "", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sites\[1\].stands"):
        load_scenario(path)
