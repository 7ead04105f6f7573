"""A meter whose registers its profile knows: the same plan at every poll."""

from __future__ import annotations

from gateway.live import LiveHeard, values_of
from gateway.observation import Answer, Observation
from gateway.plan import Plan
from gateway.profile import Block, Profile, Register, SerialNumber
from gateway.readout import Heard
from gateway.words import Value, WordType, decode, energy, text


class RegisterReadout:
    """The stands of a register map."""

    def __init__(self, profile: Profile) -> None:
        """Read what the profile marks as stands.

        Raises:
            ValueError: a register can't be asked for within the model's limits.
        """
        self.codes = tuple(register.obis for register in profile.stands)
        self._stands = Plan(profile.stands, profile.limits)
        self._live = Plan(profile.live, profile.limits)
        self._serial = number = profile.identification.serial
        self.serial_block = Block(number.function, number.address, number.words, ()) if number else None

    def first(self) -> Block:
        """The first block."""
        block = self._stands.begin()
        if block is None:
            raise ValueError("no register is a stand")
        return block

    def take(self, block: Block, answer: Answer | None) -> Heard:
        """The observations of one block; what the device refuses is asked for in smaller blocks."""
        if answer is None:
            following, events = self._stands.refused(block)
            return Heard(next=following, events=events)
        seen = self.again(block, answer)
        following, events = self._stands.answered(block, answer.received)
        return Heard(seen, following, events=events)

    def again(self, block: Block, answer: Answer) -> dict[str, Observation]:
        """The observations of one block."""
        return {one.obis: _observation(one, block.words_of(one, answer.words), answer) for one in block.registers}

    def serial(self, answer: Answer) -> str:
        """The serial number as the profile says where it is."""
        return "" if self._serial is None else _serial(self._serial, answer.words)

    def first_live(self) -> Block | None:
        """The first block of live values."""
        return self._live.begin()

    def take_live(self, block: Block, answer: Answer | None) -> LiveHeard:
        """The live values of one block; what the device refuses is asked for in smaller blocks."""
        if answer is None:
            following, events = self._live.refused(block)
            return LiveHeard((), following, events)
        following, events = self._live.answered(block, answer.received)
        return LiveHeard(values_of(block, answer), following, events)


def _observation(register: Register, words: tuple[int, ...], answer: Answer) -> Observation:
    raw = decode(words, register.type, register.word_order, register.absent)
    if raw is not None and register.absolute:
        raw = Value(abs(raw.value), raw.step)
    value = energy(raw, register.wh_per_count, register.resolution_wh) if raw else None
    return Observation(
        wh=value.value if value else None,
        step=value.step if value else register.resolution_wh,
        sent=answer.sent,
        received=answer.received,
        scale=register.wh_per_count,
        modulus=register.modulus_wh,
        base=answer.base,
    )


def _serial(number: SerialNumber, words: tuple[int, ...]) -> str:
    if number.type == "ascii":
        return text(words)
    value = decode(words, WordType(number.type), number.word_order)
    return "" if value is None else str(value.value)
