"""``klaster-gateway scan``: which unit ids answer on a line, at which settings, and what they may be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.config import BusSettings, GatewayConfig
from gateway.config import read as read_config
from gateway.failure import Failure, FailureKind
from gateway.profile import Block, Transport, profile
from gateway.tools.access import Access, ToolError, alone, bus_named, bus_of, config_option, json_option, service_of
from gateway.tools.recognise import Likeness, recognise
from gateway.tools.run import run
from runtime.console import Exit, err, plain, print_json, say, table

_HIGHEST = 247
_PROBES = (Block(4, 0, 2, ()), Block(3, 0, 2, ()))
"""Whatever the device says to one of these, an exception too, it is there."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that answered."""

    settings: str
    """Speed, bits, parity and stop bits; empty over TCP."""
    unit: int
    answer: str
    """What it said to the first question."""
    may_be: tuple[Likeness, ...]


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan brought."""

    where: str
    found: tuple[Found, ...]
    asked: int
    """So many units were asked, each setting counted."""
    of: int
    noise: tuple[str, ...]
    """At which settings something came that was no answer."""


class Units(click.ParamType[tuple[int, ...]]):
    """Unit ids such as 1-20,100."""

    name = "units"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The unit ids."""
        if isinstance(value, tuple):
            return value
        units: list[int] = []
        try:
            for part in str(value).split(","):
                first, _, last = part.partition("-")
                units += range(int(first), int(last or first) + 1)
        except ValueError:
            self.fail(f"{value!r}: write 1-20 or 1,5,100", param, ctx)
        if not units or min(units) < 0 or max(units) > _HIGHEST:
            self.fail(f"{value!r}: unit ids go from 1 to {_HIGHEST}", param, ctx)
        return tuple(dict.fromkeys(units))


@click.command("scan")
@click.argument("bus", required=False)
@click.option("--device", default="", help="Instead of BUS: a serial port, without any configuration.")
@click.option("--host", default="", help="Instead of BUS: a Modbus TCP host, without any configuration.")
@click.option("--port", type=click.IntRange(1, 65535), default=502, show_default=True)
@click.option("--units", type=Units(), default="1-247", show_default=True)
@click.option("--baud", "bauds", default="", help="Speeds, such as 9600,19200; default: the bus's, else 9600,19200.")
@click.option("--parity", "parities", default="", help="Such as N,E,O; default: the bus's, else N,E.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0.05, 10), default=0.3, show_default=True, help="Seconds."
)
@config_option
@json_option
def command(
    bus: str | None,
    device: str,
    host: str,
    port: int,
    units: tuple[int, ...],
    bauds: str,
    parities: str,
    timeout_s: float,
    config_file: Path,
    as_json: bool,
) -> None:
    """Ask every unit id on BUS whether it is there, and what it may be. Ctrl-C stops and shows what was found.

    Beside a running gateway its own line settings are used; other speeds and parities need the line for itself.
    Exit codes: 0 something was found, 1 nothing was, 2 bad input, 3 stopped before the end.
    """

    async def tool(stop: asyncio.Event) -> Exit:
        if sum(map(bool, (bus, device, host))) != 1:
            raise ToolError("Name a BUS of the configuration, or --device, or --host.")
        if host.count(":") == 1:
            name, _, number = host.partition(":")
            raise ToolError(f"--host takes the host alone: --host {name} --port {number or 502}")
        config = read_config(config_file) if bus else None
        settings = _settings(config, bus, device, host, port, timeout_s)
        tries = list(_tries(config, settings, bauds, parities))
        scanned = await _scan(config, settings, tries, units, stop, given=bool(bauds or parities))
        if as_json:
            print_json(scanned)
        else:
            _show(scanned)
        if scanned.asked < scanned.of:
            return Exit.INCOMPLETE
        return Exit.DONE if scanned.found else Exit.DIFFERS

    run(tool)


def _settings(
    config: GatewayConfig | None, bus: str | None, device: str, host: str, port: int, timeout_s: float
) -> BusSettings:
    timeout = Decimal(str(timeout_s))
    if config and bus:
        return msgspec.structs.replace(bus_named(config, bus), timeout_s=timeout)
    if device:
        return BusSettings(id="scan", link="serial", device=device, timeout_s=timeout)
    return BusSettings(id="scan", link="tcp", host=host, port=port, timeout_s=timeout)


