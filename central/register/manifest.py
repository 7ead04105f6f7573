"""What a run says of itself: ``run.json``, and the rows of the register; both are bytes with a digest.

The digest of a run is the SHA-256 of its ``run.json``, which holds the digest of every other file of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from central.settings import Settings

FORMAT: Final = 1
"""Of the files of a run; a newer one can't be read."""
MANIFEST: Final = "run.json"
NONE: Final = "0" * 64
"""The digest before the first row of a register."""
RUN_ID: Final = re.compile(r"(2[01][0-9]{2}-(?:0[1-9]|1[0-2]))-(?:(final)|(preliminary|correction)-([1-9][0-9]{0,5}))")

CORRECTED: Final = "corrected.klaster"
"""In the export of a correction: the export of the run that it corrects."""
FILE_NAME: Final = re.compile(r"(?:(?:in|out|evidence)/)?[a-z][a-z0-9_]{0,60}\.(?:parquet|json)", re.ASCII)
"""Of a file in a run: it never leads out of the run's folder."""

T = TypeVar("T", bound=msgspec.Struct)


class RunError(Exception):
    """A run can't be opened, trusted or made; the message says what, where and the way out."""


class UnknownRunError(RunError):
    """The register has no such run."""


class ChangedError(RunError):
    """It is a run, and a byte of it isn't what it was."""


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a run."""

    sha256: str
    """Of its bytes."""
    size: int
    """Bytes."""
    rows: int | None = None
    """Of a table."""
    columns: dict[str, str] = {}
    """Of a table: each column's digest over the canonical rows (``central.register.digests``)."""


class AcceptedGap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Missing values that a run is made without; UTC, half open."""

    point: str
    direction: str
    since: datetime
    until: datetime
    reason: str


class Made(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With what a run was made."""

    klaster: str
    code: str
    """SHA-256 over the sources of the arithmetic (``central.register.sources``)."""
    python: str
    numpy: str
    pyarrow: str
    tzdata: str
    """Version of the time zones."""
    holidays: str
    """Version of the rule of the days free from work."""


class Totals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums over the complete periods, None where there is none; money in zł net."""

    periods: int
    complete: int
    drawn_wh: int | None
    injected_wh: int | None
    covered_wh: int | None
    relieved_wh: int | None
    full_zl: str | None
    relief_zl: str | None
    charge_zl: str | None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``run.json``."""

    format: int = FORMAT
    cluster: str
    run: str
    """``2026-10-final``."""
    month: str
    kind: str
    """preliminary, final or correction."""
    made: datetime
    """UTC."""
    by: str
    reason: str
    source: str
    """``books``, or ``files`` where it was made without a service."""
    corrects: str = ""
    """Of a correction: the run that stood before it."""
    corrects_digest: str | msgspec.UnsetType = msgspec.UNSET
    """That run's digest; an older klaster's correction doesn't say it."""
    approved: str = ""
    """Of a final: the run whose approval it rests on."""
    accepted: tuple[AcceptedGap, ...] = ()
    settings: dict[str, Any]
    code: Made
    totals: Totals
    files: dict[str, Kept]
    """By name inside the run: ``in/energies.parquet``."""

    @property
    def complete(self) -> bool:
        """Whether no period lacks a value."""
        return self.totals.complete == self.totals.periods


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the register: a run, or the approval of one. Each holds the digest of the row before."""

    number: int
    what: str
    """run or approval."""
    cluster: str
    run: str
    at: datetime
    """UTC."""
    by: str
    note: str = ""
    manifest: str
    """The run's digest."""
    previous: str
    digest: str = ""
    """SHA-256 of this row without it."""


def encode(one: msgspec.Struct) -> bytes:
    """The bytes that a digest is of."""
    return msgspec.json.encode(one) + b"\n"


def decode(content: bytes, kind: type[T], where: str) -> T:
    """Read them again.

    Raises:
        RunError: they aren't such bytes.
    """
    try:
        found = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RunError(f"{where}: can't be read: {error}") from error
    if encode(found) != content:
        raise ChangedError(f"{where}: isn't as klaster writes it: it was changed")
    return found


class _Format(msgspec.Struct):
    format: int = FORMAT


def _format(content: bytes) -> int | None:
    try:
        return msgspec.json.decode(content, type=_Format).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_manifest(content: bytes, where: str) -> Manifest:
    """Read ``run.json``.

    Raises:
        RunError: it can't be one, or is of a newer klaster.
    """
    # Looked at first: what a newer format has besides would only be an unknown field.
    newer = _format(content)
    if newer is not None and newer != FORMAT:
        raise RunError(f"{where}: its format is {newer}, this klaster knows {FORMAT}: a newer klaster reads it")
    found = decode(content, Manifest, where)
    named = RUN_ID.fullmatch(found.run)
    if not named or named[1] != found.month or (named[2] or named[3]) != found.kind:
        raise RunError(f"{where}: {found.run[:60]!r} isn't the name of a {found.kind[:20]} run of {found.month[:20]}")
    if odd := [name for name in found.files if not FILE_NAME.fullmatch(name)]:
        raise RunError(f"{where}: {odd[0][:80]!r} isn't a name of a run's file")
    return found


def sealed(entry: Entry) -> Entry:
    """The row with its digest."""
    return msgspec.structs.replace(entry, digest=entry_digest(entry))


def entry_digest(entry: Entry) -> str:
    """The digest that a row must have."""
    return sha256(encode(msgspec.structs.replace(entry, digest="")))


def sha256(content: bytes | memoryview) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def settings_of(said: Mapping[str, Any], where: str) -> Settings:
    """The settings of a run.

    Raises:
        RunError: one of them isn't known here, or isn't a value of its kind.
    """
    known = {field.name for field in msgspec.structs.fields(Settings)}
    if unknown := sorted(set(said) - known):
        raise RunError(f"{where}: this klaster doesn't know the setting {unknown[0][:40]}; a newer one does")
    try:
        return msgspec.convert(dict(said), Settings)
    except msgspec.ValidationError as error:
        raise RunError(f"{where}: settings: {error}") from error
