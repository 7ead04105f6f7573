"""A meter model's profile: registers, limits and evidence, read from the package's own data."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from importlib.resources import as_file, files
from typing import Annotated, Literal

import msgspec

from gateway.words import WordOrder, WordType
from metering.live import NAMES
from metering.obis import PATTERN as OBIS_PATTERN
from runtime.config import load

Parity = Literal["N", "E", "O"]
Baud = Annotated[int, msgspec.Meta(ge=300, le=921_600)]
StopBits = Literal[1, 2]

_WH_PER_UNIT = {
    "Wh": Decimal(1),
    "varh": Decimal(1),
    "kWh": Decimal(1000),
    "kvarh": Decimal(1000),
    "MWh": Decimal(1_000_000),
    "Mvarh": Decimal(1_000_000),
}


class RegisterRole(StrEnum):
    """What a register is read for."""

    STAND = "stand"
    """A cumulative energy: its stand at every full hour (quarter) is shipped."""
    LIVE = "live"
    """A value of the moment (``metering.live``): told while it is new, never kept."""


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """One register of a model."""

    name: str
    role: RegisterRole
    obis: Annotated[str, msgspec.Meta(pattern=OBIS_PATTERN)] | Literal[""] = ""
    """Empty for a live value."""
    function: Literal[3, 4]
    """Modbus function code: 3 holding registers, 4 input registers."""
    address: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    """As sent on the wire, counted from 0."""
    type: WordType
    word_order: WordOrder = WordOrder.BIG
    unit: str
    scale: Decimal = Decimal(1)
    """What one count of the words is, in ``unit``; less than 0 where a live value's sign is the other way round."""
    resolution_wh: Decimal = Decimal(1)
    """The smallest step that the meter itself counts, in Wh (varh)."""
    absent: tuple[int, ...] = ()
    """By which words the device says that it has no value, as unsigned numbers of the ordered words."""
    modulus: Annotated[int, msgspec.Meta(ge=2)] | None = None
    """At how many counts the register begins again from 0; absent: not documented, a fall is never a rollover."""
    absolute: bool = False
    """Whether the sign is to be dropped: some firmware shows this energy negative."""

    def __post_init__(self) -> None:
        """Refuse a stand without an energy unit, a step of nothing and words past the last address."""
        if self.role is RegisterRole.STAND and not self.obis:
            raise ValueError(f"{self.name}: a stand needs its obis code")
        if self.role is RegisterRole.STAND and self.unit not in _WH_PER_UNIT:
            raise ValueError(f"{self.name}: a stand's unit is one of {', '.join(_WH_PER_UNIT)}, not {self.unit!r}")
        if self.role is RegisterRole.LIVE and (self.name not in NAMES or self.unit != NAMES[self.name][0]):
            raise ValueError(f"{self.name} in {self.unit}: no live value that is known (metering/live.py)")
        if self.resolution_wh <= 0 or self.scale == 0 or (self.scale < 0 and self.role is RegisterRole.STAND):
            raise ValueError(f"{self.name}: resolution_wh and scale must be more than 0")
        if self.address + self.type.words > 65536:
            raise ValueError(f"{self.name}: its words reach past address 65535")

    @property
    def wh_per_count(self) -> Decimal:
        """What one count of the words is, in Wh (varh)."""
        return _WH_PER_UNIT[self.unit] * self.scale

    @property
    def modulus_wh(self) -> Decimal | None:
        """The modulus in Wh (varh)."""
        return None if self.modulus is None else self.modulus * self.wh_per_count


class Block(msgspec.Struct, frozen=True):
    """One request: ``count`` words from ``address``, and the registers it brings."""

    function: int
    address: int
    count: int
    registers: tuple[Register, ...]

    def words_of(self, register: Register, words: tuple[int, ...]) -> tuple[int, ...]:
        """One register's words out of the block's answer."""
        start = register.address - self.address
        return words[start : start + register.type.words]


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """How the model leaves the factory; a model without a serial line has the values of Modbus's own default."""

    baud: Baud = 19_200
    parity: Parity = "E"
    stop_bits: StopBits = 1
    unit: Annotated[int, msgspec.Meta(ge=0, le=247)] = 1
    pause_ms: Annotated[int, msgspec.Meta(ge=0, le=5000)] = 0
    """So long the device must be left alone between two requests, also over TCP."""
    settle_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """So long it must be left alone after the connection was made."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the model accepts in one request."""

    registers: Annotated[int, msgspec.Meta(ge=1, le=125)]
    even_only: bool = False
    holes: bool = False
    """Whether it answers undefined addresses between two registers: they are read along where that saves a request."""


class SerialNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model tells its serial number."""

    function: Literal[3, 4]
    address: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    """As sent on the wire, counted from 0."""
    type: Literal["ascii", "u16", "u32", "u64"]
    """``ascii``: two characters a word."""
    length: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    """Of a text, in words."""
    word_order: WordOrder = WordOrder.BIG

    @property
    def words(self) -> int:
        """How many words it has."""
        return self.length if self.type == "ascii" else WordType(self.type).words


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and how the model can be told apart on the wire, and where one meter tells its serial number."""

    method: Literal["heuristic", "certain"]
    text: str
    serial: SerialNumber | None = None
    """Absent: not known; an exchange is then told by its values alone."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why the addresses are believed: a profile without evidence is a guess."""

    confidence: Literal["single", "two-sources", "measured"]
    text: str
    sources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything klaster knows of one meter model."""

    id: str
    vendor: str
    model: str
    protocol: Literal["modbus", "sunspec"] = "modbus"
    """``sunspec``: the registers are found on the device itself, by its chain of models."""
    device: str = ""
    """Profiles of the same device are parts of it (inverter, grid meter, battery) and may share a unit id."""
    gap_s: Annotated[int, msgspec.Meta(ge=1, le=3600)]
    """The longest time between the two polls that a stand may be interpolated from, in seconds."""
    max_power_w: Annotated[int, msgspec.Meta(ge=1)]
    """More than this the model can't measure, in W (var); a faster rise is not believed."""
    identification: Identification
    evidence: Evidence
    transport: Transport
    limits: Limits
    registers: tuple[Register, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a register map without registers, and two stands of one OBIS code."""
        codes = [register.obis for register in self.stands]
        if self.protocol == "modbus" and not codes:
            raise ValueError(f"{self.id}: no register is a stand")
        if twice := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"{self.id}: {', '.join(sorted(twice))} stands twice")

    @property
    def stands(self) -> tuple[Register, ...]:
        """The registers whose stands are shipped, in the file's order."""
        return tuple(register for register in self.registers if register.role is RegisterRole.STAND)

    @property
    def tells_serial(self) -> bool:
        """Whether a meter's serial number can be read from it."""
        return self.protocol == "sunspec" or self.identification.serial is not None

    @property
    def live(self) -> tuple[Register, ...]:
        """The registers of live values, in the file's order."""
        return tuple(register for register in self.registers if register.role is RegisterRole.LIVE)


def known() -> list[str]:
    """The ids of all profiles in the package, in alphabetical order."""
    names = (entry.name for entry in files("gateway.profiles").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def profile(name: str) -> Profile:
    """The profile of that id.

    Raises:
        LookupError: there is none; the message names those that there are.
        ConfigError: the package's own file is broken.
    """
    if name not in known():
        raise LookupError(f"no such profile; known are {', '.join(known())}")
    with as_file(files("gateway.profiles") / f"{name}.toml") as path:
        return load(path, Profile)


def blocks(registers: Sequence[Register], limits: Limits) -> tuple[Block, ...]:
    """The fewest requests that bring all ``registers``: each goes on as far as the model's limits let it.

    A hole between two registers is read along only where the profile says that the model answers it: many meters answer
    an undefined address with an exception.

    Raises:
        ValueError: a register can't be asked for within the limits.
    """
    groups: list[list[Register]] = []
    for register in sorted(registers, key=lambda r: (r.function, r.address)):
        if limits.even_only and (register.address % 2 or register.type.words % 2):
            raise ValueError(f"{register.name}: this model answers even addresses and counts only")
        if register.type.words > limits.registers:
            raise ValueError(f"{register.name}: longer than this model's longest request")
        if groups and _joins(groups[-1], register, limits):
            groups[-1].append(register)
        else:
            groups.append([register])
    return tuple(span(group) for group in groups)


def span(registers: Sequence[Register]) -> Block:
    """The block from the first to the end of the last of some registers in the order of their addresses."""
    first = registers[0]
    return Block(first.function, first.address, max(map(_end, registers)) - first.address, tuple(registers))


def _joins(group: list[Register], register: Register, limits: Limits) -> bool:
    if group[0].function != register.function:
        return False
    end = max(map(_end, group))
    length = max(end, _end(register)) - group[0].address
    return length <= limits.registers and (limits.holes or register.address <= end)


def _end(register: Register) -> int:
    return register.address + register.type.words
