from __future__ import annotations

import pytest

from runtime.broker import BrokerSettings, broker_problems


@pytest.mark.parametrize("host", ["broker..example.org", "", " ", "a" * 64 + ".pl", "bro\0ker"])
def test_a_host_that_cant_be_looked_up_is_a_problem_of_the_configuration(host):
    found = broker_problems(BrokerSettings(host=host, ca=__file__), "central.toml")
    assert [(one.key, one.expected) for one in found] == [("broker.host", "isn't a host's name or address")]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "broker.klaster.example", "gmina-łąki.pl", "broker."]
)
def test_names_and_addresses_are_none(host):
    assert broker_problems(BrokerSettings(host=host, ca=__file__), "central.toml") == []
