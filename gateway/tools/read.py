"""``klaster-gateway read``: one poll of a meter, every register of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from gateway.config import read as read_config
from gateway.tools.access import bus_named, bus_of, config_option, json_option
from gateway.tools.readings import Reading, meter_named, poll
from gateway.tools.run import run
from runtime.clock import make_clock
from runtime.console import Exit, print_json, say, table


@click.command("read")
@click.argument("meter")
@config_option
@json_option
def command(meter: str, config_file: Path, as_json: bool) -> None:
    """Read every register of METER once: its words, its value, and how old the answer is.

    A running gateway is asked for a turn on its bus; without one the line is opened. Exit codes: 0 every register was
    read, 1 the meter gave no answer, 2 bad input, 3 some registers could not be read.
    """

    async def tool(_: asyncio.Event) -> Exit:
        config = read_config(config_file)
        settings = meter_named(config, meter)
        async with bus_of(config, bus_named(config, settings.bus)) as access:
            reading = await poll(access, settings)
        if as_json:
            print_json(reading)
        else:
            show(reading, make_clock(config.clock).now())
        return code_of(reading)

    run(tool)


def code_of(reading: Reading) -> Exit:
    """The exit code that tells how complete a reading is."""
    if not any(row.words or row.value for row in reading.rows):
        return Exit.DIFFERS
    return Exit.INCOMPLETE if reading.problem or any(row.problem for row in reading.rows) else Exit.DONE


def show(reading: Reading, now: datetime) -> None:
    """A reading for a person."""
    say(head(reading))
    rows = [
        (
            row.name,
            row.obis.removeprefix("1-0:"),
            f"{row.function}:{row.address:04x}",
            _words(row.words),
            row.value or row.problem,
            row.unit if row.value else "",
            "" if row.at is None else f"{max((now - row.at).total_seconds(), 0.0):.1f} s",
        )
        for row in reading.rows
    ]
    table("", ("register", "OBIS", "at", "words", "value", "unit", "age"), rows, right=("value", "age"))
    if reading.problem:
        say(f"Not read to its end: {reading.problem}")


def head(reading: Reading) -> str:
    """Which meter was read, and how."""
    serial = f", says its serial number is {reading.serial}" if reading.serial else ""
    return f"{reading.meter}: {reading.profile}, bus {reading.bus}, unit {reading.unit}{serial}; {reading.how}"


def _words(words: str) -> str:
    return words if len(words) <= 19 else f"{words[:14]} …"
