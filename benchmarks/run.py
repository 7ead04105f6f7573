"""Settlement runs into the register: a month of 1,000 points from CSV; a year of 10,000 points from Parquet energies.

Each in a process of its own, beside a bare pyarrow read of the same Parquet files. The year is measured with a quarter
and with half of the points too: it must grow no faster than they do. Beside the wall clock stands the processor's time
of all threads, which other programs on the machine change less. ``YEAR_POINTS`` and ``MONTHS`` change the sizes; the
output says how many months were measured, and nothing is reckoned from fewer to a year.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._month import MONTH
from central.tables import ENERGIES, labels
from metering.period import Month, months, utc_text

POINTS, BOTH = 1000, 10
"""Every tenth point injects too."""
YEAR = months(Month(2026, 1), Month(2026, int(os.environ.get("MONTHS", "12"))))
YEAR_POINTS = [int(one) for one in os.environ.get("YEAR_POINTS", "2500,5000,10000").split(",")]
MOST_POINTS = 10_000
"""Of the limit of the year."""
LIMIT_MONTH_S, LIMIT_YEAR_S, LIMIT_GB = 2.0, 30.0, 3.0
BARE = """
import sys, time
import pyarrow.parquet
begun = time.perf_counter()
rows = sum(pyarrow.parquet.read_table(one).num_rows for one in sys.argv[1:])
print(rows, time.perf_counter() - begun)
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="klaster-bench-") as folder:
        _month(Path(folder))
    took: dict[int, tuple[float, float]] = {}
    for points in YEAR_POINTS:
        with tempfile.TemporaryDirectory(prefix="klaster-bench-") as folder:
            took[points] = _year(Path(folder), points)
    for least, most in pairwise(YEAR_POINTS):
        wall, cpu = (more / less for less, more in zip(took[least], took[most], strict=True))
        print(
            f"  {least:,} → {most:,} points, {most / least:.2f} times as many: "
            f"wall {wall:.2f} times, processor {cpu:.2f} times"
        )


def _month(folder: Path) -> None:
    _cluster(folder, POINTS)
    random = np.random.default_rng(1)
    with (folder / "readings.csv").open("w", encoding="utf-8") as out:
        out.write("point,direction,start,wh\n")
        for period in MONTH.periods():
            start, values = utc_text(period.start), random.integers(0, 50_000, (POINTS, 2)).tolist()
            out.write("".join(f"P{i:05d},drawn,{start},{values[i][0]}\n" for i in range(POINTS)))
            out.write("".join(f"P{i:05d},injected,{start},{values[i][1]}\n" for i in range(0, POINTS, BOTH)))
    size = (folder / "readings.csv").stat().st_size / 1e6
    wall_s, cpu_s, gigabytes = _run(folder, [folder / "readings.csv"], [str(MONTH)] * 2)
    print(f"a run of a month of {POINTS:,} points from CSV ({size:.0f} MB), stored and on the disk:")
    print(
        f"  {wall_s:.2f} s wall ({wall_s / LIMIT_MONTH_S:.2f} of the limit of {LIMIT_MONTH_S:.0f} s), "
        f"{cpu_s:.2f} s of the processor, {gigabytes:.2f} GB"
    )


def _year(folder: Path, points: int) -> tuple[float, float]:
    """Gives the seconds by the wall clock and of the processor."""
    ids = _cluster(folder, points)
    random = np.random.default_rng(1)
    files = []
    for month in YEAR:
        files.append(folder / f"{month}.parquet")
        pq.write_table(_energies(ids, month, random), files[-1], compression="zstd")
    size = sum(file.stat().st_size for file in files) / 1e6
    bare = subprocess.run([sys.executable, "-c", BARE, *map(str, files)], capture_output=True, check=True, text=True)
    rows, read_s = int(bare.stdout.split()[0]), float(bare.stdout.split()[1])
    wall_s, cpu_s, gigabytes = _run(folder, files, [str(YEAR[0]), str(YEAR[-1])])
    stored = sum(file.stat().st_size for file in (folder / "register").rglob("*") if file.is_file()) / 1e6
    print(
        f"runs of {len(YEAR)} months of {points:,} points from Parquet, {rows:,} energies ({size:.0f} MB); "
        f"{stored:.0f} MB stored:"
    )
    limit_s = LIMIT_YEAR_S * points / MOST_POINTS * len(YEAR) / 12
    print(f"  {wall_s:.1f} s wall ({wall_s / limit_s:.2f} of {limit_s:.1f} s, its part of the limit of a year)")
    print(f"  {cpu_s:.1f} s of the processor, on {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
    print(f"  {gigabytes:.2f} GB peak ({gigabytes / LIMIT_GB:.2f} of the limit of {LIMIT_GB:.0f} GB)")
    print(f"  a bare pyarrow read of the same files: {read_s:.1f} s; the runs take {wall_s / read_s:.1f} times that")
    return wall_s, cpu_s


def _run(folder: Path, files: list[Path], span: list[str]) -> tuple[float, float, float]:
    command = [
        *(str(Path(sys.executable).with_name("klaster-central")), "run", "--kind", "preliminary"),
        *("--cluster", str(folder / "cluster.toml"), "--rates", str(folder / "rates.toml")),
        *("--register", str(folder / "register"), "--from", span[0], "--to", span[1]),
        *("--readings", *map(str, files)),
    ]
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - begun
    assert os.waitstatus_to_exitcode(status) == 0, "the run failed"
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def _cluster(folder: Path, points: int) -> list[str]:
    text = '[cluster]\nname = "Bench"\nregistered_from = 2024-10-01\n'
    text += "".join(f'[[members]]\nid = "M{i:03d}"\nkind = "company"\n' for i in range(100))
    ids = [f"P{i:05d}" for i in range(points)]
    for i, name in enumerate(ids):
        ways = '["drawn", "injected"]\nsource = "pv"' if i % BOTH == 0 else '["drawn"]'
        text += f'[[points]]\nid = "{name}"\nmember = "M{i % 100:03d}"\ntariff = "C11"\ndirections = {ways}\n'
    (folder / "cluster.toml").write_text(text, encoding="utf-8")
    rates = "".join(
        f'[[rates]]\ncomponent = "{component}"\nzl_per_kwh = "{price}"\n'
        for component, price in (("network_variable", "0.21"), ("quality", "0.03"), ("oze", "0.0073"), ("chp", "0.003"))
    )
    (folder / "rates.toml").write_text(rates, encoding="utf-8")
    return ids


def _energies(ids: list[str], month: Month, random: np.random.Generator) -> pa.Table:
    starts = np.array([int(period.start.timestamp()) for period in month.periods()])
    both = np.arange(0, len(ids), BOTH)
    point = np.concatenate([np.repeat(np.arange(len(ids)), len(starts)), np.repeat(both, len(starts))])
    way = np.concatenate([np.zeros(len(ids) * len(starts)), np.ones(len(both) * len(starts))])
    start = np.tile(starts, len(ids) + len(both))
    return pa.table(
        {
            "cluster": labels(["Bench"], np.zeros(len(point))),
            "point": labels(ids, point),
            "direction": labels(["drawn", "injected"], way),
            "start": pa.array(start).cast(ENERGIES.field("start").type),
            "wh": random.integers(0, 50_000, len(point)),
        },
        schema=ENERGIES,
    )
