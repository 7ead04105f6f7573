"""A month with everything in it, for the tests of runs: zones, a storage, an industrial consumer, a point that is sold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from central.master import load_master
from central.rates import rates_path
from central.register.exporting import export
from central.register.from_files import FromFiles, runs_from_files
from central.register.keeping import Register
from central.register.making import Asked
from central.register.manifest import Kept, encode, read_manifest, sealed, sha256
from central.register.opening import ROW, open_run
from central.register.parcel import read_parcel, write_parcel
from metering.period import Month, utc_text

MONTH = Month(2026, 10)
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
CLUSTER = """
[cluster]
name = "Everything"
registered_from = 2024-10-01
[settings]
ratio_denominator = "gross"
regime_status = "binding"
ec_outcome = "compatible"
ec_outcome_date = 2026-10-11
industrial_order = "industrial_first"
[[members]]
id = "A"
kind = "gmina"
[[members]]
id = "B"
kind = "company"
[[members]]
id = "F"
kind = "company"
[[points]]
id = "A1"
member = "A"
tariff = "C12a"
directions = ["drawn"]
contract_amended = 2026-01-01
valid_to = 2026-10-20T13:00:00+02:00
[[points]]
id = "A1"
member = "B"
tariff = "C12a"
directions = ["drawn"]
contract_amended = 2026-01-01
valid_from = 2026-10-20T13:00:00+02:00
[[points]]
id = "B1"
member = "B"
tariff = "C11"
directions = ["drawn"]
contract_amended = 2026-01-01
[[points.industrial]]
industrial_pct = 60
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "pv"
[[points]]
id = "S1"
member = "F"
tariff = "C11"
directions = ["drawn", "injected"]
source = "storage"
contract_amended = 2026-01-01
"""
RATES = """
[[rates]]
component = "network_variable"
tariff = "C11"
zl_per_kwh = "0.2"
status = "verified"
source = "a test"
[[rates]]
component = "network_variable"
tariff = "C12a"
zone = "peak"
zl_per_kwh = "0.31"
[[rates]]
component = "network_variable"
tariff = "C12a"
zone = "off_peak"
zl_per_kwh = "0.11"
[[rates]]
component = "quality"
zl_per_kwh = "0.03"
[[rates]]
component = "oze"
zl_per_kwh = "0.0073"
[[rates]]
component = "chp"
zl_per_kwh = "0.003"
"""


def energies(change: int = 0) -> str:
    """The month's readings as CSV; ``change``: so many Wh more in one hour of B1."""
    rows = ["point,direction,start,wh"]
    for i, period in enumerate(MONTH.periods()):
        at, noon = utc_text(period.start), abs(i % 24 - 12)
        rows.append(f"A1,drawn,{at},{1000 + 7 * (i % 24)}")
        rows.append(f"B1,drawn,{at},{1500 + 11 * (i % 7) + (change if i == 400 else 0)}")
        rows.append(f"F1,injected,{at},{max(0, 4000 - 700 * noon)}")
        rows.append(f"S1,drawn,{at},{300 if noon < 2 else 0}")
        rows.append(f"S1,injected,{at},{170 if noon > 9 else 0}")
    return "\n".join(rows) + "\n"


PRELIMINARY = Asked(kind="preliminary")


def make_runs(
    folder: Path, change: int = 0, cluster: str = CLUSTER, rates: str = RATES, asked: Asked = PRELIMINARY
) -> str:
    """A run of the month into ``folder``/register; gives its name."""
    for name, text in (("cluster.toml", cluster), ("rates.toml", rates), ("readings.csv", energies(change))):
        (folder / name).write_text(text, encoding="utf-8")
    read, pricing = load_master(folder / "cluster.toml", [rates_path(str(folder / "rates.toml"), folder)])
    given = FromFiles(read, pricing, [folder / "readings.csv"], Register(folder / "register"))
    (made,) = runs_from_files(given, [MONTH], asked, NOW, lambda _: None)
    return made.run


def exported(folder: Path) -> dict[str, bytes]:
    """A run made there, as the files of its export."""
    name = make_runs(folder)
    export(open_run(folder / "register" / "runs" / name), folder / "run.klaster")
    files = read_parcel(memoryview((folder / "run.klaster").read_bytes()), "made")
    return {key: bytes(value) for key, value in files.items()}


def packed(files: dict[str, bytes]) -> bytes:
    """Files as one, with the checksums that a parcel has."""
    out = bytearray()

    class Sink:
        def write(self, data: bytes | memoryview) -> None:
            out.extend(data)

    write_parcel(files.items(), Sink())
    return bytes(out)


def resealed(files: dict[str, bytes], changed: dict[str, Kept]) -> dict[str, bytes]:
    """With every digest of ``run.json`` and its row made anew, as somebody would who changes files and hides it."""
    manifest = read_manifest(files["run.json"], "made")
    manifest.files.update(changed)
    content = encode(manifest)
    import msgspec

    from central.register.manifest import Entry

    row = msgspec.structs.replace(msgspec.json.decode(files[ROW], type=Entry), manifest=sha256(content))
    return {**files, "run.json": content, ROW: encode(sealed(row))}
