"""What the technician's tools and a running gateway say to one another: one JSON document a line. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec

from gateway.failure import FailureKind
from gateway.report import Report

MOST_BYTES: Final = 4096
"""A request longer than this ends the connection."""
MOST_ANSWER_BYTES: Final = 1 << 20
_BUS_LENGTH: Final = 35
WRITES: Final = frozenset({5, 6, 15, 16, 21, 22, 23})
"""Function codes that change something in the device (Application Protocol V1.1b3, chapter 6)."""
READS: Final = frozenset({1, 2, 3, 4, 7, 11, 12, 17, 20, 24, 43})
"""Those that only read. All others, diagnostics (8) and vendors' own among them, may change something."""

Unit = Annotated[int, msgspec.Meta(ge=0, le=247)]
BusName = Annotated[str, msgspec.Meta(min_length=1, max_length=_BUS_LENGTH)]


class AskReport(msgspec.Struct, frozen=True, tag_field="op", tag="report", forbid_unknown_fields=True):
    """How is everything?"""


class AskBlock(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="block", forbid_unknown_fields=True):
    """Registers of a unit."""

    bus: BusName
    unit: Unit
    function: Annotated[int, msgspec.Meta(ge=3, le=4)]
    address: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    count: Annotated[int, msgspec.Meta(ge=1, le=125)]


class AskRaw(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="raw", forbid_unknown_fields=True):
    """Any function of a unit."""

    bus: BusName
    unit: Unit
    pdu: Annotated[str, msgspec.Meta(pattern=r"\A(?:[0-9a-f]{2}){1,253}\Z")]
    """Function code and data in hex."""
    write: bool = False
    """Whether a function is meant that may change something in the device."""


class Replay(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="replay", forbid_unknown_fields=True):
    """Send stands of a time again, whether receipted or not."""

    first: datetime | None = None
    last: datetime | None = None
    meters: Annotated[tuple[str, ...], msgspec.Meta(max_length=100)] = ()


class Words(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="words"):
    """The registers, and between which instants they were read."""

    words: tuple[int, ...]
    sent: datetime
    received: datetime


class Bytes(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="bytes"):
    """Function code and data of the answer in hex."""

    pdu: str


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="failed"):
    """The request was made and brought nothing."""

    kind: FailureKind
    detail: str = ""
    code: int = 0


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="refused"):
    """The gateway doesn't do that."""

    reason: str


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="report"):
    """How everything is."""

    report: Report


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="done"):
    """It was done."""

    what: str


Asked = AskReport | AskBlock | AskRaw | Replay
Answered = Words | Bytes | Failed | Refused | Told | Done
_ASKED: msgspec.json.Decoder[Asked] = msgspec.json.Decoder(Asked)
_ANSWERED: msgspec.json.Decoder[Answered] = msgspec.json.Decoder(Answered)


def encode(one: Asked | Answered) -> bytes:
    """One line."""
    return msgspec.json.encode(one) + b"\n"


def decode_asked(line: bytes) -> Asked:
    """A tool's request.

    Raises:
        msgspec.DecodeError: it is none.
    """
    found: Asked = _ASKED.decode(line)
    return found


def decode_answered(line: bytes) -> Answered:
    """The gateway's answer.

    Raises:
        msgspec.DecodeError: it is none.
    """
    found: Answered = _ANSWERED.decode(line)
    return found
