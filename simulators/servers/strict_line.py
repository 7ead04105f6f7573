"""A serial line that keeps its time to a tenth of a millisecond, and drops and counts what breaks the silent interval.

It blocks, so that nothing but the line itself is timed: it belongs in a process of its own. A request that begins less
than t3.5 after the last character, or before the answer is over, is dropped (Serial Line V1.02, 2.5.1.1).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import time
import tty
from collections.abc import Iterator
from typing import Final

from runtime.clock import monotonic_s
from simulators.servers.modbus import Units, parse_rtu, rtu_frame, silence_s

TURNAROUND_S: Final = 0.005
_BITS: Final = 11
_REQUEST_BYTES: Final = 8
_PATIENCE_S: Final = 0.02
_CHUNK: Final = 16
_ENDED_S, _VIOLATIONS, _ANSWERED, _IDEAL_S = range(4)


class Tally:
    """What a strict line has seen; shared between processes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._numbers = multiprocessing.Array("d", 4)

    @property
    def violations(self) -> int:
        """Requests that broke the silent interval, or came before the answer was over."""
        return int(self._numbers[_VIOLATIONS])

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return int(self._numbers[_ANSWERED])

    @property
    def ideal_s(self) -> float:
        """How long what was answered takes at least: characters, turnaround and two silent intervals, in seconds."""
        return float(self._numbers[_IDEAL_S])

    def add(self, index: int, amount: float) -> None:
        """Count."""
        self._numbers[index] += amount

    def clear(self) -> None:
        """Begin anew."""
        for index in range(len(self._numbers)):
            self._numbers[index] = 0.0


@contextlib.contextmanager
def strict_line(units: Units, baud: int, turnaround_s: float = TURNAROUND_S) -> Iterator[tuple[str, Tally]]:
    """A line in a process of its own while the context is open: the device to open, and what the line has seen."""
    master, slave = os.openpty()
    tty.setraw(slave)
    tally = Tally()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_serve, args=(units, master, baud, turnaround_s, tally), daemon=True)
    process.start()
    try:
        yield os.ttyname(slave), tally
    finally:
        process.terminate()
        process.join()
        os.close(master)
        os.close(slave)


def _serve(units: Units, master: int, baud: int, turnaround_s: float, tally: Tally) -> None:
    character_s, silent_s = _BITS / baud, silence_s(baud)
    ended_s = 0.0
    while True:
        select.select([master], [], [])
        began_s = monotonic_s()
        request = os.read(master, 256)
        while len(request) < _REQUEST_BYTES and select.select([master], [], [], _PATIENCE_S)[0]:
            request += os.read(master, 256)
        on_the_line_s = len(request) * character_s
        if began_s < ended_s + silent_s:
            tally.add(_VIOLATIONS, 1)
            ended_s = began_s + on_the_line_s
            continue
        ended_s = began_s + on_the_line_s
        parsed = parse_rtu(request)
        unit = units.get(parsed[0]) if parsed else None
        answer = unit(parsed[1]) if parsed and unit else None
        if parsed is None or answer is None:
            continue
        frame = rtu_frame(parsed[0], answer.pdu)
        start_s = ended_s + silent_s + turnaround_s
        for end in [*range(_CHUNK, len(frame), _CHUNK), len(frame)]:
            _until(start_s + end * character_s)
            os.write(master, frame[(end - 1) // _CHUNK * _CHUNK : end])
        ended_s = monotonic_s()
        if select.select([master], [], [], 0)[0]:
            os.read(master, 256)
            tally.add(_VIOLATIONS, 1)
        tally.add(_ANSWERED, 1)
        tally.add(_IDEAL_S, on_the_line_s + len(frame) * character_s + turnaround_s + 2 * silent_s)


def _until(at_s: float) -> None:
    if (left := at_s - monotonic_s()) > 0:
        time.sleep(left)
