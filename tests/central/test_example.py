"""The example in docs/example uses every key, and settles."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec

from central.cluster.columns import SHEETS
from central.cluster.flat import rows_of
from central.rates import Rate, Vat
from central.zones import Calendar, Window

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "example"


def test_the_example_uses_every_key_and_every_key_is_documented() -> None:
    cluster = rows_of(tomllib.loads((EXAMPLE / "cluster.toml").read_text(encoding="utf-8")))
    keys = {"members", "points"}
    for name, sheet in SHEETS.items():
        used = {column for row in cluster[name] for column in row}
        assert used == set(sheet.header) or name == "validation", name
        keys |= set(sheet.columns) | {name} if name != "validation" else set()
    assert undocumented(keys, "cluster.md") == set()


def test_the_example_uses_every_key_of_rates_and_each_is_documented() -> None:
    read = tomllib.loads((EXAMPLE / "rates.toml").read_text(encoding="utf-8"))
    windows = [window for calendar in read["zones"] for window in calendar["windows"]]
    tables = {Rate: read["rates"], Vat: read["vat"], Calendar: read["zones"], Window: windows}
    for table, rows in tables.items():
        fields = {field.name for field in msgspec.structs.fields(table)}
        # Of VAT only one row is needed, and it is open.
        assert set().union(*rows) == fields - ({"valid_to"} if table is Vat else set()), table
        assert undocumented(fields - {"windows"}, "money.md") == set(), table


def undocumented(keys: set[str], page: str) -> set[str]:
    documented = (DOCS / page).read_text(encoding="utf-8")
    return {key for key in keys if f"`{key}`" not in documented and f"[{key}]" not in documented}


def test_the_example_settles(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "central",
        "settle",
        "--cluster",
        EXAMPLE / "cluster.toml",
        "--rates",
        EXAMPLE / "rates.toml",
    ]
    command += ["--month", "2026-10", "--out", tmp_path, "--readings", *sorted(EXAMPLE.glob("readings*.csv"))]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "745 of 745 hours" in done.stdout
