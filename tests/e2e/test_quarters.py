"""A cluster that balances quarters: stands at every quarter on the real way, and hours that are their sums."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from metering.period import HOUR, QUARTER, floor_to
from simulators.demo import ask, check
from simulators.processes import Cluster
from simulators.scenario import scenario_path
from tests.e2e.cluster import SPEED, complete_hours, wait_for, wait_until

pytestmark = pytest.mark.e2e

START = datetime(2026, 6, 17, 8, 50, tzinfo=UTC)
UNTIL = datetime(2026, 6, 17, 11, 0, tzinfo=UTC)
FIRST = datetime(2026, 6, 17, 9, 0, tzinfo=UTC)
ENERGIES = ("drawn_wh", "injected_res_wh")


def test_quarters_arrive_equal_the_ledger_and_sum_to_the_hours_before_the_smaller_is_taken(tmp_path: Path) -> None:
    text = scenario_path("quarters").read_text(encoding="utf-8")
    scenario = tmp_path / "daytime.toml"
    scenario.write_text(text.replace("2026-06-16T21:50:00Z", "2026-06-17T08:50:00Z"), encoding="utf-8")
    with Cluster(scenario, tmp_path / "work", speed=SPEED, lead_s=9.0) as cluster:
        wait_until(cluster, UNTIL + QUARTER)
        wait_for(lambda: UNTIL - QUARTER in complete_hours(cluster))

        checked = check(cluster, cluster.work.scenario, UNTIL)
        assert checked.differences == []
        assert (checked.period, checked.hours) == ("quarter", 8)
        assert checked.exact + checked.interpolated == 9 * 2 * 3

        quarters = {start: row for start, row in complete_hours(cluster).items() if FIRST <= start < UNTIL}
        sums: dict[datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*ENERGIES, "covered_wh"), 0))
        for start, row in quarters.items():
            for name in sums[floor_to(start, HOUR)]:
                sums[floor_to(start, HOUR)][name] += row[name]

        file = cluster.work.path / "cluster.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('"quarter"', '"hour"'), encoding="utf-8")
        hours = ask(cluster, "balance", "--day", "2026-06-17")["hours"]
        by_hour = {datetime.fromisoformat(row["start"]): row for row in hours}
        assert sorted(sums) == [FIRST, FIRST + HOUR]
        for start, summed in sums.items():
            assert [by_hour[start][name] for name in ENERGIES] == [summed[name] for name in ENERGIES]
            assert by_hour[start]["covered_wh"] == min(summed[name] for name in ENERGIES) >= summed["covered_wh"]
