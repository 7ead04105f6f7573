"""The cluster file and the rates as tables: what a settlement takes besides energies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from central.cluster import Cluster, Meter, Regime, load_cluster
from central.cluster.entered import entered_wh
from central.granting import granting_tables
from central.rates import Pricing, Rate, Vat, load_pricing
from central.tables import (
    ALIASES,
    CLUSTER,
    ELIGIBILITY,
    MEMBERS,
    METERS,
    OPERATORS,
    PERIODS,
    POINTS,
    RATES,
    REGIMES,
    VAT,
    ZONES,
)
from central.validity import Dated, instant, valid_instants
from central.zones.hours import calendar_rows
from metering.period import Month, day_start
from metering.point import Direction
from runtime.config import ConfigError


def load_master(cluster_file: Path, rates_files: Sequence[Path] | None) -> tuple[Cluster, Pricing]:
    """Read the cluster and the rates: the later files over the earlier; without any file nothing has a price.

    Raises:
        ConfigError: with the problems of all files.
    """
    problems = []
    cluster: Cluster | None = None
    pricing = Pricing()
    try:
        cluster = load_cluster(cluster_file)
    except ConfigError as error:
        problems += error.problems
    try:
        pricing = load_pricing(rates_files) if rates_files else Pricing()
    except ConfigError as error:
        problems += error.problems
    if problems or cluster is None:
        raise ConfigError(problems)
    return cluster, pricing


def master_tables(cluster: Cluster, rates: Pricing | Sequence[Rate]) -> dict[str, pa.Table]:
    """The tables of the cluster file, and of the rates with their zones and VAT."""
    pricing = rates if isinstance(rates, Pricing) else Pricing(rates=tuple(rates))
    members = {member.id: member for member in cluster.members}
    name: dict[str, object] = {"cluster": cluster.name}
    points: list[dict[str, object]] = []
    for point in cluster.points:
        first, last = valid_instants(point, members[point.member])
        points.append(
            name
            | {
                "point": point.id,
                "member": point.member,
                "drawn": Direction.DRAWN in point.directions,
                "injected": Direction.INJECTED in point.directions,
                "res": point.injects_res,
                "tariff": point.tariff,
                "regime": point.regime,
                "valid_from": first,
                "valid_to": last,
                "storage": point.injects_stored,
            }
        )
    about = name | {"period": cluster.period, "registered_from": day_start(cluster.registered_from)}
    about |= {"struck_off": instant(cluster.struck_off) if cluster.struck_off else None}
    return {
        "cluster": pa.Table.from_pylist([about], schema=CLUSTER),
        "members": pa.Table.from_pylist(
            [name | {"member": member.id, "regime": member.regime or Regime.NONE} for member in cluster.members],
            schema=MEMBERS,
        ),
        "regimes": pa.Table.from_pylist([name | row for row in _regimes(cluster)], schema=REGIMES),
        "aliases": aliases_table(cluster),
        **granting_tables(cluster),
        "eligibility": pa.Table.from_pylist([name | row for row in _eligibility(cluster)], schema=ELIGIBILITY),
        "points": pa.Table.from_pylist(points, schema=POINTS),
        "meters": pa.Table.from_pylist([name | _meter(meter) for meter in cluster.meters], schema=METERS),
        "operators": pa.Table.from_pylist([name | row for row in _operators(cluster)], schema=OPERATORS),
        "rates": pa.Table.from_pylist([name | _rate(rate) for rate in pricing.rates], schema=RATES),
        "vat": pa.Table.from_pylist([name | _vat(vat) for vat in pricing.vat], schema=VAT),
        "zones": pa.Table.from_pylist(
            [name | row | _span(calendar) for calendar in pricing.zones for row in calendar_rows(calendar)],
            schema=ZONES,
        ),
    }


def aliases_table(cluster: Cluster) -> pa.Table:
    """The table aliases."""
    rows = [
        {"cluster": cluster.name, "code": alias.code, "point": point.id} | _span(alias)
        for point in cluster.points
        for alias in point.aliases
    ]
    return pa.Table.from_pylist(rows, schema=ALIASES)


def _regimes(cluster: Cluster) -> Iterator[dict[str, object]]:
    for member in cluster.members:
        for row in member.regimes:
            yield {"member": member.id, "point": None, "regime": row.regime} | _span(row)
    for point in cluster.points:
        for row in point.regimes:
            yield {"member": point.member, "point": point.id, "regime": row.regime} | _span(row, point)


def _operators(cluster: Cluster) -> Iterator[dict[str, object]]:
    for point in cluster.points:
        for row in point.supplied:
            if row.operator:
                yield {"point": point.id, "dso": row.operator} | _span(row, point)


def _eligibility(cluster: Cluster) -> Iterator[dict[str, object]]:
    for row in cluster.eligibility:
        yield {"member": row.member, "point": row.point or None, "eligible": row.eligible} | _span(row)


def _span(*rows: Dated) -> dict[str, object]:
    first, last = valid_instants(*rows)
    return {"valid_from": first, "valid_to": last}


def _meter(meter: Meter) -> dict[str, object]:
    return {
        "serial": meter.serial,
        "point": meter.point,
        "role": meter.role.value,
        "multiplier": str(meter.multiplier),
        "gateway": meter.gateway,
        "opening": list(entered_wh(meter.opening).items()),
        "closing": list(entered_wh(meter.closing).items()),
    } | _span(meter)


def _rate(rate: Rate) -> dict[str, object]:
    return {
        "component": rate.component,
        "tariff": rate.tariff,
        "zone": rate.zone,
        "zl_per_kwh": rate.zl_per_kwh,
        "source": rate.source,
        "status": rate.status,
        "dso": rate.dso,
        "decision_no": rate.decision_no,
    } | _span(rate)


def _vat(vat: Vat) -> dict[str, object]:
    return {"pct": vat.pct, "source": vat.source, "status": vat.status} | _span(vat)


def periods_table(cluster: Cluster, month: Month) -> pa.Table:
    """The table periods of one local month."""
    return span_table(cluster, str(month), month.start, month.end)


def span_table(cluster: Cluster, name: str, first: datetime, last: datetime) -> pa.Table:
    """The table periods of the time between two instants; ``name`` stands for its month."""
    length = cluster.period.length
    starts = [first + length * i for i in range((last - first) // length)]
    count = len(starts)
    return pa.table(
        {
            "cluster": pa.repeat(pa.scalar(cluster.name), count),
            "month": pa.repeat(pa.scalar(name), count),
            "start": pa.array(starts, PERIODS.field("start").type),
        },
        schema=PERIODS,
    )
