"""``klaster-sim``: simulated sites, single devices, their troubles, and the books to compare with."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from metering.period import WARSAW
from runtime.clock import SimulationClock, SystemClock
from runtime.command_list import WholeSentences
from runtime.console import Exit, config_errors, fail, out, print_json, table

if TYPE_CHECKING:
    from simulators.configs import Prepared


@click.group(cls=WholeSentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="klaster", prog_name="klaster-sim")
def main() -> None:
    """Simulate an energy cluster: meters on real protocols, their troubles, and the books to compare with."""


@main.command()
@click.argument("scenario")
@click.option("--site", "site_id", help="Only this site of the scenario; otherwise all, in one process.")
@click.option(
    "--workdir",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where configurations and ptys are; made if it isn't a work directory yet.",
)
@click.option("--speed", type=click.IntRange(1, 100_000), default=1, help="Simulated seconds a second, if made here.")
def site(scenario: str, site_id: str | None, workdir: Path, speed: int) -> None:
    """Serve the meters of SCENARIO (a file, or a name such as three-sites) until Ctrl-C."""
    from simulators.site import serve_sites

    with config_errors():
        work = _work(scenario, workdir, speed)
    sites = work.scenario.sites
    if site_id is not None:
        chosen = work.scenario.site(site_id)
        if chosen is None:
            fail(f"{scenario} has no site {site_id!r}; it has {', '.join(known.id for known in sites)}")
        sites = (chosen,)
    _serve(serve_sites(work, sites, SimulationClock(work.clock), _say))


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Serve Modbus TCP on this port of 127.0.0.1.")
@click.option("--pty", type=click.Path(path_type=Path), help="Serve Modbus RTU on a pty, linked at this path.")
@click.option("--baud", type=click.IntRange(1200, 115_200), default=9600, show_default=True)
@click.option("--unit", type=click.IntRange(1, 247), default=1, show_default=True)
@click.option("--serial", default="23019999", show_default=True, help="The meter's serial number.")
@click.option("--power-w", type=int, default=3600, show_default=True, help="Constant power; negative is export.")
@click.option("--stand-kwh", type=click.IntRange(0), default=1234, show_default=True, help="Both registers at first.")
def device(port: int | None, pty: Path | None, baud: int, unit: int, serial: str, power_w: int, stand_kwh: int) -> None:
    """Serve one Eastron SDM630 with a constant power until Ctrl-C, to try a gateway or a tool on."""
    from simulators.configs import HOST
    from simulators.devices.sdm630 import Sdm630
    from simulators.instrument import Instrument
    from simulators.reading import steady
    from simulators.site import serve_device

    if (port is None) == (pty is None):
        fail("give either --port or --pty")
    clock = SystemClock()
    instrument = Instrument(Sdm630(serial, unit, baud), steady(clock.now(), stand_kwh * 1000, power_w), clock.now)
    _say(f"SDM630 {serial}, unit {unit}, on " + (f"{pty}, {baud} 8N1" if pty else f"{HOST}:{port} (Modbus TCP)"))
    _serve(serve_device(unit, instrument, port, pty, baud))


@main.command()
@click.argument("workdir", type=click.Path(path_type=Path, file_okay=False))
@click.argument("meter")
@click.argument("kind", type=click.Choice(["none", "silence", "zeros", "nan", "exception", "reset", "delay", "damage"]))
@click.option("--code", type=click.Choice(["1", "2", "3", "4", "6"]), default="4", help="Of the exception.")
@click.option("--seconds", type=click.FloatRange(0, 3600), default=2.0, help="Of the delay, real seconds.")
@click.option("--seed", type=int, default=0, help="Of the damage.")
def fault(workdir: Path, meter: str, kind: str, code: str, seconds: float, seed: int) -> None:
    """Give METER (its serial number) of a running site in WORKDIR a trouble; none ends it.

    A reset takes effect at the present simulated time.
    """
    from simulators.configs import read_back
    from simulators.faults import Fault, FaultFile, Kind
    from simulators.servers.modbus import ExceptionCode

    with config_errors():
        work = read_back(workdir)
    serials = [known.serial for _, known in work.scenario.meters()]
    if meter not in serials:
        fail(f"no meter {meter!r} here; known: {', '.join(serials)}")
    wanted = None
    if kind != "none":
        wanted = Fault(
            kind=Kind(kind),
            code=ExceptionCode(int(code)),
            at=SimulationClock(work.clock).now() if kind == Kind.RESET else None,
            seconds=seconds if kind == Kind.DELAY else 0.0,
            seed=seed,
        )
    try:
        FaultFile(work.path).set(meter, wanted)
    except OSError as error:
        fail(f"{work.path}: the trouble can't be written: {error.strerror}")
    _say(f"{meter}: {kind}")


@main.command()
@click.argument("scenario")
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Last instant, like 2026-06-17T12:00:00Z.")
@click.option("--json", "as_json", is_flag=True, help="Everything, stands and energies too, as JSON.")
def ledger(scenario: str, until: datetime | None, as_json: bool) -> None:
    """Print the true hourly balance of SCENARIO (with --json also every true stand and energy)."""
    from simulators.ledger import keep_books, true_flows
    from simulators.scenario import load_scenario, scenario_path
    from simulators.world import World

    with config_errors():
        loaded = load_scenario(scenario_path(scenario))
    end = until or loaded.scenario.until
    if end < loaded.first_hour:
        fail(f"--until {end.isoformat()} is before the first full hour, {loaded.first_hour.isoformat()}")
    books = keep_books(loaded, true_flows(loaded, World(loaded), end), end)
    if as_json:
        print_json(books)
        return
    rows = [
        (hour.start.astimezone(WARSAW).strftime("%d.%m. %H:%M"), hour.drawn_wh, hour.injected_res_wh, hour.covered_wh)
        for hour in books.balance
    ]
    columns = ("local hour", "drawn Wh", "injected Wh", "covered Wh")
    table(f"{books.scenario}: what is true", columns, rows, right=columns[1:])


@main.command()
@click.option("--scenario", default="three-sites", show_default=True, help="A file, or one that comes with klaster.")
@click.option(
    "--speed", type=click.IntRange(1, 100_000), default=740, show_default=True, help="Simulated seconds a second."
)
@click.option(
    "--workdir", type=click.Path(path_type=Path, file_okay=False), default=Path("var/demo"), show_default=True
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="The page's, or the next free."
)
@click.option("--once", is_flag=True, help="End by itself; exit code 0 only if central equals the ledger.")
@click.option(
    "--store",
    type=click.Choice(["sqlite", "influxdb"]),
    default="sqlite",
    show_default=True,
    help="Where central keeps the readings; influxdb: a server of the demo's own.",
)
def demo(
    scenario: str, speed: int, workdir: Path, port: int, store: Literal["sqlite", "influxdb"], *, once: bool
) -> None:
    """Run a simulated cluster for a day: meters, gateways, broker, central, page."""
    from simulators.child import StartError
    from simulators.demo import DemoError, run_demo
    from simulators.scenario import scenario_path

    try:
        with config_errors():
            code = run_demo(scenario_path(scenario), workdir, speed=speed, web_from=port, once=once, store=store)
    except (DemoError, StartError) as error:
        fail(str(error), Exit.DIFFERS)
    except OSError as error:
        fail(f"the demo can't run in {workdir}: {error}")
    except KeyboardInterrupt:
        out.print("ended before the day had passed")
        code = Exit.INCOMPLETE
    raise SystemExit(code)


def _work(scenario: str, workdir: Path, speed: int) -> Prepared:
    from simulators.configs import SITE_FILE, clock_for, prepare, read_back
    from simulators.ports import free_ports
    from simulators.scenario import load_scenario, scenario_path

    if (workdir / SITE_FILE).is_file():
        return read_back(workdir)
    path = scenario_path(scenario)
    loaded = load_scenario(path)
    return prepare(path, workdir, free_ports(loaded), clock_for(loaded, SystemClock().now(), speed))


def _serve(service: Coroutine[Any, Any, None]) -> None:
    try:
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_until_ended(service))
    except OSError as error:
        where = error.filename2 or error.filename
        fail(f"can't serve{f' on {where}' if where else ''}: {error.strerror or error}", Exit.BAD_INPUT)


async def _until_ended(service: Coroutine[Any, Any, None]) -> None:
    ours = asyncio.current_task()
    if ours is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ours.cancel)
    await service


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)
