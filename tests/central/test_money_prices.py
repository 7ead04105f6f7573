"""Art. 38af: a price of energy that moved when the contract was amended is told with both prices, and never judged."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from central.cluster import load_cluster
from central.cluster.prices import price_moves
from central.cluster.statutory import verdicts
from metering.period import day_start
from runtime.config import ConfigError
from tests.central.made_books import make_books
from tests.central.made_month import asked, central

HEAD = """
[cluster]
name = "T"
registered_from = 2026-01-01
[[members]]
id = "A"
kind = "gmina"
{member}
[[points]]
id = "P"
member = "A"
directions = ["drawn"]
"""
BEFORE = '[[points.prices]]\nzl_per_kwh = 0.61\nsource = "old contract"\nvalid_to = 2026-03-01\n'
AFTER = '[[points.prices]]\nzl_per_kwh = 0.65\nsource = "annex 1"\nvalid_from = 2026-03-01\n'


def moves(folder: Path, text: str, member: str = "") -> list[tuple[str, str, str | None, str | None]]:
    """Zone, what is known, and both prices."""
    (folder / "cluster.toml").write_text(HEAD.format(member=member) + text, encoding="utf-8")
    found = price_moves(load_cluster(folder / "cluster.toml"))
    return [
        (one.zone, one.known.value, *(None if p is None else str(p) for p in (one.before, one.after))) for one in found
    ]


@pytest.mark.parametrize(
    ("amended", "known"),
    [
        # The price moves on 1 March. 31 days before it is 29 January, 31 days after 1 April (0:00 is 1 h less: summer).
        ("2026-01-28", "same"),
        ("2026-01-29", "moved"),
        ("2026-03-01", "moved"),
        ("2026-04-01", "moved"),
        ("2026-04-02", "same"),
    ],
)
def test_a_price_that_moved_within_31_days_of_the_amendment_is_told(tmp_path: Path, amended: str, known: str) -> None:
    found = moves(tmp_path, f"contract_amended = {amended}\n" + BEFORE + AFTER)
    assert [one[1] for one in found] == [known]
    if known == "moved":
        assert found == [("", "moved", "0.61", "0.65")]


def test_an_amendment_of_the_member_counts_for_its_points_that_say_none(tmp_path: Path) -> None:
    assert moves(tmp_path, BEFORE + AFTER, "contract_amended = 2026-03-01") == [("", "moved", "0.61", "0.65")]
    assert moves(tmp_path, BEFORE + AFTER) == []


def test_what_nobody_recorded_is_not_known_and_an_equal_price_didnt_move(tmp_path: Path) -> None:
    day = "contract_amended = 2026-03-01\n"
    assert moves(tmp_path, day) == [("", "not_known", None, None)]
    assert moves(tmp_path, day + AFTER) == [("", "not_known", None, None)]
    assert moves(tmp_path, day + BEFORE + AFTER.replace("0.65", "0.610")) == [("", "same", None, None)]


def test_each_zone_is_looked_at_by_itself(tmp_path: Path) -> None:
    day = "contract_amended = 2026-03-01\n"
    night = '[[points.prices]]\nzone = "night"\nzl_per_kwh = 0.4\n'
    zoned = (BEFORE + AFTER).replace("zl_per_kwh", 'zone = "day"\nzl_per_kwh')
    assert moves(tmp_path, day + zoned + night) == [("day", "moved", "0.61", "0.65"), ("night", "same", None, None)]


def test_a_gap_between_the_prices_around_the_amendment_hides_no_move(tmp_path: Path) -> None:
    late = AFTER.replace("2026-03-01", "2026-07-01")
    early = BEFORE.replace("2026-03-01", "2025-12-01")
    found = moves(tmp_path, "contract_amended = 2026-03-01\n" + early + late)
    assert found == [("", "moved", "0.61", "0.65")]


def test_the_check_warns_with_both_prices_their_sources_and_a_change_of_seller(tmp_path: Path) -> None:
    contracts = (
        '[[points.contracts]]\nseller = "Stary"\nvalid_to = 2026-03-01\n'
        '[[points.contracts]]\nseller = "Nowy"\ncontract_amended = 2026-03-01\nvalid_from = 2026-03-01\n'
    )
    (tmp_path / "cluster.toml").write_text(HEAD.format(member="") + contracts + BEFORE + AFTER, encoding="utf-8")
    found = [
        one
        for one in verdicts(load_cluster(tmp_path / "cluster.toml"), day_start(date(2027, 1, 1)))
        if one.rule == "price_moved"
    ]
    assert [(one.state.value, one.article, one.subject) for one in found] == [("notice", "art. 38af", "P")]
    assert found[0].text.startswith(
        "the price of energy went from 0.61 zł/kWh (old contract) to 0.65 zł/kWh (annex 1) on 2026-03-01"
    )
    assert "the seller changed too, from Stary to Nowy" in found[0].text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("zl_per_kwh = nan", "points[1].prices[1].zl_per_kwh"),
        ("zl_per_kwh = -0.1", "points[1].prices[1].zl_per_kwh"),
        ("zl_per_kwh = 650", "expected zł/kWh net from 0 to 100"),
        (f"zl_per_kwh = 1{'0' * 30}", "points[1].prices[1].zl_per_kwh"),
        ("zl_per_kwh = 0.6\n[[points.prices]]\nzl_per_kwh = 0.7", "points[1].prices[2].zl_per_kwh"),
        ("source = 'x'", "zl_per_kwh"),
    ],
)
def test_a_price_that_cant_be_one_is_refused_with_its_place(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        moves(tmp_path, f"[[points.prices]]\n{row}\n")
    assert said in str(error.value)


def test_the_finding_and_the_check_have_both_prices(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    cluster = tmp_path / "cluster.toml"
    text = cluster.read_text(encoding="utf-8")
    priced = f'id = "A1"\nmember = "A"\ndirections = ["drawn"]\ncontract_amended = 2026-03-01\n{BEFORE}{AFTER}'
    cluster.write_text(text.replace('id = "A1"\nmember = "A"\ndirections = ["drawn"]\n', priced), encoding="utf-8")
    made.day()
    found = [
        one for one in asked("findings", made.config, "--month", "2026-06")["findings"] if one["kind"] == "price_moved"
    ]
    assert [(one["what"], one["first"], one["second"], one["unit"]) for one in found] == [
        ("A1", "0.61", "0.65", "zł/kWh")
    ]
    assert found[0]["since"] == "2026-02-28T23:00:00Z"
    assert found[0]["weight"] == "watch"
    assert "0.65 zł/kWh (annex 1)" in central("cluster", "check", cluster, "--day", "2026-06-01", code=0)
