"""How much more renewable energy a period would have needed for the next relief step (art. 184k ust. 1 pkt 2).

The steps begin strictly above 60, 70, 80 and 90 % and at exactly 100 %; all is whole Wh and compared as integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from central.balance import relief_step
from central.grid import Ints
from central.settings import Settings

TENTHS = np.array((6, 7, 8, 9), dtype=np.int64)
"""Of the denominator, above which the steps begin (art. 184k ust. 1 pkt 2 lit. a to d)."""
_TOP = 5


@dataclass(frozen=True, slots=True)
class Tiers:
    """One value for each period."""

    step: Ints
    """The step reached: 0 to 5 twentieths off."""
    next_step: Ints
    """The step that the missing energy would reach; -1 where none can be reached by injecting more."""
    missing: Ints
    """Wh of renewable injection, at least 1, that would reach it; 0 where ``next_step`` is -1."""


def tiers(injected_res: Ints, drawn: Ints, settings: Settings, denominator: Ints | None = None) -> Tiers:
    """The step of each period, the next one, and the least renewable energy that is missing for it, Wh.

    ``denominator`` of the ratio: what is drawn, if not given. Nothing is missing where the denominator is 0, at the
    last step, above 100 % where that is read literally, and where covered energy is the numerator and can't suffice.
    """
    covered = settings.ratio_numerator == "covered"
    whole = drawn if denominator is None else denominator

    def step_at(injected: Ints) -> Ints:
        return relief_step(np.minimum(injected, drawn) if covered else injected, whole, settings.above_100)

    step = step_at(injected_res)
    # Strictly more than t tenths of what is drawn; beyond the tenths, all of it. Never more than all of it.
    tenths = TENTHS[np.minimum(step, len(TENTHS) - 1)]
    wanted = np.where(step < len(TENTHS), tenths * whole // 10 + 1, whole)
    reachable = (whole > 0) & (step < _TOP) & (wanted > injected_res) & ((wanted <= drawn) | (not covered))
    target = np.where(reachable, wanted, injected_res)
    return Tiers(
        step=step,
        next_step=np.where(reachable, step_at(target), -1),
        missing=target - injected_res,
    )
