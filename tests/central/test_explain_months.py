"""Whatever a settlement can do is explained: random numbers of every table of random months add up and are told alike.

The tables alone are explained here; ``test_explain.py`` goes on below them, to stands, files and bytes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.estimate import Estimate
from central.explaining.case import Case, FileFacts, Row, Tables
from central.explaining.explain import explain
from central.explaining.question import GROSS, MONEY, OF_CLUSTER, OF_POINTS, OF_STORAGES, Asked
from central.explaining.step import Raw, Step, View
from central.explaining.stored import OF_ROW
from central.explaining.telling import sentence
from central.settlement import settle
from central.web.words import WORDS
from metering.period import Month
from tests.central.explained_months import random_month

MONTH = Month(2026, 6)
Question = tuple[dict[str, Any], str | None]
"""What is asked, and what the table says."""


class NothingBelow:
    """Evidence where there are tables and nothing else."""

    ends = "end.no_stands"
    read_from = ()

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table | None:
        return None

    def versions(self, first: datetime, last: datetime) -> pa.Table | None:
        return None

    def file(self, number: int) -> FileFacts | None:
        return None

    def line(self, number: int, codes: set[str], key: tuple[str, str, int, int]) -> int | None:
        return None

    def estimate(self, number: int) -> None:
        return None

    def estimates_of(self, point: str, direction: str, start: int) -> list[Estimate]:
        return []

    def message(self, row: int, stand: Row) -> Raw | None:
        return None


def case_of(seed: int) -> Case:
    tables, chosen = random_month(seed)
    return Case(Tables(tables, settle(tables, chosen), chosen, None, None), NothingBelow(), str(MONTH))


def text(value: int | str | None) -> str | None:
    return None if value is None else str(value)


def numbers(case: Case) -> Iterator[Question]:
    """Every number of the month's tables that can be asked for."""
    out = case.tables.outputs
    for row in out["hours"].to_pylist():
        start = int(row["start"].timestamp())
        # What else can be asked of an hour is in no table.
        for name in (*OF_CLUSTER, "ratio", "multiplier", *OF_STORAGES):
            column = {"ratio": "ratio_pct", "multiplier": "multiplier"}.get(name, f"{name}_wh")
            yield {"quantity": name, "start": start}, text(row.get(column))
    for row in out["shares"].to_pylist():
        of = {"point": row["point"], "start": int(row["start"].timestamp())}
        for name in OF_POINTS:
            yield {"quantity": name, **of}, text(row[f"{name}_wh"])
        yield {"quantity": "storage_charge", **of}, text(row.get("charge_wh"))
    for row in out["storages"].to_pylist():
        of = {"point": row["point"], "start": int(row["start"].timestamp())}
        for name, column in OF_ROW.items():
            yield {"quantity": name, **of}, text(row[column])
    keys = ("point", "member", "component", "zone")
    named = Counter(tuple(row[key] for key in keys) for row in out["charges"].to_pylist())
    for row in out["charges"].to_pylist():
        if named[tuple(row[key] for key in keys)] == 1:
            for name in MONEY:
                yield {"quantity": name, **{key: row[key] for key in keys}}, row[f"{name}_zl"]
    for row in out["totals"].to_pylist():
        for name in (*MONEY, *GROSS):
            yield {"quantity": name, "point": row["point"], "member": row["member"]}, row[f"{name}_zl"]


def below(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from below(part)


def assert_explained(case: Case, question: Question) -> None:
    what, told = question
    tree = explain(case, Asked(month=MONTH, **what), View(3, 3))
    assert tree.disagreements == [], what
    assert tree.value == told, what
    for one in below(tree):
        for said in (one.what, *one.how, *one.notes):
            assert all(sentence(words, said.key, said.facts) for words in WORDS.values())


@given(st.integers(0, 10**6), st.randoms())
@settings(max_examples=15, deadline=None)
def test_random_numbers_of_every_table_add_up_and_are_those_of_the_tables(seed: int, chance: random.Random) -> None:
    case = case_of(seed)
    asked = list(numbers(case))
    for question in chance.sample(asked, min(30, len(asked))):
        assert_explained(case, question)


@given(st.integers(0, 10**6), st.sampled_from([*MONEY, *GROSS, *OF_POINTS, *OF_CLUSTER]), st.randoms())
@settings(max_examples=15, deadline=None)
def test_sums_of_members_and_of_the_cluster_add_up(seed: int, quantity: str, chance: random.Random) -> None:
    case = case_of(seed)
    member = "" if quantity in OF_CLUSTER else chance.choice(["", *case.members])
    assert explain(case, Asked(month=MONTH, quantity=quantity, member=member), View(3, 3)).disagreements == []


TABLES = {
    "hours": ("drawn_wh", "injected_res_wh", "covered_wh", "surplus_wh", "from_grid_wh"),
    "shares": ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh"),
    "storages": ("given_res_wh", "total_wh", "res_wh"),
    "totals": ("charge_zl", "charge_vat_zl", "charge_gross_zl"),
    "charges": ("full_zl", "relief_zl", "charge_zl"),
}


@pytest.mark.parametrize("table", TABLES)
def test_one_wrong_number_anywhere_in_a_table_is_found(table: str) -> None:
    found = 0
    for seed in range(8):
        case, chance = case_of(seed), random.Random(seed)
        rows, column = case.tables.outputs[table].to_pylist(), chance.choice(TABLES[table])
        places = [i for i, row in enumerate(rows) if row[column] is not None]
        if not places:
            continue
        row = rows[chance.choice(places)]
        wrong = row[column] + 1 if column.endswith("_wh") else f"{float(row[column]) + 0.01:.2f}"
        before = row.copy()
        row[column] = wrong
        tables = case.tables._replace(
            outputs={**case.tables.outputs, table: pa.Table.from_pylist(rows, case.tables.outputs[table].schema)}
        )
        name = {value: key for key, value in OF_ROW.items()}.get(column, column.rpartition("_")[0])
        of = {key: before[key] for key in ("point", "member", "component", "zone") if key in before}
        if "start" in before:
            of = {"point": before.get("point", ""), "start": int(before["start"].timestamp())}
        tree = explain(Case(tables, NothingBelow(), str(MONTH)), Asked(month=MONTH, quantity=name, **of), View(2, 3))
        assert tree.disagreements, (seed, of, column)
        found += 1
    assert found
