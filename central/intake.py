"""From the journal to the store: what is admitted, held, in conflict or refused, and why.

A stand of a meter that the cluster file doesn't know is *held*: it is in the store, and enters the books by itself when
the cluster file knows the meter. Pure but for the store it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from central.cluster import Cluster
from central.journal import Message
from central.readings import Admits, Doubt, Entry
from central.validity import valid_instants
from metering.period import QUARTER, on_grid, utc_text
from metering.wire import Receipt, ReceiptsMessage, Refused, StandOnWire, Verdict, decode_stands, digest


class KnownMeters:
    """The meters of a cluster file, when they hang somewhere and which gateway reads them."""

    def __init__(self, cluster: Cluster) -> None:
        """Read them once."""
        self._records: dict[str, list[tuple[datetime | None, datetime | None, str]]] = {}
        for meter in cluster.meters:
            self._records.setdefault(meter.serial, []).append((*valid_instants(meter), meter.gateway))

    def problem(self, meter: str, at: datetime, gateway: str) -> str | None:
        """Why a gateway's stand of a meter isn't in the books, or None when it is."""
        if meter not in self._records:
            return f"meter {meter} isn't in the cluster file"
        valid = [
            reader
            for first, last, reader in self._records[meter]
            if (first is None or first <= at) and (last is None or at <= last)
        ]
        if not valid:
            return f"meter {meter} is in the cluster file, but not valid at {utc_text(at)}"
        if not {"", gateway}.isdisjoint(valid):
            return None
        return f"meter {meter} is gateway {valid[0]}'s to read by the cluster file, not {gateway}'s"


class _Read(msgspec.Struct):
    """A message after reading: what its stands are, or why all of it is refused."""

    number: int
    message: Message
    stands: list[StandOnWire | Refused]
    refused: Refused | None = None


def take_in(store: Admits, messages: Sequence[tuple[int, Message]], meters: KnownMeters) -> list[ReceiptsMessage]:
    """Put journalled messages into the store; gives the receipt of each, in order. Raises as ``Admits.admit``."""
    read = [_read(number, message) for number, message in messages]
    outcome = iter(_admit(store, read))
    return [
        _receipt(one, [next(outcome) if isinstance(s, StandOnWire) else None for s in one.stands], meters)
        for one in read
    ]


def put_in(store: Admits, messages: Sequence[tuple[int, Message]]) -> None:
    """The same without receipts: they were given before."""
    _admit(store, [_read(number, message) for number, message in messages])


def _admit(store: Admits, read: Sequence[_Read]) -> list[str | None]:
    entries = [
        Entry(journal=one.number, gateway=one.message.gateway, stand=stand)
        for one in read
        for stand in one.stands
        if isinstance(stand, StandOnWire)
    ]
    refused = [doubt for one in read for doubt in _doubts(one)]
    return store.admit(entries, refused, max((one.number for one in read), default=0))


def _read(number: int, message: Message) -> _Read:
    try:
        found = decode_stands(message.gateway, message.payload)
    except Exception as error:  # noqa: BLE001 - it is in the journal for ever: it must never stop central again
        found = Refused(sequence=None, reason=f"reading it failed: {type(error).__name__}")
    if isinstance(found, Refused):
        return _Read(number, message, [], found)
    _, stands = found
    return _Read(number, message, [_checked(stand) for stand in stands])


def _checked(stand: StandOnWire | Refused) -> StandOnWire | Refused:
    if isinstance(stand, StandOnWire) and not on_grid(stand.at, QUARTER):
        return Refused(sequence=stand.sequence, reason=f"{utc_text(stand.at)} is not a full quarter of an hour")
    return stand


def _doubts(one: _Read) -> list[Doubt]:
    refused = [one.refused] if one.refused else [stand for stand in one.stands if isinstance(stand, Refused)]
    return [
        Doubt(verdict=Verdict.REFUSED, gateway=one.message.gateway, journal=one.number, reason=_said(refusal))
        for refusal in refused
    ]


def _said(refusal: Refused) -> str:
    return refusal.reason if refusal.sequence is None else f"sequence {refusal.sequence}: {refusal.reason}"


def _receipt(one: _Read, firsts: list[str | None], meters: KnownMeters) -> ReceiptsMessage:
    name = digest(one.message.payload)
    if one.refused:
        return ReceiptsMessage(message=name, verdict=Verdict.REFUSED, reason=one.refused.reason)
    gateway = one.message.gateway
    receipts = [_fate(stand, first, meters, gateway) for stand, first in zip(one.stands, firsts, strict=True)]
    return ReceiptsMessage(message=name, receipts=tuple(receipts))


def _fate(stand: StandOnWire | Refused, first: str | None, meters: KnownMeters, gateway: str) -> Receipt:
    if isinstance(stand, Refused):
        return Receipt(sequence=stand.sequence or 0, verdict=Verdict.REFUSED, reason=stand.reason)
    if first is not None:
        reason = f"{first} Wh was there first and stays; {stand.wh} Wh is kept beside it"
        return Receipt(sequence=stand.sequence, verdict=Verdict.CONFLICT, reason=reason)
    if problem := meters.problem(stand.meter, stand.at, gateway):
        return Receipt(sequence=stand.sequence, verdict=Verdict.HELD, reason=problem)
    return Receipt(sequence=stand.sequence, verdict=Verdict.STORED)
