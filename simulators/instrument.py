"""A meter on a line: device, energy, clock and troubles put together."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from simulators.devices.catalogue import Device
from simulators.faults import Fault, Kind, damaged, reset_reading, spoilt
from simulators.reading import Reading
from simulators.servers.modbus import Answer, Damage, answer_pdu, exception_pdu

_DAMAGED_SHARE: Final = 0.5
ReadingAt = Callable[[datetime], Reading]


class Instrument:
    """Answers requests with the registers of the instant at which they are handled."""

    def __init__(
        self,
        device: Device,
        reading_at: ReadingAt,
        now: Callable[[], datetime],
        fault: Callable[[], Fault | None] = lambda: None,
    ) -> None:
        """Take the device, its energy over time, the clock and what is wrong with it at the moment."""
        self._device = device
        self._reading_at = reading_at
        self._now = now
        self._fault = fault
        self._lots: dict[int, random.Random] = {}

    def __call__(self, request: bytes) -> Answer | None:
        """The answer to a request's PDU, or None for silence."""
        if self._device.asleep(self._reading_at(self._now())):
            return None
        fault = self._fault()
        if fault is None:
            return Answer(answer_pdu(request, self._read))
        if fault.kind is Kind.SILENCE:
            return None
        if fault.kind is Kind.EXCEPTION:
            return Answer(exception_pdu(request[0], fault.code))

        def read(function: int, address: int, count: int) -> list[int]:
            return spoilt(fault.kind, self._read(function, address, count, fault.at))

        return Answer(answer_pdu(request, read), fault.seconds, self._damage(fault))

    def _damage(self, fault: Fault) -> Damage | None:
        """Half of the answers are damaged, by lot; the lots of a seed go on while the process runs."""
        if fault.kind is not Kind.DAMAGE:
            return None
        lot = self._lots.setdefault(fault.seed, random.Random(fault.seed))  # noqa: S311 - a simulation
        return partial(damaged, lot) if lot.random() < _DAMAGED_SHARE else None

    def _read(self, function: int, address: int, count: int, reset_at: datetime | None = None) -> list[int]:
        reading = self._reading_at(self._now())
        if reset_at is not None:
            reading = reset_reading(reading, self._reading_at(reset_at))
        return self._device.read(function, address, count, reading)
