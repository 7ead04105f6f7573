"""Modbus as a slave speaks it: requests and answers, CRC and frames. No I/O.

Written from the MODBUS Application Protocol Specification V1.1b3 and MODBUS over Serial Line V1.02, on purpose without
the library that the gateway uses: a misunderstanding would have to happen twice.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final

import msgspec

HOLDING: Final = 0x03
INPUT: Final = 0x04
MBAP_BYTES: Final = 7

_MOST_REGISTERS: Final = 125
_ADDRESSES: Final = 0x10000
_READ_BYTES: Final = 5
_LONGEST_PDU: Final = 253
_SHORTEST_FRAME: Final = 4
_LONGEST_FRAME: Final = 256


class ExceptionCode(IntEnum):
    """Exception codes (specification V1.1b3, chapter 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_DATA_ADDRESS = 2
    ILLEGAL_DATA_VALUE = 3
    DEVICE_FAILURE = 4
    DEVICE_BUSY = 6


class ModbusRefusal(Exception):  # noqa: N818 - the specification calls it an exception response, not an error
    """A request is answered with an exception code."""

    def __init__(self, code: ExceptionCode) -> None:
        """Keep the code."""
        super().__init__(code.name)
        self.code = code


class NotModbusError(Exception):
    """The bytes can't be a Modbus TCP frame: the connection is of no use any more."""


class Answer(msgspec.Struct, frozen=True):
    """What a unit answers, and how long it takes to."""

    pdu: bytes
    delay_s: float = 0.0
    damage: Damage | None = None
    """What a disturbed line makes of the frame."""


Damage = Callable[[bytes, int], bytes]
"""Takes a whole frame and how many of its first bytes a check protects; gives what arrives."""
Unit = Callable[[bytes], Answer | None]
"""A device on a line: takes a request's PDU and answers, or stays silent."""
Units = dict[int, Unit]
"""The devices of one line by unit id."""
Read = Callable[[int, int, int], Sequence[int]]
"""Reads function, address, count; returns words or raises ``ModbusRefusal``."""


def answer_pdu(request: bytes, read: Read) -> bytes:
    """The answer to a request, both without address and check (chapters 6.3, 6.4 and 7).

    Functions 03 and 04 are known; all else is exception 1.
    """
    function = request[0] if request else 0
    try:
        if function not in {HOLDING, INPUT}:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        if len(request) != _READ_BYTES:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_VALUE)
        address, count = struct.unpack(">HH", request[1:])
        if not 1 <= count <= _MOST_REGISTERS:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_VALUE)
        if address + count > _ADDRESSES:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        words = read(function, address, count)
    except ModbusRefusal as refusal:
        return exception_pdu(function, refusal.code)
    return struct.pack(f">BB{count}H", function, 2 * count, *words)


def exception_pdu(function: int, code: ExceptionCode) -> bytes:
    """An exception answer to a function."""
    return bytes([function | 0x80, code])


def crc(data: bytes) -> bytes:
    """The CRC-16 of a serial frame, low byte first (Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A serial frame: address, PDU, CRC."""
    body = bytes([unit]) + pdu
    return body + crc(body)


def parse_rtu(frame: bytes) -> tuple[int, bytes] | None:
    """Unit and PDU of a serial frame, or None when its length or CRC is wrong."""
    if not _SHORTEST_FRAME <= len(frame) <= _LONGEST_FRAME or crc(frame[:-2]) != frame[-2:]:
        return None
    return frame[0], frame[1:-2]


def silence_s(baud: int) -> float:
    """The silence that ends a serial frame: 3.5 characters of 11 bits, 1.75 ms above 19,200 baud."""
    return 0.00175 if baud > 19_200 else 3.5 * 11 / baud


def mbap_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A Modbus TCP frame."""
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def parse_mbap(header: bytes) -> tuple[int, int, int]:
    """Transaction, unit and the length of the PDU that follows a header of ``MBAP_BYTES``.

    Raises:
        NotModbusError: the protocol isn't 0 or the length is impossible.
    """
    transaction, protocol, length, unit = struct.unpack(">HHHB", header)
    if protocol != 0 or not 2 <= length <= _LONGEST_PDU + 1:
        raise NotModbusError(f"protocol {protocol}, length {length}")
    return transaction, unit, length - 1
