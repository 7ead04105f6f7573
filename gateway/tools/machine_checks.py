"""The doctor's checks of the machine: clock, disk, certificates and the broker's door."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.config import GatewayConfig
from gateway.tools.certificate import not_after
from gateway.tools.check import Check, State
from metering.period import local_text
from metering.wire import ClockState
from runtime.broker import BrokerSettings

_LITTLE_BYTES: Final = 200 << 20
_NO_BYTES: Final = 32 << 20
_SOON: Final = timedelta(days=30)
EARLIEST_YEAR: Final = 2024
"""A clock that shows an earlier year has never been set."""
_WORN: Final = 8
"""Of the eMMC's life-time estimate, in tenths (JEDEC JESD84-B51, 7.4.40): 0x0A is 90 to 100 % used."""
_NOT_DEFINED: Final = 0x00
_EXCEEDED: Final = 0x0B
_MMC: Final = Path("/sys/class/block")
_CONNECT_S: Final = 10.0


def clock(now: datetime, state: ClockState) -> Check:
    """Whether stands get the right time."""
    shown = local_text(now.replace(microsecond=0))
    if state is ClockState.SIMULATED:
        return Check(what="clock", state=State.OK, found=f"{shown}, simulated")
    way_out = "Set up a time service (timedatectl; chrony or systemd-timesyncd) and let UDP 123 out."
    if now.year < EARLIEST_YEAR:
        return Check(what="clock", state=State.FAIL, found=f"{shown} can't be right: no stand is made", way_out=way_out)
    if state is ClockState.UNSYNCHRONISED:
        return Check(what="clock", state=State.WARN, found=f"{shown}, not synchronised", way_out=way_out)
    if state is ClockState.UNKNOWN:
        return Check(what="clock", state=State.UNKNOWN, found=f"{shown}; the kernel doesn't say whether it is right")
    return Check(what="clock", state=State.OK, found=f"{shown}, synchronised")


def disk(config: GatewayConfig, mmc: Path = _MMC) -> Iterator[Check]:
    """Whether the outbox has room, may be written, and on what it lies."""
    folder = Path(config.gateway.data_dir)
    there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    try:
        free = shutil.disk_usage(there).free
        read_only = bool(os.statvfs(there).f_flag & os.ST_RDONLY)
    except OSError as error:
        yield Check(what="disk", state=State.UNKNOWN, found=f"{folder}: {error.strerror}")
        return
    if read_only:
        way_out = "The card has probably failed, or the system mounted it so after an error: dmesg; replace it."
        yield Check(what="disk", state=State.FAIL, found=f"{there} is read-only", way_out=way_out)
    else:
        state = State.FAIL if free < _NO_BYTES else State.WARN if free < _LITTLE_BYTES else State.OK
        way_out = "Make room: journalctl --vacuum-size=50M, old packages." if state is not State.OK else ""
        yield Check(what="disk", state=state, found=f"{free / (1 << 20):,.0f} MiB free at {there}", way_out=way_out)
    if wear := _wear(there, mmc):
        yield wear


def _wear(there: Path, mmc: Path) -> Check | None:
    """What an eMMC tells of its own wear; SD cards tell nothing."""
    number = there.stat().st_dev
    place = next((one for one in mmc.glob("mmcblk*") if _number(one) == (os.major(number), os.minor(number))), None)
    if place is None:
        return None
    device = place.resolve()
    for up in (device, device.parent):
        try:
            ages = [int(one, 16) for one in (up / "device" / "life_time").read_text(encoding="ascii").split()]
        except (OSError, ValueError):
            continue
        if (worst := max(ages, default=0)) == _NOT_DEFINED:
            return Check(what="wear", state=State.UNKNOWN, found=f"{place.name} doesn't define its wear")
        used = f"up to {10 * worst} % of its life used" if worst < _EXCEEDED else "its estimated life is over"
        state = State.WARN if worst >= _WORN else State.OK
        way_out = "Replace it before it fails; the outbox can be copied while the gateway is stopped." * (
            worst >= _WORN
        )
        return Check(what="wear", state=state, found=f"{place.name}: {used}", way_out=way_out)
    return Check(what="wear", state=State.UNKNOWN, found=f"{place.name} is a card that doesn't tell its wear")


def _number(place: Path) -> tuple[int, int]:
    try:
        major, _, minor = (place / "dev").read_text(encoding="ascii").strip().partition(":")
        return int(major), int(minor)
    except (OSError, ValueError):
        return -1, -1


async def broker(settings: BrokerSettings, now: datetime) -> list[Check]:
    """Whether the broker's door opens, and until when the certificates are valid. MQTT itself isn't spoken: a second
    connection under the gateway's name would end the first.
    """
    found = [_own(settings, now)] if settings.cert else []
    where = f"{settings.host}:{settings.port}"
    try:
        context = None
        if settings.ca:
            context = ssl.create_default_context(cafile=settings.ca)
            if settings.cert:
                context.load_cert_chain(settings.cert, settings.key)
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        way_out = "Compare broker.ca with the authority that signed the broker's certificate; look at the clock."
        refused = f"{where}: its certificate isn't accepted: {error.verify_message}"
        return [*found, Check(what="broker", state=State.FAIL, found=refused, way_out=way_out)]
    except (OSError, TimeoutError, ssl.SSLError) as error:
        said = str(error) or f"no answer within {_CONNECT_S:.0f} s"
        if isinstance(error, ConnectionError) and error.errno:
            said = os.strerror(error.errno)  # asyncio's own text tells the address again
        way_out = f"Network, name service, firewall (TCP {settings.port} out), broker; ping and a browser tell which."
        return [*found, Check(what="broker", state=State.FAIL, found=f"{where}: {said}", way_out=way_out)]
    peer = writer.get_extra_info("peercert")
    writer.close()
    if not peer:
        return [*found, Check(what="broker", state=State.OK, found=f"{where} accepts a connection, without TLS")]
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(peer["notAfter"]), now.tzinfo)
    return [*found, _until("broker", f"{where} accepts a TLS connection, its certificate is valid", ends, now)]


def _own(settings: BrokerSettings, now: datetime) -> Check:
    try:
        ends = not_after(Path(settings.cert).read_text(encoding="ascii", errors="replace"))
    except (OSError, ValueError) as error:
        return Check(what="certificate", state=State.FAIL, found=f"{settings.cert}: {error}")
    return _until("certificate", f"{settings.cert} is valid", ends, now)


def _until(what: str, found: str, ends: datetime, now: datetime) -> Check:
    left = ends - now
    days = left.days
    if left <= timedelta(0):
        way_out = "A new certificate must be made; stands wait in the outbox meanwhile."
        return Check(what=what, state=State.FAIL, found=f"{found} no longer: it ended {ends:%Y-%m-%d}", way_out=way_out)
    state = State.WARN if left < _SOON else State.OK
    way_out = "Have a new certificate made in time." if state is State.WARN else ""
    return Check(what=what, state=state, found=f"{found} until {ends:%Y-%m-%d} ({days} days)", way_out=way_out)
