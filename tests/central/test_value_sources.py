"""Every value of an answer says where it is from: own stands, an operator's file and its version, an estimate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from central.cli import main
from metering.period import HOUR, utc_text
from tests.central.stands import T0
from tests.central.test_estimation_books import answer, balance_of, estimate, hours, run, service
from tests.central.test_looking import Service

__all__ = ["service"]
IN_OPERATORS_FILE = 3


@pytest.fixture
def three(service, tmp_path: Path) -> tuple[Service, Path]:
    """Own stands; hour 3 from an operator's file; hours 2, 4 and 5 estimated."""
    file = tmp_path / "operator, October.csv"
    start = utc_text(T0 + HOUR * IN_OPERATORS_FILE)
    file.write_text(f"point,direction,start,wh\nA1,drawn,{start},150\n", encoding="utf-8")
    estimate(service, *hours(2, 6), "--wh", "50,150,100,100")
    service.keeper.close()
    done = CliRunner().invoke(main, ["import", str(service.config_file), str(file), "--by", "Anna"])
    assert done.exit_code in {0, 3}, done.output
    return service, file


def sources(found: dict, way: str = "drawn") -> list[str | None]:
    return [row[f"{way}_source"] for row in found["rows"] if row["point"] == "A1"][2:8]


def test_each_value_of_shares_names_its_source_and_the_answer_what_stands_behind_it(three) -> None:
    service, file = three
    found = answer(service, "shares")
    here = ["own", "own", "estimate:E1:manual", "operator:1", "estimate:E1:manual", "estimate:E1:manual"]
    assert sources(found) == here
    assert set(sources(found, "injected")) == {None}
    told = found["sources"]
    assert (told["operator:1"]["file"], told["operator:1"]["version"], told["operator:1"]["who"]) == (
        file.name,
        1,
        "Anna",
    )
    assert told["estimate:E1:manual"]["by"] == "Anna Kowalska"
    assert told["own"] == {"kind": "own"}


def test_each_hour_of_the_balance_counts_its_values_by_source(three) -> None:
    service, _ = three
    found = {hour: balance_of(service, hour) for hour in (1, 2, 3)}
    assert [(found[hour]["own"], found[hour]["operator"], found[hour]["estimated"]) for hour in found] == [
        (2, 0, 0),
        (1, 0, 1),
        (1, 1, 0),
    ]


def test_the_commands_text_names_sources_by_a_letter_and_says_what_stands_behind_each(three) -> None:
    service, file = three
    shares = run(service, "shares", "--day", "2026-06-17").output
    lines = shares.splitlines()
    assert lines[1].split()[-2:] == ["from", "estimated"]
    assert "SFE" in next(line for line in lines if line.startswith("A"))
    assert f"F  1 from operator's file 1, {file.name}, imported by Anna" in " ".join(shares.split("\n"))
    assert "E  3 from estimate E1, method manual, by Anna Kowalska" in shares
    balance = run(service, "balance", "--day", "2026-06-17").output
    found = {line.split()[0][:5]: line.split() for line in balance.splitlines() if "+02:00" in line}
    assert found["05:00"][-1] == "SF"
    assert found["04:00"][-2:] == ["SE", "1"]
    assert "F operators' files (1), E estimates (3)" in balance


def test_the_command_gives_the_sources_as_json_too(three) -> None:
    service, _ = three
    rows = json.loads(run(service, "shares", "--day", "2026-06-17", "--json").output)["rows"]
    assert {row["drawn_source"] for row in rows if row["point"] == "A1"} >= {"own", "operator:1"}
