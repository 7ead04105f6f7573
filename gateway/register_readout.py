"""A meter whose registers its profile knows: the same blocks at every poll."""

from __future__ import annotations

from gateway.observation import Answer, Observation
from gateway.profile import Block, Profile, Register, blocks
from gateway.readout import Heard
from gateway.words import Value, decode, energy


class RegisterReadout:
    """The stands of a register map."""

    def __init__(self, profile: Profile) -> None:
        """Read what the profile marks as stands.

        Raises:
            ValueError: a register can't be asked for within the model's limits.
        """
        self.codes = tuple(register.obis for register in profile.stands)
        self._blocks = blocks(profile.stands, profile.limits)

    def first(self) -> Block:
        """The first block."""
        return self._blocks[0]

    def take(self, block: Block, answer: Answer | None) -> Heard:
        """The observations of one block; a refusal ends the poll."""
        if answer is None:
            return Heard()
        seen = {one.obis: _observation(one, block.words_of(one, answer.words), answer) for one in block.registers}
        following = self._blocks.index(block) + 1
        return Heard(seen, self._blocks[following] if following < len(self._blocks) else None)


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
    )
