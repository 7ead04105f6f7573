"""SunSpec over Modbus: the chain of models on a device, and their values. No I/O.

Written from the SunSpec Information Model Specification and the Alliance's model definitions, which stand as data in
``sunspec_models.json``. Offsets count from the model's id register: ID = 0, L = 1.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from gateway.words import Value, WordType, decode, text

BASES: Final = (40000, 50000, 0)
"""Where a chain may begin, as on the wire; printed documents count from 1 (40001)."""
COMMON: Final = 1
"""The model that begins a logical device and names it."""
MOST_REGISTERS: Final = 125
"""The most registers in one request."""

_MARKER: Final = (0x5375, 0x6E53)  # "SunS"
_END: Final = 0xFFFF
_MOST_MODELS: Final = 100
COMMON_REGISTERS: Final = 66
"""Of model 1, with ID and L."""
_NUMERIC: Final = {
    "int16": (WordType.S16, 0x8000),
    "uint16": (WordType.U16, 0xFFFF),
    "count": (WordType.U16, 0),
    "acc16": (WordType.U16, 0),
    "enum16": (WordType.U16, 0xFFFF),
    "bitfield16": (WordType.U16, 0xFFFF),
    "int32": (WordType.S32, 0x8000_0000),
    "uint32": (WordType.U32, 0xFFFF_FFFF),
    "acc32": (WordType.U32, 0),
    "enum32": (WordType.U32, 0xFFFF_FFFF),
    "bitfield32": (WordType.U32, 0xFFFF_FFFF),
    "int64": (WordType.S64, 0x8000_0000_0000_0000),
    "uint64": (WordType.U64, 0xFFFF_FFFF_FFFF_FFFF),
    "acc64": (WordType.U64, 0),
    "float32": (WordType.FLOAT32, 0x7FC0_0000),
    "float64": (WordType.FLOAT64, 0x7FF8_0000_0000_0000),
    "sunssf": (WordType.S16, 0x8000),
}
"""Each numeric type's words and the pattern by which a device says that it has not implemented the point."""
_MODULI: Final = {"acc16": 2**16, "acc32": 2**32, "acc64": 2**64}
_LARGEST_EXPONENT: Final = 10


class SunSpecError(Exception):
    """The device's chain can't be used; the message says why."""


class Point(msgspec.Struct, frozen=True):
    """One point of a model."""

    offset: int
    name: str
    type: str
    size: int
    """In registers."""
    label: str = ""
    sf: str | int | None = None
    """The point that holds its scale factor, or the factor itself."""
    units: str = ""
    mandatory: bool = False
    rw: bool = False
    symbols: dict[str, str] = {}

    @property
    def modulus(self) -> int | None:
        """At how many counts an accumulator begins again from 0; None for what is no accumulator."""
        return _MODULI.get(self.type)


class Group(msgspec.Struct, frozen=True):
    """Points that repeat, such as the inputs of an inverter; their offsets count from the group's own beginning."""

    name: str
    count: int | str
    first_offset: int | str
    length: int
    points: tuple[Point, ...]
    groups: tuple[Group, ...]


class ModelData(msgspec.Struct, frozen=True):
    """A model as the Alliance defines it."""

    id: int
    name: str
    label: str
    length: int
    """Of the fixed part, with ID and L."""
    points: tuple[Point, ...]
    groups: tuple[Group, ...]

    def point(self, name: str) -> Point:
        """The point of that name in the fixed part.

        Raises:
            KeyError: there is none.
        """
        for point in self.points:
            if point.name == name:
                return point
        raise KeyError(f"model {self.id} has no point {name}")


class _File(msgspec.Struct, frozen=True):
    source: str
    models: tuple[ModelData, ...]


@cache
def models() -> Mapping[int, ModelData]:
    """All models that are known, by id."""
    content = (files("gateway.protocols") / "sunspec_models.json").read_bytes()
    return {model.id: model for model in msgspec.json.decode(content, type=_File).models}


@dataclass(frozen=True, slots=True)
class Ask:
    """Registers to read (function 03)."""

    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model where it was found; ``length`` is its L register, without ID and L themselves."""

    id: int
    address: int
    length: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What model 1 tells of a logical device."""

    manufacturer: str
    model: str
    version: str
    serial: str


@dataclass(frozen=True, slots=True)
class Device:
    """A logical device: a model 1 and what follows it up to the next one."""

    identity: Identity
    models: tuple[Model, ...]


Discovery = Generator[Ask, tuple[int, ...] | None, tuple[Device, ...]]
"""Yields what to read, is sent the words (None: refused by an exception), and returns the logical devices."""