def _tries(config: GatewayConfig | None, settings: BusSettings, bauds: str, parities: str) -> Iterator[BusSettings]:
    """The settings to try one after the other."""
    if settings.link != "serial":
        yield settings
        return
    meters = config.meters_of(settings) if config else ()
    factory = profile(meters[0].profile).transport if meters else None
    own_baud = settings.baud or (factory.baud if factory else None)
    own_parity = settings.parity or (factory.parity if factory else None)
    try:
        speeds = [int(one) for one in bauds.split(",")] if bauds else [own_baud] if own_baud else [9600, 19_200]
    except ValueError:
        raise ToolError(f"--baud {bauds}: write 9600 or 9600,19200.") from None
    kinds = parities.upper().split(",") if parities else [own_parity] if own_parity else ["N", "E"]
    for baud in speeds:
        for parity in kinds:
            if not 300 <= baud <= 921_600 or parity not in {"N", "E", "O"}:
                raise ToolError(f"{baud} {parity}: speeds go from 300 to 921600, parities are N, E and O.")
            yield msgspec.structs.replace(settings, baud=baud, parity=parity)


async def _scan(
    config: GatewayConfig | None,
    settings: BusSettings,
    tries: Sequence[BusSettings],
    units: Sequence[int],
    stop: asyncio.Event,
    *,
    given: bool,
) -> Scanned:
    found: list[Found] = []
    noise: list[str] = []
    asked, of = 0, len(tries) * len(units)
    for one in tries:
        async with _access(config, one, given=given) as access:
            label = f"{one.baud} 8{one.parity}{one.stop_bits or 1}" if one.link == "serial" else ""
            for unit in units:
                if stop.is_set():
                    return Scanned(where=settings.where, found=tuple(found), asked=asked, of=of, noise=tuple(noise))
                _progress(label, unit, asked, of)
                said = await _probe(access, unit)
                asked += 1
                if said is None:
                    continue
                if said is FailureKind.DAMAGED or said is FailureKind.WRONG_ANSWER:
                    noise.append(f"{label or settings.where}, unit {unit}: {said.value}")
                    continue
                may_be = await recognise(access, unit)
                found.append(Found(settings=label, unit=unit, answer=str(said), may_be=tuple(may_be)))
                _tell(f"found {label} unit {unit}: {may_be[0].profile if may_be else 'no profile fits'}")
    _tell("")
    return Scanned(where=settings.where, found=tuple(found), asked=asked, of=of, noise=tuple(noise))


@contextlib.asynccontextmanager
async def _access(config: GatewayConfig | None, settings: BusSettings, *, given: bool) -> AsyncIterator[Access]:
    if config is None:
        async with alone(settings, Transport()) as access:
            yield access
        return
    async with service_of(config) as service:
        if service is not None and given:
            raise ToolError(
                "A running gateway holds the line at its own settings. For other speeds and parities stop it first: "
                "sudo systemctl stop klaster-gateway. Its stands go on when it is started again."
            )
        if service is not None:
            async with bus_of(config, settings) as access:
                yield access
            return
    async with alone(settings, Transport()) as access:
        yield access


async def _probe(access: Access, unit: int) -> str | FailureKind | None:
    """What a unit says; None when it is silent.

    Raises:
        ToolError: the line can't be opened.
    """
    for block in _PROBES:
        answer = await access.read(unit, block)
        if not isinstance(answer, Failure):
            return "registers"
        if answer.kind is FailureKind.EXCEPTION:
            # A converter tells so of units behind it that don't answer.
            return None if answer.code in {10, 11} else f"exception {answer.code}"
        if answer.kind is FailureKind.LINK_DOWN:
            said = f"The line can't be used: {answer.detail}."
            if answer.detail.endswith("can't be opened"):
                said += " klaster-gateway ports tells which ports there are, who uses them and what is in the way."
            raise ToolError(said)
        if answer.kind is not FailureKind.NO_ANSWER:
            return answer.kind
        return None
    return None


def _progress(label: str, unit: int, asked: int, of: int) -> None:
    if err.is_terminal:
        click.echo(f"\r{label} unit {unit}, {asked} of {of} ", nl=False, err=True)


def _tell(text: str) -> None:
    if err.is_terminal:
        click.echo(f"\r{plain(text):<40}", err=True)


def _show(scanned: Scanned) -> None:
    if scanned.found:
        say(f"{scanned.where}:")
        rows = []
        for one in scanned.found:
            rows.append(_row(one.settings, one.unit, one.answer, one.may_be[0] if one.may_be else None))
            rows += [_row("", "", "or", other) for other in one.may_be[1:]]
        table("", ("settings", "unit", "answers", "may be", "serial", "because"), rows, right=("unit",))
    else:
        say(f"{scanned.where}: no unit answered.")
    for line in scanned.noise:
        say(f"something came that is no answer: {line} (two devices with one unit id, or wrong settings?)")
    if scanned.asked < scanned.of:
        say(f"Stopped after {scanned.asked} of {scanned.of}.")


def _row(settings: str, unit: int | str, answer: str, likeness: Likeness | None) -> tuple[object, ...]:
    if likeness is None:
        return settings, unit, answer, "no profile fits", "", ""
    name = likeness.profile if likeness.certain else f"{likeness.profile} ?"
    return settings, unit, answer, name, likeness.serial, likeness.because
