"""A month's days, steps and money add up to what the balance and the charges say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from central.answers import Span
from central.books import Books
from central.month import money_by, month
from metering.period import Month
from tests.central.made_books import AFTER, Made, make_books

JUNE = Span(month=Month(2026, 6))
PRICES = {"network_variable": "0.2", "quality": "0.0331", "oze": "0.0073", "chp": "0.003"}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make_books(tmp_path)
    made.config.write_text(f'{made.config.read_text(encoding="utf-8")}rates = "rates.toml"\n', encoding="utf-8")
    made.day(without=[("M1", 10)])
    return made


def answer(made: Made, prices: dict[str, str]) -> dict[str, Any]:
    rates = [f'[[rates]]\ncomponent = "{name}"\nzl_per_kwh = "{price}"\n' for name, price in prices.items()]
    (made.folder / "rates.toml").write_text("".join(rates), encoding="utf-8")
    return month(Books.open(made.config), JUNE, AFTER)


def test_the_days_and_steps_of_a_month_add_up_to_its_sums(made: Made) -> None:
    found = answer(made, PRICES)
    balance = found["balance"]
    for name in ("drawn_wh", "covered_wh", "surplus_wh", "from_grid_wh", "to_grid_wh"):
        assert sum(day[name] or 0 for day in found["days"]) == balance["sums"][name]
    assert sum(day["complete"] for day in found["days"]) == sum(found["steps"].values()) == balance["complete"] == 22
    empty = found["days"][0]
    assert (empty["complete"], empty["drawn_wh"], empty["covered_pct"]) == (0, None, None)
    sun = found["days"][16]
    assert sun["injected_pv_wh"] + sun["from_grid_wh"] == sun["drawn_wh"] + sun["to_grid_wh"]


def test_money_by_member_point_and_component_is_the_same_money(made: Made) -> None:
    found = answer(made, PRICES)
    (hall,) = found["money"]["members"]
    (point,) = found["money"]["points"]
    assert {name: hall[name] for name in ("full_zl", "relief_zl", "charge_zl")} == {
        name: str(sum(Decimal(row[name]) for row in found["money"]["components"]))
        for name in ("full_zl", "relief_zl", "charge_zl")
    }
    assert hall["relief_zl"] == point["relief_zl"] == found["shares"]["relief_zl"]
    assert Decimal(hall["full_zl"]) - Decimal(hall["relief_zl"]) == Decimal(hall["charge_zl"]) > 0
    assert [rate["component"] for rate in found["rates"]] == list(PRICES)


def test_where_a_rate_is_missing_the_money_is_empty_and_not_what_the_others_give(made: Made) -> None:
    found = answer(made, {name: price for name, price in PRICES.items() if name != "oze"})
    assert found["money"]["members"] == [{"member": "A", "full_zl": None, "relief_zl": None, "charge_zl": None}]
    by_component = {row["component"]: row["full_zl"] for row in found["money"]["components"]}
    assert by_component.pop("oze") is None
    assert all(by_component.values())


def test_what_is_not_known_yet_hides_nothing_that_is() -> None:
    row = {"member": "A", "drawn_wh": 5, "full_zl": "1.00", "relief_zl": "0.25", "charge_zl": "0.75"}
    unknown = row | {"drawn_wh": None, "full_zl": None, "relief_zl": None, "charge_zl": None}
    assert money_by([row, unknown, row], "member")[("A",)] == {
        "full_zl": "2.00",
        "relief_zl": "0.50",
        "charge_zl": "1.50",
    }
    assert money_by([unknown], "member")[("A",)] == dict.fromkeys(("full_zl", "relief_zl", "charge_zl"))
