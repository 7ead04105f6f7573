"""One poll of one meter with all that it shows: words, meaning, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from gateway.config import GatewayConfig, MeterSettings
from gateway.failure import Failure
from gateway.observation import Answer, Observation
from gateway.profile import Block, Profile, Register, RegisterRole, blocks, profile
from gateway.readout import Readout
from gateway.register_readout import RegisterReadout
from gateway.sunspec_readout import SunSpecReadout
from gateway.tools.access import Access, ToolError
from gateway.words import Value, decode, energy, plain
from metering.live import NAMES, LiveValue, live_value

_MOST_BLOCKS = 200
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One register, or one energy of a device that describes itself."""

    name: str
    obis: str
    function: int
    address: int
    words: str
    """In hex; empty where nothing was read."""
    value: str
    """In ``unit``; empty where the words hold no number."""
    unit: str
    at: datetime | None
    """When the answer was there."""
    problem: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll brought."""

    meter: str
    bus: str
    unit: int
    profile: str
    how: str
    serial: str
    """The serial number that the meter tells of itself; empty where it tells none."""
    rows: tuple[Row, ...]
    problem: str
    """Why the poll ended before its end."""


def meter_named(config: GatewayConfig, name: str) -> MeterSettings:
    """The meter of that id.

    Raises:
        ToolError: there is none.
    """
    found = next((meter for meter in config.meters if meter.id == name), None)
    if found is None:
        raise ToolError(f"There is no meter {name}; there are {', '.join(meter.id for meter in config.meters)}.")
    return found


async def poll(access: Access, meter: MeterSettings) -> Reading:
    """Ask for every register of a meter once."""
    model, unit = profile(meter.profile), meter.unit_of(profile(meter.profile))
    sunspec = model.protocol == "sunspec"
    readout: Readout = SunSpecReadout(meter.id, meter.sunspec) if sunspec else RegisterReadout(model)
    rows: list[Row] = []
    problem = await (_described(access, unit, readout, rows) if sunspec else _mapped(access, unit, model, rows))
    serial = "" if problem and not any(row.words for row in rows) else await _serial(access, unit, readout)
    return Reading(
        meter=meter.id, bus=meter.bus, unit=unit, profile=model.id, how=access.how, serial=serial,
        rows=tuple(rows), problem=problem,
    )  # fmt: skip


async def _serial(access: Access, unit: int, readout: Readout) -> str:
    if readout.serial_block is None:
        return ""
    answer = await access.read(unit, readout.serial_block)
    return "" if isinstance(answer, Failure) else readout.serial(answer)


async def _mapped(access: Access, unit: int, model: Profile, rows: list[Row]) -> str:
    for registers in (model.stands, model.live):
        for block in blocks(registers, model.limits):
            answer = await access.read(unit, block)
            if isinstance(answer, Failure) and answer.refused and len(block.registers) > 1:
                for one in block.registers:
                    alone = blocks([one], model.limits)[0]
                    _note(rows, alone, await access.read(unit, alone))
                continue
            _note(rows, block, answer)
            if isinstance(answer, Failure) and not answer.refused:
                return str(answer)
    return ""


def _note(rows: list[Row], block: Block, answer: Answer | Failure) -> None:
    for register in block.registers:
        if isinstance(answer, Failure):
            rows.append(_row(register, (), None, str(answer)))
        else:
            rows.append(_row(register, block.words_of(register, answer.words), answer.received, ""))


def _row(register: Register, words: Sequence[int], at: datetime | None, problem: str) -> Row:
    raw = decode(words, register.type, register.word_order, register.absent) if words else None
    value = None if raw is None else _value(register, raw)
    missing = "" if value is not None or problem else "no value"
    return Row(
        name=register.name, obis=register.obis, function=register.function, address=register.address,
        words=" ".join(f"{word:04x}" for word in words), value="" if value is None else plain(value),
        unit=register.unit, at=at, problem=problem or missing,
    )  # fmt: skip


def _value(register: Register, raw: Value) -> Decimal | None:
    """In the register's unit: a stand in the meter's own steps, as it would be sent; a live value as it is told."""
    if register.role is RegisterRole.LIVE:
        told = live_value(register.name, raw.value * register.scale, _ANY_TIME)
        return None if told is None else Decimal(told.value)
    counted = Value(abs(raw.value), raw.step) if register.absolute else raw
    return energy(counted, register.wh_per_count, register.resolution_wh).value * register.scale / register.wh_per_count


async def _described(access: Access, unit: int, readout: Readout, rows: list[Row]) -> str:
    block: Block | None = readout.first()
    for _ in range(_MOST_BLOCKS):
        if block is None:
            break
        answer = await access.read(unit, block)
        if isinstance(answer, Failure) and not answer.refused:
            return str(answer)
        heard = readout.take(block, None if isinstance(answer, Failure) else answer)
        if heard.problem:
            return heard.problem
        if not isinstance(answer, Failure):
            words = " ".join(f"{word:04x}" for word in answer.words)
            rows += [_energy(block, words, obis, seen) for obis, seen in heard.seen.items()]
        block = heard.next
    return await _live_described(access, unit, readout, rows)


async def _live_described(access: Access, unit: int, readout: Readout, rows: list[Row]) -> str:
    block = readout.first_live()
    while block is not None:
        answer = await access.read(unit, block)
        if isinstance(answer, Failure) and not answer.refused:
            return str(answer)
        heard = readout.take_live(block, None if isinstance(answer, Failure) else answer)
        rows += [_live(block, one) for one in heard.values]
        block = heard.next
    return ""


def _energy(block: Block, words: str, obis: str, seen: Observation) -> Row:
    """An energy of a device that describes itself; its words are those of its model."""
    return Row(
        name="energy", obis=obis, function=block.function, address=block.address, words=words,
        value="" if seen.wh is None else plain(seen.wh), unit="Wh", at=seen.received,
        problem="no value" if seen.wh is None else "",
    )  # fmt: skip


def _live(block: Block, one: LiveValue) -> Row:
    return Row(
        name=one.name, obis="", function=block.function, address=block.address, words="", value=one.value,
        unit=NAMES[one.name][0], at=one.at,
    )  # fmt: skip
