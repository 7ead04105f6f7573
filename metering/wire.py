"""Messages, receipts and topics between gateways and central, version 1.

A message carries up to ``MAX_STANDS`` stands of one gateway; central answers every message with one receipt that names
the message by the digest of its bytes. A row leaves a gateway's outbox on such a receipt and on nothing else.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import msgspec

from metering.live import LiveMessage
from metering.obis import PATTERN as OBIS_PATTERN
from metering.point import METER_PATTERN, gateway_id_problem
from metering.stand import Quality, Stand

VERSION: Final = 1
ROOT: Final = f"klaster/v{VERSION}"
PRESENCE_TOPIC: Final = f"{ROOT}/central/presence"
"""Retained; central's last will. Absent means offline."""
MAX_STANDS: Final = 100
"""The most stands in one message."""
MAX_BYTES: Final = 262_144
"""The longest payload that is looked at."""
MAX_IN_FLIGHT: Final = 200
"""The most messages a gateway may have without a receipt."""
MAX_REJECTED: Final = 32
"""The most registers of one meter whose rejected values are told."""

T = TypeVar("T")

_EARLIEST_YEAR: Final = 2000
_LATEST_YEAR: Final = 2199
_UNSET_CLOCK_YEAR: Final = 1970

Wh = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,13}(\.[0-9]{1,12})?\Z")]
"""A decimal in Wh below 10^13: more than any meter's display holds."""
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MeterId = Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Span = tuple[Annotated[int, msgspec.Meta(ge=0, le=2**53)], Annotated[int, msgspec.Meta(ge=0, le=2**53)]]
"""Sequences from the first to the last, both inclusive."""
MAX_SPANS: Final = 1000
"""The most spans of sequences, and the most meters, in one request."""
Spans = Annotated[tuple[Span, ...], msgspec.Meta(max_length=MAX_SPANS)]
HELD: Final = "held"
"""The id of the request by which central tells what it holds."""


class ClockState(StrEnum):
    """What is known of the clock that gave a stand its time."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    UNKNOWN = "unknown"
    SIMULATED = "simulated"


class Verdict(StrEnum):
    """What central did with a stand after its message was committed to the journal."""

    STORED = "stored"
    HELD = "held"
    """The meter is unknown: the stand enters by itself when the cluster file knows it."""
    CONFLICT = "conflict"
    """Another value for the same stand was there first and stays; this one is kept beside it."""
    REFUSED = "refused"
    """It doesn't parse, or isn't this gateway's to send."""


class StandOnWire(msgspec.Struct, frozen=True, kw_only=True):
    """One stand as it travels."""

    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    """The outbox row it came from."""
    meter: Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
    register: Annotated[str, msgspec.Meta(pattern=OBIS_PATTERN)]
    wh: Wh
    """Decimal string in Wh, as decoded; no multiplier applied."""
    resolution: Wh
    at: Instant
    before: Instant
    after: Instant
    quality: Quality
    epoch: Short
    boot: Short
    """The boot id of the gateway's machine when the row was made."""
    monotonic_ms: Annotated[int, msgspec.Meta(ge=0)]
    """Milliseconds of that boot's monotonic clock when the row was made."""
    clock: ClockState

    def stand(self) -> Stand:
        """The stand it carries."""
        return Stand(
            meter=self.meter,
            register=self.register,
            wh=Decimal(self.wh),
            resolution=Decimal(self.resolution),
            at=self.at,
            before=self.before,
            after=self.after,
            quality=self.quality,
            epoch=self.epoch,
        )


class StandsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/<gateway>/stands``."""

    v: int = VERSION
    gateway: str
    outbox: Short
    """The id of the outbox file: sequences of two outboxes have nothing to do with each other."""
    stands: tuple[StandOnWire, ...]


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    v: int
    gateway: str
    outbox: Short
    stands: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1, max_length=MAX_STANDS)]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of one stand."""

    sequence: int
    verdict: Verdict
    reason: str = ""


class ReceiptsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/<gateway>/receipts``: one for each message received.

    ``receipts`` are in the order of the message's stands. Where the message as a whole could not be read they are
    empty, and ``verdict`` and ``reason`` speak for all of it.
    """

    v: int = VERSION
    message: str
    """``digest()`` of the message's bytes."""
    receipts: tuple[Receipt, ...] = ()
    verdict: Verdict | None = None
    reason: str = ""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/central/presence``."""

    v: int = VERSION
    online: bool
    central: Short | msgspec.UnsetType = msgspec.UNSET
    """Which central says so: two of them must not serve one cluster."""


class BusStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway sees one of its lines."""

    id: str
    link: str
    connected: bool
    error: str = ""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Values of one register that a gateway read and didn't believe, until one was believed again."""

    register: Annotated[str, msgspec.Meta(pattern=OBIS_PATTERN)]
    problem: Short
    value: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """The first of them, in Wh (varh); empty where it was no number."""
    last_value: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """What was believed before it, in Wh; empty where nothing was."""
    at: Instant
    """When the first of them was read."""
    until: Instant | None = None
    """When a value was believed again; None while it goes on."""
    count: Annotated[int, msgspec.Meta(ge=1, le=2**53)] = 1


class MeterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway sees one of its meters."""

    id: str
    bus: str
    profile: str
    last_read: Instant | None = None
    error: str = ""
    rejected: Annotated[tuple[Rejected, ...], msgspec.Meta(max_length=MAX_REJECTED)] | msgspec.UnsetType = msgspec.UNSET
    """Of each register the newest rejected values since the gateway's start; absent where there are none."""


class RequestStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a gateway is with a request."""

    id: Short
    stands: Count
    """So many stands were sent again."""
    done: bool
    """All of them have left, and have their receipts."""


class OutboxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway's outbox is."""

    id: Short
    unwritten: Count = 0
    """Stands in memory alone, because the disk refuses them."""
    lost: Count = 0
    """Stands that memory had no room for either, since the gateway started."""
    trouble: str = ""
    """What is wrong with the disk or the file, and what was done."""
    requests: Annotated[tuple[RequestStatus, ...], msgspec.Meta(max_length=100)] = ()
    """What central has asked for last, but for ``HELD``."""


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/<gateway>/status``; retained, and the gateway's last will with ``online`` false."""

    v: int = VERSION
    online: bool
    at: Instant | None = None
    version: str = ""
    backlog: Count = 0
    """Rows that wait for a receipt."""
    aside: Count = 0
    """Rows that central refused: they are kept and shown, and not sent again."""
    buses: tuple[BusStatus, ...] = ()
    meters: tuple[MeterStatus, ...] = ()
    outbox: OutboxStatus | msgspec.UnsetType = msgspec.UNSET
    """Absent in a last will."""


class ResendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/<gateway>/requests``: central asks for receipted stands again.

    Those are meant that satisfy all that is given. A gateway that gets the same ``id`` again has nothing more to do.
    """

    v: int = VERSION
    id: Short
    outbox: Short | None = None
    """Whose sequences are meant: a gateway with another outbox passes the request over."""
    first: Instant | None = None
    """Stands from this instant on …"""
    last: Instant | None = None
    """… to this one, both inclusive."""
    meters: Annotated[tuple[MeterId, ...], msgspec.Meta(max_length=MAX_SPANS)] = ()
    """Of these meters; empty means of all."""
    sequences: Spans | None = None
    """Of these rows of the outbox."""
    held: Spans | None = None
    """All but these rows of the outbox: central has them."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message, or one stand in it, could not be read."""

    sequence: int | None
    reason: str


def topic(gateway: str, leaf: str) -> str:
    """``klaster/v1/<gateway>/<leaf>``, where a broker serves one cluster alone (else ``metering.topics``).

    Raises:
        ValueError: the gateway's id is not one level of a topic, or is ``central``.
    """
    if problem := gateway_id_problem(gateway):
        raise ValueError(f"gateway {gateway!r}: {problem}")
    return f"{ROOT}/{gateway}/{leaf}"


def digest(payload: bytes) -> str:
    """The name of a message: the first 32 hex digits of its SHA-256."""
    return hashlib.sha256(payload).hexdigest()[:32]


def encode(message: StandsMessage | ReceiptsMessage | LiveMessage | Presence | GatewayStatus | ResendRequest) -> bytes:
    """A message's bytes (JSON, UTF-8)."""
    return msgspec.json.encode(message)


