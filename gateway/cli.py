"""``klaster-gateway``: run a gateway, check its configuration, look into its outbox, and the technician's tools."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

import click

from metering.period import QUARTER
from runtime.command_list import WholeSentences
from runtime.console import config_errors, fail, out

_CONFIG = click.argument("config", type=click.Path(path_type=Path))


_TOOLS = ("doctor", "outbox", "ports", "raw", "read", "scan", "watch")


class _WithTools(WholeSentences):
    """Its own commands, and the technician's tools: each a file that is loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In alphabetical order."""
        return sorted([*super().list_commands(ctx), *_TOOLS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _TOOLS:
            return super().get_command(ctx, cmd_name)
        found: click.Command = import_module(f"gateway.tools.{cmd_name}").command
        return found


@click.group(cls=_WithTools, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="klaster", prog_name="klaster-gateway")
def main() -> None:
    """Read meters, keep their hourly stands, and forward them until central has receipted each."""


@main.command()
@_CONFIG
def run(config: Path) -> None:
    """Run the gateway that CONFIG (a TOML file) describes, until SIGTERM or Ctrl-C."""
    from gateway import service
    from gateway.config import read
    from gateway.outbox import OutboxError
    from runtime import log

    with config_errors("nothing was started"):
        settings = read(config)
        log.configure(settings.log)
        try:
            asyncio.run(service.run(settings, reread=lambda: read(config)))
        except OutboxError as error:
            fail(str(error))


@main.command()
@_CONFIG
def check(config: Path) -> None:
    """Check CONFIG without starting anything; prints ok, or every problem."""
    from gateway.config import read

    with config_errors():
        settings = read(config)
    buses, meters = len(settings.buses), len(settings.meters)
    counts = f"{buses} bus{'es' * (buses != 1)}, {meters} meter{'s' * (meters != 1)}"
    out.print(f"ok: gateway {settings.gateway.id}, {counts}")
    quarters = [meter.id for meter in settings.meters if settings.length_of(meter) == QUARTER]
    if quarters:
        out.print(f"stands at every quarter of an hour: {', '.join(quarters)}", soft_wrap=True)
