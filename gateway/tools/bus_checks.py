"""The doctor's checks of buses and meters, from a running gateway's report or from polls of its own. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from gateway.report import BusReport, MeterReport, Report
from gateway.tally import Ending
from gateway.tools.check import Check, State
from gateway.tools.trouble import Pattern, Suspicion, suspicions
from gateway.words import plain

_LATE: Final = timedelta(hours=2)
"""A stand that waits so long for its receipt is worth a warning."""
_MOST_LATE: Final = timedelta(days=2)
_STALE: Final = timedelta(minutes=10)
_SHOWN: Final = 2


def counts_of(recent: Mapping[str, Mapping[str, int]]) -> dict[int, Counter[Ending]]:
    """A report's counts, by unit and ending."""
    return {int(unit): Counter({Ending(how): n for how, n in one.items()}) for unit, one in recent.items()}


def service(report: Report | None) -> Check:
    """Whether a gateway runs, and really works."""
    if report is None:
        way_out = "sudo systemctl start klaster-gateway; journalctl -u klaster-gateway tells why it ended."
        return Check(what="gateway", state=State.FAIL, found="none runs with this configuration", way_out=way_out)
    if report.stuck:
        stuck = ", ".join(report.stuck)
        way_out = "The watchdog starts it anew; if it doesn't: sudo systemctl restart klaster-gateway."
        return Check(what="gateway", state=State.FAIL, found=f"these don't turn: {stuck}", way_out=way_out)
    found = f"{report.version} has been running for {_age(timedelta(seconds=report.up_s))}"
    return Check(what="gateway", state=State.OK, found=found)


def receipts(report: Report) -> Iterator[Check]:
    """Whether stands reach central."""
    uplink, now = report.uplink, report.at
    if not uplink.connected:
        way_out = "See the broker above; journalctl -u klaster-gateway tells its answer (broker_lost, broker_refuses)."
        yield Check(what="uplink", state=State.FAIL, found="not connected to the broker", way_out=way_out)
    elif not uplink.central_online:
        way_out = "Central isn't running or isn't connected; stands wait in the outbox and nothing is lost."
        yield Check(what="uplink", state=State.WARN, found="connected, but central is offline", way_out=way_out)
    else:
        last = f"last receipt {_age(now - uplink.last_receipt)} ago" if uplink.last_receipt else "no receipt yet"
        yield Check(what="uplink", state=State.OK, found=f"connected, central is online, {last}")
    oldest = now - uplink.oldest_waiting if uplink.oldest_waiting else timedelta(0)
    state = State.FAIL if oldest > _MOST_LATE else State.WARN if oldest > _LATE else State.OK
    waiting = f"{uplink.waiting} stands wait" if uplink.waiting else "no stand waits"
    found = f"{waiting}, the oldest for {_age(oldest)}" if uplink.oldest_waiting else f"{waiting} for a receipt"
    yield Check(what="outbox", state=state, found=found, way_out="See the uplink." if state is not State.OK else "")
    if report.outbox.unwritten or report.outbox.lost or report.outbox.trouble:
        found = f"{report.outbox.unwritten} stands not written, {report.outbox.lost} lost; {report.outbox.trouble}"
        yield Check(what="outbox", state=State.FAIL, found=found.rstrip("; "), way_out="See the disk.")
    if uplink.aside:
        way_out = "klaster-gateway outbox CONFIG shows why; settle it with central's people."
        found = f"central refused {uplink.aside} stands"
        yield Check(what="outbox", state=State.WARN, found=found, way_out=way_out)


def bus(name: str, pattern: Pattern, error: str, where: str) -> Iterator[Check]:
    """How a line works, and what its failures point to."""
    what = f"bus {name}"
    found = suspicions(pattern)
    asked = pattern.asked()
    if error and not found:
        yield Check(what=what, state=State.FAIL, found=error, way_out="klaster-gateway ports; see the line's cable.")
        return
    bad = asked - pattern.total[Ending.ANSWERED] - pattern.total[Ending.EXCEPTION]
    shares = ", ".join(
        f"{count} {how.value}" for how, count in pattern.total.most_common() if how is not Ending.ANSWERED
    )
    told = f"{where}: {bad} of {asked} requests without an answer" if asked else f"{where}: nothing was asked yet"
    if not found:
        yield Check(what=what, state=State.OK, found=f"{told}{f' ({shares})' if shares else ''}")
        return
    yield Check(what=what, state=_state(found), found=f"{told}{f' ({shares})' if shares else ''}")
    for one in found:
        whose = f"unit {one.unit}: " if one.unit is not None else ""
        yield Check(
            what=what, state=_state([one]), found=f"{whose}probably {one.cause}: {one.because}", way_out=one.way_out
        )  # fmt: skip


def _state(found: list[Suspicion]) -> State:
    return State.WARN if all(one.cause in {"disturbed", "time limit", "wrong answers"} for one in found) else State.FAIL


def meters(line: BusReport, now: datetime) -> Iterator[Check]:
    """When each meter last told a good value."""
    for meter in line.meters:
        yield _meter(meter, now)


def _meter(meter: MeterReport, now: datetime) -> Check:
    what = f"meter {meter.id}"
    if meter.last_read is None:
        found = f"hasn't answered since the gateway's start: {meter.error or 'not asked yet'}"
        return Check(what=what, state=State.FAIL, found=found, way_out="See its bus.")
    values = [
        f"{one.obis.removeprefix('1-0:')} {_kwh(one.wh)} {_age(now - one.at)} ago" for one in meter.registers[:_SHOWN]
    ]
    found = "; ".join(values) or f"answered {_age(now - meter.last_read)} ago"
    if meter.rejected:
        said = "; ".join(f"{one.register}: {one.problem}" for one in meter.rejected)
        way_out = "Compare with its display (klaster-gateway read); a wrong max_power_w or a reset explains it."
        return Check(what=what, state=State.WARN, found=f"{found}. Not believed: {said}", way_out=way_out)
    if now - meter.last_read > _STALE:
        return Check(what=what, state=State.FAIL, found=f"{found}. Now: {meter.error}", way_out="See its bus.")
    if meter.error:
        return Check(what=what, state=State.WARN, found=f"{found}. Now: {meter.error}", way_out="See its bus.")
    return Check(what=what, state=State.OK, found=found)


def _kwh(wh: str) -> str:
    return f"{plain(Decimal(wh) / 1000)} kWh"


def _age(age: timedelta) -> str:
    seconds = max(age.total_seconds(), 0.0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
