"""Balance, shares and completeness as lines of measurements of their own, for Grafana; docs/central.md lists them.

A field can't be taken back from an InfluxDB point: where an hour turns incomplete its old figures would stay. So every
point says ``complete`` (1 or 0), and only figures beside a 1 count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

import pyarrow as pa

from central.admissions import unix_seconds
from central.behind import settled_grid
from central.books import Settled
from central.estimated_marks import of_periods
from central.evidence import GatewaySeen
from central.grid import seconds
from central.influx.lines import line, readable
from central.tables import HOUR_ENERGIES, MORE_ENERGIES

_SHARED = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "charge_wh")
"""Of a table of shares; it has the last where a storage's charging is left out of drawn."""


def settled_lines(settled: Settled, now: datetime) -> Iterator[tuple[int, list[str]]]:
    """For every period that ended before ``now``: its start (seconds since 1970) and its lines."""
    cluster = settled.cluster.name
    last = unix_seconds(now) - int(settled.cluster.period.length / timedelta(seconds=1))
    groups = (_balance(cluster, settled.hours), _completeness(cluster, settled), _shares(cluster, settled.shares))
    found: dict[int, list[str]] = {}
    for start, text in chain(*groups):
        if start <= last:
            found.setdefault(start, []).append(text)
    yield from sorted(found.items())


def _balance(cluster: str, hours: pa.Table) -> Iterator[tuple[int, str]]:
    energies = [name for name in (*HOUR_ENERGIES, *MORE_ENERGIES) if name in hours.schema.names]
    for start, row in zip(seconds(hours["start"]).tolist(), hours.to_pylist(), strict=True):
        fields: dict[str, int | float | None] = {name: row[name] for name in energies}
        fields |= {name: None if row[name] is None else float(row[name]) for name in ("ratio_pct", "multiplier")}
        complete = int(row["status"] == "complete")
        yield start, line("balance", {"cluster": cluster}, {"complete": complete, **fields}, start)


def _completeness(cluster: str, settled: Settled) -> Iterator[tuple[int, str]]:
    grid = settled_grid(settled.tables, settled.cluster.settings)
    declared, known = grid.valid.sum(axis=1).tolist(), (grid.valid & grid.known).sum(axis=1).tolist()
    estimated = of_periods(settled.estimated, grid.starts)
    for start, points, there, marks in zip(grid.starts.tolist(), declared, known, estimated, strict=True):
        fields = {"complete": int(points == there), "estimated": marks, "known": there, "points": points}
        yield start, line("completeness", {"cluster": cluster}, fields, start)


def _shares(cluster: str, shares: pa.Table) -> Iterator[tuple[int, str]]:
    """A line for each point, and one for each member with the sums over its points."""
    starts = seconds(shares["start"])
    head = f",cluster={readable(cluster)},member="
    words = {name: shares[name].cast(pa.string()).to_pylist() for name in ("point", "member", "status")}
    names = [name for name in _SHARED if name in shares.schema.names]
    figures = [shares[name].to_pylist() for name in names]
    for start, point, member, status, *values in zip(starts.tolist(), *words.values(), *figures, strict=True):
        yield start, f"share{head}{readable(member)},point={readable(point)} {_fields(status, values)} {start}"
    for start, member, status, values in _members(shares):
        yield start, f"member_share{head}{readable(member)} {_fields(status, values)} {start}"


def _members(shares: pa.Table) -> Iterator[tuple[int, str, str, list[int | None]]]:
    names = [name for name in _SHARED if name in shares.schema.names]
    table = pa.table({name: _plain(shares[name]) for name in ("start", "member", "status", *names)})
    summed = table.group_by(["start", "member", "status"]).aggregate([(name, "sum") for name in names])
    columns = [summed[f"{name}_sum"].to_pylist() for name in names]
    keys = (seconds(summed["start"]).tolist(), summed["member"].to_pylist(), summed["status"].to_pylist())
    for start, member, status, *values in zip(*keys, *columns, strict=True):
        yield start, member, status, values


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _fields(status: str, values: Iterable[int | None]) -> str:
    named = zip(_SHARED, values, strict=False)
    return f"complete={int(status == 'complete')}i" + "".join(f",{name}={wh}i" for name, wh in named if wh is not None)


def gateway_lines(seen: Iterable[GatewaySeen], now: datetime) -> list[str]:
    """How each gateway is at an instant."""
    at = unix_seconds(now)
    lines = []
    for one in seen:
        status = one.status
        fields: dict[str, int | float | None] = {
            "aside": status.aside if status else None,
            "backlog": status.backlog if status else None,
            "meters": len(status.meters) if status else None,
            "online": int(status is not None and status.online),
            "silent_meters": sum(1 for meter in status.meters if meter.error) if status else None,
        }
        if one.receipted:
            fields["receipt_age_s"] = max(0, at - unix_seconds(one.receipted))
        lines.append(line("gateway", {"gateway": one.gateway}, fields, at))
    return lines
