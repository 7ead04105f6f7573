"""Settlements that a non-programmer can read: given a cluster, rates and readings, when months are settled, then …

Each folder of ``scenarios/`` is one. ``then/hours.csv``, ``shares.csv`` and ``charges.csv`` name the columns they care
about; every row must be in the output. ``then/members.csv`` holds exact sums of a member's charges, in zł. Where
``when.toml`` names a setting, ``then-VALUE/`` is what comes out under each of its values. With ``given/stands.csv``
(Wh as meters show them) or operators' files (imported in the order of their names) a service's books are settled.
A row of ``given/each-hour.csv`` is a row of readings for each hour from ``from`` to ``to``.
Where ``when.toml`` names a command, its answer is looked at: ``conditions.csv``, ``needs.csv``, ``failing.csv`` of
``conditions``, ``requirements.csv`` of ``cluster check``.
"""

import csv
import json
import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.books import Books
from central.cli import main
from central.reports.settlement_csv import write_settlement
from central.settings import CHOICES
from metering.period import HOUR, Month
from tests.central.made_books import Made, stand

SCENARIOS = sorted(path.parent for path in Path(__file__).parent.glob("scenarios/*/when.toml"))
CONFIG = '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\nrates = "rates.toml"\n'


def thens() -> Iterator[Any]:
    for folder in SCENARIOS:
        for then in sorted(folder.glob("then*")):
            value = then.name.removeprefix("then").lstrip("-")
            yield pytest.param(folder, then, value, id=folder.name + (f" {value}" if value else ""))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(("folder", "then", "value"), list(thens()))
def test_scenario(folder: Path, then: Path, value: str, tmp_path: Path) -> None:
    when = tomllib.loads((folder / "when.toml").read_text(encoding="utf-8"))
    given = tmp_path / "given"
    shutil.copytree(folder / "given", given)
    if value:
        choose(given / "cluster.toml", when["setting"], value)
    if (given / "each-hour.csv").exists():
        write_each_hour(given / "each-hour.csv", given / "readings-each-hour.csv")
    if "command" in when:
        assert_told(told(given, when), then)
        return
    settled = settled_books if list(given.glob("stands.csv")) + list(given.glob("operator-*")) else settled_files
    settled(given, when, tmp_path)
    assert list(then.glob("*.csv"))
    for expected in sorted(then.glob("*.csv")):
        if expected.name == "members.csv":
            assert_members(rows(expected), rows(tmp_path / "charges.csv"))
        else:
            assert_rows(rows(expected), rows(tmp_path / expected.name))


def test_each_value_of_a_scenarios_setting_has_its_then() -> None:
    for folder in SCENARIOS:
        when = tomllib.loads((folder / "when.toml").read_text(encoding="utf-8"))
        if setting := when.get("setting"):
            values = {"+".join(one) if isinstance(one, tuple) else one for one in CHOICES[setting]}
            found = {then.name.removeprefix("then-") for then in folder.glob("then-*")}
            assert found == values - set(when.get("without", ())), folder.name


def choose(cluster: Path, setting: str, value: str) -> None:
    """Write a value of a setting into a cluster file."""
    text = cluster.read_text(encoding="utf-8")
    assert text.count("[settings]\n") == 1
    chosen = str(value.split("+")).replace("'", '"') if setting == "excluded_regimes" else f'"{value}"'
    cluster.write_text(text.replace("[settings]\n", f"[settings]\n{setting} = {chosen}\n"), encoding="utf-8")


def write_each_hour(file: Path, readings: Path) -> None:
    """Readings of our own, an hour's row for each hour of a row of ``file`` (point, direction, from, to, Wh)."""
    lines = ["point,direction,start,wh"]
    for row in rows(file):
        at, end = datetime.fromisoformat(row["from"]), datetime.fromisoformat(row["to"])
        while at < end:
            lines.append(f"{row['point']},{row['direction']},{at.isoformat()},{row['wh']}")
            at += HOUR
    readings.write_text("\n".join(lines) + "\n", encoding="utf-8")


def settled_files(given: Path, when: dict[str, Any], out: Path) -> None:
    arguments = ["--cluster", given / "cluster.toml", "--rates", given / "rates.toml"]
    arguments += ["--from", when["from"], "--to", when["to"], "--out", out]
    done = CliRunner().invoke(
        main, ["settle", *map(str, arguments), "--readings", *map(str, sorted(given.glob("readings*.csv")))]
    )
    assert done.exit_code == when.get("exit", 0), done.output


def settled_books(given: Path, when: dict[str, Any], out: Path) -> None:
    made = Made(given)
    made.config.write_text(CONFIG, encoding="utf-8")
    (given / "data").mkdir()
    stands = rows(given / "stands.csv") if (given / "stands.csv").exists() else []
    made.keep(stand(row["meter"], row["register"], datetime.fromisoformat(row["at"]), int(row["wh"])) for row in stands)
    for file in sorted(given.glob("operator-*")):
        done = CliRunner().invoke(main, ["import", str(made.config), str(file), "--by", "test"])
        assert done.exit_code in {0, 3}, done.output
    settled = Books.open(made.config).settled(Month.parse(when["from"]))
    write_settlement([{name: getattr(settled, name) for name in ("hours", "shares", "charges", "totals")}], out)


def told(given: Path, when: dict[str, Any]) -> dict[str, Any]:
    """What a command that reports says of the given files, as JSON."""
    cluster, readings = str(given / "cluster.toml"), list(map(str, given.glob("readings*.csv")))
    files = ["--cluster", cluster, "--readings", *readings] if readings else [cluster]
    done = CliRunner().invoke(main, [*when["command"], *files, "--json"])
    assert "exit" not in when or done.exit_code == when["exit"], done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_told(found: dict[str, Any], then: Path) -> None:
    flat: dict[str, list[dict[str, str]]] = {
        "requirements": [{"rule": row["rule"], "state": row["state"]} for row in found.get("verdicts", ())],
        "conditions": [],
        "needs": [],
        "failing": [],
    }
    for part in ("conditions", "dry_run_from_2027"):
        for each in found.get(part, ()):
            for one in (each, *each.get("readings", ())):
                key = {"part": part, "rule": one["rule"]}
                about = {"state": one["state"], "value": between(one["value"]), "margin": between(one["margin"])}
                flat["conditions"].append(key | about | {"margin_unit": one["margin_unit"] or ""})
                flat["needs"] += [key | need for need in one.get("needs", ())]
                flat["failing"] += [key | {"start": at["start"]} for at in one.get("failing", {}).get("starts", ())]
    assert list(then.glob("*.csv"))
    for expected in sorted(then.glob("*.csv")):
        assert_rows(rows(expected), flat[expected.stem])
        if expected.stem in {"needs", "failing"}:
            kinds = {(row["part"], row["rule"]) for row in rows(expected)}
            assert len([row for row in flat[expected.stem] if (row["part"], row["rule"]) in kinds]) == len(
                rows(expected)
            )


def between(value: dict[str, str | None] | None) -> str:
    if value is None:
        return ""
    return value["low"] or "" if value["low"] == value["high"] else f"{value['low']} to {value['high'] or '?'}"


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
