"""A short run of ``tests.e2e.kills``; the long one is ``make kills``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import kills

pytestmark = pytest.mark.e2e


def test_kills_and_cuts_lose_and_double_nothing(tmp_path: Path) -> None:
    found = kills.run(tmp_path, count=25, seed=7)
    print(found)
    assert found.good, found
    assert found.acknowledged > 200
