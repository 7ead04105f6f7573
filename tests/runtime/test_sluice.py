from __future__ import annotations

import pytest
import structlog

from runtime.sluice import Sluice


def _passed(sluice: Sluice, event: str, times: int) -> list[dict]:
    found = []
    for _ in range(times):
        try:
            found.append(dict(sluice(None, "info", {"event": event})))
        except structlog.DropEvent:
            continue
    return found


@pytest.fixture
def time() -> list[float]:
    return [100.0]


def test_an_hours_worth_of_lines_passes_and_no_more(time: list[float]) -> None:
    assert len(_passed(Sluice(60, lambda: time[0]), "link_down", 1000)) == 60


def test_what_was_held_back_is_counted_on_the_next_line(time: list[float]) -> None:
    sluice = Sluice(60, lambda: time[0])
    _passed(sluice, "link_down", 75)
    time[0] += 60
    assert _passed(sluice, "link_down", 3) == [{"event": "link_down", "held_back": 15}]
    time[0] += 60
    assert _passed(sluice, "link_down", 1) == [{"event": "link_down", "held_back": 2}]


def test_one_event_that_repeats_itself_never_hides_another(time: list[float]) -> None:
    sluice = Sluice(60, lambda: time[0])
    _passed(sluice, "link_down", 1000)
    assert _passed(sluice, "stand_kept", 1) == [{"event": "stand_kept"}]


def test_in_a_day_of_endless_trouble_only_a_days_worth_is_written(time: list[float]) -> None:
    sluice = Sluice(60, lambda: time[0])
    count = 0
    for _ in range(24 * 60):
        time[0] += 60
        count += len(_passed(sluice, "link_down", 20))
    assert 24 * 60 <= count <= 25 * 60
