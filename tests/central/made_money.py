"""A month of one town hall that draws as much each hour, and a farm; for money that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from central.imports.klaster_csv import Readings
from central.master import load_master, master_tables
from central.settle_files import settle_month
from central.tables import BEHIND, ENERGIES
from metering.period import Month, utc_text
from tests.central.made_month import central

CLUSTER = """
[cluster]
name = "Test"
registered_from = 2024-10-01
[settings]
ec_outcome = "compatible"
ec_outcome_date = 2024-01-01
[[members]]
id = "A"
kind = "gmina"
[[members]]
id = "F"
kind = "company"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
tariff = "C12a"
operator = "Sieć S.A."
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "pv"
"""
PEAK = """
[[zones]]
tariff = "C12a"
{more}
source = "a test"
status = "{status}"
[[zones.windows]]
zone = "peak"
days = ["workdays"]
hours = ["8-11"]
[[zones.windows]]
zone = "off_peak"
days = ["workdays"]
hours = ["11-8"]
[[zones.windows]]
zone = "off_peak"
days = [{weekend}]
"""
FREE = PEAK.format(more="", status="verified", weekend='"weekend", "free"')
NOT_FREE = PEAK.format(more="", status="verified", weekend='"weekend"')
VERIFIED = 'source = "a test"\nstatus = "verified"\n'


def rate(component: str, price: str, more: str = "", status: str = VERIFIED) -> str:
    """A record of a rates file."""
    return f'[[rates]]\ncomponent = "{component}"\nzl_per_kwh = "{price}"\n{status}{more}\n'


def settled(folder: Path, month: Month, drawn: int, injected: int, *rates: str) -> dict[str, pa.Table]:
    """A month in which A1 draws and F1 injects so many Wh in each hour, by rates files that follow one another."""
    (folder / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    files = []
    for i, text in enumerate(rates):
        files.append(folder / f"rates-{i}.toml")
        files[-1].write_text(text, encoding="utf-8")
    cluster, pricing = load_master(folder / "cluster.toml", files)
    starts = [period.start for period in month.periods()]
    count = len(starts)
    energies = pa.table(
        {
            "cluster": ["Test"] * 2 * count,
            "point": ["A1"] * count + ["F1"] * count,
            "direction": ["drawn"] * count + ["injected"] * count,
            "start": starts * 2,
            "wh": [drawn] * count + [injected] * count,
        }
    ).cast(ENERGIES)
    readings = Readings(energies, BEHIND.empty_table(), energies.num_rows, 0, 0)
    return settle_month(cluster, master_tables(cluster, pricing), month, readings)


def charges(result: dict[str, pa.Table], *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the rows of charges."""
    return [tuple(row[name] for name in columns) for row in result["charges"].to_pylist()]


PRICES = "".join(
    rate(component, price)
    for component, price in (("network_variable", "0.2"), ("quality", "0.0331"), ("oze", "0.0073"), ("chp", "0.003"))
)


def make_run(
    folder: Path, month: Month, drawn: int, injected: int, rates: str = PRICES, cluster: str = CLUSTER, also: str = ""
) -> Path:
    """A preliminary run, from files, of the same month; ``also`` ("F1,drawn") has 100 Wh an hour; gives the register."""
    (folder / "cluster.toml").write_text(cluster, encoding="utf-8")
    (folder / "rates.toml").write_text(rates, encoding="utf-8")
    rows = ["point,direction,start,wh"]
    for period in month.periods():
        rows += [f"A1,drawn,{utc_text(period.start)},{drawn}", f"F1,injected,{utc_text(period.start)},{injected}"]
        rows += [f"{also},{utc_text(period.start)},100"] if also else []
    (folder / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    files = ("--rates", folder / "rates.toml", "--readings", folder / "readings.csv")
    register = folder / "register"
    central(
        *("run", "--cluster", folder / "cluster.toml", *files, "--month", str(month)),
        *("--kind", "preliminary", "--register", register),
    )
    return register
