"""The report of one running bus, from what its poller, its tally and its meters know."""

from __future__ import annotations

from gateway.lines import Line
from gateway.report import BusReport, MeterReport, RegisterReport
from gateway.tally import Ending
from gateway.words import plain
from runtime.clock import monotonic_s


def of_line(line: Line, up_s: float) -> BusReport:
    """One running bus."""
    status, tally = line.poller.bus_status, line.bus.tally
    recent: dict[str, dict[str, int]] = {}
    for (unit, how), count in sorted(tally.recent(monotonic_s()).items()):
        recent.setdefault(str(unit), {})[how.value] = count
    return BusReport(
        id=status.id,
        link=line.settings.link,
        where=status.link,
        settings=line.bus.settings,
        connected=status.connected,
        error=status.error,
        timeout_s=float(line.settings.timeout_s),
        busy_s=round(tally.busy_s, 3),
        busy_share=round(min(tally.busy_s / up_s, 1.0), 4) if up_s > 0 else 0.0,
        endings={how.value: tally.total[how] for how in Ending if tally.total[how]},
        recent=recent,
        meters=_meters(line),
    )


def _meters(line: Line) -> tuple[MeterReport, ...]:
    found = []
    for meter, status in zip(line.meters, line.poller.meter_statuses, strict=True):
        times = line.bus.tally.times.get(meter.unit)
        polls = line.poller.polls[meter.id]
        memory = sorted(meter.memory().items())
        found.append(
            MeterReport(
                id=meter.id,
                profile=meter.profile.id,
                unit=meter.unit,
                last_read=status.last_read,
                error=status.error,
                polls_ok=polls.ok,
                polls_failed=polls.failed,
                answer_mean_s=round(times.sum_s / times.answers, 4) if times else None,
                answer_slowest_s=round(times.slowest_s, 4) if times else None,
                registers=tuple(
                    RegisterReport(obis=obis, wh=plain(last.wh), at=last.received) for obis, last in memory
                ),
                rejected=status.rejected or (),
            )
        )
    return tuple(found)