def decode_stands(gateway: str, payload: bytes) -> tuple[str, list[StandOnWire | Refused]] | Refused:
    """Read a stands message that came on ``gateway``'s topic.

    One unreadable stand never costs the others: the result holds, in the message's order, each stand or why it could
    not be read, after the outbox's id. A message that can't be read at all gives one ``Refused``.
    """
    if len(payload) > MAX_BYTES:
        return Refused(sequence=None, reason=f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    try:
        envelope = _decode(payload, _Envelope)
    except msgspec.DecodeError as error:
        return Refused(sequence=None, reason=f"not a message of stands: {error}")
    if envelope.v != VERSION:
        return Refused(sequence=None, reason=f"version {envelope.v}; this central reads version {VERSION}")
    if envelope.gateway != gateway:
        return Refused(sequence=None, reason=f"it says gateway {envelope.gateway[:40]!r} but came as {gateway!r}")
    return envelope.outbox, [_decode_stand(raw) for raw in envelope.stands]


def _decode_stand(raw: msgspec.Raw) -> StandOnWire | Refused:
    try:
        stand = _decode(raw, StandOnWire)
    except msgspec.DecodeError as error:
        return Refused(sequence=_sequence_of(raw), reason=str(error))
    years = (stand.before.year, stand.at.year, stand.after.year)
    if min(years) < _EARLIEST_YEAR or max(years) > _LATEST_YEAR:
        return Refused(sequence=stand.sequence, reason=f"an instant outside {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    if not stand.before <= stand.at <= stand.after:
        return Refused(sequence=stand.sequence, reason="its instant is not between its polls before and after")
    if stand.quality not in {Quality.MEASURED, Quality.INTERPOLATED}:
        return Refused(sequence=stand.sequence, reason=f"a gateway's stand can't be {stand.quality}")
    return stand


class _OnlySequence(msgspec.Struct):
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


def _sequence_of(raw: msgspec.Raw) -> int | None:
    try:
        return _decode(raw, _OnlySequence).sequence
    except msgspec.DecodeError:
        return None


def _decode(payload: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Read JSON; whatever is wrong with it is a ``DecodeError``, nesting deep enough to exhaust the stack too."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("it isn't UTF-8") from error
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None


def decode_receipts(payload: bytes) -> ReceiptsMessage:
    """Read a receipts message.

    Raises:
        msgspec.DecodeError: it isn't one (ValidationError is a DecodeError).
    """
    return _decode(payload, ReceiptsMessage)


def decode_live(gateway: str, payload: bytes) -> LiveMessage:
    """Read a message of live values that came on ``gateway``'s topic.

    Raises:
        msgspec.DecodeError: it isn't one, is too long, of another version or gateway, or has an instant out of range.
    """
    if len(payload) > MAX_BYTES:
        raise msgspec.DecodeError(f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    message = _decode(payload, LiveMessage)
    if message.v != VERSION or message.gateway != gateway:
        said = f"version {message.v} of gateway {message.gateway[:40]!r}"
        raise msgspec.DecodeError(f"{said}; it came as {gateway!r}, and version {VERSION} is read")
    instants = (message.at, *(value.at for meter in message.meters for value in meter.values))
    if any(not _EARLIEST_YEAR <= at.year <= _LATEST_YEAR for at in instants):
        raise msgspec.DecodeError(f"an instant outside {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    return message


def decode_presence(payload: bytes) -> Presence:
    """Read central's presence.

    Raises:
        msgspec.DecodeError: it isn't one.
    """
    return _decode(payload, Presence)


def decode_status(payload: bytes) -> GatewayStatus:
    """Read a gateway's status.

    Raises:
        msgspec.DecodeError: it isn't one, is too long, or has an instant outside 1970 (a clock not set) to 2199.
    """
    if len(payload) > MAX_BYTES:
        raise msgspec.DecodeError(f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    status = _decode(payload, GatewayStatus)
    instants = [status.at]
    for meter in status.meters:
        rejected = meter.rejected or ()
        instants += [meter.last_read, *(one.at for one in rejected), *(one.until for one in rejected)]
    if any(at is not None and not _UNSET_CLOCK_YEAR <= at.year <= _LATEST_YEAR for at in instants):
        raise msgspec.DecodeError(f"an instant outside {_UNSET_CLOCK_YEAR} to {_LATEST_YEAR}")
    return status


def decode_request(payload: bytes) -> ResendRequest:
    """Read a request for stands.

    Raises:
        msgspec.DecodeError: it isn't one, is longer than ``MAX_BYTES``, of another version, or contradicts itself.
    """
    if len(payload) > MAX_BYTES:
        raise msgspec.DecodeError(f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    request = _decode(payload, ResendRequest)
    if request.v != VERSION:
        raise msgspec.DecodeError(f"version {request.v}; this gateway reads version {VERSION}")
    spans = (*(request.sequences or ()), *(request.held or ()))
    if request.outbox is None and (request.sequences is not None or request.held is not None):
        raise msgspec.DecodeError("sequences are named, but not of which outbox")
    if not all(_EARLIEST_YEAR <= at.year <= _LATEST_YEAR for at in (request.first, request.last) if at is not None):
        raise msgspec.DecodeError(f"an instant outside {_EARLIEST_YEAR} to {_LATEST_YEAR}")
    if any(last < first for first, last in spans) or (
        request.first is not None and request.last is not None and request.last < request.first
    ):
        raise msgspec.DecodeError("a range ends before it begins")
    return request
