"""TCP ports of loopback that are free at the moment."""

from __future__ import annotations

import contextlib
import socket

from simulators.configs import HOST, Ports, tcp_buses
from simulators.scenario import Scenario


def free_ports(scenario: Scenario, web_from: int | None = None) -> Ports:
    """Ports for every program of a simulated cluster; all differ.

    Args:
        scenario: says how many buses need one.
        web_from: the web page gets the first free port from here on; absent, any.

    Raises:
        OSError: the system has none left.
    """
    buses = tcp_buses(scenario)
    web = None if web_from is None else _first_free(web_from)
    broker, any_web, influxdb, backup, *lines = _any_free(len(buses) + 4, avoid=web)
    return Ports(
        broker=broker,
        web=web or any_web,
        influxdb=influxdb,
        influxdb_backup=backup,
        buses=dict(zip(buses, lines, strict=True)),
    )


def _any_free(count: int, avoid: int | None) -> list[int]:
    """Held all at once, so that no port comes twice."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            held = stack.enter_context(socket.socket())
            held.bind((HOST, 0))
            if held.getsockname()[1] != avoid:
                found.append(held.getsockname()[1])
    return found


def _first_free(wanted: int) -> int:
    for port in range(wanted, 65536):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((HOST, port))
            return port
    raise OSError(f"no port from {wanted} on is free")
