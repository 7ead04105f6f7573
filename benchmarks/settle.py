"""A year of 1,000 points settled from files, outputs included, beside a bare pyarrow read of the same files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from metering.period import Month, months, utc_text

POINTS = 1000
LIMIT_S = 45.0
BARE = """
import sys, time
import pyarrow.csv
begun = time.perf_counter()
print(pyarrow.csv.read_csv(sys.argv[1]).num_rows, time.perf_counter() - begun)
"""
LIMIT_GB = 2.0


def run() -> None:
    for share_both in (10, 1):
        with tempfile.TemporaryDirectory(prefix="klaster-bench-") as folder:
            _measure(Path(folder), share_both)


def _measure(folder: Path, share_both: int) -> None:
    rows = _make(folder, share_both)
    size = (folder / "readings.csv").stat().st_size / 1e6
    # In a process of its own: a child's peak begins with its parent's.
    bare = subprocess.run([sys.executable, "-c", BARE, str(folder / "readings.csv")], capture_output=True, check=True)
    counted, read_s = int(bare.stdout.split()[0]), float(bare.stdout.split()[1])
    assert counted == rows
    command = [
        str(Path(sys.executable).with_name("klaster-central")),
        "settle",
        "--cluster",
        str(folder / "cluster.toml"),
    ]
    command += [
        "--from",
        "2026-01",
        "--to",
        "2026-12",
        "--readings",
        str(folder / "readings.csv"),
        "--out",
        str(folder / "out"),
    ]
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - begun
    assert os.waitstatus_to_exitcode(status) == 0, "the settlement failed"
    gigabytes = usage.ru_maxrss * 1024 / 1e9
    print(f"settle a year of {POINTS} points, {rows:,} readings ({size:.0f} MB), three files written:")
    print(f"  {wall_s:.1f} s wall ({wall_s / LIMIT_S:.2f} of the limit of {LIMIT_S:.0f} s)")
    print(f"  {gigabytes:.2f} GB peak ({gigabytes / LIMIT_GB:.2f} of the limit of {LIMIT_GB:.0f} GB)")
    print(
        f"  a bare pyarrow read of the same file: {read_s:.1f} s; the settlement takes {wall_s / read_s:.1f} times that"
    )


def _make(folder: Path, share_both: int) -> int:
    """A cluster in which every ``share_both``-th point injects too; gives the number of readings."""
    ids = [f"P{i:04d}" for i in range(POINTS)]
    text = '[cluster]\nname = "Bench"\nregistered_from = 2024-10-01\n'
    text += "".join(f'[[members]]\nid = "M{i:03d}"\nkind = "company"\n' for i in range(100))
    for i, name in enumerate(ids):
        ways = '["drawn", "injected"]\nsource = "pv"' if i % share_both == 0 else '["drawn"]'
        text += f'[[points]]\nid = "{name}"\nmember = "M{i % 100:03d}"\ntariff = "C11"\ndirections = {ways}\n'
    (folder / "cluster.toml").write_text(text, encoding="utf-8")
    random = np.random.default_rng(1)
    count = 0
    with (folder / "readings.csv").open("w", encoding="utf-8") as out:
        out.write("point,direction,start,wh\n")
        for month in months(Month(2026, 1), Month(2026, 12)):
            for period in month.periods():
                start = utc_text(period.start)
                values = random.integers(0, 50_000, (POINTS, 2)).tolist()
                lines = [f"{name},drawn,{start},{values[i][0]}\n" for i, name in enumerate(ids)]
                lines += [
                    f"{name},injected,{start},{values[i][1]}\n" for i, name in enumerate(ids) if i % share_both == 0
                ]
                out.write("".join(lines))
                count += len(lines)
    return count
