"""A point's owner, tariff group, directions and source change within a month: settled row by row, by each one's time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from central.answers import Span, shares
from central.ask import ask
from central.books import Books
from central.cluster import Cluster, load_cluster
from central.cluster.flat import rows_of, typed
from central.month import month
from central.operator_energies import operator_energies
from central.point_facts import facts_at, point_facts
from central.precedence import combine
from central.readings import INTERVALS
from central.settlement import settle
from central.tables import POINTS
from metering.period import Month
from runtime.config import ConfigError
from tests.central.reference import random_case
from tests.central.stands import CLUSTER as STANDS_CLUSTER
from tests.central.stands import T0
from tests.central.test_looking import Service
from tests.central.test_settlement import START, assert_agrees, settings_of, stocks_of, tables_of


def in_two_rows(points: pa.Table, changes: dict[str, tuple[int, dict]]) -> pa.Table:
    """Each changed point's row up to a period, and from then on another row that differs in some columns."""
    rows = []
    for row in points.to_pylist():
        if row["point"] not in changes:
            rows.append(row)
            continue
        period, other = changes[row["point"]]
        at = START + timedelta(hours=period)
        rows += [row | other | {"valid_from": at}, row | {"valid_to": at}]
    return pa.Table.from_pylist(rows, POINTS)


@pytest.mark.parametrize("block", range(4))
def test_thousands_of_points_that_change_hands_agree_with_the_slow_reference(block: int) -> None:
    for seed in range(block * 250, block * 250 + 250):
        points, regimes, chosen, periods = random_case(seed)
        r = random.Random(seed)
        held = {p.id: (900, 400) for p in points if len(p.id) % 2 and p.is_storage}
        changes: dict[str, tuple[int, dict]] = {}
        for p in points:
            if r.random() < 0.6:
                changes[p.id] = r.randrange(0, 4), {"member": r.choice(list(regimes)), "tariff": r.choice(["", "C11"])}
        tables = tables_of(points, regimes, periods) | {"stocks": stocks_of(held)}
        tables["points"] = in_two_rows(tables["points"], changes)
        first = {p.id: p.member for p in points}

        def before(i, points=points, changes=changes, first=first) -> None:
            for p in points:
                at, other = changes.get(p.id, (99, {}))
                p.member = other["member"] if i >= at else first[p.id]

        result = settle(tables, settings_of(chosen))
        charged: dict[str, int] = {}
        for row in result["charges"].to_pylist():
            if row["component"] == "oze":
                charged[row["point"]] = charged.get(row["point"], 0) + (row["drawn_wh"] or 0)
        assert_agrees(result | {"charges": result["charges"].slice(0, 0)}, points, regimes, chosen, periods, True, seed,
                      held, before)  # fmt: skip
        shares = result["shares"].to_pylist()
        for i in range(len(periods)):
            before(i)
            owners = {p.id: p.member for p in points}
            mine = [row for row in shares if row["start"] == START + timedelta(hours=i)]
            assert {row["point"]: row["member"] for row in mine} == owners, seed
        if chosen["storage"] == "as_metered" and chosen["netting"] == "registers":
            drawn: dict[str, int] = {}
            for row in shares:
                if row["status"] == "complete":
                    drawn[row["point"]] = drawn.get(row["point"], 0) + (row["drawn_wh"] or 0)
            assert {p: wh for p, wh in drawn.items() if wh} == {p: wh for p, wh in charged.items() if wh}, seed


@pytest.mark.parametrize("seed", range(200))
def test_directions_and_source_that_change_count_from_their_period_on(seed: int) -> None:
    points, regimes, chosen, periods = random_case(seed)
    both = [p for p in points if len(p.directions) == 2 and p.source != "storage"]
    for p in both:
        p.storage_meter = p.generation_meter = False
        for values in periods:
            for kind in ("charge", "discharge", "generation"):
                values[p.id].pop(kind, None)
    tables = tables_of(points, regimes, periods)
    # The photovoltaics are connected with the second period: before it the point only draws.
    changes = {p.id: (1, {}) for p in both}
    rows = in_two_rows(tables["points"], changes).to_pylist()
    early = [row | {"injected": False, "res": False} if row["valid_to"] else row for row in rows]
    tables["points"] = pa.Table.from_pylist(early, POINTS)

    def before(i: int) -> None:
        for p in both:
            p.directions = ("drawn",) if i == 0 else ("drawn", "injected")

    result = settle(tables, settings_of(chosen))
    empty = result | {"charges": result["charges"].slice(0, 0)}
    assert_agrees(empty, points, regimes, chosen, periods, True, seed, {}, before)


CLUSTER = """
[cluster]
name = "Klaster Zmian"
registered_from = 2024-10-01
[[members]]
id = "A"
[[members]]
id = "B"
"""
ROW = '[[points]]\nid = "P1"\nmember = "{member}"\ndirections = ["drawn"]\ntariff = "{tariff}"\n'
SOLD = (
    ROW.format(member="A", tariff="C11")
    + "valid_to = 2026-10-15\n"
    + ROW.format(member="B", tariff="C11")
    + "valid_from = 2026-10-15\n"
)


def load(tmp_path: Path, text: str) -> Cluster:
    (tmp_path / "cluster.toml").write_text(text, encoding="utf-8")
    return load_cluster(tmp_path / "cluster.toml")


