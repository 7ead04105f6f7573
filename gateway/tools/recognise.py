"""What a device that answers may be: each profile's registers are tried, and what they show is judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from gateway.config import SunSpecChoice
from gateway.failure import Failure
from gateway.observation import Answer
from gateway.profile import Block, Profile, Register, RegisterRole, blocks, known, profile
from gateway.register_readout import RegisterReadout
from gateway.sunspec_readout import SunSpecReadout
from gateway.tools.access import Access
from gateway.words import decode
from metering.live import live_value

_PROBABLE: Final = {"frequency_hz": (Decimal(45), Decimal(65)), "voltage_l1_v": (Decimal(90), Decimal(280))}
"""What a mains meter shows in any case."""
_MOST_BLOCKS: Final = 200
_MOST_FAILURES: Final = 2
_MOST_KWH: Final = Decimal(100_000_000)
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """How well a device fits a profile."""

    profile: str
    certain: bool
    """Whether the device says so itself."""
    because: str
    serial: str = ""


async def recognise(access: Access, unit: int, profiles: Sequence[str] = ()) -> list[Likeness]:
    """The profiles that fit what the device shows, the likeliest first."""
    found: list[tuple[int, Likeness]] = []
    for name in profiles or known():
        model = profile(name)
        told = await (_sunspec(access, unit) if model.protocol == "sunspec" else _mapped(access, unit, model))
        if told:
            found.append(told)
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


async def _mapped(access: Access, unit: int, model: Profile) -> tuple[int, Likeness] | None:
    """A device fits when its energies are believable, better when mains values and a serial number are there too."""
    for block in blocks(model.stands, model.limits):
        answer = await access.read(unit, block)
        if isinstance(answer, Failure) or not all(_believable(one, block, answer) for one in block.registers):
            return None
    points, said = 1, [f"its {len(model.stands)} energies are believable"]
    for register in model.live:
        if register.name not in _PROBABLE:
            continue
        block = blocks([register], model.limits)[0]
        answer = await access.read(unit, block)
        if isinstance(answer, Failure):
            return None
        least, most = _PROBABLE[register.name]
        value = _live(register, block, answer)
        if value is None or not least <= value <= most:
            return None
        points += 2
        said.append(f"{register.name.rsplit('_', 1)[0]} is {value} {register.unit}")
    serial = ""
    readout = RegisterReadout(model)
    if readout.serial_block:
        answer = await access.read(unit, readout.serial_block)
        serial = "" if isinstance(answer, Failure) else readout.serial(answer)
        points += 3 if serial and serial != "0" else 0
    certain = model.identification.method == "certain"
    return points, Likeness(profile=model.id, certain=certain, because=", ".join(said), serial=serial)


async def _sunspec(access: Access, unit: int) -> tuple[int, Likeness] | None:
    readout = SunSpecReadout("", SunSpecChoice())
    block: Block | None = readout.first()
    failures = 0
    for _ in range(_MOST_BLOCKS):
        if block is None:
            break
        answer = await access.read(unit, block)
        if isinstance(answer, Failure) and not answer.refused:
            failures += 1
            if failures >= _MOST_FAILURES:
                return None
            continue
        heard = readout.take(block, None if isinstance(answer, Failure) else answer)
        if heard.problem:
            return None
        for event in heard.events:
            if event.name == "sunspec_found":
                said = f"it says it is a {event.fields['manufacturer']} {event.fields['model']}"
                because = f"{said}; models {event.fields['chain']}"
                return 100, Likeness(profile="sunspec", certain=True, because=because, serial=event.fields["serial"])
        block = heard.next
    return None


def _believable(register: Register, block: Block, answer: Answer) -> bool:
    raw = decode(block.words_of(register, answer.words), register.type, register.word_order, register.absent)
    if raw is None:
        return False
    value = abs(raw.value) if register.absolute else raw.value
    tiny = 0 < value < Decimal("1e-6")
    return value >= 0 and not tiny and value * register.wh_per_count / 1000 < _MOST_KWH


def _live(register: Register, block: Block, answer: Answer) -> Decimal | None:
    assert register.role is RegisterRole.LIVE  # noqa: S101 - the caller takes them from there
    raw = decode(block.words_of(register, answer.words), register.type, register.word_order, register.absent)
    told = live_value(register.name, raw.value * register.scale, _ANY_TIME) if raw else None
    return None if told is None else Decimal(told.value)
