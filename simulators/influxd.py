"""An InfluxDB 1.8 server of a simulated cluster's own: its configuration, its one user and its database.

Loopback only, with authentication and Flux, as central needs it; ``deploy/build-influxd`` builds the program.
"""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

USER: Final = "klaster"
DATABASE: Final = "klaster"
BUCKET: Final = f"{DATABASE}/autogen"
"""As an API of 2.x names 1.8's database and retention policy."""
TOKEN_FILE: Final = "influxdb.token"  # noqa: S105 - a file name
BUILT: Final = Path(__file__).parents[1] / "var" / "influxd" / "influxd"
"""Where ``deploy/build-influxd`` puts the program."""

_HOST: Final = "127.0.0.1"
_TIMEOUT_S: Final = 10.0


def find_influxd() -> str | None:
    """The server's program: the one built here, else the first that the shell would find."""
    return str(BUILT) if BUILT.is_file() else shutil.which("influxd")


def configuration(folder: Path, port: int, backup: int) -> str:
    """``influxdb.conf`` of a server that keeps everything below ``folder``; ``backup`` is its second port."""
    return (
        f'reporting-disabled = true\nbind-address = "{_HOST}:{backup}"\n'
        f'[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nindex-version = "tsi1"\n'
        f'[http]\nbind-address = "{_HOST}:{port}"\n'
        "flux-enabled = true\nauth-enabled = true\nlog-enabled = false\nflux-log-enabled = false\n"
    )


def write_token(path: Path) -> None:
    """A new ``user:password`` that only its owner can read; the one that is there stays.

    Raises:
        OSError: it can't be written.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w", encoding="utf-8") as token:
        token.write(f"{USER}:{secrets.token_urlsafe(24)}\n")


def answers(port: int) -> bool:
    """Whether the server on this port is ready."""
    try:
        return _request(port, "GET", "/health") == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


def make_database(port: int, token: str) -> None:
    """Make user and database; what is there already stays.

    Raises:
        OSError: the server doesn't answer, or refuses.
    """
    user, _, password = token.partition(":")
    for statement in (
        f"CREATE USER {user} WITH PASSWORD '{password}' WITH ALL PRIVILEGES",
        f"CREATE DATABASE {DATABASE}",
    ):
        status = _request(port, "POST", "/query?" + urlencode({"q": statement, "u": user, "p": password}))
        if status != http.HTTPStatus.OK:
            raise OSError(f"influxd on port {port} refuses to make its user or database: HTTP status {status}")


def _request(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
