"""Estimation by name: each method a file, a pure function of known history and of what a person gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from central.estimation import like_days, linear, manual, own_load_profile, profile
from central.estimation.history import Given, History
from central.grid import Ints

METHODS: Final[Mapping[str, Callable[[History, Ints, Given], list[int]]]] = {
    "linear": linear.estimate,
    "like_days": like_days.estimate,
    "profile": profile.estimate,
    "own_load_profile": own_load_profile.estimate,
    "manual": manual.estimate,
}
"""By the name that goes with every estimated value; docs/validation.md says what each does."""
