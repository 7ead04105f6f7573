"""Regimes and eligibility that change between periods, against the slow reference."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from central.settlement import settle
from central.tables import ELIGIBILITY, REGIMES
from tests.central.reference import random_case, random_dated
from tests.central.test_settlement import START, assert_agrees, settings_of, tables_of


def at(period: int | None):
    return None if period is None else START + timedelta(hours=period)


def dated_tables(dated) -> dict[str, pa.Table]:
    rows = {"regimes": ("regime", REGIMES), "eligibility": ("eligible", ELIGIBILITY)}
    return {
        table: pa.Table.from_pylist(
            [
                {"cluster": "T", "member": member, "point": point, column: value}
                | {"valid_from": at(first), "valid_to": at(last)}
                for member, point, value, first, last in getattr(dated, table)
            ],
            schema,
        )
        for table, (column, schema) in rows.items()
    }


@pytest.mark.parametrize("block", range(6))
def test_thousands_of_clusters_that_change_in_time_agree_with_the_slow_reference(block: int) -> None:
    for seed in range(block * 250, block * 250 + 250):
        points, regimes, chosen, periods = random_case(seed)
        dated = random_dated(seed, points, regimes, len(periods))
        always, own = dict(regimes), {p.id: p.regime for p in points}
        held = {p.id: (900, 400) for p in points if len(p.id) % 2 and p.is_storage}
        tables = tables_of(points, regimes, periods) | dated_tables(dated)
        tables["stocks"] = pa.Table.from_pylist(
            [{"cluster": "T", "point": p, "total_wh": total, "res_wh": res} for p, (total, res) in held.items()]
        )
        result = settle(tables, settings_of(chosen))
        before = lambda i: dated.apply(i, points, regimes, always, own)  # noqa: B023, E731  # called within the loop
        assert_agrees(result, points, regimes, chosen, periods, True, seed, held, before)


def test_a_regime_that_is_dated_over_all_time_settles_like_one_that_is_always_so() -> None:
    for seed in range(200):
        points, regimes, chosen, periods = random_case(seed)
        plain = settle(tables_of(points, regimes, periods), settings_of(chosen))
        rows = [(m, None, r, None, None) for m, r in regimes.items()]
        rows += [(p.member, p.id, p.regime, -5, len(periods)) for p in points if p.regime]
        tables = tables_of(points, dict.fromkeys(regimes, "none"), periods)
        index = tables["points"].schema.get_field_index("regime")
        empty = pa.nulls(tables["points"].num_rows, pa.string())
        tables["points"] = tables["points"].set_column(index, "regime", empty)
        tables["regimes"] = pa.Table.from_pylist(
            [
                {"cluster": "T", "member": m, "point": p, "regime": r, "valid_from": at(a), "valid_to": at(b)}
                for m, p, r, a, b in rows
            ],
            REGIMES,
        )
        assert settle(tables, settings_of(chosen)) == plain, seed
