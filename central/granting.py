"""What the cluster file says of when relief begins and ends, and of industrial consumers, as tables."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from central.cluster.model import Cluster, Contract
from central.tables import AMENDMENTS, CONDITIONS_FAILED, INDUSTRIAL
from central.validity import Dated, instant, valid_instants


def granting_tables(cluster: Cluster) -> dict[str, pa.Table]:
    """The tables amendments, industrial and conditions_failed."""
    name: dict[str, object] = {"cluster": cluster.name}
    industrial = [
        name | {"point": point.id, "pct": row.industrial_pct} | _span(row, point)
        for point in cluster.points
        for row in point.industrial
    ]
    failed = [name | _span(row) for row in cluster.conditions_failed]
    return {
        "amendments": pa.Table.from_pylist([name | row for row in _amendments(cluster)], schema=AMENDMENTS),
        "industrial": pa.Table.from_pylist(industrial, schema=INDUSTRIAL),
        "conditions_failed": pa.Table.from_pylist(failed, schema=CONDITIONS_FAILED),
    }


def _amendments(cluster: Cluster) -> Iterator[dict[str, object]]:
    """Each contract whose amendment is recorded, by itself or for its member."""
    of_member = {member.id: member.contract_amended for member in cluster.members}
    for point in cluster.points:
        for contract in point.supplied or (Contract(),):
            day = contract.contract_amended or of_member[point.member]
            if day is not None:
                yield {"point": point.id, "amended": instant(day)} | _span(contract, point)


def _span(*rows: Dated) -> dict[str, object]:
    first, last = valid_instants(*rows)
    return {"valid_from": first, "valid_to": last}
