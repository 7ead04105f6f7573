"""The server: writes of many lines at once, queries, and what can go wrong with them.

One path for 1.8 (Flux enabled) and 2.x, through influxdb-client: synchronous, without retries of its own, and never
silent about what was dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import urllib3.exceptions
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from central.config import StoreTable, token
from central.influx.answer import ErrorTableError, blocks
from central.readings import StoreDownError

_LINES = 5000
"""So many lines go in one request: what the server's documentation advises."""
_DIALECT = Dialect(  # type: ignore[no-untyped-call]  # generated code without annotations
    header=True, delimiter=",", comment_prefix="#", annotations=["datatype"], date_time_format="RFC3339"
)

_SECONDS: Any = WritePrecision.S


class BadLine(msgspec.Struct, frozen=True):
    """A line that the server refused though it took others."""

    place: int
    """Its place among the lines of the call."""
    line: str
    reason: str


class InfluxServer:
    """A connection, opened when first needed."""

    def __init__(self, settings: StoreTable) -> None:
        """Nothing is sent yet.

        Raises:
            OSError: the token's file can't be read.
        """
        self.settings = settings
        self._client = InfluxDBClient(
            url=settings.url,
            token=token(settings),
            org=settings.org,
            timeout=settings.timeout_s * 1000,
            retries=0,
            ssl_ca_cert=settings.ca or None,
        )
        self._write_api = self._client.write_api(write_options=SYNCHRONOUS)
        self._query_api = self._client.query_api()

    def write(self, lines: Sequence[str]) -> list[BadLine]:
        """Write lines; gives those that the server refused, while it stored the others.

        Raises:
            StoreDownError: the server can't be used; some lines may be stored.
        """
        bad: list[BadLine] = []
        for first in range(0, len(lines), _LINES):
            bad += self._write(lines[first : first + _LINES], first)
        return bad

    def _write(self, lines: Sequence[str], place: int) -> list[BadLine]:
        """Halve what is refused until each bad line is found: writing a good one again changes nothing."""
        try:
            self._write_api.write(self.settings.bucket, self.settings.org, "\n".join(lines), write_precision=_SECONDS)
        except ApiException as error:
            said = _said(error)
            too_long = error.status == 413 and len(lines) > 1
            if not too_long and not _is_about_lines(error, said):
                raise self._down(f"{error.status}: {said}") from None
            if len(lines) == 1:
                return [BadLine(place, lines[0], said)]
            half = len(lines) // 2
            return self._write(lines[:half], place) + self._write(lines[half:], place + half)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._down(_plain(error)) from None
        return []

    def query(self, flux: str) -> Iterator[pa.Table]:
        """The answer's tables; see ``central.influx.answer``.

        Raises:
            StoreDownError: the server can't be used, or answers with an error.
        """
        try:
            answer: Any = self._query_api.query_raw(flux, dialect=_DIALECT)
            body: bytes = answer.data
            answer.release_conn()
            yield from blocks(body)
        except ApiException as error:
            raise self._down(f"{error.status}: {_said(error)}") from None
        except ErrorTableError as error:
            raise self._down(str(error)) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._down(_plain(error)) from None

    def _down(self, reason: str) -> StoreDownError:
        return StoreDownError(f"InfluxDB at {self.settings.url}, bucket {self.settings.bucket}: {reason}")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]


def _is_about_lines(error: ApiException, said: str) -> bool:
    """Whether lines are wrong; a full server or a wrong bucket is no line's fault: that waits, nothing is left out."""
    lines = "partial write" in said or "unable to parse" in said or "field type conflict" in said
    return error.status in {400, 422} and lines and "limit exceeded" not in said


def _said(error: ApiException) -> str:
    """The server's own words; nothing of what was sent."""
    body = error.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        found = {}
    said = found.get("message") or found.get("error") if isinstance(found, dict) else None
    return str(said or raw.decode(errors="replace").strip() or error.reason or "no reason given")[:500]


def _plain(error: BaseException) -> str:
    """The innermost cause in a few words, without addresses of objects."""
    while inner := getattr(error, "reason", None) or error.__cause__:
        if not isinstance(inner, BaseException):
            break
        error = inner
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return "it doesn't answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rpartition(">: ")[2] or type(error).__name__
