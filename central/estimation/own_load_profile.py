"""``own_load_profile``: what the meter's own load profile recorded, read from the meter by hand."""

from __future__ import annotations

from central.estimation.history import Given, History
from central.estimation.said import said
from central.grid import Ints


def estimate(history: History, wanted: Ints, given: Given) -> list[int]:
    """Wh of each wanted period; what the profile has besides is left.

    Raises:
        NotEstimatedError: the profile lacks a period.
    """
    return said(history, wanted, given, "the meter's load profile")
