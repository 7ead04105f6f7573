"""A run opened to be read: a folder of a register, or an exported file. Nothing else is needed, no configuration.

What is read is checked first: the register's row or the parcel's own, ``run.json``, and each file by its digest.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from central.cluster import Cluster, PeriodName
from central.cluster.kept import kept_cluster
from central.owned import owned
from central.register.manifest import (
    CORRECTED,
    MANIFEST,
    ChangedError,
    Entry,
    Manifest,
    RunError,
    decode,
    entry_digest,
    read_manifest,
    settings_of,
    sha256,
)
from central.register.parcel import read_parcel
from central.register.recomputing import readable
from central.register.register_file import REGISTER, entries_of
from central.register.tables_file import read_parquet
from central.settings import Settings
from central.tables import INPUTS, OPTIONAL, OUTPUTS

ROW: Final = "row.json"
APPROVAL: Final = "approval.json"
"""The register's rows of an exported run and of its approval."""
_NEEDED: Final = ("hours", "shares", "charges")
"""Results that every run has; an older klaster made fewer tables than this one."""
MOST_CORRECTIONS: Final = 100
"""Of one month, one inside the other in an exported file."""


class Run:
    """One run; tables are read when they are asked for, and kept."""

    def __init__(
        self,
        manifest: Manifest,
        row: Entry,
        approval: Entry | None,
        read: Callable[[str], memoryview],
        where: str,
        corrected: Callable[[], Run | None] = lambda: None,
    ) -> None:
        """``read`` gives the bytes of a file of the run, ``corrected`` the run that it corrects where that is here."""
        self.manifest = manifest
        self.row = row
        """The register's row of this run."""
        self.approval = approval
        """Its approval, where somebody approved it; of a final: that of the run it rests on."""
        self.where = where
        self._read = read
        self._corrected = corrected
        self._tables: dict[str, dict[str, pa.Table]] = {}

    @property
    def id(self) -> str:
        """``2026-10-final``."""
        return self.manifest.run

    @cached_property
    def corrected(self) -> Run | None:
        """The run that it corrects: of the register, or from the same file; None where it corrects none or has none.

        Raises:
            RunError: it isn't the run that this one names, was changed, or can't be read.
        """
        found = self._corrected() if self.manifest.corrects else None
        if found is not None:
            _is_corrected(self, found)
        return found

    @cached_property
    def settings(self) -> Settings:
        """The readings of the law that it was settled by; raises RunError where this klaster doesn't know them."""
        return settings_of(self.manifest.settings, self.where)

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster file's data as they were then; raises RunError where they were changed or can't be read."""
        content, settings = self._json("cluster.json"), self.settings
        try:
            return kept_cluster(content, settings)
        except (ValueError, TypeError, RecursionError) as error:
            raise RunError(f"{self.where}: cluster.json isn't a cluster's data: {str(error)[:200]}") from error

    @property
    def period(self) -> PeriodName:
        """The period that is balanced."""
        with readable(self.where, "in/cluster.parquet can't be used"):
            return PeriodName(self.inputs()["cluster"].to_pylist()[0]["period"])

    def inputs(self) -> dict[str, pa.Table]:
        """What went into ``settle``.

        Raises:
            RunError: a table is missing, or isn't what it was.
        """
        return self._folder("in", {**INPUTS, **OPTIONAL}, INPUTS)

    def outputs(self) -> dict[str, pa.Table]:
        """What came out of it; raises as ``inputs``."""
        return self._folder("out", OUTPUTS, _NEEDED)

    def output(self, name: str) -> pa.Table:
        """One table of what came out, the others unread; raises as ``inputs``."""
        file = f"out/{name}.parquet"
        if file not in self.manifest.files:
            raise RunError(f"{self.where}: the table {file} is missing")
        return self._table(file, OUTPUTS.get(name))

    def evidence(self, name: str) -> Any:
        """A table or a JSON value that goes with the run: ``stands``, ``intervals``, ``findings``, ``estimates``, ….

        Raises:
            KeyError: this run has none of that name; ``evidence_names`` says which there are.
            RunError: it isn't what it was.
        """
        if (table := f"evidence/{name}.parquet") in self.manifest.files:
            return self._table(table, None)
        if (values := f"evidence/{name}.json") in self.manifest.files:
            return self._json(values)
        raise KeyError(name)

    @property
    def evidence_names(self) -> list[str]:
        """What ``evidence`` gives."""
        return [name.split("/")[1].split(".")[0] for name in self.manifest.files if name.startswith("evidence/")]

    def bytes_of(self, name: str) -> bytes:
        """A file's bytes, checked against its digest.

        Raises:
            RunError: it isn't there, or isn't what it was.
        """
        return bytes(self._checked(name))

    def check(self) -> None:
        """Check every file against its digest; raises RunError with the first that differs."""
        for name in self.manifest.files:
            self._checked(name)

    def _json(self, name: str) -> Any:
        with readable(self.where, f"{name} isn't JSON that can be read"):
            return json.loads(self.bytes_of(name))

    def _folder(self, folder: str, schemas: Mapping[str, pa.Schema], needed: Iterable[str]) -> dict[str, Any]:
        if folder not in self._tables:
            there = {
                name.split("/")[1].removesuffix(".parquet"): name
                for name in self.manifest.files
                if name.startswith(f"{folder}/") and name.endswith(".parquet")
            }
            if missing := sorted(set(needed) - set(there)):
                raise RunError(f"{self.where}: the table {folder}/{missing[0]}.parquet is missing")
            self._tables[folder] = {key: self._table(name, schemas.get(key)) for key, name in there.items()}
        return self._tables[folder]

    def _table(self, name: str, schema: pa.Schema | None) -> pa.Table:
        kept = self.manifest.files[name]
        return read_parquet(owned(self._checked(name)), schema, kept.rows, f"{self.where}: {name}")

    def _checked(self, name: str) -> memoryview:
        kept = self.manifest.files.get(name)
        if kept is None:
            raise RunError(f"{self.where}: {name} is missing: the run doesn't name it")
        content = self._read(name)
        if len(content) != kept.size or sha256(content) != kept.sha256:
            raise ChangedError(f"{self.where}: {name} was changed: its digest isn't the one that the run names")
        return content


def open_run(path: Path) -> Run:
    """Open an exported run, or a run's folder inside its register (``<register>/runs/2026-10-final``).

    Raises:
        RunError: it isn't a run, was changed, or was never finished.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.exists() and not path.is_file():
        raise RunError(f"{path}: isn't a file")
    return _of_file(path)


