"""Central's configuration: TOML, all problems at once; paths in it are relative to its file."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from central.rates import rates_path
from runtime.broker import BrokerSettings, beside, broker_problems, is_loopback
from runtime.clock import SimulationSettings
from runtime.config import ConfigError, Problem, load
from runtime.log import LogSettings

WHOSE: Final = "cluster.id"
"""The file of a data folder that says whose it is."""


class CentralTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[central]``."""

    data_dir: str
    """Folder of the journal and of central's other databases."""
    cluster: str
    """The cluster file; read again whenever it changes."""
    rates: str | tuple[str, ...] = ""
    """Files of rates and names of rates that ship, the later over the earlier; without any, money stays empty."""


class WebTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[web]``."""

    host: str = "127.0.0.1"
    """Loopback only: there are no logins yet."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080


StoreKind = Literal["sqlite", "influxdb"]


class StoreTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[store]``: where the readings are kept."""

    kind: StoreKind = "sqlite"
    url: str = ""
    """The InfluxDB server; plain http only to this machine."""
    org: str = "-"
    """The organisation of a 2.x server; 1.8 has none."""
    bucket: str = ""
    """The bucket of a 2.x server; ``database/retention_policy`` of 1.8."""
    token_file: str = ""
    """File whose first line is the token (``user:password`` for 1.8); a token never stands in a configuration."""
    ca: str = ""
    """File with the authority that signed the server's certificate; absent, the well-known ones."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 10
    """How long the server may be silent."""
    write_back_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    """How often balance, shares, completeness and gateways are written back, if they changed (real seconds)."""


class FindingsTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[findings]``."""

    every_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 30
    """How often the service looks for findings and records them (real seconds)."""


class IntakeTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[intake]``: what each gateway may send; what is beyond gets no receipt, so an honest one keeps it.

    A gateway of 128 registers and quarters of an hour sends 0.2 MB in 512 messages an hour.
    """

    gateway_mb_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 64
    """So many MiB an hour adds to what a gateway may send …"""
    gateway_messages_per_hour: Annotated[int, msgspec.Meta(ge=100, le=100_000_000)] = 20_000
    """… and so many messages."""
    saved_hours: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    """What it doesn't use is saved for so many hours: 4 GiB, twice all that the largest gateway holds of 450 days."""


class CompletenessTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[completeness]``."""

    request: bool = True
    """Whether the service asks gateways by itself for what is missing and they may still hold."""


class CentralConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A central configuration as read; paths are absolute or relative to the working directory."""

    central: CentralTable
    broker: BrokerSettings = BrokerSettings()
    web: WebTable = WebTable()
    store: StoreTable = StoreTable()
    findings: FindingsTable = FindingsTable()
    completeness: CompletenessTable = CompletenessTable()
    intake_limits: IntakeTable = msgspec.field(default=IntakeTable(), name="intake")
    clock: SimulationSettings | None = None
    log: LogSettings = LogSettings()

    @property
    def data_dir(self) -> Path:
        """Folder of central's databases."""
        return Path(self.central.data_dir)

    @property
    def whose(self) -> Path:
        """The file that says whose books the folder holds: the cluster's level of the topics."""
        return self.data_dir / WHOSE

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.data_dir / "journal.sqlite"

    @property
    def readings(self) -> Path:
        """The embedded readings store's file."""
        return self.data_dir / "readings.sqlite"

    @property
    def intake(self) -> Path:
        """The file of what was admitted, beside a store on a server."""
        return self.data_dir / "intake.sqlite"

    @property
    def files(self) -> Path:
        """The archive of operators' files."""
        return self.data_dir / "files.sqlite"

    @property
    def written(self) -> Path:
        """The file of what was written back to the server."""
        return self.data_dir / "written.sqlite"

    @property
    def gateways(self) -> Path:
        """The file of what gateways last said."""
        return self.data_dir / "gateways.sqlite"

    @property
    def findings_file(self) -> Path:
        """The file of recorded findings."""
        return self.data_dir / "findings.sqlite"

    @property
    def estimates(self) -> Path:
        """The file of estimates."""
        return self.data_dir / "estimates.sqlite"

    @property
    def clocks(self) -> Path:
        """The file of what the journal tells of gateways' clocks."""
        return self.data_dir / "clocks.sqlite"

    @property
    def conditions(self) -> Path:
        """The file of what the conditions of art. 184l rest on, and of the last verdicts."""
        return self.data_dir / "conditions.sqlite"

    @property
    def requests(self) -> Path:
        """The file of what gateways were asked to send again."""
        return self.data_dir / "requests.sqlite"

    @property
    def gaps(self) -> Path:
        """The file of which gaps gateways were asked for."""
        return self.data_dir / "gaps.sqlite"

    @property
    def register(self) -> Path:
        """The folder of the register of settlement runs."""
        return self.data_dir / "register"

    @property
    def cluster_file(self) -> Path:
        """The cluster file."""
        return Path(self.central.cluster)

    @property
    def rates_files(self) -> tuple[Path, ...]:
        """The files of rates, if any."""
        words = (self.central.rates,) if isinstance(self.central.rates, str) else self.central.rates
        return tuple(Path(word) for word in words if word)


