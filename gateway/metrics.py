"""The numbers of a running gateway for Prometheus, on a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.report import BusReport, MeterReport, Report
from metering.wire import ClockState
from runtime.log import logger

_log = logger("gateway.metrics")
_PREFIX = "klaster_gateway_"
_HEAD_BYTES = 8192
_PATIENCE_S = 10.0
_MOST_CONNECTIONS = 8
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Answers GET /metrics."""

    def __init__(self, report: Callable[[], Awaitable[Report]]) -> None:
        """Every answer is made of a fresh report."""
        self._report = report
        self._open = 0

    async def serve(self, host: str, port: int) -> None:
        """Answer until cancelled; where that can't be, say so: polls don't depend on it."""
        try:
            server = await asyncio.start_server(self._talk, host, port, limit=_HEAD_BYTES)
        except OSError as error:
            _log.warning("metrics_unavailable", host=host, port=port, error=str(error))
            return
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _MOST_CONNECTIONS:
                async with asyncio.timeout(_PATIENCE_S):
                    writer.write(await self._answer(await reader.readuntil(b"\r\n\r\n")))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Not a request, or nobody waits for its answer.
            return
        finally:
            self._open -= 1
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in {b"GET", b"HEAD"}:
            return _response("405 Method Not Allowed", b"")
        if path != b"/metrics":
            return _response("404 Not Found", b"")
        body = text(await self._report())
        return _response("200 OK", b"" if method == b"HEAD" else body)


def text(report: Report) -> bytes:
    """A report in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(tuple(families(report))))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, made: tuple[Metric, ...]) -> None:
        self._made = made

    def collect(self) -> Iterable[Metric]:
        return self._made


def _response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def families(report: Report) -> Iterable[Metric]:
    """The families of numbers in a report: of the gateway, of each bus, of each meter."""
    yield from _of_gateway(report)
    yield from _of_buses(report.buses)
    yield from _of_meters([(bus, meter) for bus in report.buses for meter in bus.meters], report.at)


def _of_gateway(report: Report) -> Iterable[Metric]:
    info = GaugeMetricFamily(f"{_PREFIX}info", "The program's release", labels=["gateway", "version"])
    info.add_metric([report.gateway, report.version], 1)
    yield info
    uplink = report.uplink
    yield _gauge("broker_connected", "1 while the broker has taken the connection", uplink.connected)
    yield _gauge("central_online", "1 while central's presence says online", uplink.central_online)
    yield _gauge("outbox_waiting", "Stands without a receipt", uplink.waiting)
    yield _gauge("outbox_aside", "Stands that central refused", uplink.aside)
    yield _gauge("outbox_unwritten", "Stands that the disk has refused so far", report.outbox.unwritten)
    yield _gauge(
        "outbox_oldest_waiting_seconds", "Age of the oldest stand without a receipt; 0 when none waits",
        _age(uplink.oldest_waiting, report.at) or 0.0,
    )  # fmt: skip
    if (age := _age(uplink.last_receipt, report.at)) is not None:
        yield _gauge("last_receipt_age_seconds", "Since central's last receipt", age)
    clock = GaugeMetricFamily(f"{_PREFIX}clock", "1 for the state the clock is in", labels=["state"])
    for state in ClockState:
        clock.add_metric([state.value], float(state is report.clock))
    yield clock
    yield _gauge("stuck_loops", "Loops that don't turn", len(report.stuck))


def _of_buses(buses: Iterable[BusReport]) -> Iterable[Metric]:
    connected = GaugeMetricFamily(f"{_PREFIX}bus_connected", "1 while the line is open", labels=["bus"])
    busy = CounterMetricFamily(
        f"{_PREFIX}bus_busy_seconds", "Time in which requests were under way: its rate is the busy share",
        labels=["bus"],
    )  # fmt: skip
    requests = CounterMetricFamily(
        f"{_PREFIX}bus_requests", "Requests by how they ended", labels=["bus", "ending"]
    )  # fmt: skip
    for bus in buses:
        connected.add_metric([bus.id], float(bus.connected))
        busy.add_metric([bus.id], bus.busy_s)
        for how, count in bus.endings.items():
            requests.add_metric([bus.id, how], count)
    yield from (connected, busy, requests)


def _of_meters(meters: list[tuple[BusReport, MeterReport]], now: datetime) -> Iterable[Metric]:
    labels = ["bus", "meter"]
    polls = CounterMetricFamily(f"{_PREFIX}polls", "Polls by their result", labels=[*labels, "result"])
    answer = GaugeMetricFamily(f"{_PREFIX}answer_seconds", "How long answers took on average", labels=labels)
    age = GaugeMetricFamily(f"{_PREFIX}last_read_age_seconds", "Since the last answer", labels=labels)
    rejected = GaugeMetricFamily(f"{_PREFIX}registers_rejected", "Registers that aren't believed", labels=labels)
    for bus, meter in meters:
        names = [bus.id, meter.id]
        polls.add_metric([*names, "ok"], meter.polls_ok)
        polls.add_metric([*names, "failed"], meter.polls_failed)
        rejected.add_metric(names, len(meter.rejected))
        if meter.answer_mean_s is not None:
            answer.add_metric(names, meter.answer_mean_s)
        if (since := _age(meter.last_read, now)) is not None:
            age.add_metric(names, since)
    yield from (polls, answer, age, rejected)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", what, value=float(value))


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else max((now - at).total_seconds(), 0.0)
