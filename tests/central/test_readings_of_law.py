"""One month under each reading of the law, from the example's files and from books."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from central.cli import main
from central.readings_of_law.comparing import compare_readings
from central.reports.readings_of_law_text import print_readings
from central.settings import Settings
from central.settlement import settle
from tests.central.made_books import Made, drawn, injected, make_books
from tests.central.reference import random_case
from tests.central.test_settlement import tables_of

EXAMPLE = Path(__file__).parents[2] / "docs" / "example"


def test_each_other_reading_stands_beside_the_current_one_with_its_difference_and_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = [sys.executable, "-m", "central", "readings-of-law", "--month", "2026-10", "--json"]
    command += ["--cluster", str(EXAMPLE / "cluster.toml"), "--rates", str(EXAMPLE / "rates.toml")]
    command += ["--readings", *map(str, sorted(EXAMPLE.glob("readings*.csv")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["setting"]: row for row in found["settings"]}
    literal = rows["above_100"]["alternatives"][0]
    assert literal["value"] == "literal"
    assert literal["relieved_wh"] == found["current"]["relieved_wh"]
    assert float(literal["difference"]["charge_zl"]) > 0
    assert rows["above_100"]["question_pl"].endswith("?")
    assert rows["storage"]["no_effect"] == "no storage"
    gross = rows["ratio_denominator"]["alternatives"][0]
    assert gross["complete"] == 0, "files know no generation meter, and nothing is guessed"
    assert gross["charge_zl"] is None
    assert float(found["cheapest"]["charge_zl"]) <= float(found["current"]["charge_zl"])
    print_readings(found, "pl")
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "literal: tyle samo energii z ulgą, członkowie płacą o 36,41 zł więcej" in told
    assert "W tym miesiącu niczego nie zmienia: storage, storage_origin, storage_tracing (nie ma magazynu)." in told
    assert "EN:" not in told


def books(folder: Path) -> Made:
    """A day of the town hall and the farm, and an operator's file that says 1 000 Wh more of 10:00."""
    made = make_books(folder)
    made.day()
    prices = (("network_variable", "0.2"), ("quality", "0.03"), ("oze", "0.007"), ("chp", "0.003"))
    rates = "".join(f'[[rates]]\ncomponent = "{name}"\nzl_per_kwh = "{price}"\n' for name, price in prices)
    (folder / "rates.toml").write_text(rates, encoding="utf-8")
    config = made.config.read_text(encoding="utf-8")
    made.config.write_text(config + 'rates = "rates.toml"\n', encoding="utf-8")
    row = f"A1,drawn,2026-06-17T08:00:00Z,{drawn(10) + 1000}\n"
    (folder / "operator.csv").write_text("point,direction,start,wh\n" + row, encoding="utf-8")
    done = CliRunner().invoke(main, ["import", str(made.config), str(folder / "operator.csv"), "--by", "test"])
    assert done.exit_code == 0, done.output
    return made


def test_from_books_an_operators_value_against_ones_own_is_weighed_in_kwh_and_zl(tmp_path: Path) -> None:
    made = books(tmp_path)
    done = CliRunner().invoke(main, ["readings-of-law", str(made.config), "--month", "2026-06", "--json"])
    assert done.exit_code == 3, "one day of a month"
    found: dict[str, Any] = json.loads(done.stdout)
    rows = {row["setting"]: row for row in found["settings"]}
    [own] = rows["precedence"]["alternatives"]
    # Of 10:00 the farm's energy covers what the town hall drew by the operator too, and in 100 %: 1 kWh less with relief.
    assert injected(10) > drawn(10) + 1000
    assert own["difference"]["relieved_wh"] == -1000
    # 1 kWh less to pay for: 0.23 zł less a quarter of it. Each of the four sums is rounded to 0.01 zł.
    assert abs(Decimal(own["difference"]["charge_zl"]) + Decimal("0.1725")) <= Decimal("0.02")
    [binding] = rows["regime_status"]["alternatives"]
    assert (binding["relieved_wh"], binding["relief_zl"]) == (0, "0.00")
    assert found["dearest"]["reading"] == "regime_status = binding"

    text = CliRunner().invoke(main, ["readings-of-law", str(made.config), "--month", "2026-06"]).stdout
    assert f"binding: {found['current']['relieved_wh'] / 1000:.3f} kWh less with relief, members pay" in text
    assert "PL: Czy rozliczenie opiera się na danych operatora" in text
    assert "Changes nothing in this month: storage, storage_origin, storage_tracing (no storage)." in text


def test_an_owner_of_which_no_hour_is_complete_leaves_the_sums_of_all_others_known() -> None:
    points, regimes, _, periods = random_case(3)
    tables = tables_of(points, regimes, periods)
    starts = tables["periods"]["start"].to_pylist()
    late = {"point": "late", "member": next(iter(regimes)), "drawn": True, "injected": False, "res": False}
    late |= {"cluster": "T", "tariff": "", "regime": None, "storage": False, "valid_from": starts[-1]}
    tables["points"] = pa.concat_tables([tables["points"], pa.Table.from_pylist([late], tables["points"].schema)])
    told: list[str] = []
    found = compare_readings(Settings(), lambda chosen: settle(tables, chosen), tables, told.append)
    assert 0 < found["current"]["complete"] < found["current"]["periods"]
    assert found["current"]["charge_zl"] is not None
    assert told[0].startswith("1 of ")
    assert told[-1].startswith(f"{len(told)} of {len(told)}: "), "it tells how far it is"
