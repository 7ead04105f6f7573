"""The matrix is printed whether or not output is captured."""

from __future__ import annotations

import pytest

from tests.faults.table import ROWS, lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        terminalreporter.section("fault matrix: stands and hours")
        for line in lines():
            terminalreporter.write_line(line)
