"""Troubles of a simulated meter, switched on and off while it runs.

They stand in ``faults.json`` of the work directory, by the meter's serial number:
``{"23010017": {"kind": "silence"}}``. The file is looked at before every answer, so a change counts from the next
request on.
"""

from __future__ import annotations

import os
import random
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec

from simulators.reading import Reading
from simulators.servers.modbus import ExceptionCode

FILE: Final = "faults.json"
_CUT_SHARE: Final = 0.25
_NAN_WORDS: Final = (0x7FC0, 0x0000)


class Kind(StrEnum):
    """What a meter can do wrong."""

    SILENCE = "silence"
    """No answer."""
    ZEROS = "zeros"
    """Every register reads 0, as some meters do while they start."""
    NAN = "nan"
    """Every float register is not a number."""
    EXCEPTION = "exception"
    """Every request is answered with an exception code."""
    RESET = "reset"
    """The counters began again from 0 at ``at``."""
    DELAY = "delay"
    """Answers come ``seconds`` later."""
    DAMAGE = "damage"
    """Every second answer, by lot, comes with wrong bits or cut off."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One trouble of one meter."""

    kind: Kind
    code: ExceptionCode = ExceptionCode.DEVICE_FAILURE
    """For ``exception``."""
    at: datetime | None = None
    """For ``reset``: the simulated instant."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """For ``delay``: real seconds."""
    seed: int = 0
    """For ``damage``: the same seed spoils the same answers."""

    def __post_init__(self) -> None:
        """Refuse a reset without its instant."""
        if self.kind is Kind.RESET and self.at is None:
            raise ValueError("a reset needs its instant, at")


Faults = dict[str, Fault]


class FaultFile:
    """The file of a work directory."""

    def __init__(self, workdir: Path) -> None:
        """Nothing is read yet."""
        self.path = workdir / FILE
        self._seen: tuple[int, int, int] | None = None
        self._faults: Faults = {}

    def now(self) -> Faults:
        """The troubles that stand there now; a file that can't be read leaves the last ones."""
        try:
            stat = self.path.stat()
        except OSError:
            self._seen, self._faults = None, {}
            return self._faults
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen != self._seen:
            try:
                self._faults = msgspec.json.decode(self.path.read_bytes(), type=Faults)
            except (OSError, msgspec.DecodeError):
                return self._faults
            self._seen = seen
        return self._faults

    def set(self, serial: str, fault: Fault | None) -> Faults:
        """Switch a meter's trouble on, or off with None; gives what stands there then.

        Raises:
            OSError: the file can't be written.
        """
        faults = dict(self.now())
        faults.pop(serial, None)
        if fault is not None:
            faults[serial] = fault
        new = self.path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(faults)))
        os.replace(new, self.path)
        return faults


def reset_reading(reading: Reading, at_reset: Reading) -> Reading:
    """What the counters show when they began again from 0 at an earlier reading."""
    return msgspec.structs.replace(
        reading,
        import_wh=reading.import_wh - at_reset.import_wh,
        export_wh=reading.export_wh - at_reset.export_wh,
    )


def damaged(lot: random.Random, frame: bytes, breakable: int) -> bytes:
    """A frame from a disturbed line: cut off, or one or two bits wrong among its first ``breakable`` bytes.

    No more than two: a serial line's CRC-16 finds every such error.
    """
    if lot.random() < _CUT_SHARE:
        return frame[: lot.randrange(1, len(frame))]
    bits = bytearray(frame)
    for place in lot.sample(range(8 * min(breakable, len(frame))), lot.choice((1, 2))):
        bits[place // 8] ^= 1 << place % 8
    return bytes(bits)


def spoilt(kind: Kind, words: list[int]) -> list[int]:
    """An answer's words as a meter with this trouble gives them."""
    if kind is Kind.ZEROS:
        return [0] * len(words)
    if kind is Kind.NAN:
        return [_NAN_WORDS[i % 2] for i in range(len(words))]
    return words
