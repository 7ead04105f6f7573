"""The next relief step and what is missing for it, beside a search Wh by Wh."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.settings import Settings
from central.tier import tiers

STEPS = [(Fraction(9, 10), 4), (Fraction(8, 10), 3), (Fraction(7, 10), 2), (Fraction(6, 10), 1)]


def step_by_the_law(injected: int, drawn: int, settings: Settings) -> int:
    """Read from the statute with fractions: "przekroczy" is strictly more, "wyniesie 100 %" is exactly."""
    if drawn == 0:
        return 0
    ratio = Fraction(min(injected, drawn) if settings.ratio_numerator == "covered" else injected, drawn)
    if ratio == 1 or (ratio > 1 and settings.above_100 == "cap"):
        return 5
    return next((step for above, step in STEPS if ratio > above), 0)


def one(injected: int, drawn: int, settings: Settings) -> tuple[int, int, int]:
    found = tiers(np.array([injected], dtype=np.int64), np.array([drawn], dtype=np.int64), settings)
    return int(found.step[0]), int(found.next_step[0]), int(found.missing[0])


READINGS = st.builds(
    Settings,
    ratio_numerator=st.sampled_from(["injected", "covered"]),
    above_100=st.sampled_from(["cap", "literal"]),
)


@given(injected=st.integers(0, 400), drawn=st.integers(0, 250), settings=READINGS)
def test_the_missing_energy_is_the_least_that_reaches_a_higher_step(
    injected: int, drawn: int, settings: Settings
) -> None:
    step, next_step, missing = one(injected, drawn, settings)
    assert step == step_by_the_law(injected, drawn, settings)
    higher = [more for more in range(1, 260) if step_by_the_law(injected + more, drawn, settings) > step]
    if not higher:
        assert (next_step, missing) == (-1, 0)
    else:
        assert missing == higher[0]
        assert next_step == step_by_the_law(injected + missing, drawn, settings)


@given(injected=st.integers(0, 10**15), drawn=st.integers(1, 10**15), settings=READINGS)
def test_one_wh_less_would_not_reach_it_however_large_the_hour(injected: int, drawn: int, settings: Settings) -> None:
    step, next_step, missing = one(injected, drawn, settings)
    if next_step > 0:
        assert one(injected + missing, drawn, settings)[0] == next_step > step
        assert one(injected + missing - 1, drawn, settings)[0] == step


@pytest.mark.parametrize(
    ("injected", "expected"),
    [(0, (0, 1, 601)), (600, (0, 1, 1)), (601, (1, 2, 100)), (900, (3, 4, 1)), (901, (4, 5, 99)), (1000, (5, -1, 0))],
)
def test_at_a_threshold_itself_one_wh_is_missing(injected: int, expected: tuple[int, int, int]) -> None:
    assert one(injected, 1000, Settings()) == expected


def test_above_100_percent_nothing_more_can_be_reached() -> None:
    assert one(1001, 1000, Settings(above_100="cap")) == (5, -1, 0)
    assert one(1001, 1000, Settings(above_100="literal")) == (4, -1, 0)


def test_where_nothing_is_drawn_there_is_no_step_to_reach() -> None:
    assert one(5, 0, Settings()) == (0, -1, 0)
