"""Where a running gateway's socket and status file are, for itself and for the tools beside it."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Final

from gateway.config import GatewayConfig

SOCKET: Final = "control.sock"
STATUS: Final = "status.json"
_LONGEST: Final = 100
"""A socket's name may have some 107 bytes (unix(7))."""


def socket_paths(config: GatewayConfig) -> tuple[Path, ...]:
    """Where the socket may be: in the runtime folder, or beside the outbox where there is no such folder."""
    return Path(config.gateway.runtime_dir) / SOCKET, Path(config.gateway.data_dir) / SOCKET


def own_socket(config: GatewayConfig) -> Path:
    """Where a gateway makes its socket: in the first folder in which it may write."""
    first, second = socket_paths(config)
    return first if os.access(first.parent, os.W_OK | os.X_OK) else second


def status_file(config: GatewayConfig) -> Path | None:
    """Where a gateway writes its status file: in the runtime folder alone, never beside the outbox."""
    folder = Path(config.gateway.runtime_dir)
    return folder / STATUS if os.access(folder, os.W_OK | os.X_OK) else None


class SocketPath:
    """A name for a socket's path that is short enough, while this is entered."""

    def __init__(self, path: Path) -> None:
        """Of any length."""
        self._path = path
        self._folder: int | None = None

    def __enter__(self) -> str:
        """The path, or where it is too long one through its open folder."""
        if len(os.fsencode(self._path)) <= _LONGEST:
            return str(self._path)
        self._folder = os.open(self._path.parent, os.O_PATH | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder}/{self._path.name}"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the folder."""
        if self._folder is not None:
            os.close(self._folder)
