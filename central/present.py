"""The present instant: of a configuration's clock, which may be simulated, else of the machine's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from central.config import load_config
from runtime import console
from runtime.clock import make_clock


def now_by(config_file: Path | None) -> datetime:
    """Now; a configuration that can't be used ends the program with its message."""
    with console.config_errors():
        return make_clock(None if config_file is None else load_config(config_file).clock).now()
