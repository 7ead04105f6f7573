"""Write the backup: a tar with the digest of every file in it, that appears under its name only when it is whole."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from central.backup.contents import Content, books, cluster_files
from central.backup.restored_config import restored_config
from central.backup.snapshot import is_database, snapshot
from central.cluster.history import History
from central.config import CentralConfig
from central.register.register_file import REGISTER, entries_of

SUMS = "SHA256SUMS"


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was made."""

    file: str
    bytes: int
    sha256: str
    """Of the whole file."""
    files: int
    runs: int
    """Settlement runs of the register in it."""
    began: datetime
    """What was receipted or recorded before this instant (UTC) is in it."""


class _Pack:
    def __init__(self, tar: tarfile.TarFile, scratch: Path, began: datetime) -> None:
        self._tar, self._scratch, self._began = tar, scratch, began
        self.sums: dict[str, str] = {}

    def register(self, path: Path) -> list[str]:
        """The register's rows; gives the runs that they name. Raises RunError where they can't be trusted."""
        if not path.is_file():
            return []
        copy = self._scratch / "register.sqlite"
        snapshot(path, copy)
        self._add(f"data/register/{REGISTER}", copy)
        return sorted({one.run for one in entries_of(copy) if one.what == "run"})

    def file(self, one: Content) -> None:
        """A file as it is, or one moment of a database."""
        if not is_database(one.path):
            self._add(one.name, one.path)
            return
        copy = self._scratch / "copy.sqlite"
        snapshot(one.path, copy)
        self._add(one.name, copy)
        copy.unlink()

    def _add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self.sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            self._tar.addfile(self._info(name, size), file)

    def content(self, name: str, content: bytes) -> None:
        self.sums[name] = hashlib.sha256(content).hexdigest()
        self._tar.addfile(self._info(name, len(content)), io.BytesIO(content))

    def _info(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o640, int(self._began.timestamp())
        return info


def pack(config: CentralConfig, config_file: Path, out: Path, began: datetime) -> Packed:
    """Write ``out``, beside a running service or without one.

    Raises:
        FileExistsError: ``out`` is there.
        DamagedError, RunError: a database or the register is damaged; nothing is written.
        OSError, sqlite3.Error: something can't be read or written; nothing is written.
    """
    if out.exists():
        raise FileExistsError(out)
    if out.resolve().is_relative_to(config.data_dir.resolve()):
        raise OSError(f"{config.data_dir} is what is copied: put it elsewhere, best on another disk")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        part = Path(folder) / "part"
        with part.open("xb") as file:
            # Members' data are in it.
            os.fchmod(file.fileno(), 0o600)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                pack = _Pack(tar, Path(folder), began)
                runs = pack.register(config.register / REGISTER)
                for one in _contents(config, runs):
                    pack.file(one)
                rates = [f"rates/{i}-{path.name}" for i, path in enumerate(config.rates_files, 1)]
                text = restored_config(config, config.cluster_file.resolve().name, rates)
                pack.content("central.toml", text.encode())
                pack.content("central.toml.original", config_file.read_bytes())
                lines = (f"{digest}  {name}\n" for name, digest in sorted(pack.sums.items()))
                pack.content(SUMS, "".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()
        part.rename(out)
    return Packed(
        file=str(out),
        bytes=out.stat().st_size,
        sha256=whole,
        files=len(pack.sums),
        runs=len(runs),
        began=began,
    )


def _contents(config: CentralConfig, runs: Sequence[str]) -> Iterator[Content]:
    yield from books(config, runs)
    with History(config.cluster_file.resolve()).still():
        yield from (Content(path, path.name) for path in cluster_files(config.cluster_file))
    yield from (Content(path, f"rates/{i}-{path.name}") for i, path in enumerate(config.rates_files, 1))
