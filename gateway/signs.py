"""A running gateway's signs of life: its report, the status file, the watchdog's food, the numbers for Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import msgspec

from gateway.alive import stuck
from gateway.config import GatewayConfig
from gateway.control_wire import Replay
from gateway.line_report import of_line
from gateway.lines import Lines
from gateway.outbox import Outbox, RowState
from gateway.outbox_thread import OutboxThread
from gateway.report import Report, UplinkReport
from gateway.uplink import Uplink
from metering.wire import ResendRequest
from runtime.clock import Clock, monotonic_s
from runtime.log import logger
from runtime.notify import notify, watchdog_s

_log = logger("gateway.signs")
_STATUS_EVERY_S = 60.0
_LOOKS_S = 15.0
"""Without a watchdog loops that don't turn are still looked for so often, to be said in the log."""


class Signs:
    """Of one gateway."""

    def __init__(
        self, config: GatewayConfig, release: str, lines: Lines, uplink: Uplink, outbox: OutboxThread, clock: Clock
    ) -> None:
        """Tell of these; nothing is written or opened yet."""
        self._config = config
        self._release = release
        self._lines = lines
        self._uplink = uplink
        self._outbox = outbox
        self._clock = clock
        self._since_s = monotonic_s()

    def stuck(self) -> list[str]:
        """The loops that don't turn."""
        turned = {f"bus {line.settings.id}": line.poller.turned_s for line in self._lines}
        return stuck(turned | {"uplink": self._uplink.turned_s}, monotonic_s())

    async def report(self) -> Report:
        """How everything is."""
        waiting, aside, oldest = 0, 0, None
        with contextlib.suppress(sqlite3.Error):
            counts = await self._outbox.run(Outbox.unsettled)
            waiting, aside = counts.get(RowState.WAITING, 0), counts.get(RowState.ASIDE, 0)
            oldest = await self._outbox.run(Outbox.oldest_waiting)
        up_s = monotonic_s() - self._since_s
        return Report(
            gateway=self._config.gateway.id,
            version=self._release,
            at=self._clock.now(),
            up_s=round(up_s, 1),
            clock=self._clock.state,
            stuck=tuple(self.stuck()),
            uplink=UplinkReport(
                host=self._config.broker.host,
                port=self._config.broker.port,
                connected=self._uplink.connected,
                central_online=self._uplink.central_online,
                last_receipt=self._uplink.last_receipt,
                waiting=waiting,
                aside=aside,
                oldest_waiting=oldest,
            ),
            outbox=self._outbox.status(()),
            buses=tuple(of_line(line, up_s) for line in self._lines),
        )

    async def replay(self, asked: Replay) -> str:
        """Send stands again as central may ask for them; what will happen, in words.

        Raises:
            ValueError: nothing was named.
        """
        if not (asked.first or asked.last or asked.meters):
            raise ValueError("name meters or a time")
        request = ResendRequest(
            id=f"tool-{int(self._clock.now().timestamp())}-{int(monotonic_s() * 1000) % 1_000_000}",
            first=asked.first, last=asked.last, meters=asked.meters,
        )  # fmt: skip
        await self._uplink.send_again(request)
        _log.info("replay_asked", request=request.id, meters=", ".join(asked.meters))
        return request.id

    async def feed_watchdog(self) -> None:
        """Tell systemd of life while every loop turns; say in the log which doesn't."""
        wanted_s = watchdog_s()
        pause_s = min(_LOOKS_S, wanted_s / 3) if wanted_s else _LOOKS_S
        said: list[str] = []
        while True:
            found = self.stuck()
            if found and found != said:
                next_step = "systemd's watchdog ends this program" if wanted_s else "no watchdog watches: restart it"
                _log.error("loop_stuck", loops=", ".join(found), next=next_step)
            elif said and not found:
                _log.info("loops_turn_again")
            said = found
            if wanted_s and not found:
                notify("WATCHDOG=1")
            await asyncio.sleep(pause_s)

    async def write_status(self, path: Path | None) -> None:
        """Write the report each minute, whole or not at all; nowhere without a runtime folder."""
        if path is None:
            return
        failed = False
        try:
            while True:
                report = await self.report()
                try:
                    await asyncio.to_thread(_replace, path, msgspec.json.format(msgspec.json.encode(report)))
                except OSError as error:
                    if not failed:
                        _log.warning("status_unwritten", file=str(path), error=str(error))
                    failed = True
                else:
                    failed = False
                await asyncio.sleep(_STATUS_EVERY_S)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)

    async def serve_metrics(self) -> None:
        """Answer Prometheus where the configuration says so."""
        if settings := self._config.metrics:
            from gateway.metrics import Metrics  # noqa: PLC0415 - most gateways never need it

            await Metrics(self.report).serve(settings.host, settings.port)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    os.chmod(new, 0o640)
    new.replace(path)
