"""A device that describes itself by SunSpec: its chain is found at the first poll, its energies at every one.

Energies are seen from the device's own terminals: what an inverter has made is export (1-0:2.8.0); of a meter imported
energy is 1-0:1.8.0 and exported 1-0:2.8.0; of a DER absorbed is 1-0:1.8.0, injected 1-0:2.8.0. DC energies (models 160
and 714) are no AC energies: they are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from gateway.config import SunSpecChoice
from gateway.live import LiveHeard
from gateway.observation import Answer, Event, Observation
from gateway.profile import Block
from gateway.protocols.sunspec import (
    COMMON,
    COMMON_REGISTERS,
    Ask,
    Device,
    Discovery,
    Model,
    SunSpecError,
    Window,
    discover,
    identity,
    window,
)
from gateway.readout import Heard
from gateway.sunspec_live import LiveWindow, live_windows
from gateway.words import energy
from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT

_INVERTER: Final = {ACTIVE_EXPORT: "WH"}
_METER: Final = {ACTIVE_IMPORT: "TotWhImp", ACTIVE_EXPORT: "TotWhExp"}
_DER: Final = {ACTIVE_IMPORT: "TotWhAbs", ACTIVE_EXPORT: "TotWhInj"}
ENERGIES: Final[Mapping[int, Mapping[str, str]]] = {
    **dict.fromkeys((101, 102, 103, 111, 112, 113), _INVERTER),
    **dict.fromkeys((201, 202, 203, 204, 211, 212, 213, 214), _METER),
    701: _DER,
}
"""The cumulative AC energies (Wh) of the models: OBIS code to point."""

_ONE: Final = Decimal(1)


class SunSpecReadout:
    """One logical device of a chain."""

    def __init__(self, meter: str, choice: SunSpecChoice) -> None:
        """``choice`` says which logical device and model; the chain is walked at the first poll."""
        self.codes: tuple[str, ...] = ()
        self._meter = meter
        self._choice = choice
        self._discovery: Discovery | None = None
        self._window: Window | None = None
        self._live: dict[Block, LiveWindow] = {}
        self.serial_block: Block | None = None

    def first(self) -> Block:
        """The energies; before the chain is known, the search for it from its beginning."""
        if self._window is not None:
            return _block(self._window.ask)
        self._discovery = discover()
        return _block(next(self._discovery))

    def take(self, block: Block, answer: Answer | None) -> Heard:
        """Go on with the search, or decode the energies."""
        if self._window is None:
            return self._search(answer)
        if answer is None or not self._window.stands_there(answer.words):
            model, self._window = self._window.model, None
            return Heard(problem=f"model {model.id} is no longer at {block.address}: the chain is walked again")
        return Heard(self.again(block, answer))

    def again(self, block: Block, answer: Answer) -> dict[str, Observation]:
        """The energies of the window, if its model still stands there."""
        read = self._window
        if read is None or not read.stands_there(answer.words):
            return {}
        points = ENERGIES[read.model.id]
        return {code: self._observation(read, point, answer) for code, point in points.items()}

    def serial(self, answer: Answer) -> str:
        """What the device's model 1 says."""
        return identity(answer.words).serial if answer.words[0] == COMMON else ""

    def first_live(self) -> Block | None:
        """The first block of live values; None before the chain is known."""
        return next(iter(self._live), None) if self._window is not None else None

    def take_live(self, block: Block, answer: Answer | None) -> LiveHeard:
        """The live values of one model."""
        blocks = list(self._live)
        place = blocks.index(block) if block in blocks else len(blocks)
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        if answer is None or block not in self._live:
            return LiveHeard((), following)
        return LiveHeard(self._live[block].values(answer), following)

    def _search(self, answer: Answer | None) -> Heard:
        if self._discovery is None:
            return Heard(problem="no search for the chain was begun")
        try:
            return Heard(next=_block(self._discovery.send(answer.words if answer else None)))
        except StopIteration as done:
            devices: tuple[Device, ...] = done.value
        except SunSpecError as error:
            return Heard(problem=str(error))
        try:
            device, model = self._chosen(devices)
            self._window = window(model, tuple(ENERGIES[model.id].values()))
            self._live = {one.block: one for one in live_windows(device, model)}
        except SunSpecError as error:
            return Heard(problem=str(error))
        who = device.identity
        fields = {"manufacturer": who.manufacturer, "model": who.model, "version": who.version, "serial": who.serial}
        fields |= {"chain": " ".join(str(one.id) for each in devices for one in each.models), "read": str(model.id)}
        common = device.models[0]
        self.serial_block = Block(3, common.address, min(2 + common.length, COMMON_REGISTERS), ())
        return Heard(next=self.first(), events=(Event("sunspec_found", fields),), serial=who.serial)

    def _chosen(self, devices: tuple[Device, ...]) -> tuple[Device, Model]:
        choice = self._choice
        if choice.device > len(devices):
            raise SunSpecError(f"sunspec.device is {choice.device}, but the chain has {len(devices)} logical devices")
        device = devices[choice.device - 1]
        serial = device.identity.serial
        if choice.check_serial and serial != self._meter:
            raise SunSpecError(f"its serial number is {serial!r}, not {self._meter!r}")
        able = [model for model in device.models if model.id in ENERGIES]
        if choice.model is not None:
            able = [model for model in able if model.id == choice.model]
        if len(able) == 1:
            return device, able[0]
        there = ", ".join(str(model.id) for model in device.models)
        if not able:
            wanted = f"model {choice.model}" if choice.model is not None else "AC energy"
            raise SunSpecError(f"no {wanted} among the models of logical device {choice.device}: {there}")
        several = ", ".join(str(model.id) for model in able)
        raise SunSpecError(f"models {several} all have energies: say by sunspec.model which is meant")

    def _observation(self, read: Window, point: str, answer: Answer) -> Observation:
        found = read.value(answer.words, point)
        if found is None:
            return Observation(None, Decimal(0), answer.sent, answer.received, base=answer.base)
        modulus = None if found.modulus is None else found.modulus * found.scale
        # A float has more digits than its device counts: whole Wh as far as the float shows them.
        value = energy(found.value, _ONE, _ONE) if found.is_float else found.value
        return Observation(value.value, value.step, answer.sent, answer.received, found.scale, modulus, answer.base)


def _block(ask: Ask) -> Block:
    return Block(3, ask.address, ask.count, ())
