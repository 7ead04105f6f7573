"""Dead meters on a line of 32: an hour of the gateway's own poller and bus in virtual time."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from tests.gateway.virtual import dead_hour, in_virtual_time


@pytest.mark.parametrize(("dead", "most"), [(1, 0.01), (8, 0.05)])
@pytest.mark.parametrize("died", [True, False], ids=["answered before", "never answered"])
def test_dead_meters_take_little_of_the_bus_and_are_back_in_time(dead, most, died):
    hour = in_virtual_time(partial(dead_hour, 32, dead, died=died))
    assert hour.share <= most
    # Every other meter is polled on its grid of 10 s, all hour long.
    assert min(hour.polls.values()) >= 358
    for probes in hour.probes.values():
        assert any(3480 <= at < 3600 for at in probes)
        assert max(later - sooner for sooner, later in itertools.pairwise(probes)) <= 240
    assert hour.returned_s <= 240
