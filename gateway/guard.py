"""Which answers of a line may be believed, and how long an answer is waited for.

An RTU answer tells its unit, function and length, but no number: one that comes after its time limit would be taken for
the answer to the unit's next request of equal length (pymodbus 3.16, pull request 2636). After a failure the unit
therefore rests until even an answer three time limits late must have come. Then its first answer counts only when it
stands between two answers of another length: however the device treats what came while it was busy (answers it later,
drops it, answers at once and out of order), a stale answer is then found by its length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.failure import Failure, FailureKind
from gateway.profile import Block

_REST = 4.0
"""In time limits, from the request: an answer that is three of them late has come, and been seen to come."""
_OWED_S = 60.0
"""So long an answer may be owed, in seconds."""
_SHORTEST_LIMIT_S = 0.5
_SLACK = 4.0
"""An answer may take so many times what the slowest recent one took."""
_FADES = 0.99
_MOST_WORDS = 125


@dataclass(slots=True)
class _Unit:
    slowest_s: float | None = None
    """How long the slowest recent answer took; each answer lets an older one fade by a hundredth."""
    failures: int = 0
    doubted: bool = False
    rests_until_s: float = 0.0
    owed: list[tuple[float, int]] = field(default_factory=list)
    """When (monotonic clock, seconds) and for how many words requests were sent whose answers may still come."""


class Guard:
    """What is known of each unit of one line. All times are seconds of the monotonic clock."""

    def __init__(self, timeout_s: float, *, numbered: bool) -> None:
        """``timeout_s`` is the longest that is waited; ``numbered``: answers carry numbers, none can be stale."""
        self._timeout_s = timeout_s
        self._numbered = numbered
        self._units: dict[int, _Unit] = {}

    def limit_s(self, unit: int) -> float:
        """How long the unit's next answer is waited for, beyond its time on the line.

        A unit that shares its line is waited for as long as its own answers, or else the line's slowest, make likely;
        after a failure every fourth time (every second while it never answered) as long as the configuration allows:
        it may have become slower.
        """
        state = self._state(unit)
        often = 2 if state.slowest_s is None else 4
        if len(self._units) == 1 or state.failures % often == 1:
            return self._timeout_s
        others = (one.slowest_s for one in self._units.values() if one.slowest_s is not None)
        slowest = max(others, default=None) if state.slowest_s is None else state.slowest_s
        if slowest is None:
            return self._timeout_s
        return min(self._timeout_s, max(_SHORTEST_LIMIT_S, _SLACK * slowest))

    def _state(self, unit: int) -> _Unit:
        if (state := self._units.get(unit)) is None:
            state = self._units[unit] = _Unit()
        return state

    def rests_until_s(self, unit: int) -> float:
        """Until when the unit must not be asked."""
        state = self._units.get(unit)
        return state.rests_until_s if state else 0.0

    def doubts(self, unit: int) -> bool:
        """Whether the unit's next answer must be confirmed."""
        state = self._units.get(unit)
        return state.doubted if state else False

    def other(self, unit: int, block: Block, now_s: float) -> Block:
        """A request like ``block`` whose answer is told by its length from it and from all that the unit still owes."""
        state = self._state(unit)
        state.owed = [(sent_s, count) for sent_s, count in state.owed if now_s - sent_s < _OWED_S]
        owed = {count for _, count in state.owed}
        able = [count for count in _other_counts(block) if count not in owed]
        # Where all are owed the one is taken that is owed the longest.
        count = able[0] if able else next(count for _, count in state.owed if count != block.count)
        return Block(block.function, block.address, count, ())

    def answered(self, unit: int, took_s: float) -> None:
        """An answer came: ``took_s`` after the request, beyond its time on the line."""
        state = self._state(unit)
        state.slowest_s = max(took_s, 0.0, _FADES * (state.slowest_s or 0.0))
        if not state.doubted:
            state.failures = 0

    def confirmed(self, unit: int) -> None:
        """The unit's answers fit together: nothing is owed any more."""
        self._units[unit] = _Unit(slowest_s=self._units[unit].slowest_s)

    def forget(self, unit: int) -> None:
        """Nothing is known of a unit any more, unless an answer of it may still come."""
        if unit in self._units and not self._units[unit].owed:
            del self._units[unit]

    def stray(self, unit: int) -> None:
        """Bytes came that nobody had asked for, after an answer of this unit."""
        if not self._numbered:
            self._state(unit).doubted = True

    def heard(self, unit: int, count: int) -> None:
        """An answer of ``count`` words of this unit came unawaited: once it owes none any more, it needs no rest."""
        if (state := self._units.get(unit)) is None:
            return
        state.doubted = True
        if owed := next((one for one in state.owed if one[1] == count), None):
            state.owed.remove(owed)
            state.rests_until_s = state.rests_until_s if state.owed else 0.0

    def failed(self, unit: int, block: Block, sent_s: float, failure: Failure) -> None:
        """There was no answer, or none that fits; ``sent_s`` is when the request was sent."""
        if failure.kind in {FailureKind.EXCEPTION, FailureKind.LINK_DOWN}:
            return
        state = self._state(unit)
        state.failures += 1
        if self._numbered:
            return
        state.doubted = True
        if failure.kind is not FailureKind.DAMAGED:
            state.rests_until_s = sent_s + _REST * self._timeout_s
            state.owed.append((sent_s, block.count))


def _other_counts(block: Block) -> list[int]:
    """Whole registers of the block first, then other lengths; even ones stay even, as some models demand it."""
    ends = [register.address + register.type.words - block.address for register in block.registers]
    near = [block.count + more for more in (-2, 2, -4, 4, -6, 6, 8, 10)]
    counts = [*sorted(set(ends), reverse=True), *near]
    return [count for count in dict.fromkeys(counts) if 1 <= count <= _MOST_WORDS and count != block.count]
