"""Builds the gateway and runs it: the only place that starts tasks."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version

import aiomqtt

from gateway.config import GatewayConfig
from gateway.control import Control
from gateway.lines import Lines
from gateway.live import LiveBoard
from gateway.outbox_thread import OutboxThread
from gateway.places import own_socket, status_file
from gateway.recorder import Recorder
from gateway.reload import needs_restart
from gateway.signs import Signs
from gateway.uplink import Uplink
from metering.wire import BusStatus, MeterStatus
from runtime.broker import connection
from runtime.clock import Clock, make_clock
from runtime.config import ConfigError
from runtime.log import logger
from runtime.notify import notify
from runtime.tasks import Jobs, on_hangup, stopped_by_signals, together, until

_log = logger("gateway.service")
Reread = Callable[[], GatewayConfig]


async def run(config: GatewayConfig, stop: asyncio.Event | None = None, reread: Reread | None = None) -> None:
    """Run a gateway until ``stop`` is set (by SIGTERM or SIGINT too), then end it cleanly.

    ``reread`` reads the configuration anew when SIGHUP comes; without it SIGHUP changes nothing.

    Raises:
        OutboxError: the outbox can't be used; nothing was started.
        ConfigError: a certificate or key can't be used.
    """
    stop = stop or asyncio.Event()
    hangup = asyncio.Event()
    # Certificates that can't be used are found here, before anything runs.
    topics = config.broker.topics
    will = aiomqtt.Will(topics.of(config.gateway.id, "status"))
    connection(config.broker, topics.client_id(config.gateway.id), will)
    clock = make_clock(config.clock)
    outbox = OutboxThread.open(config.outbox_path)
    try:
        with stopped_by_signals(stop), on_hangup(hangup.set):
            await _run(config, outbox, clock, stop, hangup, reread)
    finally:
        outbox.close()


async def _run(
    config: GatewayConfig,
    outbox: OutboxThread,
    clock: Clock,
    stop: asyncio.Event,
    hangup: asyncio.Event,
    reread: Reread | None,
) -> None:
    release = version("klaster")
    board = LiveBoard(config.gateway.id, timedelta(seconds=every)) if (every := config.gateway.live_every_s) else None
    jobs = Jobs()

    def describe() -> tuple[tuple[BusStatus, ...], tuple[MeterStatus, ...]]:
        return lines.describe()

    uplink = Uplink(config.gateway.id, release, config.broker, outbox, clock, describe, together, board)
    recorder = Recorder(outbox, clock, uplink.fresh)
    lines = Lines(outbox, recorder, clock, board, jobs)
    signs = Signs(config, release, lines, uplink, outbox, clock)
    control = Control(lines, signs.report, signs.replay)
    await lines.change(config)
    meters = len(lines.meters)
    _log.info("gateway_started", gateway=config.gateway.id, version=release, buses=len(tuple(lines)), meters=meters)
    notify("READY=1")
    await until(
        stop,
        uplink.run(),
        jobs.run(),
        control.run(own_socket(config)),
        signs.feed_watchdog(),
        signs.write_status(status_file(config)),
        signs.serve_metrics(),
        _reload(config, hangup, reread, lines),
    )
    notify("STOPPING=1")
    await recorder.remember(*lines.meters)
    _log.info("gateway_ended", gateway=config.gateway.id)


async def _reload(config: GatewayConfig, hangup: asyncio.Event, reread: Reread | None, lines: Lines) -> None:
    """At each SIGHUP read the configuration anew; a bad one is said, and the old one stays."""
    while True:
        await hangup.wait()
        hangup.clear()
        if reread is None:
            continue
        try:
            new = await asyncio.to_thread(reread)
        except ConfigError as error:
            _log.error("reload_refused", problems=str(error), next="the configuration stays as it was")
            continue
        if barred := needs_restart(config, new):
            _log.warning("reload_needs_restart", keys=", ".join(barred), next="these stay as they were")
        try:
            changes = await lines.change(new)
        except sqlite3.Error as error:
            _log.error("reload_refused", problems=f"the outbox can't be read: {error}", next="send SIGHUP again")
            continue
        _log.info(
            "reloaded", begun=", ".join(changes.begun), ended=", ".join(changes.ended), untouched=len(changes.kept),
            meters=len(lines.meters),
        )  # fmt: skip
