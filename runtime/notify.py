"""What systemd is told of a service: ready, stopping, alive (sd_notify(3)); nothing where nobody listens."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Tell the service manager, for example ``READY=1``; whether somebody was told.

    The socket's name comes from the environment (``NOTIFY_SOCKET``; a leading @ is Linux's abstract namespace).
    """
    name = os.environ.get("NOTIFY_SOCKET", "")
    if name[:1] not in {"/", "@"}:
        return False
    address = "\0" + name[1:] if name[0] == "@" else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(address)
            line.send(state.encode())
    except OSError:
        return False
    return True


def watchdog_s() -> float | None:
    """How often the manager wants a sign of life from this process, in seconds; None when it doesn't."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        wanted = int(os.environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return wanted / 1_000_000 if wanted > 0 else None
