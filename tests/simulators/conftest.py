from __future__ import annotations

import pytest

from simulators.ledger import Flows, Ledger, keep_books, true_flows
from simulators.scenario import Scenario, load_scenario, scenario_path
from simulators.world import World


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return load_scenario(scenario_path("three-sites"))


@pytest.fixture(scope="session")
def world(scenario: Scenario) -> World:
    return World(scenario)


@pytest.fixture(scope="session")
def flows(scenario: Scenario, world: World) -> Flows:
    return true_flows(scenario, world, scenario.scenario.until)


@pytest.fixture(scope="session")
def ledger(scenario: Scenario, flows: Flows) -> Ledger:
    return keep_books(scenario, flows)
