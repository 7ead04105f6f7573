"""``linear``: at most two hours between two measured neighbours, on the straight line between them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from central.estimation.history import Given, History, NotEstimatedError
from central.grid import Ints
from metering.energy import half_up

MOST_S = 7200


def estimate(history: History, wanted: Ints, _: Given) -> list[int]:
    """Wh of each wanted period (places in the history, in order), half-up.

    Raises:
        NotEstimatedError: a stretch is longer, or a neighbour has no measured value.
    """
    cuts = [0, *(np.flatnonzero(np.diff(wanted) > 1) + 1).tolist(), len(wanted)]
    found: list[int] = []
    for first, last in pairwise(cuts):
        count = last - first
        before, after = int(wanted[first]) - 1, int(wanted[last - 1]) + 1
        if count * history.length_s > MOST_S:
            hours = Fraction(count * history.length_s, 3600)
            raise NotEstimatedError(f"linear bridges at most 2 hours, and {float(hours):g} are missing: use like_days")
        if before < 0 or after >= len(history.starts) or not (history.known[before] and history.known[after]):
            raise NotEstimatedError("linear needs a measured value just before and just after: use like_days")
        begin, end = int(history.wh[before]), int(history.wh[after])
        found += [half_up(begin + Fraction((end - begin) * (i + 1), count + 1)) for i in range(count)]
    return found
