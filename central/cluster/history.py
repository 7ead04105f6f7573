"""The history of a cluster file: who changed what and when, a line of JSON for each command, beside the file.

Only ever appended to. Each line holds the digest of the line before it: a line that was changed, or one that was taken
out, breaks the chain. Taking off the newest lines breaks nothing: keep the last digest elsewhere to see that too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from central.cluster.changes import Change, apply, changes
from central.cluster.flat import Named, named_rows
from runtime.config import read_toml

_NONE: Final = "0" * 64
"""The digest before the first line."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

    number: int
    at: datetime
    """UTC."""
    by: str
    """Empty: nobody knows, the file was changed by hand."""
    how: str
    """``import``; ``noticed`` where the file was found changed; ``begun`` where the history begins with it."""
    file_sha256: str
    """Of the cluster file after the change."""
    changes: tuple[Change, ...]
    previous: str
    """The digest of the line before."""
    digest: str = ""
    """SHA-256 of this line without it."""


class HistoryError(Exception):
    """A history that can't be trusted: its chain is broken, or a line can't be read."""


class History:
    """The history beside one cluster file. Changes are written under a lock, so that two writers never mix."""

    def __init__(self, cluster_file: Path) -> None:
        """Nothing is opened yet."""
        self._cluster_file = cluster_file
        self.path = cluster_file.with_name(f"{cluster_file.name}.history.jsonl")

    def entries(self) -> list[Entry]:
        """All entries, oldest first; a line that was cut short by a crash is no entry.

        Raises:
            HistoryError: the chain is broken.
            OSError: it can't be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return _read(content, self.path)

    def state(self, number: int | None = None) -> Named:
        """The cluster's data after entry ``number``, or after the newest; raises as ``entries``, and KeyError."""
        entries = self.entries()
        if number is not None and number not in {entry.number for entry in entries}:
            raise KeyError(number)
        return _replay([entry for entry in entries if number is None or entry.number <= number])

    def notice(self, now: datetime) -> Entry | None:
        """Record what was changed in the file by hand since the newest entry, if anything was.

        The file must be one that makes a cluster. Raises as ``recording``, and ConfigError.
        """
        with self._locked() as file:
            return self._notice(file, now)

    @contextlib.contextmanager
    def recording(self, new: Named, text: bytes, by: str, now: datetime) -> Iterator[Entry]:
        """Record a change to ``new`` (the file's ``text``) before the caller makes it: within the block.

        Where the block fails, the record is taken back. What was changed by hand before is recorded first.

        Raises:
            HistoryError: the chain is broken: nothing is recorded on top of it.
            OSError: it can't be written.
        """
        with self._locked() as file:
            if self._cluster_file.exists():
                self._notice(file, now, trusting=False)
            length = os.lseek(file, 0, os.SEEK_END)
            found = self._append(file, changes(self._state(file), new), text, by, "import", now)
            try:
                yield found
            except BaseException:
                os.ftruncate(file, length)
                raise

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Within the block no command changes the cluster file or its history: both say the same. Raises OSError."""
        if not self.path.exists():
            yield
            return
        file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield
        finally:
            os.close(file)

    def _notice(self, file: int, now: datetime, *, trusting: bool = True) -> Entry | None:
        content = read_toml(self._cluster_file) if trusting else _content(self._cluster_file)
        if content is None:
            return None
        entries = _read(_all(file), self.path)
        found = changes(_replay(entries), named_rows(content))
        if not found:
            return None
        text = self._cluster_file.read_bytes()
        return self._append(file, found, text, "", "noticed" if entries else "begun", now)

    def _state(self, file: int) -> Named:
        return _replay(_read(_all(file), self.path))

    def _append(self, file: int, found: list[Change], text: bytes, by: str, how: str, now: datetime) -> Entry:
        entries = _read(_all(file), self.path)
        entry = Entry(
            number=len(entries) + 1,
            at=now.replace(microsecond=0),
            by=by,
            how=how,
            file_sha256=hashlib.sha256(text).hexdigest(),
            changes=tuple(found),
            previous=entries[-1].digest if entries else _NONE,
        )
        entry = msgspec.structs.replace(entry, digest=_digest(entry))
        line = msgspec.json.encode(entry) + b"\n"
        whole = _all(file)
        os.ftruncate(file, whole.rfind(b"\n") + 1)
        os.lseek(file, 0, os.SEEK_END)
        try:
            while line:
                line = line[os.write(file, line) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, whole.rfind(b"\n") + 1)
            raise
        return entry

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _content(path: Path) -> dict[str, object] | None:
    """The content of a file that may be one that no cluster can be made of; None where it can't be read."""
    try:
        content = read_toml(path)
        named_rows(content)
    except Exception:  # noqa: BLE001 - the file that is replaced may be anything
        return None
    return content


def _all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _read(content: bytes, path: Path) -> list[Entry]:
    found: list[Entry] = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HistoryError(f"{path}: line {number} isn't an entry: {error}") from error
        before = found[-1].digest if found else _NONE
        if entry.number != number or entry.previous != before or entry.digest != _digest(entry):
            raise HistoryError(f"{path}: the chain is broken at line {number}: a line was changed or taken out")
        found.append(entry)
    return found


def _digest(entry: Entry) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(entry, digest=""))).hexdigest()


def _replay(entries: list[Entry]) -> Named:
    state: Named = {}
    for entry in entries:
        apply(state, entry.changes)
    return state
