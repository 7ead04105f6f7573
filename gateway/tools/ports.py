"""``klaster-gateway ports``: which serial ports there are and how to call them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from gateway.config import read as read_config
from gateway.tools.access import DEFAULT_CONFIG, config_option, json_option
from gateway.tools.run import run
from gateway.tools.serial_ports import Port, access_problem, ports
from runtime.console import Exit, print_json, say


@click.command("ports")
@config_option
@json_option
def command(config_file: Path, as_json: bool) -> None:
    """List the serial ports: what each is, which bus uses it, and the name to write in a configuration.

    Exit codes: 0, 1 a bus's port isn't there or can't be opened by this user (without a configuration: any port), 2 bad
    input.
    """

    there = config_file.exists() or str(config_file) != DEFAULT_CONFIG

    async def tool(_: asyncio.Event) -> Exit:
        config = read_config(config_file) if there else None
        lines = [(bus.id, bus.device) for bus in config.buses if bus.link == "serial"] if config else []
        found = ports(lines)
        used = {bus for port in found for bus in port.buses}
        missing = [(bus, device, access_problem(device)) for bus, device in lines if bus not in used]
        if as_json:
            print_json({"ports": found, "missing": [{"bus": b, "device": d, "problem": p} for b, d, p in missing]})
        else:
            _show(found, missing)
        # A port that no bus uses is nobody's trouble: many machines have one that is root's alone.
        needed = [port.problem for port in found if port.buses or not lines]
        return Exit.DIFFERS if any(needed) or any(problem for _, _, problem in missing) else Exit.DONE

    run(tool)


def _show(found: list[Port], missing: list[tuple[str, str, str]]) -> None:
    if not found:
        say("No serial port: is the adapter plugged in? (lsusb, dmesg)")
    for port in found:
        what = ", ".join(filter(None, (port.product, port.usb and f"USB {port.usb}", port.serial)))
        say(f"{port.device}  {what}")
        say(f'  in a configuration   device = "{port.best_name}"')
        if port.buses:
            say(f"  used by              bus {', '.join(port.buses)}")
        if port.latency_ms is not None and port.latency_ms > 1:
            say(f"  latency timer        {port.latency_ms} ms, 1 ms is better (docs: On site)")
        if port.problem:
            say(f"  can't be opened      {port.problem}")
    for bus, device, problem in missing:
        say(f"{device}  of bus {bus}: {problem or 'not among the ports that Linux lists'}")
