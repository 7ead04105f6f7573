"""What of another configuration a running gateway can't take over. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.config import GatewayConfig

_GATEWAY_KEYS: Final = ("id", "data_dir", "live_every_s", "runtime_dir")
_TABLES: Final = ("broker", "clock", "log", "metrics")


def needs_restart(old: GatewayConfig, new: GatewayConfig) -> list[str]:
    """The keys and tables that differ and count only after a restart: all but buses, meters and when stands are due."""
    keys = [f"gateway.{key}" for key in _GATEWAY_KEYS if getattr(old.gateway, key) != getattr(new.gateway, key)]
    tables = [name for name in _TABLES if _plain(getattr(old, name)) != _plain(getattr(new, name))]
    return keys + tables


def _plain(table: object) -> object:
    return msgspec.to_builtins(table)
