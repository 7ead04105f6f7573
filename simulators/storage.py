"""A storage with a simple policy: it charges from the cluster's surplus and gives in the evening. Pure, in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """A battery with its inverter."""

    capacity_wh: Annotated[int, msgspec.Meta(ge=1)]
    power_w: Annotated[int, msgspec.Meta(ge=1)]
    """The most it takes or gives, W on the AC side."""
    lowest_pct: Percent = 10
    highest_pct: Percent = 95
    first_pct: Percent = 30
    """The state of charge at the scenario's start."""
    efficiency_pct: Annotated[int, msgspec.Meta(ge=1, le=100)] = 90
    """How much of what it takes is kept."""
    evening_from: Annotated[int, msgspec.Meta(ge=0, le=23)] = 17
    """The local hours in which it gives: from this one"""
    evening_until: Annotated[int, msgspec.Meta(ge=1, le=24)] = 22
    """to before this one."""

    def __post_init__(self) -> None:
        """Refuse bounds that are the wrong way round."""
        if not self.lowest_pct <= self.first_pct <= self.highest_pct:
            raise ValueError("expected lowest_pct <= first_pct <= highest_pct")

    @property
    def first_ws(self) -> int:
        """What is stored at the start, in watt-seconds."""
        return self.capacity_wh * 36 * self.first_pct


class Run(msgspec.Struct, frozen=True):
    """What a storage did, step by step."""

    power_w: Integers
    """W on the AC side, + charging, - giving."""
    stored_ws: Integers
    """What is stored at the foot of each step and after the last, in watt-seconds, shape (n + 1,)."""


def run(storage: Storage, stored_ws: int, surplus_w: Integers, evening: NDArray[np.bool_], step_s: int) -> Run:
    """Let a storage run over steps of ``step_s`` seconds.

    Args:
        storage: the battery.
        stored_ws: what is stored at the beginning.
        surplus_w: what the cluster has too much in each step, W; negative where it lacks.
        evening: whether a step is in the evening.
        step_s: the length of a step.
    """
    lowest, highest = storage.capacity_wh * 36 * storage.lowest_pct, storage.capacity_wh * 36 * storage.highest_pct
    power = np.zeros(len(surplus_w), dtype=np.int64)
    stored = np.zeros(len(surplus_w) + 1, dtype=np.int64)
    stored[0] = stored_ws
    for step, surplus in enumerate(surplus_w.tolist()):
        if evening[step]:
            watts = -max(0, min(storage.power_w, -surplus, (stored_ws - lowest) // step_s))
            stored_ws += watts * step_s
        else:
            room_w = (highest - stored_ws) * 100 // (storage.efficiency_pct * step_s)
            watts = max(0, min(storage.power_w, surplus, room_w))
            stored_ws += watts * step_s * storage.efficiency_pct // 100
        power[step] = watts
        stored[step + 1] = stored_ws
    return Run(power, stored)
