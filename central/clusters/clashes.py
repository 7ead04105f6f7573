"""What two configurations share that each cluster must have for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from central.config import CentralConfig


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that several clusters name as theirs."""

    what: str
    """``data_dir``, ``page``, ``topics``, ``store``, ``cluster file`` or ``key``."""
    value: str
    files: tuple[str, ...]
    """The configurations that name it."""
    way_out: str


_WAYS_OUT = {
    "data_dir": "give each its own central.data_dir: the second service doesn't start",
    "page": "give each its own web.port: the second service doesn't start",
    "topics": "give each its own broker.cluster: the second service takes nothing in",
    "store": "give each its own store.bucket: their figures would stand beside each other there",
    "cluster file": "give each its own central.cluster",
    "key": "give each its own broker.key (or username): the broker can't tell them apart",
}


def clashes(configs: Sequence[tuple[str, CentralConfig]]) -> list[Clash]:
    """All clashes among configurations, each given with its file."""
    named: dict[tuple[str, str], list[str]] = {}
    for file, config in configs:
        for key in _owned(config):
            named.setdefault(key, []).append(file)
    return [
        Clash(what=what, value=value, files=tuple(files), way_out=_WAYS_OUT[what])
        for (what, value), files in named.items()
        if len(files) > 1
    ]


def _owned(config: CentralConfig) -> Iterable[tuple[str, str]]:
    broker, store = config.broker, config.store
    yield "data_dir", str(config.data_dir.resolve())
    yield "page", f"{config.web.host}:{config.web.port}"
    yield "topics", f"{broker.topics.root} at {broker.host}:{broker.port}"
    yield "cluster file", str(config.cluster_file.resolve())
    if store.kind != "sqlite":
        yield "store", f"{store.url} {store.org} {store.bucket}"
    if broker.key or broker.username:
        yield "key", f"{broker.key or broker.username} at {broker.host}:{broker.port}"
