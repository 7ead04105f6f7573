"""What members pay with the cluster and would pay without it, as a table in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime import console

Sums = Mapping[str, str | None]

_COLUMNS = {
    "without": "full_zl",
    "relief": "relief_zl",
    "with, net": "charge_zl",
    "with, gross": "charge_gross_zl",
    "relief, gross": "relief_gross_zl",
}


def print_against_none(
    members: Sequence[tuple[str, Mapping[str, str | None]]], whole: Mapping[str, str | None]
) -> None:
    """Print sums as ``central.reports.money_sum.MoneySum`` has them; nothing where there are none."""
    if not members:
        return
    rows = [
        (name, *("not known" if sums[key] is None else sums[key] for key in _COLUMNS.values()), sums["rests_on"])
        for name, sums in [*members, ("the cluster", whole)]
    ]
    console.table("Against no cluster, zł", ("member", *_COLUMNS, "rests on"), rows, right=tuple(_COLUMNS))
