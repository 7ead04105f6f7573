"""Fixtures for all tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.influx import influx, influxd
from tests.mosquitto import Mosquitto

__all__ = ["broker", "influx", "influxd"]

# An example that takes long on a busy machine isn't wrong.
settings.register_profile("klaster", deadline=None)
settings.load_profile("klaster")


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    """A running mosquitto on a free port of loopback; ``kill()`` and ``start()`` it at will."""
    with tempfile.TemporaryDirectory(prefix="klaster-broker-") as folder:
        made = Mosquitto(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()
