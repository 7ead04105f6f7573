from __future__ import annotations

import ast
from pathlib import Path

import pytest

GATEWAY = Path(__file__).parents[2] / "gateway"
PURE = (
    "words",
    "observation",
    "counter",
    "boundary",
    "meter",
    "readout",
    "register_readout",
    "turns",
    "plan",
    "guard",
    "rtu_frames",
    "failure",
    "flights",
    "profile",
    "config",
)
BARRED = {"asyncio", "socket", "sqlite3", "logging", "time", "os", "structlog", "aiomqtt", "pymodbus", "random"}


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("name", PURE)
def test_the_pure_core_imports_nothing_of_the_world(name):
    assert not imports(GATEWAY / f"{name}.py") & BARRED


@pytest.mark.parametrize(
    "name",
    [
        "observation",
        "counter",
        "boundary",
        "readout",
        "register_readout",
        "sunspec_readout",
        "protocols/sunspec",
        "meter",
        "outbox",
        "recorder",
    ],
)
def test_energy_is_never_a_float(name):
    tree = ast.parse((GATEWAY / f"{name}.py").read_text(encoding="utf-8"))
    assert "float" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_tasks_are_started_by_the_service_alone():
    for file in GATEWAY.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name == "service.py":
            continue
        assert "create_task" not in text, file
        assert "TaskGroup" not in text, file
