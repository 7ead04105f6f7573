"""Which points of SunSpec models are live values, and with which sign.

An inverter's and a DER's W (models 101 to 113 and 701) is positive when it makes energy: power is its negative. A
meter's W (201 to 214) is taken as positive when energy comes from the grid, as its TotWhImp is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.live import with_sum
from gateway.observation import Answer
from gateway.profile import Block
from gateway.protocols.sunspec import Device, Model, SunSpecError, Window, models, window
from metering.live import LiveValue, live_value

Points = Mapping[str, tuple[str, int]]
"""Name of the value to point and sign."""

_AC: Final[Points] = {
    **{f"voltage_l{i}_v": (f"PhVph{phase}", 1) for i, phase in enumerate("ABC", 1)},
    **{f"current_l{i}_a": (f"Aph{phase}", 1) for i, phase in enumerate("ABC", 1)},
    "frequency_hz": ("Hz", 1),
}
_INVERTER: Final[Points] = {"power_w": ("W", -1), **_AC}
_METER: Final[Points] = {
    "power_w": ("W", 1),
    **{f"power_l{i}_w": (f"Wph{phase}", 1) for i, phase in enumerate("ABC", 1)},
    **_AC,
}
_DER: Final[Points] = {
    "power_w": ("W", -1),
    **{f"power_l{i}_w": (f"WL{i}", -1) for i in (1, 2, 3)},
    **{f"voltage_l{i}_v": (f"VL{i}", 1) for i in (1, 2, 3)},
    **{f"current_l{i}_a": (f"AL{i}", 1) for i in (1, 2, 3)},
    "frequency_hz": ("Hz", 1),
}
LIVE: Final[Mapping[int, Points]] = {
    **dict.fromkeys((101, 102, 103, 111, 112, 113), _INVERTER),
    **dict.fromkeys((201, 202, 203, 204, 211, 212, 213, 214), _METER),
    701: _DER,
    124: {"soc_pct": ("ChaState", 1)},
    713: {"soc_pct": ("SoC", 1)},
    802: {"soc_pct": ("SoC", 1)},
}
"""By model. Of the storage models only the state of charge."""
_STORAGE: Final = (713, 802, 124)


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """One request that brings live points of one model with their scale factors."""

    window: Window
    points: Points

    @property
    def block(self) -> Block:
        """The request."""
        return Block(3, self.window.ask.address, self.window.ask.count, ())

    def values(self, answer: Answer) -> tuple[LiveValue, ...]:
        """The values; none where the model is no longer there."""
        if not self.window.stands_there(answer.words):
            return ()
        found = []
        for name, (point, sign) in self.points.items():
            scaled = self.window.value(answer.words, point)
            found.append(live_value(name, sign * scaled.value.value, answer.received) if scaled else None)
        return with_sum(one for one in found if one is not None)


def live_windows(device: Device, model: Model) -> tuple[LiveWindow, ...]:
    """What to ask for: of the model whose energies are read, and the state of charge where the device has one."""
    storage = next((one for number in _STORAGE for one in device.models if one.id == number), None)
    asked = [model] if storage is None else [model, storage]
    found = (_live_window(one) for one in asked)
    return tuple(one for one in found if one is not None)


def _live_window(model: Model) -> LiveWindow | None:
    data = models()[model.id]
    there = {point.name for point in data.points}
    points = {name: (point, sign) for name, (point, sign) in LIVE[model.id].items() if point in there}
    try:
        return LiveWindow(window(model, [point for point, _ in points.values()]), points)
    except SunSpecError:
        return None