def _of_folder(path: Path) -> Run:
    if (path / REGISTER).is_file():
        raise RunError(f"{path}: is a register, not a run: give it and the name of one of its runs")
    register = path.resolve().parent.parent / REGISTER
    try:
        entries = entries_of(register)
    except FileNotFoundError:
        entries = []
    row = next((one for one in entries if one.what == "run" and one.run == path.resolve().name), None)
    if row is None:
        raise RunError(f"{path}: isn't a run: {register} has no row of it; an interrupted run is none")
    where = str(path)

    def read(name: str) -> memoryview:
        try:
            return memoryview((path / name).read_bytes())
        except OSError as error:
            raise RunError(f"{path / name}: can't be read: {error.strerror}") from error

    manifest = _manifest(read(MANIFEST), row, where)
    approved = manifest.approved or manifest.run
    approval = next((one for one in entries if one.what == "approval" and one.run == approved), None)
    return Run(manifest, row, approval, read, where, lambda: open_run(path.resolve().parent / manifest.corrects))


def _of_file(path: Path) -> Run:
    try:
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        way = "a run of a register by its name needs CONFIG, or the register's folder, before it"
        raise RunError(f"{path}: there is no such file; {way}") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is empty"
        raise RunError(f"{path}: can't be read: {said}") from error
    return _of_parcel(content, str(path), MOST_CORRECTIONS)


def _of_parcel(content: memoryview, where: str, most: int) -> Run:
    files = read_parcel(content, where)
    if ROW not in files or MANIFEST not in files:
        raise RunError(f"{where}: {MANIFEST} or {ROW} is missing: it isn't an exported run")
    row = _entry(bytes(files[ROW]), "run", where)
    approval = _entry(bytes(files[APPROVAL]), "approval", where) if APPROVAL in files else None
    manifest = _manifest(files[MANIFEST], row, where)
    within = CORRECTED in files and bool(manifest.corrects)
    order = parcel_order(manifest, approved=approval is not None, corrected=within)
    if list(files) != order:
        odd = next((name for name in (*order, *files) if name not in files or name not in order), "their order")
        raise ChangedError(f"{where}: {odd}: the files aren't those that the run names")
    if approval is not None and not _of(approval, manifest, row):
        raise ChangedError(f"{where}: {APPROVAL} is of another run")

    def read(name: str) -> memoryview:
        return files[name]

    def corrected() -> Run | None:
        if not within:
            return None
        if not most:
            raise RunError(f"{where}: more than {MOST_CORRECTIONS} corrections, one inside the other, aren't read")
        return _of_parcel(files[CORRECTED], f"{where}: {CORRECTED}", most - 1)

    return Run(manifest, row, approval, read, where, corrected)


def _is_corrected(run: Run, found: Run) -> None:
    """Raises ChangedError where it isn't the run that a correction names."""
    said = run.manifest
    named = (said.cluster, said.month, said.corrects) == (found.manifest.cluster, found.manifest.month, found.id)
    digest = said.corrects_digest
    if not named or found.row.number >= run.row.number or digest not in {msgspec.UNSET, found.row.manifest}:
        told = "" if digest is msgspec.UNSET else f" with the digest {digest}"
        raise ChangedError(
            f"{found.where}: is {found.manifest.cluster} {found.id} with the digest {found.row.manifest}; {run.id} of "
            f"{said.cluster} corrects {said.corrects}{told}: it was changed, or put in from elsewhere"
        )


def _of(approval: Entry, manifest: Manifest, row: Entry) -> bool:
    """Whether it is the approval of the run, or of that on which a final rests."""
    if manifest.approved:
        return (approval.cluster, approval.run) == (row.cluster, manifest.approved)
    return (approval.cluster, approval.run, approval.manifest) == (row.cluster, row.run, row.manifest)


def parcel_order(manifest: Manifest, *, approved: bool, corrected: bool = False) -> list[str]:
    """The files of an exported run, in their order; ``corrected``: with the run that it corrects."""
    last = [CORRECTED] if corrected else []
    return [ROW, *([APPROVAL] if approved else []), MANIFEST, *sorted(manifest.files), *last]


def _entry(content: bytes, what: str, where: str) -> Entry:
    found = decode(content, Entry, f"{where}: {what}")
    if found.digest != entry_digest(found) or found.what != what:
        raise ChangedError(f"{where}: the register's row of the {what} was changed: its digest isn't its own")
    return found


def _manifest(content: memoryview, row: Entry, where: str) -> Manifest:
    if sha256(content) != row.manifest:
        raise ChangedError(f"{where}: {MANIFEST} was changed: its digest isn't the one in the register's row")
    manifest = read_manifest(bytes(content), f"{where}: {MANIFEST}")
    if (manifest.run, manifest.cluster) != (row.run, row.cluster):
        raise ChangedError(f"{where}: {MANIFEST} is of {manifest.cluster} {manifest.run}, its row of another run")
    return manifest
