"""Series made up for the tests of validation: a cluster's tables, and energies hour by hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from central.cluster import cluster_of
from central.finding import Finding
from central.limits import Limits
from central.master import master_tables
from central.point_facts import point_facts
from central.series import AROUND, Series, make_series
from central.tables import BEHIND, ENERGIES
from central.validation import validate
from metering.period import Month

MONTH = Month(2026, 10)
FIRST, LAST = MONTH.start - AROUND, MONTH.end + AROUND
AFTER = datetime(2027, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

_CLUSTER = {
    "cluster": {"name": "Test", "registered_from": datetime(2024, 10, 1, tzinfo=UTC).date()},
    "members": [{"id": "A"}],
}
DRAWS = {"id": "D", "member": "A", "directions": ["drawn"], "contracted_kw": 10}
PV = {"id": "S", "member": "A", "directions": ["drawn", "injected"], "source": "pv"}

Rows = list[tuple[str, str, datetime, int]]
Of = Callable[[datetime], int | None]


def hourly(point: str, direction: str, of: Of, first: datetime = FIRST, last: datetime = LAST) -> Rows:
    """A value for each hour from a function of its start; None is no value."""
    starts = [first + HOUR * i for i in range((last - first) // HOUR)]
    return [(point, direction, at, wh) for at in starts if (wh := of(at)) is not None]


def table(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(
        [{"cluster": "Test", "point": p, "direction": d, "start": at, "wh": wh} for p, d, at, wh in rows],
        schema=ENERGIES,
    )


def behind(rows: Iterable[tuple[str, str, str, str, datetime, int]]) -> pa.Table:
    """Rows of point, role, meter, direction, start, Wh."""
    names = ("point", "role", "meter", "direction", "start", "wh")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) | {"cluster": "Test"} for row in rows], BEHIND)


def series(
    measured: Rows,
    *,
    points: Iterable[dict[str, object]] = (DRAWS, PV),
    limits: Limits = Limits(),  # noqa: B008 - it is frozen
    now: datetime = AFTER,
    more: dict[str, list[dict[str, object]]] | None = None,
    **tables: pa.Table,
) -> Series:
    cluster = cluster_of({**_CLUSTER, "points": list(points), **(more or {})}, "cluster.toml")
    made = {**master_tables(cluster, ()), "measured": table(measured), **tables}
    return make_series(MONTH, now, made, point_facts(cluster), limits)


def found(made: Series, kind: str) -> list[Finding]:
    return [one for one in validate(made) if one.kind == kind]
