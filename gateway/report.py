"""What a running gateway tells of itself: to the technician's tools, in its status file, and to Prometheus."""

from __future__ import annotations

from datetime import datetime

import msgspec

from metering.wire import ClockState, OutboxStatus, Rejected


class RegisterReport(msgspec.Struct, frozen=True, kw_only=True):
    """The last value of a register that was believed."""

    obis: str
    wh: str
    at: datetime
    """When its answer was there."""


class MeterReport(msgspec.Struct, frozen=True, kw_only=True):
    """One meter since the gateway's start."""

    id: str
    profile: str
    unit: int
    last_read: datetime | None
    error: str
    """Why its last poll failed; empty where it didn't."""
    polls_ok: int
    polls_failed: int
    answer_mean_s: float | None
    """How long its unit's answers took on average, in seconds; None before the first."""
    answer_slowest_s: float | None
    registers: tuple[RegisterReport, ...]
    rejected: tuple[Rejected, ...]
    """Registers whose newest value isn't believed."""


class BusReport(msgspec.Struct, frozen=True, kw_only=True):
    """One line or host since the gateway's start."""

    id: str
    link: str
    where: str
    settings: str
    """Speed, bits, parity and stop bits of a serial line; empty elsewhere."""
    connected: bool
    error: str
    timeout_s: float
    busy_s: float
    """So long requests have been under way, in seconds."""
    busy_share: float
    """Of the time since the gateway's start, 0 to 1."""
    endings: dict[str, int]
    """How requests ended (``gateway.tally.Ending``), since the start."""
    recent: dict[str, dict[str, int]]
    """The same for the last hour, by unit id."""
    meters: tuple[MeterReport, ...]


class UplinkReport(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to the broker, and what central said."""

    host: str
    port: int
    connected: bool
    central_online: bool
    last_receipt: datetime | None
    waiting: int
    """Stands without a receipt."""
    aside: int
    oldest_waiting: datetime | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    gateway: str
    version: str
    at: datetime
    up_s: float
    """So long this program has been running, in seconds."""
    clock: ClockState
    stuck: tuple[str, ...]
    """Loops that don't turn; the watchdog ends the program."""
    uplink: UplinkReport
    outbox: OutboxStatus
    buses: tuple[BusReport, ...]
