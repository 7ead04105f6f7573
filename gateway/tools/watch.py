"""``klaster-gateway watch``: a meter again and again, and what has changed."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from gateway.config import read as read_config
from gateway.tools.access import bus_named, bus_of, config_option
from gateway.tools.read import code_of, head
from gateway.tools.readings import Reading, meter_named, poll
from gateway.tools.run import run
from gateway.words import plain
from metering.period import WARSAW
from runtime.clock import make_clock
from runtime.console import Exit, say, table


@click.command("watch")
@click.argument("meter")
@click.option("--every", "every_s", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, help="Seconds.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many readings.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line for each reading.")
def command(meter: str, every_s: float, count: int | None, config_file: Path, as_json: bool) -> None:
    """Read METER again and again until Ctrl-C, and show what has changed and how fast.

    Exit codes: 0 the last reading was complete, 1 it brought nothing, 2 bad input, 3 it was incomplete.
    """

    async def tool(stop: asyncio.Event) -> Exit:
        config = read_config(config_file)
        settings = meter_named(config, meter)
        clock = make_clock(config.clock)
        before: Reading | None = None
        code, round_ = Exit.DONE, 0
        while not stop.is_set() and (count is None or round_ < count):
            # A bus is held for one reading only: other tools find their turn too.
            async with bus_of(config, bus_named(config, settings.bus)) as access:
                reading = await poll(access, settings)
            code, round_ = code_of(reading), round_ + 1
            if as_json:
                click.echo(msgspec.json.encode(reading).decode())
            else:
                _show(reading, before, clock.now())
            before = reading if code is not Exit.DIFFERS else before
            if count is None or round_ < count:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await stop.wait()
        return code

    run(tool)


def _show(reading: Reading, before: Reading | None, now: datetime) -> None:
    at = now.astimezone(WARSAW).strftime("%H:%M:%S")
    if before is None:
        say(head(reading))
    if reading.problem and not any(row.value for row in reading.rows):
        say(f"{at}  {reading.problem}")
        return
    earlier = {(row.function, row.address, row.obis, row.name): row for row in before.rows} if before else {}
    rows = []
    for row in reading.rows:
        old = earlier.get((row.function, row.address, row.obis, row.name))
        if before is not None and old is not None and old.value == row.value:
            continue
        change = rate = ""
        if old is not None and old.value and row.value and row.at and old.at:
            difference = Decimal(row.value) - Decimal(old.value)
            change = f"{plain(difference)}" if difference < 0 else f"+{plain(difference)}"
            rate = _rate(difference, row.unit, (row.at - old.at).total_seconds())
        rows.append((row.name, row.value or row.problem, row.unit if row.value else "", change, rate))
    if rows:
        table(at, ("register", "value", "unit", "change", "that is"), rows, right=("value", "change", "that is"))
    else:
        say(f"{at}  no change")


def _rate(difference: Decimal, unit: str, seconds: float) -> str:
    """The power that a difference of energy means."""
    power = {"Wh": ("W", 1), "varh": ("var", 1), "kWh": ("W", 1000), "kvarh": ("var", 1000)}.get(unit)
    if power is None or seconds <= 0:
        return ""
    return f"{plain((difference * power[1] * 3600 / Decimal(str(seconds))).quantize(Decimal(1)))} {power[0]}"
