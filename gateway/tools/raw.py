"""``klaster-gateway raw``: any Modbus function, its answer in hex and all that it may mean."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from gateway.config import read as read_config
from gateway.control_wire import READS
from gateway.failure import Failure
from gateway.tools.access import ToolError, bus_named, bus_of, config_option, json_option
from gateway.tools.numbers import ORDERS, Meant, ascii_of, meanings
from gateway.tools.run import run
from runtime.console import Exit, err, print_json, say, table

_EXCEPTIONS = {
    1: "illegal function: the device doesn't know this function code",
    2: "illegal data address: it has no such registers, or not all of them",
    3: "illegal data value: it doesn't answer so many at once, or not an odd count",
    4: "device failure",
    5: "acknowledge: it needs longer",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable: the converter is set up wrongly",
    11: "gateway target failed to respond: the converter answers, nothing behind it does",
}
"""Application Protocol V1.1b3, chapter 7."""


class NumberType(click.ParamType[int]):
    """A number in decimal, or in hex with 0x."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, int):
            return value
        try:
            return int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is no number; write 72 or 0x48", param, ctx)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    bus: str
    unit: int
    function: int
    how: str
    data: str
    """After the function code, in hex."""
    problem: str = ""
    words: tuple[int, ...] = ()
    ascii: str = ""
    numbers: tuple[Meant, ...] = ()


@click.command("raw")
@click.argument("bus")
@click.argument("unit", type=click.IntRange(0, 247))
@click.argument("function", type=click.IntRange(1, 127))
@click.argument("address", type=NumberType(), required=False)
@click.argument("count", type=NumberType(), required=False)
@click.option("--data", "data", default="", help="Instead of ADDRESS and COUNT: the request's bytes in hex.")
@click.option("--write", is_flag=True, help="Send a function that may change something in the device.")
@config_option
@json_option
def command(
    bus: str,
    unit: int,
    function: int,
    address: int | None,
    count: int | None,
    data: str,
    write: bool,
    config_file: Path,
    as_json: bool,
) -> None:
    """Send one request to UNIT on BUS: FUNCTION with ADDRESS (from 0, as on the wire) and COUNT.

    \b
    raw cellar 1 4 0x48 8            eight input registers from 0x48
    raw cellar 1 43 --data 0e0100    device identification

    Functions that may change something are refused without --write. Exit codes: 0 an answer came, 1 none or an
    exception came, 2 bad input.
    """

    async def tool(_: asyncio.Event) -> Exit:
        pdu = _pdu(function, address, count, data)
        if function not in READS:
            if not write:
                raise ToolError(
                    f"Function {function} may change something in the device: nothing was sent. Add --write if you "
                    "mean it, and know what the device does with it."
                )
            err.print(f"Sending function {function} to unit {unit}: this may change the device.")
        config = read_config(config_file)
        async with bus_of(config, bus_named(config, bus)) as access:
            answer = await access.exchange(unit, pdu, write=write)
        shown = _answered(bus, unit, function, address or 0, access.how, answer)
        if as_json:
            print_json(shown)
        else:
            _show(shown)
        return Exit.DIFFERS if shown.problem else Exit.DONE

    run(tool)


def _pdu(function: int, address: int | None, count: int | None, data: str) -> bytes:
    if data:
        if address is not None:
            raise ToolError("Give ADDRESS and COUNT, or --data, not both.")
        try:
            return bytes((function,)) + bytes.fromhex(data)
        except ValueError:
            raise ToolError(f"--data {data}: not bytes in hex, as in 00480008.") from None
    if address is None:
        return bytes((function,))
    count = 1 if count is None else count
    most = 2000 if function in {1, 2} else 125
    if not 0 <= address <= 0xFFFF or not 1 <= count <= most:
        raise ToolError(f"ADDRESS goes from 0 to 65535, COUNT from 1 to {most}.")
    if function not in {1, 2, 3, 4}:
        raise ToolError(f"Function {function} has no ADDRESS and COUNT of its own: give its bytes with --data.")
    return bytes((function,)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")


def _answered(bus: str, unit: int, function: int, address: int, how: str, answer: bytes | Failure) -> Answered:
    if isinstance(answer, Failure):
        meaning = _EXCEPTIONS.get(answer.code, "")
        problem = f"exception {answer.code}: {meaning}" if answer.code else str(answer)
        return Answered(bus=bus, unit=unit, function=function, how=how, data="", problem=problem)
    data = answer[1:]
    words: tuple[int, ...] = ()
    if function in {3, 4} and len(data) > 1:
        body = data[1:]
        words = tuple(int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body) - 1, 2))
    return Answered(
        bus=bus, unit=unit, function=function, how=how, data=data.hex(), words=words,
        ascii=ascii_of(words) if words else _printable(data), numbers=tuple(meanings(address, words)),
    )  # fmt: skip


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def _show(answered: Answered) -> None:
    say(f"{answered.bus}, unit {answered.unit}, function {answered.function}; {answered.how}")
    if answered.problem:
        say(answered.problem)
        return
    # The first byte of an answer with registers or bits counts the others.
    data = answered.data[2:] if answered.function in {1, 2, 3, 4} else answered.data
    say(f"hex    {' '.join(data[i : i + 4] for i in range(0, len(data), 4))}")
    say(f"ASCII  {answered.ascii}")
    if not answered.numbers:
        return
    say("")
    small = [(f"{one.address:04x}", one.type, *one.values.values()) for one in answered.numbers if len(one.values) == 2]
    table("", ("at", "type", "AB", "BA"), small, right=("AB", "BA"))
    wide = [
        (f"{one.address:04x}", one.type, *(one.values[order] for order in ORDERS))
        for one in answered.numbers
        if len(one.values) == 4
    ]
    if wide:
        table("", ("at", "type", *ORDERS), wide, right=ORDERS)
