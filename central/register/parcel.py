"""A run as one file: a zip of uncompressed entries, written in one way only, so that every byte of it is checked.

Any unzip program opens it. It is read by comparing each header with the one that would have been written: no names but
the known, no compression, nothing between, before or behind.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from central.register.manifest import CORRECTED, FILE_NAME, ChangedError, RunError

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_DAY: Final = (1 << 5) | 1
"""1980-01-01, the first day that a zip knows: a file's own time would be another byte each time."""
_MODE: Final = 0o100644 << 16
MOST_BYTES: Final = 2**32 - 2**20
MOST_FILES: Final = 200


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take the next bytes."""


def write_parcel(files: Iterable[tuple[str, bytes | memoryview]], sink: Sink) -> None:
    """Write the files in the order given.

    Raises:
        RunError: they are more than a zip without extensions holds.
    """
    place, directory, count = 0, [], 0
    for name, content in files:
        crc, size = zlib.crc32(content), len(content)
        if place + size > MOST_BYTES or count == MOST_FILES:
            raise RunError(
                "more than 4 GB, or more than 200 files, can't be exported as one file; a correction is exported "
                "without the run that it corrects by --alone"
            )
        sink.write(_local(name.encode(), crc, size))
        sink.write(content)
        directory.append(_directory(name.encode(), crc, size, place))
        place += _LOCAL.size + len(name.encode()) + size
        count += 1
    for entry in directory:
        sink.write(entry)
    sink.write(_end(count, sum(map(len, directory)), place))


def read_parcel(content: memoryview, where: str) -> Mapping[str, memoryview]:
    """The files of a parcel, in its order; nothing is copied.

    Raises:
        RunError: a byte isn't as ``write_parcel`` writes it.
    """
    place, directory = 0, []
    found: dict[str, memoryview] = {}
    while bytes(content[place : place + 4]) == b"PK\x03\x04":
        head = bytes(content[place : place + _LOCAL.size])
        if len(head) < _LOCAL.size or len(found) == MOST_FILES:
            raise _broken(where, place)
        *_, crc, size, _, length, _ = _LOCAL.unpack(head)
        begun = place + _LOCAL.size
        name, data = bytes(content[begun : begun + length]), content[begun + length : begun + length + size]
        text = name.decode("latin-1")
        if not FILE_NAME.fullmatch(text) and text != CORRECTED:
            raise ChangedError(f"{where}: byte {begun}: {text[:80]!r} isn't a name of a run's file")
        if head + name != _local(name, crc, size) or len(data) != size or text in found:
            raise _broken(where, place)
        if zlib.crc32(data) != crc:
            raise ChangedError(f"{where}: {text} was changed, or damaged on the way: its checksum isn't its own")
        directory.append(_directory(name, crc, size, place))
        found[text] = data
        place = begun + length + size
    listed = b"".join(directory)
    if not found:
        raise RunError(f"{where}: isn't an exported run")
    if bytes(content[place:]) != listed + _end(len(found), len(listed), place):
        raise _broken(where, place)
    return found


def _broken(where: str, place: int) -> ChangedError:
    return ChangedError(f"{where}: byte {place}: it was changed or cut off, or is no exported run; export it again")


def _local(name: bytes, crc: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\x03\x04", 20, 0, 0, 0, _DAY, crc, size, size, len(name), 0) + name


def _directory(name: bytes, crc: int, size: int, place: int) -> bytes:
    version = (3 << 8) | 20
    head = _CENTRAL.pack(
        b"PK\x01\x02", version, 20, 0, 0, 0, _DAY, crc, size, size, len(name), 0, 0, 0, 0, _MODE, place
    )
    return head + name


def _end(count: int, length: int, place: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, length, place, 0)
