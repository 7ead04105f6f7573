"""A year of 1,000 points validated, month by month as the service does, each month with the weeks around it."""

from __future__ import annotations

import os
import subprocess
import sys

POINTS, LIMIT_S, LIMIT_GB = 1000, 30.0, 2.0
BOTH = 10
"""Every tenth point injects too."""

WORK = """
import sys, time
from datetime import UTC, datetime
import numpy as np, pyarrow as pa
from central.cluster import cluster_of
from central.limits import Limits
from central.master import master_tables
from central.point_facts import point_facts
from central.series import AROUND, make_series
from central.tables import ENERGIES, INSTANT, labels
from central.validation import validate
from metering.period import Month, months

points, both = int(sys.argv[1]), int(sys.argv[2])
names = [f"P{i:04d}" for i in range(points)]
injecting = set(names[::both])
rows = [
    {"id": name, "member": "M", "directions": ["drawn", "injected"], "source": "pv", "contracted_kw": 60}
    if name in injecting else {"id": name, "member": "M", "directions": ["drawn"], "contracted_kw": 60}
    for name in names
]
cluster = cluster_of(
    {"cluster": {"name": "Bench", "registered_from": datetime(2024, 10, 1).date()}, "members": [{"id": "M"}],
     "points": rows}, "bench")
master, facts, random = master_tables(cluster, ()), point_facts(cluster), np.random.default_rng(1)
ways = [("drawn", names), ("injected", sorted(injecting))]

def energies(month):
    first, last = (int((at + around).timestamp()) for at, around in ((month.start, -AROUND), (month.end, AROUND)))
    starts = np.arange(first, last, 3600)
    parts = []
    for way, who in ways:
        # A year's noise over a daily curve; a value of a hundred is missing, and one of ten thousand ten times as high.
        hour = starts // 3600 % 24
        sun, load = np.maximum(0, 900 - 150 * abs(hour - 11)), 800 + 400 * np.cos((hour - 12) * np.pi / 12)
        curve = load if way == "drawn" else sun
        wh = (curve[:, None] * random.uniform(0.7, 1.3, (len(starts), len(who)))).astype(np.int64)
        wh[random.random(wh.shape) < 1e-4] *= 10
        t, p = np.nonzero(random.random(wh.shape) > 0.01)
        parts.append(pa.table({
            "cluster": labels(["Bench"], np.zeros(len(t), dtype=np.int64)), "point": labels(who, p),
            "direction": labels([way], np.zeros(len(t), dtype=np.int64)),
            "start": pa.array(starts[t]).cast(INSTANT), "wh": pa.array(wh[t, p])}, schema=ENERGIES))
    return pa.concat_tables(parts).unify_dictionaries()

spent, told = 0.0, 0
for month in months(Month(2026, 1), Month(2026, 12)):
    made = energies(month)
    begun = time.perf_counter()
    series = make_series(month, datetime(2027, 3, 1, tzinfo=UTC), {**master, "measured": made}, facts, Limits())
    told += sum(1 for _ in validate(series))
    spent += time.perf_counter() - begun
    del series, made
print(spent, told)
"""


def run() -> None:
    child = subprocess.Popen([sys.executable, "-c", WORK, str(POINTS), str(BOTH)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the validation failed"
    seconds, findings = float(said.split()[0]), int(said.split()[1])
    gigabytes = usage.ru_maxrss * 1024 / 1e9
    print(f"validate a year of {POINTS} points, {findings} findings:")
    print(f"  {seconds:.1f} s ({seconds / LIMIT_S:.2f} of the limit of {LIMIT_S:.0f} s)")
    print(f"  {gigabytes:.2f} GB peak, making the year included ({gigabytes / LIMIT_GB:.2f} of {LIMIT_GB:.0f} GB)")
