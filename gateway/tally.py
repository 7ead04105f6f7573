"""How the requests of one line ended: counted in all, and over the last hour in steps of ten minutes. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.failure import Failure, FailureKind
from gateway.rtu_frames import LEAST_BYTES, frame_size

_STEP_S = 600.0
_STEPS = 6
_REQUEST_BYTES = 8


class Ending(StrEnum):
    """How one request ended, as told by the bytes that came."""

    ANSWERED = "answered"
    EXCEPTION = "exception"
    """The device refused it: the line works."""
    SILENT = "silent"
    """Not one byte came."""
    CUT = "cut"
    """The answer began and broke off."""
    DAMAGED = "damaged"
    """A whole answer whose check (CRC) is wrong."""
    NOISE = "noise"
    """Bytes that are no answer at all."""
    OTHER_UNIT = "other unit"
    """An intact answer of a unit that wasn't asked."""
    ECHO = "echo"
    """The request itself came back."""
    WRONG = "wrong"
    """An intact answer that doesn't fit the request."""
    LATE = "late"
    """Something came after the time limit, when nobody waited for it."""
    LINK_DOWN = "link down"


def ending(outcome: object, unit: int, sent: bytes, heard: bytes, *, serial: bool) -> Ending:
    """How a request ended whose outcome is a ``Failure`` or an answer.

    ``sent`` and ``heard`` are the bytes of a serial line's frames; beyond such a line only the outcome tells.
    """
    if not isinstance(outcome, Failure):
        return Ending.ANSWERED
    if outcome.kind is FailureKind.EXCEPTION:
        return Ending.EXCEPTION
    if outcome.kind is FailureKind.LINK_DOWN:
        return Ending.LINK_DOWN
    if not serial:
        return Ending.SILENT if outcome.kind is FailureKind.NO_ANSWER else Ending.WRONG
    return _of_bytes(unit, sent, heard)


def _of_bytes(unit: int, sent: bytes, heard: bytes) -> Ending:
    if not heard:
        return Ending.SILENT
    if sent and len(heard) >= min(len(sent), _REQUEST_BYTES) and heard.startswith(sent[:_REQUEST_BYTES]):
        return Ending.ECHO
    whole = frame_size(heard)
    if whole:
        return Ending.WRONG if heard[0] == unit else Ending.OTHER_UNIT
    begins = heard[:1] == sent[:1], heard[1:2] == sent[1:2]
    if len(heard) < LEAST_BYTES:
        return Ending.CUT if begins[0] else Ending.NOISE
    alike = sum(begins) + (len(sent) >= 6 and sent[1] in {3, 4} and heard[2] == min(2 * sent[5], 255))
    expected = LEAST_BYTES + heard[2]
    if alike >= 2:
        return Ending.DAMAGED if len(heard) >= expected else Ending.CUT
    return Ending.NOISE


@dataclass(slots=True)
class Times:
    """Of the answers of one unit, in seconds."""

    answers: int = 0
    sum_s: float = 0.0
    last_s: float = 0.0
    slowest_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """The counts of one line."""

    total: Counter[Ending] = field(default_factory=Counter)
    times: dict[int, Times] = field(default_factory=dict)
    busy_s: float = 0.0
    """So long requests were under way, in seconds."""
    _steps: deque[tuple[float, Counter[tuple[int, Ending]]]] = field(default_factory=lambda: deque(maxlen=_STEPS))

    def note(self, unit: int, how: Ending, took_s: float, now_s: float) -> None:
        """One request of a unit has ended; times are seconds of the monotonic clock."""
        self.total[how] += 1
        self._step(now_s)[unit, how] += 1
        self.busy_s += took_s
        if how is Ending.ANSWERED:
            times = self.times.setdefault(unit, Times())
            times.answers += 1
            times.sum_s += took_s
            times.last_s = took_s
            times.slowest_s = max(times.slowest_s, took_s)

    def recent(self, now_s: float) -> Counter[tuple[int, Ending]]:
        """By unit and ending, the requests of the last 50 to 60 minutes."""
        found: Counter[tuple[int, Ending]] = Counter()
        for since_s, counts in self._steps:
            if now_s - since_s < _STEP_S * _STEPS:
                found.update(counts)
        return found

    def _step(self, now_s: float) -> Counter[tuple[int, Ending]]:
        if not self._steps or now_s - self._steps[-1][0] >= _STEP_S:
            self._steps.append((now_s, Counter()))
        return self._steps[-1][1]
