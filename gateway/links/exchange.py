"""Any Modbus request as bytes: its frame on a serial line or in TCP, and when its answer is whole. Pure.

For the technician's tools: polls go through pymodbus, which knows only the functions that it was taught.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.rtu_frames import crc

_EXCEPTION = 0x80
_COUNTED = frozenset({1, 2, 3, 4, 12, 17, 20, 21, 23})
"""Functions whose answer tells its length in its third byte (Application Protocol V1.1b3, chapter 6)."""
_SIZES = {5: 8, 6: 8, 7: 5, 8: 8, 11: 8, 15: 8, 16: 8, 22: 10}
_HEADER = 7
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to one unit; ``number`` is its transaction in TCP, None in a serial line's frames."""

    unit: int
    pdu: bytes
    """Function code and data."""
    number: int | None

    def request(self) -> bytes:
        """The frame to send."""
        if self.number is None:
            frame = bytes((self.unit,)) + self.pdu
            return frame + crc(frame)
        head = self.number.to_bytes(2, "big") + b"\0\0" + (len(self.pdu) + 1).to_bytes(2, "big")
        return head + bytes((self.unit,)) + self.pdu

    def answer(self, heard: bytes) -> tuple[bytes | None, int]:
        """The answer's function code and data once it is whole, and how many of the bytes are done with."""
        return self._of_line(heard) if self.number is None else self._of_tcp(heard)

    def _of_tcp(self, heard: bytes) -> tuple[bytes | None, int]:
        if len(heard) < _HEADER:
            return None, 0
        end = _HEADER - 1 + int.from_bytes(heard[4:6], "big")
        if heard[2:4] != b"\0\0" or not _HEADER < end <= _LONGEST:
            return None, len(heard)
        if len(heard) < end:
            return None, 0
        mine = int.from_bytes(heard[:2], "big") == self.number and heard[6] == self.unit and self._fits(heard[7])
        return (heard[_HEADER:end], len(heard)) if mine else (None, end)

    def _of_line(self, heard: bytes) -> tuple[bytes | None, int]:
        if len(heard) < 4 or heard[0] != self.unit or not self._fits(heard[1]):
            return None, 0
        function = heard[1]
        if function & _EXCEPTION:
            size = 5
        elif function in _COUNTED:
            size = 5 + heard[2]
        else:
            # Of other functions the length isn't known: the answer ends where the check is right.
            size = _SIZES.get(function, len(heard))
        if len(heard) < size or crc(heard[: size - 2]) != heard[size - 2 : size]:
            return None, 0
        return heard[1 : size - 2], len(heard)

    def _fits(self, function: int) -> bool:
        return function & ~_EXCEPTION == self.pdu[0]
