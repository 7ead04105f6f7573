"""``klaster-gateway doctor``: looks at everything, says what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from gateway.config import BusSettings, GatewayConfig
from gateway.config import read as read_config
from gateway.failure import FailureKind
from gateway.outbox import Outbox, OutboxError
from gateway.report import Report
from gateway.tally import Ending
from gateway.tools import bus_checks, machine_checks
from gateway.tools.access import Access, bus_of, config_option, json_option, service_of
from gateway.tools.check import Check, State
from gateway.tools.readings import poll
from gateway.tools.run import run
from gateway.tools.serial_ports import access_problem, latency_ms
from gateway.tools.trouble import Pattern
from metering.wire import ClockState
from runtime.clock import make_clock, monotonic_s
from runtime.console import Exit, out, plain, print_json, say

_STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red", State.UNKNOWN: "dim"}
_LATENCY_MS = 2
Note = Callable[..., None]
"""Takes checks as they are made: they are shown at once."""


@click.command("doctor")
@click.option("--polls", type=click.IntRange(1, 100), default=5, show_default=True, help="Without a running gateway.")
@config_option
@json_option
def command(polls: int, config_file: Path, as_json: bool) -> None:
    """Look at clock, disk, broker, receipts, buses and meters; say what is wrong and what to do.

    Beside a running gateway its own counts of the last hour are judged; without one each meter is polled some times.
    Exit codes: 0 nothing is wrong, 1 something is, 2 bad input, 3 not everything could be looked at.
    """

    async def tool(stop: asyncio.Event) -> Exit:
        config = read_config(config_file)
        checks: list[Check] = []

        def note(*found: Check) -> None:
            checks.extend(found)
            if not as_json:
                for one in found:
                    _show(one)

        async with service_of(config) as service:
            report = await service.report() if service else None
        await _machine(config, report, note)
        if report is not None:
            note(*bus_checks.receipts(report))
            for line in report.buses:
                note(*_of_report(config, line.id, report))
        else:
            note(*_outbox(config))
            for bus in config.buses:
                if stop.is_set():
                    note(Check(what=f"bus {bus.id}", state=State.UNKNOWN, found="stopped before it was looked at"))
                elif config.meters_of(bus):
                    note(*await _alone(config, bus, polls, stop))
        if as_json:
            print_json({"checks": checks})
        else:
            _sum(checks)
        if any(one.state is State.FAIL for one in checks):
            return Exit.DIFFERS
        return Exit.INCOMPLETE if stop.is_set() else Exit.DONE

    run(tool)


async def _machine(config: GatewayConfig, report: Report | None, note: Note) -> None:
    clock = make_clock(config.clock)
    note(bus_checks.service(report))
    note(machine_checks.clock(clock.now(), report.clock if report else clock.state))
    note(*machine_checks.disk(config))
    real = make_clock(None)
    if clock.state is ClockState.SIMULATED or real.now().year >= machine_checks.EARLIEST_YEAR:
        note(*await machine_checks.broker(config.broker, real.now()))
    else:
        note(Check(what="broker", state=State.UNKNOWN, found="certificates can't be judged before the clock is set"))


def _of_report(config: GatewayConfig, name: str, report: Report) -> Iterator[Check]:
    line = next(one for one in report.buses if one.id == name)
    settings = next((bus for bus in config.buses if bus.id == name), None)
    where = f"{line.where}{f' at {line.settings}' if line.settings else ''}"
    if settings is None:
        found = "runs, but isn't in this configuration any more: reload or restart the gateway"
        yield Check(what=f"bus {name}", state=State.WARN, found=found)
    if settings and settings.link == "serial":
        yield from _port(settings, quiet=line.connected)
    counts = bus_checks.counts_of(line.recent)
    latency = latency_ms(line.where) if line.link == "serial" else None
    pattern = Pattern(line.link != "tcp", counts, latency)
    yield from bus_checks.bus(name, pattern, "" if line.connected else line.error, where)
    yield from bus_checks.meters(line, report.at)


def _port(bus: BusSettings, *, quiet: bool) -> Iterator[Check]:
    what = f"bus {bus.id}"
    if not quiet and (problem := access_problem(bus.device)):
        yield Check(what=what, state=State.FAIL, found=f"{bus.device}: {problem}", way_out="klaster-gateway ports")
    latency = latency_ms(bus.device)
    if latency is not None and latency > _LATENCY_MS:
        way_out = f"echo 1 | sudo tee /sys/bus/usb-serial/devices/{Path(bus.device).resolve().name}/latency_timer"
        found = f"the FTDI adapter holds bytes back up to {latency} ms: polls take longer, answers may break off"
        yield Check(what=what, state=State.WARN, found=found, way_out=way_out)


def _outbox(config: GatewayConfig) -> Iterator[Check]:
    """What waits, from the file, where no gateway runs."""
    try:
        box = Outbox.look(config.outbox_path)
    except OutboxError as error:
        yield Check(what="outbox", state=State.UNKNOWN, found=str(error))
        return
    try:
        waiting, oldest = box.unsettled().get("waiting", 0), box.oldest_waiting()
    finally:
        box.close()
    since = f", the oldest of {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
    yield Check(what="outbox", state=State.OK, found=f"{waiting} stands wait for a receipt{since}")


async def _alone(config: GatewayConfig, bus: BusSettings, polls: int, stop: asyncio.Event) -> list[Check]:
    """Poll the meters of a bus some times, and judge what came."""
    found = list(_port(bus, quiet=False)) if bus.link == "serial" else []
    meters: list[Check] = []
    async with bus_of(config, bus) as access:
        for settings in config.meters_of(bus):
            said, shown = "", "not asked"
            for _ in range(polls):
                if stop.is_set():
                    break
                reading = await poll(access, settings)
                good = next((row for row in reading.rows if row.value and row.obis), None)
                said = "" if good else reading.problem or "no value"
                if good:
                    shown = f"{good.obis.removeprefix('1-0:')} {good.value} {good.unit}"
                if reading.problem.startswith(FailureKind.LINK_DOWN.value):
                    break
            what = f"meter {settings.id}"
            state = State.FAIL if said else State.OK
            meters.append(Check(what=what, state=state, found=said or shown, way_out="See its bus." if said else ""))
        pattern = Pattern(bus.link != "tcp", _counts(access), latency_ms(bus.device) if bus.device else None)
    return [*found, *bus_checks.bus(bus.id, pattern, "", access.how.partition(",")[0]), *meters]


def _counts(access: Access) -> dict[int, Counter[Ending]]:
    counts: dict[int, Counter[Ending]] = {}
    if access.tally:
        for (unit, how), count in access.tally.recent(monotonic_s()).items():
            counts.setdefault(unit, Counter())[how] += count
    return counts


def _show(check: Check) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=7, justify="right")
    grid.add_column()
    grid.add_row(Text(check.state.value, style=_STYLES[check.state]), Text(plain(f"{check.what}: {check.found}")))
    if check.way_out:
        grid.add_row("", Text(plain(f"→ {check.way_out}")))
    out.print(grid)


def _sum(checks: list[Check]) -> None:
    count = Counter(one.state for one in checks)
    wrong = count[State.FAIL]
    say("")
    say(
        f"{len(checks)} checks: {count[State.OK]} ok, {count[State.WARN]} to watch, {wrong} wrong"
        f"{f', {count[State.UNKNOWN]} unknown' if count[State.UNKNOWN] else ''}"
    )