def test_a_point_in_two_members_at_once_names_both_places_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        load(tmp_path, CLUSTER + SOLD.replace("valid_from = 2026-10-15\n", "valid_from = 2026-10-14\n"))
    said = str(failed.value)
    assert "points[2].id" in said
    assert "points[1] (member A), and here it is another's (member B) at the same time" in said
    assert "end the earlier with valid_to" in said


def test_rows_of_one_point_that_follow_one_another_are_read(tmp_path: Path) -> None:
    assert [point.member for point in load(tmp_path, CLUSTER + SOLD).points] == ["A", "B"]


def test_sheets_bring_the_rows_within_each_row_of_a_point_back_to_it() -> None:
    regimes = {"regimes": [{"regime": "net_billing", "valid_from": date(2026, 1, 1)}]}
    late = {"id": "P1", "member": "B", "directions": ["drawn"], "valid_from": date(2026, 10, 15)} | regimes
    early = {"id": "P1", "member": "A", "directions": ["drawn"], "valid_to": date(2026, 10, 15)}
    early |= {"aliases": [{"code": "old"}]}
    content = {
        "cluster": {"name": "K", "registered_from": date(2024, 10, 1)},
        "members": [{"id": "A"}, {"id": "B"}],
        "points": [late, early],
    }
    rows = rows_of(content)
    assert rows["points.regimes"][0]["point"] == "P1 (2)"
    assert rows["points.aliases"][0]["point"] == "P1"
    read = typed({name: list(enumerate(cells, 2)) for name, cells in rows.items()}, "cluster.xlsx")
    assert read.problems == []
    assert read.content == content


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    text = STANDS_CLUSTER.replace('tariff = "C11"\nvalid_from = 2026-06-17\n', "", 1)
    text = text.replace(
        '[[points]]\nid = "A1"\nmember = "A"\ndirections = ["drawn"]\n',
        '[[points]]\nid = "A1"\nmember = "A"\ndirections = ["drawn"]\ntariff = "C11"\ncontracted_kw = 4\n'
        'valid_from = 2026-06-17\nvalid_to = 2026-06-17T04:00:00+02:00\n'
        '[[points]]\nid = "A1"\nmember = "F"\ndirections = ["drawn"]\ntariff = "C12"\ncontracted_kw = 9\n'
        "valid_from = 2026-06-17T04:00:00+02:00\n",
    )  # fmt: skip
    made.cluster.write_text(text, encoding="utf-8")
    made.hours(*range(-2, 6))
    yield made
    made.keeper.close()


NOW = T0 + timedelta(hours=6, minutes=10)
JUNE = Span(month=Month(2026, 6))


def test_the_books_give_each_owner_its_hours_and_sums(service: Service) -> None:
    books = Books.open(service.config_file)
    found = shares(books, JUNE, NOW)
    assert [(row["point"], row["member"], row["drawn_wh"]) for row in found["points"]] == [
        ("A1", "A", 400),
        ("A1", "F", 300),
        ("F1", "F", None),
    ]
    members = {row["member"]: row["drawn_wh"] for row in found["members"]}
    assert members == {"A": 400, "F": 300}
    charged = {(row["member"], row["point"]) for row in found["charges"]}
    assert charged == {("A", "A1"), ("F", "A1")}
    shown = month(books, JUNE, NOW)["points"]
    assert [(row["point"], row["member"], row["tariff"]) for row in shown][:2] == [
        ("A1", "A", "C11"),
        ("A1", "F", "C12"),
    ]


def test_what_is_missing_belongs_to_the_owner_of_its_time(service: Service) -> None:
    answer = ask("completeness", service.config_file, JUNE, NOW).value
    assert answer is not None
    lines = [(one["point"], one["member"], one["expected"], one["absent"]) for one in answer["points"]]
    assert lines[:2] == [("A1", "A", 4, 0), ("A1", "F", 4, 1)]
    assert next((one["point"], one["member"], one["periods"]) for one in answer["missing"]) == ("A1", "F", 1)


def test_a_power_is_held_against_what_was_contracted_at_the_time(service: Service) -> None:
    facts = point_facts(Books.open(service.config_file).cluster)["A1"]
    assert [facts_at(facts, at).contracted_w for at in (None, T0 - timedelta(hours=2), T0 + timedelta(hours=2))] == [
        4000,
        4000,
        9000,
    ]


def test_an_operators_values_go_to_the_row_of_their_time_even_where_netted_ones_are_preferred(service: Service) -> None:
    books = Books.open(service.config_file)
    tables = books.settled(Month(2026, 6)).tables
    starts = [T0 + timedelta(hours=hour) for hour in (0, 2)]
    rows = [
        {"point": "A1", "direction": "drawn", "kind": "raw", "start": start, "length": 3600, "version": 1, "wh": "700",
         "quality": "measured", "file": 1}
        for start in starts
    ]  # fmt: skip
    intervals = pa.Table.from_pylist(rows, INTERVALS)
    operator, _ = operator_energies(tables, intervals, books.cluster.settings)
    assert operator["wh"].to_pylist() == [700, 700]
    for precedence, wh in (("operator", 700), ("own", 100)):
        settled = settle({**tables, "energies": combine(tables, books.settled(Month(2026, 6)).own, operator, precedence)},
                         books.cluster.settings)["shares"]  # fmt: skip
        chosen = [row for row in settled.to_pylist() if row["point"] == "A1" and row["start"] in starts]
        assert [(row["member"], row["drawn_wh"]) for row in chosen] == [("A", wh), ("F", wh)]
