"""A month in books and in files for the tests of the register: a town hall that draws, a farm that injects, September."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from metering.period import Month, utc_text
from metering.wire import StandOnWire
from tests.central.made_books import EXPORT, IMPORT, Made, make_books, stand

MONTH = Month(2026, 9)
SEAT = """
[clock]
start = 2026-10-02T10:00:00Z
real_start = 2035-01-01T00:00:00Z
speed = 1
"""
"""The clock stands still: after the month."""
RATES = """
[[rates]]
component = "network_variable"
zl_per_kwh = "0.2"
status = "verified"
source = "a test"
[[rates]]
component = "quality"
zl_per_kwh = "0.03"
status = "unverified"
[[rates]]
component = "oze"
zl_per_kwh = "0.0073"
[[rates]]
component = "chp"
zl_per_kwh = "0.003"
"""


def drawn(i: int) -> int:
    """What the town hall draws in the month's hour ``i``, Wh."""
    return 1000 + 7 * (i % 24)


def injected(i: int) -> int:
    """What the farm injects, Wh."""
    return max(0, 2000 - 300 * abs(i % 24 - 12))


def month_stands(without: Iterable[tuple[str, int]] = ()) -> list[StandOnWire]:
    """The stands of the month; ``without``: the meter and the place of the full hour of which there is none."""
    starts = [period.start for period in MONTH.periods()]
    found, import_wh, export_wh = [], 0, 10**9
    for i, at in enumerate([*starts, starts[-1] + timedelta(hours=1)]):
        found += [stand("M1", IMPORT, at, import_wh)] * (("M1", i) not in without)
        found += [stand("M2", EXPORT, at, export_wh)] * (("M2", i) not in without)
        import_wh += drawn(i)
        export_wh += injected(i)
    return found


def hour(i: int) -> datetime:
    """The month's full hour ``i``."""
    return MONTH.start + timedelta(hours=i)


def make_month(folder: Path, without: Iterable[tuple[str, int]] = ()) -> Made:
    """Books with the month's stands, rates, and a clock that stands on 2 October."""
    made = make_books(folder)
    (folder / "rates.toml").write_text(RATES, encoding="utf-8")
    text = made.config.read_text(encoding="utf-8").replace(
        'cluster = "cluster.toml"\n', 'cluster = "cluster.toml"\nrates = "rates.toml"\n'
    )
    made.config.write_text(text + SEAT, encoding="utf-8")
    made.keep(month_stands(without))
    return made


def make_files(folder: Path, name: str = "Test", lacking: int | None = None) -> list[str]:
    """Cluster, rates and readings as files; gives the options that name them. ``lacking``: an hour without a value."""
    made = make_books(folder)
    text = (folder / "cluster.toml").read_text(encoding="utf-8").replace("Klaster <Test>", name)
    (folder / "cluster.toml").write_text(text, encoding="utf-8")
    (folder / "rates.toml").write_text(RATES, encoding="utf-8")
    rows = ["point,direction,start,wh"]
    for i, period in enumerate(MONTH.periods()):
        if i != lacking:
            rows.append(f"A1,drawn,{utc_text(period.start)},{drawn(i)}")
        rows.append(f"F1,injected,{utc_text(period.start)},{injected(i)}")
    (folder / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    made.config.unlink()
    return [
        *("--cluster", str(folder / "cluster.toml"), "--rates", str(folder / "rates.toml")),
        *("--readings", str(folder / "readings.csv"), "--register", str(folder / "register")),
    ]


def central(*words: str | Path, code: int = 0, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run ``klaster-central``; gives what it printed, and fails with it where the exit code is another."""
    command = [str(Path(sys.executable).with_name("klaster-central")), *map(str, words)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=os.environ | {"NO_COLOR": "1"} if env is None else env,
    )
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def asked(*words: str | Path, code: int = 0) -> Any:
    """The same with ``--json``."""
    return json.loads(central(*words, "--json", code=code))
