"""Builds the gateway and runs it: the only place that starts tasks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from importlib.metadata import version

import aiomqtt

from gateway.bus import Bus
from gateway.config import BusSettings, GatewayConfig, MeterSettings
from gateway.links.modbus import ModbusLink
from gateway.live import LiveBoard
from gateway.live_round import LiveRound
from gateway.meter import Meter
from gateway.observation import Accepted
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.poller import Poller
from gateway.profile import profile
from gateway.recorder import Recorder
from gateway.uplink import Uplink
from metering.wire import BusStatus, MeterStatus, topic
from runtime.broker import connection
from runtime.clock import Clock, make_clock
from runtime.log import logger
from runtime.tasks import stopped_by_signals, together, until

_log = logger("gateway.service")


async def run(config: GatewayConfig, stop: asyncio.Event | None = None) -> None:
    """Run a gateway until ``stop`` is set (by SIGTERM or SIGINT too), then end it cleanly.

    Raises:
        OutboxError: the outbox can't be used; nothing was started.
        ConfigError: a certificate or key can't be used.
    """
    stop = stop or asyncio.Event()
    # Certificates that can't be used are found here, before anything runs.
    connection(config.broker, f"klaster-{config.gateway.id}", aiomqtt.Will(topic(config.gateway.id, "status")))
    clock = make_clock(config.clock)
    outbox = OutboxThread.open(config.outbox_path)
    try:
        with stopped_by_signals(stop):
            await _run(config, outbox, clock, stop)
    finally:
        outbox.close()


async def _run(config: GatewayConfig, outbox: OutboxThread, clock: Clock, stop: asyncio.Event) -> None:
    lives = await outbox.run(Outbox.lives)
    pollers: list[Poller] = []

    def describe() -> tuple[tuple[BusStatus, ...], tuple[MeterStatus, ...]]:
        return (
            tuple(poller.bus_status for poller in pollers),
            tuple(status for poller in pollers for status in poller.meter_statuses),
        )

    release = version("klaster")
    board = LiveBoard(config.gateway.id, timedelta(seconds=every)) if (every := config.gateway.live_every_s) else None
    uplink = Uplink(config.gateway.id, release, config.broker, outbox, clock, describe, together, board)
    recorder = Recorder(outbox, clock, uplink.fresh)
    meters: list[Meter] = []
    for bus in config.buses:
        settings = config.meters_of(bus)
        if not settings:
            _log.warning("bus_without_meters", bus=bus.id)
            continue
        there = [_meter(config, one, lives) for one in settings]
        meters += there
        pollers.append(_poller(bus, settings[0], there, recorder, clock, board))
    _log.info("gateway_started", gateway=config.gateway.id, version=release, buses=len(pollers), meters=len(meters))
    await until(stop, uplink.run(), *(poller.run() for poller in pollers))
    await recorder.remember(*meters)
    _log.info("gateway_ended", gateway=config.gateway.id)


def _meter(config: GatewayConfig, settings: MeterSettings, lives: dict[tuple[str, str], Accepted]) -> Meter:
    remembered = {obis: last for (meter, obis), last in lives.items() if meter == settings.id}
    return Meter(settings, profile(settings.profile), remembered, config.length_of(settings))


def _poller(
    settings: BusSettings,
    first: MeterSettings,
    meters: list[Meter],
    recorder: Recorder,
    clock: Clock,
    board: LiveBoard | None,
) -> Poller:
    bus = _bus(settings, first, clock)
    lengths = {meter.length for meter in meters}
    live = LiveRound(bus, board, clock, float(settings.timeout_s), lengths) if board else None
    return Poller(bus, meters, recorder, clock, live)


def _bus(settings: BusSettings, first: MeterSettings, clock: Clock) -> Bus:
    link = ModbusLink(settings, profile(first.profile).transport)
    return Bus(settings.id, link, settings.where, clock)
