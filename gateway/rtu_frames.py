"""What the bytes of a serial line are: whole answers, answers of others, damaged ones. Pure.

MODBUS over Serial Line V1.02, 2.5.1 and 6.2.2; functions whose answers tell their length in the third byte.
"""

from __future__ import annotations

EXCEPTION = 0x80
"""Set in the function code of an exception."""
LEAST_BYTES = 5
"""Unit, function, length and check around the words of an answer; an exception has as many."""


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_REMAINDERS = tuple(map(_remainder, range(256)))


def crc(frame: bytes) -> bytes:
    """The check of a serial line's frame, low byte first (Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in frame:
        value = value >> 8 ^ _REMAINDERS[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def frame_size(heard: bytes) -> int:
    """How long the intact answer is that the bytes begin with; 0 where they begin with none."""
    if len(heard) < LEAST_BYTES:
        return 0
    size = LEAST_BYTES if heard[1] & EXCEPTION else LEAST_BYTES + heard[2]
    frame = heard[:size]
    return size if len(frame) == size and crc(frame[:-2]) == frame[-2:] else 0


def strays(heard: bytes, unit: int | None) -> tuple[int, list[tuple[int, int]]]:
    """How many of the first bytes are intact answers of others than ``unit``; and of which units, of how many words."""
    end, found = 0, []
    while (size := frame_size(heard[end:])) and heard[end] != unit:
        if not heard[end + 1] & EXCEPTION:
            found.append((heard[end], heard[end + 2] // 2))
        end += size
    return end, found


def noise(heard: bytes, awaited: bytes, sent: bytes) -> int:
    """How many bytes stand before the intact answer: an echo of the request, or what a line picks up; 0 without one."""
    if heard.startswith(sent):
        return len(sent)
    for at in range(1, len(heard) - LEAST_BYTES + 1):
        if heard[at] == awaited[0] and heard[at + 1] & ~EXCEPTION == awaited[1] and frame_size(heard[at:]):
            return at
    return 0


def is_damaged(heard: bytes, awaited: bytes, *, whole: bool) -> bool:
    """Whether what came can only be the answer, though its check is wrong; ``whole``: and all of it has come.

    ``awaited`` are unit, function and length: one or two wrong bits leave at least one of the three as it was.
    """
    if frame_size(heard):
        return False
    complete = len(heard) >= LEAST_BYTES + awaited[2]
    alike = sum(a == b for a, b in zip(awaited, heard, strict=False))
    return complete and alike >= 1 if whole else alike >= (1 if complete else 2)