def discover() -> Discovery:
    """Find the chain at one of ``BASES``, walk it to its end, and read each model 1.

    Raises:
        SunSpecError: there is no chain, or it breaks off.
    """
    base = yield from _base()
    found = yield from _walk(base + len(_MARKER))
    if not found or found[0].id != COMMON:
        raise SunSpecError(f"the chain at {base} doesn't begin with model 1")
    devices: list[tuple[Identity, list[Model]]] = []
    for model in found:
        if model.id == COMMON:
            words = yield Ask(model.address, min(2 + model.length, COMMON_REGISTERS))
            if words is None:
                raise SunSpecError(f"model 1 at {model.address} can't be read")
            devices.append((identity(words), []))
        devices[-1][1].append(model)
    return tuple(Device(who, tuple(its)) for who, its in devices)


def _base() -> Generator[Ask, tuple[int, ...] | None, int]:
    for base in BASES:
        if (yield Ask(base, len(_MARKER))) == _MARKER:
            return base
    raise SunSpecError(f'no "SunS" at {", ".join(map(str, BASES))}: SunSpec may have to be switched on in the device')


def _walk(address: int) -> Generator[Ask, tuple[int, ...] | None, list[Model]]:
    found: list[Model] = []
    while len(found) < _MOST_MODELS and address <= 0xFFFE:
        words = yield Ask(address, 2)
        if words is None:
            raise SunSpecError(f"the chain breaks off at {address}: no end model 65535")
        if words[0] == _END:
            return found
        found.append(Model(words[0], address, words[1]))
        address += 2 + words[1]
    raise SunSpecError(f"the chain has no end within {_MOST_MODELS} models and 65,536 registers")


def identity(words: Sequence[int]) -> Identity:
    """The texts of a model 1 from its ID register on."""
    texts = []
    for name in ("Mn", "Md", "Vr", "SN"):
        point = models()[COMMON].point(name)
        texts.append(text(words[point.offset : point.offset + point.size]))
    return Identity(*texts)


@dataclass(frozen=True, slots=True)
class Window:
    """One request that brings a model's header and points with their scale factors, so that they are of one instant."""

    model: Model
    count: int

    @property
    def ask(self) -> Ask:
        """The request."""
        return Ask(self.model.address, self.count)

    def stands_there(self, words: Sequence[int]) -> bool:
        """Whether the model is still where it was found."""
        return tuple(words[:2]) == (self.model.id, self.model.length)

    def value(self, words: Sequence[int], name: str) -> Scaled | None:
        """A point's value; None where the device has not implemented it or its scale factor.

        Raises:
            KeyError: the model has no such numeric point.
            ValueError: the point lies outside the window.
        """
        data = models()[self.model.id]
        point = data.point(name)
        raw = self._number(words, point)
        exponent = self._exponent(words, data, point)
        if raw is None or exponent is None:
            return None
        scale = Decimal(1).scaleb(exponent)
        return Scaled(Value(raw.value * scale, raw.step * scale), scale, point.modulus, point.type.startswith("float"))

    def _exponent(self, words: Sequence[int], data: ModelData, point: Point) -> int | None:
        if point.sf is None or isinstance(point.sf, int):
            return point.sf or 0
        factor = self._number(words, data.point(point.sf))
        if factor is None or abs(factor.value) > _LARGEST_EXPONENT:
            return None
        return int(factor.value)

    def _number(self, words: Sequence[int], point: Point) -> Value | None:
        if point.offset + point.size > min(self.count, 2 + self.model.length, len(words)):
            raise ValueError(f"model {self.model.id}: {point.name} is not in this read")
        kind, absent = _NUMERIC[point.type]
        return decode(words[point.offset : point.offset + point.size], kind, absent=(absent,))


@dataclass(frozen=True, slots=True)
class Scaled:
    """A value, what one count of it is, and at how many counts it begins again (both in the point's unit)."""

    value: Value
    scale: Decimal
    modulus: int | None
    is_float: bool


def window(model: Model, names: Sequence[str]) -> Window:
    """The request from the model's header to the last of the points ``names`` and their scale factors.

    Raises:
        SunSpecError: they don't fit one request, or the device's model is shorter than its definition.
        KeyError: the model has no such point.
    """
    data = models()[model.id]
    wanted = [data.point(name) for name in names]
    wanted += [data.point(point.sf) for point in wanted if isinstance(point.sf, str)]
    count = max(point.offset + point.size for point in wanted)
    if count > MOST_REGISTERS:
        raise SunSpecError(f"model {model.id}: values and scale factors don't fit one request of {MOST_REGISTERS}")
    if count > 2 + model.length:
        raise SunSpecError(f"model {model.id} is {model.length} registers long; {', '.join(names)} would lie outside")
    return Window(model, count)
