"""Which blocks bring a set of registers: the fewest that the model allows, and fewer registers where a device refuses.

One address that a device doesn't know makes it refuse the whole block. So a refused block is split until the register
that can't be read stands alone; that one is left out, the others are read on. What was learned is tried again later.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from gateway.observation import Event
from gateway.profile import Block, Limits, Register, blocks, span

_AGAIN_AFTER = timedelta(hours=1)


class Plan:
    """The requests of one poll, one after the other: ``begin``, then ``answered`` or ``refused`` until None."""

    def __init__(self, registers: tuple[Register, ...], limits: Limits) -> None:
        """Plan the fewest requests.

        Raises:
            ValueError: a register can't be asked for within the limits.
        """
        self._wholes = blocks(registers, limits)
        self._pieces: dict[Block, tuple[Block, ...]] = {}
        self._left_out: set[Block] = set()
        self._queue: deque[Block] = deque()
        self._seen: datetime | None = None
        self._again: datetime | None = None

    @property
    def left_out(self) -> tuple[Register, ...]:
        """The registers that the device refuses, each by itself."""
        return tuple(register for block in self._left_out for register in block.registers)

    def begin(self) -> Block | None:
        """The first block of a poll; None where there is no register at all."""
        if self._wholes and self._left_out and not any(self._parts(whole) for whole in self._wholes):
            # A device that refuses everything has another trouble than an unknown address.
            self._pieces, self._left_out = {}, set()
        again = self._again is not None and self._seen is not None and self._seen >= self._again
        if again:
            self._again = None
        self._queue = deque(one for whole in self._wholes for one in ((whole,) if again else self._parts(whole)))
        return self._next()

    def answered(self, block: Block, at: datetime) -> tuple[Block | None, tuple[Event, ...]]:
        """The block was answered at ``at``: the next one, and what is worth a line in the log."""
        self._seen = at
        back = [one for one in self._pieces.pop(block, (block,)) if one in self._left_out]
        self._left_out.difference_update(back)
        if self._again is None and (self._pieces or self._left_out):
            self._again = at + _AGAIN_AFTER
        events = tuple(Event("register_answers_again", _named(register)) for one in back for register in one.registers)
        return self._next(), events

    def refused(self, block: Block) -> tuple[Block | None, tuple[Event, ...]]:
        """The device refused the block by an exception: what to ask next, and what is worth a line in the log."""
        events: tuple[Event, ...] = ()
        if len(block.registers) == 1:
            if block not in self._left_out:
                events = (Event("register_refused", _named(block.registers[0])),)
            self._left_out.add(block)
        elif block in self._pieces:
            self._queue.extendleft(reversed(self._pieces[block]))
        else:
            parts = _split(block)
            whole = next(one for one in self._wholes if block == one or block in self._pieces.get(one, ()))
            there = self._pieces.get(whole, (whole,))
            at = there.index(block)
            self._pieces[whole] = (*there[:at], *parts, *there[at + 1 :])
            self._queue.extendleft(reversed(parts))
        return self._next(), events

    def _parts(self, whole: Block) -> tuple[Block, ...]:
        return tuple(one for one in self._pieces.get(whole, (whole,)) if one not in self._left_out)

    def _next(self) -> Block | None:
        return self._queue.popleft() if self._queue else None


def _split(block: Block) -> tuple[Block, ...]:
    """At its holes, which are the likeliest trouble; without any, in the middle."""
    runs: list[list[Register]] = []
    end = -1
    for register in block.registers:
        if register.address > end or not runs:
            runs.append([])
        runs[-1].append(register)
        end = max(end, register.address + register.type.words)
    if len(runs) == 1:
        middle = len(block.registers) // 2
        runs = [list(block.registers[:middle]), list(block.registers[middle:])]
    return tuple(span(run) for run in runs)


def _named(register: Register) -> dict[str, str]:
    return {"register": register.obis or register.name, "address": str(register.address)}
