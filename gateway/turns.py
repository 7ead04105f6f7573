"""Whose turn it is on a bus: every meter on its grid of the clock, one that doesn't answer less and less often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from metering.period import HOUR, floor_to, on_grid

_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 220.0
_BACK_WITHIN_S = 235.0
"""A meter that answers again is asked again within so long, in seconds: its pause and the wait for its grid."""
_BEFORE_STAND = timedelta(minutes=2)
_LEAST_BETWEEN_S = 60.0
"""The probe before a stand is left out if the meter was asked so shortly before; simulated hours may fly by."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Turn:
    """One meter's place in the order. ``due`` is a multiple of ``every`` since 1970."""

    index: int
    every: timedelta
    due: datetime
    late: bool = False
    """Whether it is due at once because its last poll overran the grid."""
    failures: int = 0
    not_before_s: float = 0.0
    """Until then (monotonic clock, seconds) it is tried only at the instants of its stands, and once shortly before."""
    tried: datetime = _NEVER
    """When it was last asked in vain, by the clock of the stands."""
    tried_s: float = 0.0
    """And by the monotonic clock."""
    length: timedelta = HOUR
    """How far apart its stands are."""


class Turns:
    """The order of the meters of one bus."""

    def __init__(self, everies: Sequence[timedelta], now: datetime, lengths: Sequence[timedelta] = ()) -> None:
        """Every meter is due at once: the first poll after a start need not wait for its grid.

        ``lengths`` are how far apart the meters' stands are; none: an hour.
        """
        self._turns = [Turn(index, every, floor_to(now, every)) for index, every in enumerate(everies)]
        for turn, length in zip(self._turns, lengths, strict=False):
            turn.length = length

    def next_due(self, now: datetime) -> datetime:
        """When the next turn comes; a turn that a clock set back has left far ahead is brought home."""
        for turn in self._turns:
            turn.due = min(turn.due, floor_to(now, turn.every) + turn.every)
        return min(turn.due for turn in self._turns)

    def take(self, now: datetime, monotonic_s: float) -> Turn | None:
        """The meter to poll now, if one is due; those in a pause are passed over, except for their stands' sake.

        The one that has waited longest comes first; one that failed lets the others go before it for a round.
        """
        for turn in self._turns:
            paused = turn.due <= now and monotonic_s < turn.not_before_s
            if paused and not (_holds_stand(turn, now) or _precedes_stand(turn, now, monotonic_s)):
                turn.due = floor_to(now, turn.every) + turn.every
        due = [turn for turn in self._turns if turn.due <= now]
        return min(due, key=lambda turn: turn.due + (turn.every if turn.failures else timedelta(0)), default=None)

    def done(self, turn: Turn, now: datetime) -> None:
        """Its poll succeeded; if the grid has moved on meanwhile it is due again at once, but not twice in a row."""
        turn.failures = 0
        turn.not_before_s = 0.0
        latest = floor_to(now, turn.every)
        overran = latest >= turn.due + turn.every
        # Begun late a poll tends to overrun again, and never falls on the grid: after one such, wait for the grid.
        turn.due = latest if overran and not turn.late else max(turn.due + turn.every, latest + turn.every)
        turn.late = overran and not turn.late

    def failed(self, turn: Turn, now: datetime, monotonic_s: float, rests_until_s: float = 0.0) -> None:
        """Its poll failed; from the second failure in a row on it pauses, 5 s doubling to 220 s of real time.

        ``rests_until_s`` (monotonic clock, seconds): until then it may not be asked at all.
        """
        turn.failures += 1
        turn.tried, turn.tried_s = now, monotonic_s
        pause_s = _FIRST_PAUSE_S * 2 ** min(turn.failures - 2, 8) if turn.failures > 1 else 0.0
        longest_s = max(0.0, min(_LONGEST_PAUSE_S, _BACK_WITHIN_S - turn.every.total_seconds()))
        turn.not_before_s = max(monotonic_s + min(pause_s, longest_s), rests_until_s)
        turn.due = max(turn.due + turn.every, floor_to(now, turn.every))

    def not_asked(self, turn: Turn, now: datetime) -> None:
        """There was no link, or its unit rests: no fault of the meter's."""
        turn.due = floor_to(now, turn.every) + turn.every


def _holds_stand(turn: Turn, now: datetime) -> bool:
    """Whether the instant of a stand is among its turns from ``due`` to ``now``."""
    latest = floor_to(now, turn.every)
    return on_grid(turn.due, turn.length) or floor_to(latest, turn.length) > turn.due


def _precedes_stand(turn: Turn, now: datetime, monotonic_s: float) -> bool:
    """Whether a stand is near, and the meter hasn't been tried since it is: back in time, its hour isn't lost."""
    near = floor_to(now, turn.length) + turn.length - _BEFORE_STAND
    return turn.tried < near <= now and monotonic_s - turn.tried_s >= _LEAST_BETWEEN_S
