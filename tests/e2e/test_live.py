"""Live values on the whole way: what the page's API shows is what the simulated world did at that instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.processes import Cluster
from simulators.scenario import Scenario, scenario_path
from simulators.world import World
from tests.e2e.cluster import wait_for

pytestmark = pytest.mark.e2e

LATER = timedelta(minutes=4)
STEP_W = {"sunspec-inverter": 10}
"""Of what the device itself tells; others tell fractions, and whole W are shown."""


def true_powers(world: World, scenario: Scenario, serial: str, at: datetime) -> list[Decimal]:
    """The power at the point, W, in the step of ``at`` and the one before: the answer was read before it was there."""
    multiplier = next(meter.multiplier for _, meter in scenario.meters() if meter.serial == serial)
    step = timedelta(seconds=scenario.scenario.step_s)
    return [Decimal(str(world.reading(serial, when).power_w)) * multiplier for when in (at, at - step)]


def test_live_power_and_state_of_charge_equal_the_world(tmp_path: Path) -> None:
    text = scenario_path("five-sites").read_text(encoding="utf-8")
    file = tmp_path / "daytime.toml"
    file.write_text(text.replace("2026-06-16T21:50:00Z", "2026-06-17T09:10:00Z"), encoding="utf-8")
    with Cluster(file, tmp_path / "work", speed=60, lead_s=12.0) as cluster:
        scenario = cluster.work.scenario
        serials = {meter.serial for _, meter in scenario.meters()}

        def shown() -> list[dict[str, Any]] | None:
            rows: list[dict[str, Any]] = httpx.get(f"{cluster.web_url}/api/v1/live", timeout=20).json()["meters"]
            # Some minutes after the start, so that what is told has changed once.
            late = all(datetime.fromisoformat(row["at"]) > scenario.scenario.start + LATER for row in rows)
            return rows if late and {row["meter"] for row in rows} == serials else None

        rows = wait_for(shown, 60)
    world = World(scenario)
    kinds = {meter.serial: (site, meter) for site, meter in scenario.meters()}
    powers = charges = 0
    for row in rows:
        site, meter = kinds[row["meter"]]
        assert (row["gateway"], row["point"], row["role"]) == (site.id, site.point, meter.role.value)
        told = {one["name"]: Decimal(one["value"]) for one in row["values"]}
        at = datetime.fromisoformat(row["at"])
        if "power_w" in told:
            powers += 1
            step = STEP_W.get(meter.device, 1) * meter.multiplier
            true = true_powers(world, scenario, meter.serial, at)
            assert any(abs(told["power_w"] - one) <= step for one in true), (row, true)
        if "soc_pct" in told:
            charges += 1
            steps = (at, at - timedelta(seconds=scenario.scenario.step_s))
            permille = [world.reading(meter.serial, when).charge_permille for when in steps]
            assert told["soc_pct"] * 10 in permille
    batteries = sum(meter.device == "victron-gx-battery" for _, meter in kinds.values())
    assert (powers, charges) == (len(kinds) - batteries, batteries)
