from __future__ import annotations

import ast
from pathlib import Path

import pytest

import simulators

ROOT = Path(simulators.__file__).parent
PURE = [
    "curves",
    "world",
    "scenario",
    "reading",
    "ledger",
    "compare",
    "instrument",
    "storage",
    "devices/sdm630",
    "devices/iem3155",
    "devices/sunspec_inverter",
    "devices/gx_battery",
    "servers/modbus",
]
IMPURE = {"asyncio", "socket", "time", "os", "sqlite3", "logging", "subprocess"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("module", PURE)
def test_the_core_does_no_io_and_reads_no_clock(module: str) -> None:
    assert not {name.split(".")[0] for name in imported(ROOT / f"{module}.py")} & IMPURE


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_here_imports_the_programs_it_checks_or_their_libraries(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & {"gateway", "central", "pymodbus", "pyarrow"}
    from_metering = {name for name in imported(path) if name.startswith("metering")}
    assert from_metering <= {"metering.period", "metering.point", "metering.obis", "metering.stand"}