def load_config(path: Path) -> CentralConfig:
    """Read a configuration.

    Raises:
        ConfigError: with every problem in it.
    """
    config = load(path, CentralConfig)
    file = str(path)
    broker = beside(config.broker, path.parent)
    problems = broker_problems(broker, file)
    if not is_loopback(config.web.host):
        said = "only this machine (127.0.0.1) may be named: there are no logins yet"
        problems.append(Problem(file, "web.host", f'"{config.web.host}"', said))
    here = path.parent
    problems += _whose_problems(here / config.central.data_dir, broker.cluster, file)
    store = config.store
    if store.token_file:
        store = msgspec.structs.replace(store, token_file=str(here / store.token_file))
    if store.ca:
        store = msgspec.structs.replace(store, ca=str(here / store.ca))
    if store.kind == "influxdb":
        problems += store_problems(store, file)
    if problems:
        raise ConfigError(problems)
    table = config.central
    return msgspec.structs.replace(
        config,
        broker=broker,
        store=store,
        central=CentralTable(
            data_dir=str(here / table.data_dir),
            cluster=str(here / table.cluster),
            rates=_rates_paths(table.rates, here, file),
        ),
    )


def _whose_problems(data_dir: Path, cluster: str, file: str) -> list[Problem]:
    """A folder that another cluster of this machine keeps its books in is nobody else's."""
    try:
        whose = (data_dir / WHOSE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return []
    if whose == cluster:
        return []
    other, mine = (f"cluster {one!r}" if one else "a cluster without a name" for one in (whose, cluster))
    said = f"holds the books of {other}, and broker.cluster says {mine}: give each cluster a folder of its own"
    return [Problem(file, "central.data_dir", str(data_dir), f"{said} (or, if it was renamed, correct {WHOSE} in it)")]


def _rates_paths(rates: str | tuple[str, ...], here: Path, file: str) -> tuple[str, ...]:
    words = (rates,) if isinstance(rates, str) else rates
    try:
        return tuple(str(rates_path(word, here)) for word in words if word)
    except ConfigError as error:
        raise ConfigError(
            [msgspec.structs.replace(one, file=file, key="central.rates") for one in error.problems]
        ) from error


def store_problems(store: StoreTable, file: str) -> list[Problem]:
    """What forbids the use of an InfluxDB server with these settings."""
    found = [
        Problem(file, f"store.{key}", "", "is missing: an InfluxDB store needs it")
        for key in ("url", "bucket", "token_file")
        if not getattr(store, key)
    ]
    if store.url:
        found += [Problem(file, "store.url", "", said) for said in _url_problems(store.url)]
    if store.token_file:
        try:
            said = "" if _first_line(Path(store.token_file)) else "is empty: its first line is the token"
        except OSError:
            said = "no such file, or it can't be read"
        except UnicodeDecodeError:
            said = "isn't UTF-8"
        found += [Problem(file, "store.token_file", store.token_file, said)] if said else []
    if store.ca:
        try:
            ssl.create_default_context(cafile=store.ca)
        except OSError as error:  # of which ssl.SSLError is one
            found.append(Problem(file, "store.ca", store.ca, f"no certificates can be read from it: {error.strerror}"))
    return found


def _url_problems(url: str) -> list[str]:
    """Never shows the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ["isn't a URL like https://influx.example:8086"]
    if parts.scheme not in {"http", "https"} or not host:
        return ["expected https://host:port"]
    if parts.username or parts.password:
        return ["holds a user or password: those belong into token_file"]
    if parts.query or parts.fragment:
        return ["expected https://host:port, without query or fragment"]
    if parts.scheme == "http" and not is_loopback(host):
        return [f"plain http only to this machine, not to {host}: use https"]
    return []


def token(store: StoreTable) -> str:
    """The token from its file.

    Raises:
        OSError: the file can't be read.
    """
    return _first_line(Path(store.token_file))


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
