"""How each of several clusters is, from its own files alone; none is asked for another's."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from central.cluster import load_cluster
from central.config import CentralConfig
from central.finding import WEIGHTS
from central.findings_file import FindingsFile
from central.gateways import GatewayTable
from central.opened import open_admitted
from central.sqlite_file import has_table
from metering.period import Month
from runtime.config import ConfigError


class ClusterState(msgspec.Struct, frozen=True, kw_only=True):
    """One row; what can't be known is null, and ``trouble`` says why."""

    file: str
    cluster: str | None = None
    """Its name in the cluster file."""
    topics: str | None = None
    data_dir: str | None = None
    page: str | None = None
    running: bool | None = None
    """Whether a service holds the data folder now."""
    month: str | None = None
    """The present local month."""
    last_reading: datetime | None = None
    """The newest stand's instant (UTC)."""
    gateways: int | None = None
    online: int | None = None
    findings: dict[str, int] = {}
    """Open records by weight, as last recorded; empty where no service has looked yet."""
    trouble: str = ""


def cluster_state(file: Path, config: CentralConfig, now: datetime) -> ClusterState:
    """Look at one cluster's files, beside a running service or without one."""
    state = ClusterState(
        file=str(file),
        topics=config.broker.topics.root,
        data_dir=str(config.data_dir),
        page=f"{config.web.host}:{config.web.port}",
        month=str(Month.of(now)),
    )
    try:
        gateways = _gateways(config)
        return msgspec.structs.replace(
            state,
            cluster=load_cluster(config.cluster_file).name,
            running=_running(config.data_dir / "lock"),
            last_reading=_last_reading(config),
            gateways=len(gateways),
            online=sum(gateways),
            findings=_findings(config),
        )
    except (ConfigError, OSError, sqlite3.Error) as error:
        return msgspec.structs.replace(state, trouble=str(error))


def _running(lock: Path) -> bool:
    """Whether a process holds the lock; seen from the kernel's table, since to try it would get in a service's way."""
    try:
        found = lock.stat()
    except FileNotFoundError:
        return False
    mark = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    return any(
        words[1] == "FLOCK" and words[5] == mark
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()
        if len(words := line.split()) > 5 and words[1] != "->"
    )


def _last_reading(config: CentralConfig) -> datetime | None:
    try:
        store = open_admitted(config)
    except FileNotFoundError:
        return None
    try:
        return max((meter.last for meter in store.meters()), default=None)
    finally:
        store.close()


def _gateways(config: CentralConfig) -> list[bool]:
    """Of each that was ever heard whether it is online."""
    if not config.gateways.exists():
        return []
    table = GatewayTable(config.gateways, read_only=True)
    try:
        return [seen.status is not None and seen.status.online for seen in table.all()]
    finally:
        table.close()


def _findings(config: CentralConfig) -> dict[str, int]:
    if not has_table(config.findings_file, "looks"):
        return {}
    counts = dict.fromkeys(WEIGHTS, 0)
    file = FindingsFile(config.findings_file, read_only=True)
    try:
        for record in file.records(closed=False):
            counts[record.finding.weight] += 1
    finally:
        file.close()
    return counts
