"""A month of 1,000 points in both readings stores: written, read, settled and written back.

Beside InfluxDB stand a bare write and a bare read of the same rows through the same client, on the same server.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from benchmarks._month import MONTH, POINTS, batches, cluster_text
from central.balance import ratio_text
from central.books import Settled
from central.cluster import load_cluster
from central.energies import energies_of
from central.influx.lines import stand_line
from central.influx.server import InfluxServer
from central.intake_file import IntakeFile
from central.master import master_tables, periods_table
from central.operator_energies import OPERATED
from central.readings import ReadingsStore
from central.reports.summary import summarise
from central.settlement import settle
from central.stores.influxdb import InfluxStore
from central.stores.sqlite import SqliteStore
from central.write_back import settled_lines
from tests.influx import PROGRAM, Influxd

LIMIT = 0.5
"""Of the bare write and the bare read."""
T = TypeVar("T")


def run() -> None:
    if not PROGRAM.is_file():
        print("stores: there is no influxd; deploy/build-influxd builds it (needs Debian's golang-go)")
        return
    with tempfile.TemporaryDirectory(prefix="klaster-bench-") as name:
        folder = Path(name)
        server = Influxd(folder / "influxd")
        server.start()
        try:
            _measure(folder, server)
        finally:
            server.stop()


def _measure(folder: Path, server: Influxd) -> None:
    rows = sum(len(batch) for batch in batches())
    print(f"a month of {POINTS:,} points, {rows:,} stands:")
    bare = InfluxServer(server.settings)
    bare_write = 0.0
    embedded, influx = SqliteStore(folder / "readings.sqlite"), InfluxStore(server.settings, folder / "intake.sqlite")
    sqlite_s = fresh_s = 0.0
    for batch in batches():
        sqlite_s += _timed(lambda batch=batch: embedded.admit(batch, [], 1))[0]
        lines = [stand_line("bare", entry) for entry in batch]
        bare_s, _ = _timed(lambda lines=lines: bare.write(lines))
        bare_write += bare_s
        fresh_s += _timed(lambda batch=batch: influx.admit(batch, [], 1))[0]
    print(f"  SQLite: {rows / sqlite_s:,.0f} stands/s admitted")
    print(f"  InfluxDB, a bare write of the same lines: {rows / bare_write:,.0f}/s")
    _against("  InfluxDB, admitted, written and first values kept", rows, fresh_s, bare_write)
    file = IntakeFile(folder / "behind.sqlite")
    behind = InfluxStore(server.settings, folder / "behind.sqlite")
    again_s = 0.0
    for batch in batches():
        file.admit(batch, [], 1)
        again_s += _timed(lambda batch=batch: behind.admit(batch, [], 1))[0]
    _against("  InfluxDB, catching up with what was admitted before", rows, again_s, bare_write)

    first, last = MONTH.start, MONTH.end
    window = (first, first + timedelta(days=31) - timedelta(seconds=1))
    chosen = '(r._field == "text" or (r._field == "wh" and r.whole == "1"))'
    columns = ("_time", "_value", "meter", "register", "epoch", "gateway", "quality")
    flux = influx._flux(window, chosen, columns)
    raw_s, size = min(_timed(lambda: len(bare._query_api.query_raw(flux).data)) for _ in range(3))
    read_s, table = min((_timed(lambda: influx.values(*window)) for _ in range(3)), key=lambda found: found[0])
    print(f"  InfluxDB, a bare read of the same rows: {raw_s:.2f} s, {size / 1e6:.0f} MB")
    _against("  InfluxDB, read as a table", table.num_rows, read_s, raw_s)
    times = {}
    for title, store in (("SQLite", embedded), ("InfluxDB", influx)):
        times[title], settled = _timed(lambda store=store: _settled(folder, store, first, last))
        read = _timed(lambda store=store: store.values(first, last))[0]
        print(f"  {title}: read and settled in {times[title]:.2f} s, of which reading {read:.2f} s")
    print(f"  InfluxDB takes {times['InfluxDB'] / times['SQLite']:.2f} times what SQLite takes")
    total_s, lines = _timed(lambda: [text for _, texts in settled_lines(settled, last) for text in texts])
    write_s, _ = _timed(lambda: bare.write(lines))
    _against(
        f"  InfluxDB, {len(lines):,} lines of figures made and written back", len(lines), total_s + write_s, write_s
    )
    print(f"  settled and written back in {times['InfluxDB'] + total_s + write_s:.1f} s")


def _against(title: str, rows: int, took_s: float, bare_s: float) -> None:
    ratio = bare_s / took_s
    print(f"{title}: {rows / took_s:,.0f}/s, {ratio:.2f} of bare (goal {LIMIT}{'' if ratio >= LIMIT else ', MISSED'})")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def _settled(folder: Path, store: ReadingsStore, first: datetime, last: datetime) -> Settled:
    file = folder / "cluster.toml"
    file.write_text(cluster_text(), encoding="utf-8")
    cluster = load_cluster(file)
    master = master_tables(cluster, [])
    found: dict[str, Any] = energies_of({**master, "stands": store.values(first, last)})
    tables: dict[str, pa.Table] = {
        **master,
        "periods": periods_table(cluster, MONTH),
        "energies": found.pop("energies"),
    }
    own, operator = tables["energies"], OPERATED.empty_table()
    found |= {"own": own, "operator": operator, "rounding": {"rounded": 0, "rounded_micro_wh": 0}}
    result = settle(tables, cluster.settings)
    complete = result["hours"]["status"].to_pylist().count("complete")
    assert complete == len(MONTH.periods()), f"{complete} complete hours; {ratio_text(complete, 1)}"
    return Settled(cluster, MONTH, tables, **found, **result, summary=summarise(cluster, [result]))
