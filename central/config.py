"""Central's configuration: TOML, all problems at once; paths in it are relative to its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from runtime.broker import BrokerSettings, broker_problems, is_loopback
from runtime.clock import SimulationSettings
from runtime.config import ConfigError, Problem, load
from runtime.log import LogSettings


class CentralTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[central]``."""

    data_dir: str
    """Folder of journal.sqlite, readings.sqlite and gateways.sqlite."""
    cluster: str
    """The cluster file; read again whenever it changes."""
    rates: str = ""
    """The rates; without them money stays empty."""


class WebTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[web]``."""

    host: str = "127.0.0.1"
    """Loopback only: there are no logins yet."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080


class CentralConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A central configuration as read; paths are absolute or relative to the working directory."""

    central: CentralTable
    broker: BrokerSettings = BrokerSettings()
    web: WebTable = WebTable()
    clock: SimulationSettings | None = None
    log: LogSettings = LogSettings()

    @property
    def data_dir(self) -> Path:
        """Folder of central's databases."""
        return Path(self.central.data_dir)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.data_dir / "journal.sqlite"

    @property
    def readings(self) -> Path:
        """The embedded readings store's file."""
        return self.data_dir / "readings.sqlite"

    @property
    def gateways(self) -> Path:
        """The file of what gateways last said."""
        return self.data_dir / "gateways.sqlite"

    @property
    def cluster_file(self) -> Path:
        """The cluster file."""
        return Path(self.central.cluster)

    @property
    def rates_file(self) -> Path | None:
        """The rates file, if any."""
        return Path(self.central.rates) if self.central.rates else None


def load_config(path: Path) -> CentralConfig:
    """Read a configuration.

    Raises:
        ConfigError: with every problem in it.
    """
    config = load(path, CentralConfig)
    file = str(path)
    problems = broker_problems(config.broker, file)
    if not is_loopback(config.web.host):
        said = "only this machine (127.0.0.1) may be named: there are no logins yet"
        problems.append(Problem(file, "web.host", f'"{config.web.host}"', said))
    if problems:
        raise ConfigError(problems)
    here = path.parent
    table = config.central
    return msgspec.structs.replace(
        config,
        central=CentralTable(
            data_dir=str(here / table.data_dir),
            cluster=str(here / table.cluster),
            rates=str(here / table.rates) if table.rates else "",
        ),
    )
