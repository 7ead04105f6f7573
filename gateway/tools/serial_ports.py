"""The serial ports of this machine: what they are, by which name to call them, and who may open them."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from serial.tools import list_ports

BY_ID: Final = Path("/dev/serial/by-id")
SYSFS: Final = Path("/sys/bus/usb-serial/devices")
_BUILT_IN: Final = ("ttyAMA", "ttyS", "serial")


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """One port."""

    device: str
    usb: str
    """Vendor and product id of its adapter in hex; empty where it isn't on USB."""
    product: str
    serial: str
    """The adapter's serial number."""
    by_id: str
    """A name that stays the same wherever it is plugged in; empty where there is none."""
    buses: tuple[str, ...]
    """Which buses of the configuration use it."""
    latency_ms: int | None
    """How long an FTDI adapter holds back bytes, in milliseconds; None where it tells nothing."""
    problem: str
    """Why this user can't open it."""

    @property
    def best_name(self) -> str:
        """What to write in a configuration."""
        return self.by_id or self.device


def ports(buses: Iterable[tuple[str, str]], by_id: Path = BY_ID, sysfs: Path = SYSFS) -> list[Port]:
    """All ports that there are; ``buses`` are the (name, device) of the configuration's serial lines."""
    named = {os.path.realpath(link): str(link) for link in sorted(by_id.glob("*"))} if by_id.is_dir() else {}
    users: dict[str, list[str]] = {}
    for bus, device in buses:
        users.setdefault(os.path.realpath(device), []).append(bus)
    found = []
    for one in sorted(list_ports.comports(), key=lambda port: port.device):
        if one.vid is None and not _is_real(one.device):
            continue
        product = " ".join(dict.fromkeys(filter(None, (one.manufacturer, one.product)))) or _plain(one.description)
        found.append(
            Port(
                device=one.device,
                usb="" if one.vid is None else f"{one.vid:04x}:{one.pid:04x}",
                product=product,
                serial=one.serial_number or "",
                by_id=named.get(os.path.realpath(one.device), ""),
                buses=tuple(users.get(os.path.realpath(one.device), ())),
                latency_ms=latency_ms(one.device, sysfs),
                problem=access_problem(one.device),
            )
        )
    return found


def latency_ms(device: str, sysfs: Path = SYSFS) -> int | None:
    """The latency timer of the FTDI chip behind a port; None where there is none."""
    try:
        text = (sysfs / Path(os.path.realpath(device)).name / "latency_timer").read_text(encoding="ascii")
        return int(text)
    except (OSError, ValueError):
        return None


def access_problem(device: str) -> str:
    """Why this user can't open a port, and the way out; empty where nothing is known against it."""
    try:
        status = os.stat(device)
    except OSError as error:
        return f"{error.strerror}: is the adapter plugged in?"
    if os.access(device, os.R_OK | os.W_OK):
        return ""
    user = pwd.getpwuid(os.geteuid()).pw_name
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if status.st_mode & 0o060 == 0o060:
        return f"{user} is not in the group {group}: sudo usermod -aG {group} {user}, then log in again"
    return f"{user} may not open it (mode {status.st_mode & 0o777:03o}, group {group})"


def _is_real(device: str) -> bool:
    """Whether a port of the mainboard exists: Linux lists 32 ttyS, of which most aren't there."""
    name = Path(device).name
    if not name.startswith(_BUILT_IN):
        return True
    try:
        kind = Path(f"/sys/class/tty/{name}/type").read_text(encoding="ascii").strip()
    except OSError:
        return True
    return kind != "0"


def _plain(description: str | None) -> str:
    return "" if description in {None, "n/a"} else str(description)
