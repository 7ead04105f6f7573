"""The service behind ``klaster-sim site`` and ``device``: every line of the asked sites in one process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from runtime.clock import Clock
from runtime.tasks import until
from simulators.configs import HOST, Prepared
from simulators.devices.catalogue import KINDS
from simulators.faults import Fault, FaultFile
from simulators.instrument import Instrument
from simulators.scenario import Bus, Site
from simulators.servers.modbus import Units
from simulators.servers.rtu import serial_line, serve_rtu
from simulators.servers.tcp import modbus_tcp
from simulators.world import World

Say = Callable[[str], None]


async def serve_sites(work: Prepared, sites: Sequence[Site], clock: Clock, say: Say) -> None:
    """Serve the lines of ``sites`` until cancelled; ``say`` gets one sentence for each line that is up.

    Raises:
        OSError: a port or a pty can't be had.
    """
    world = World(work.scenario)
    faults = FaultFile(work.path)
    world.compute(max(clock.now(), work.scenario.scenario.until))
    async with contextlib.AsyncExitStack() as stack:
        serial: list[Coroutine[None, None, None]] = []
        for site in sites:
            for bus in site.buses:
                units = _units(site, bus, world, clock.now, faults)
                if bus.link == "tcp":
                    port = await stack.enter_async_context(modbus_tcp(units, HOST, work.lines.ports[bus.id]))
                    say(f"{site.id}: {bus.id} is Modbus TCP on {HOST}:{port}, units {sorted(units)}")
                else:
                    link = work.path / work.lines.devices[bus.id]
                    serial.append(serve_rtu(units, stack.enter_context(serial_line(link)), bus.baud))
                    say(f"{site.id}: {bus.id} is Modbus RTU on {link}, {bus.baud} 8N1, units {sorted(units)}")
        say("ready")
        await until(asyncio.Event(), *serial)


def _units(site: Site, bus: Bus, world: World, now: Callable[[], datetime], faults: FaultFile) -> Units:
    return {
        meter.unit: Instrument(
            KINDS[meter.device].make(meter.serial, meter.unit, bus.baud),
            partial(world.reading, meter.serial),
            now,
            partial(_fault_of, faults, meter.serial),
        )
        for meter in site.meters
        if meter.bus == bus.id
    }


def _fault_of(faults: FaultFile, serial: str) -> Fault | None:
    return faults.now().get(serial)


async def serve_device(unit: int, instrument: Instrument, port: int | None, pty: Path | None, baud: int) -> None:
    """Serve one device on a TCP port, or on a pty whose slave is linked at ``pty``, until cancelled.

    Raises:
        OSError: the port or a pty can't be had.
    """
    units: Units = {unit: instrument}
    if pty is not None:
        with serial_line(pty) as master:
            await serve_rtu(units, master, baud)
    if port is not None:
        async with modbus_tcp(units, HOST, port):
            await asyncio.Event().wait()
