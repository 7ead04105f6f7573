"""Modbus RTU on a pty that keeps a serial line's time.

A pty hands over bytes at once and knows no baud, so the line's time is made here: a request counts as received when
its characters would have been (11 bits each), and an answer's characters come no sooner than they would.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.clock import monotonic_s
from simulators.servers.modbus import Units, parse_rtu, rtu_frame, silence_s

_BITS: Final = 11
_TURNAROUND_S: Final = 0.005
_PATIENCE_S: Final = 0.02
"""A busy machine may cut a frame in two: what doesn't check yet is given this long to be completed."""
_CHUNK: Final = 4096


@contextlib.contextmanager
def serial_line(link: Path) -> Iterator[int]:
    """A pty: gives its master, and puts its slave under the path ``link`` as long as the context is open.

    Raises:
        OSError: no pty is to be had, or the link can't be made.
    """
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        os.set_blocking(master, False)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        yield master
    finally:
        link.unlink(missing_ok=True)
        os.close(master)
        os.close(slave)


async def serve_rtu(units: Units, master: int, baud: int) -> None:
    """Answer on a pty's master for ever. Wrong CRCs and unit ids that aren't there are met with silence."""
    receiver = _Receiver(master)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, receiver.take)
    try:
        while True:
            frame = await receiver.frame(baud)
            parsed = parse_rtu(frame)
            device = units.get(parsed[0]) if parsed else None
            answer = device(parsed[1]) if parsed and device else None
            if parsed is None or answer is None:
                continue
            await asyncio.sleep(_TURNAROUND_S + answer.delay_s)
            sent = rtu_frame(parsed[0], answer.pdu)
            await _send(master, answer.damage(sent, len(sent)) if answer.damage else sent, baud)
    finally:
        loop.remove_reader(master)


class _Receiver:
    """Collects what arrives until the line has been silent."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._bytes = bytearray()
        self._arrived = asyncio.Event()

    def take(self) -> None:
        """Read what is there; the event loop calls it."""
        with contextlib.suppress(BlockingIOError):
            self._bytes += os.read(self._master, _CHUNK)
        self._arrived.set()

    async def frame(self, baud: int) -> bytes:
        """The next frame, no sooner than its characters and the silence after them would have passed."""
        while not self._bytes:
            self._arrived.clear()
            await self._arrived.wait()
        began = monotonic_s()
        silent = await self._silence(silence_s(baud))
        while not silent or parse_rtu(bytes(self._bytes)) is None:
            if silent and await self._silence(_PATIENCE_S):
                break
            silent = await self._silence(silence_s(baud))
        frame = bytes(self._bytes)
        self._bytes.clear()
        on_the_line = len(frame) * _BITS / baud + silence_s(baud)
        await asyncio.sleep(max(0.0, began + on_the_line - monotonic_s()))
        return frame

    async def _silence(self, seconds: float) -> bool:
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return True
        return False


async def _send(master: int, frame: bytes, baud: int) -> None:
    character_s = _BITS / baud
    began = monotonic_s()
    sent = 0
    while sent < len(frame):
        await asyncio.sleep(character_s)
        due = min(len(frame), int((monotonic_s() - began) / character_s))
        try:
            os.write(master, frame[sent:due])
        except BlockingIOError:
            return  # nobody reads the line
        sent = due
