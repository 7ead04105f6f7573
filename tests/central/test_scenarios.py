"""Settlements that a non-programmer can read: given a cluster, rates and readings, when months are settled, then …

Each folder of ``scenarios/`` is one. ``then/hours.csv``, ``shares.csv`` and ``charges.csv`` name the columns they care
about; every row must be in the output. ``then/members.csv`` holds exact sums of a member's charges, in zł.
"""

import csv
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

SCENARIOS = sorted(path.parent for path in Path(__file__).parent.glob("scenarios/*/when.toml"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda path: path.name)
def test_scenario(folder: Path, tmp_path: Path) -> None:
    when = tomllib.loads((folder / "when.toml").read_text(encoding="utf-8"))
    given = folder / "given"
    arguments = ["--cluster", given / "cluster.toml", "--rates", given / "rates.toml"]
    arguments += ["--from", when["from"], "--to", when["to"], "--out", tmp_path]
    arguments += ["--readings", *sorted(given.glob("readings*.csv"))]
    done = subprocess.run(
        [sys.executable, "-m", "central", "settle", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == when.get("exit", 0), done.stderr
    for expected in sorted((folder / "then").glob("*.csv")):
        if expected.name == "members.csv":
            assert_members(rows(expected), rows(tmp_path / "charges.csv"))
        else:
            assert_rows(rows(expected), rows(tmp_path / expected.name))


def assert_rows(expected: list[dict[str, str]], found: list[dict[str, str]]) -> None:
    assert expected
    for row in expected:
        narrowed = [{name: other[name] for name in row} for other in found]
        assert row in narrowed, f"{row} is not among {[n for n in narrowed if n.get('start') == row.get('start')]}"


def assert_members(expected: list[dict[str, str]], charges: list[dict[str, str]]) -> None:
    for row in expected:
        mine = [charge for charge in charges if charge["member"] == row["member"]]
        full = sum(Decimal(charge["full_exact_zl"]) for charge in mine)
        relief = sum(Decimal(charge["relief_exact_zl"]) for charge in mine)
        assert (full, relief) == (Decimal(row["full_exact_zl"]), Decimal(row["relief_exact_zl"])), row
        assert full - relief == Decimal(row["charge_exact_zl"]), row
        for charge in mine:
            assert Decimal(charge["full_zl"]) - Decimal(charge["relief_zl"]) == Decimal(charge["charge_zl"])
