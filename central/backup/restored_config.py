"""The configuration that makes a backup work where it was unpacked, without anything of the machine it is from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from central.config import CentralConfig

_HEAD = """\
# Of a backup: all paths are relative to this file. central.toml.original is what it was made with.
# Certificates, keys and passwords are in no backup: before serve, put them in place and [broker] as it was.
"""
_INFLUXDB = """\
# The readings were on an InfluxDB server. Here they are made again in one SQLite file:
#   klaster-central rebuild central.toml
"""


def restored_config(config: CentralConfig, cluster: str, rates: Sequence[str]) -> str:
    """Its text; ``cluster`` and ``rates`` are the files' names in the backup."""
    tables: dict[str, dict[str, Any]] = {
        "central": {"data_dir": "data", "cluster": cluster, "rates": list(rates)},
        "web": msgspec.to_builtins(config.web),
        "findings": msgspec.to_builtins(config.findings),
        "completeness": msgspec.to_builtins(config.completeness),
        "log": msgspec.to_builtins(config.log),
    }
    if config.broker.cluster:
        tables["broker"] = {"cluster": config.broker.cluster}
    if config.clock is not None:
        tables["clock"] = msgspec.to_builtins(config.clock, builtin_types=(datetime,))
    head = _HEAD if config.store.kind == "sqlite" else _HEAD + _INFLUXDB
    return head + "".join(_table(name, rows) for name, rows in tables.items())


def _table(name: str, rows: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}\n" for key, value in rows.items() if value is not None]
    return "".join([f"\n[{name}]\n", *lines])


def _value(value: object) -> str:
    # JSON's strings, numbers, booleans and lists of them are TOML's too.
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
