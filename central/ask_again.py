"""``klaster-central request``: ask a gateway for stands again, through the running service."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from central.config import CentralConfig
from central.gateways import GatewayTable
from central.requests import Asked, RequestTable
from metering.wire import ResendRequest
from runtime.clock import monotonic_s

_LOOK_S = 0.2
State = Literal["done", "under way", "asked"]


class UnknownGatewayError(Exception):
    """Central has never heard that gateway; the message names those that it knows."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request so far."""

    id: str
    gateway: str
    online: bool
    """Whether the gateway was online when it was last heard."""
    state: State
    """``asked`` until the gateway tells of it."""
    stands: int | None
    """How many stands were sent again so far."""
    first: datetime | None
    last: datetime | None
    meters: tuple[str, ...]
    asked: datetime


def ask_again(
    config: CentralConfig,
    gateway: str,
    first: datetime,
    last: datetime,
    meters: tuple[str, ...],
    now: datetime,
    wait_s: float,
) -> Answer:
    """Ask for all stands from ``first`` to ``last`` (UTC, both inclusive) and wait a while for the gateway's answer.

    Raises:
        UnknownGatewayError: nothing was asked.
        sqlite3.Error, OSError: the table can't be written.
    """
    online = _known(config, gateway)
    request = ResendRequest(id=uuid.uuid4().hex, first=first, last=last, meters=meters)
    table = RequestTable(config.requests)
    try:
        table.ask(gateway, request, now)
        return answer(_waited(lambda: table.one(request.id), wait_s if online else 0), online=online)
    finally:
        table.close()


def asked(config: CentralConfig) -> list[Answer]:
    """The newest requests, newest first.

    Raises:
        sqlite3.Error: the table can't be read.
    """
    if not config.requests.exists():
        return []
    online = _online(config)
    table = RequestTable(config.requests)
    try:
        return [answer(one, online=online.get(one.gateway, False)) for one in table.latest()]
    finally:
        table.close()


def answer(one: Asked, *, online: bool) -> Answer:
    """A request as it is shown."""
    state: State = "done" if one.done else "under way" if one.heard else "asked"
    request = one.request
    return Answer(
        id=one.id,
        gateway=one.gateway,
        online=online,
        state=state,
        stands=one.stands,
        first=request.first,
        last=request.last,
        meters=request.meters,
        asked=one.asked,
    )


def _waited(look: Callable[[], Asked], wait_s: float) -> Asked:
    give_up = monotonic_s() + wait_s
    while not (found := look()).done and monotonic_s() < give_up:
        time.sleep(_LOOK_S)
    return found


def _online(config: CentralConfig) -> dict[str, bool]:
    """Every gateway that was ever heard, and whether it was online then."""
    if not config.gateways.exists():
        return {}
    table = GatewayTable(config.gateways, read_only=True)
    try:
        return {seen.gateway: seen.status is not None and seen.status.online for seen in table.all()}
    finally:
        table.close()


def _known(config: CentralConfig, gateway: str) -> bool:
    online = _online(config)
    if gateway not in online:
        known = ", ".join(online) or "none"
        raise UnknownGatewayError(f"no gateway {gateway!r} has ever been heard; nothing was asked. Heard were: {known}")
    return online[gateway]
