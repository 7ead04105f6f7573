"""The register's folder: one maker at a time, files first, the row last. An interrupted run leaves no run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from central.register.manifest import (
    MANIFEST,
    NONE,
    RUN_ID,
    ChangedError,
    Entry,
    Manifest,
    RunError,
    UnknownRunError,
    encode,
    sha256,
)
from central.register.opening import Run, open_run
from central.register.register_file import REGISTER, RegisterFile, entries_of, foreign
from central.register.writing import Writing, sync_folder, write_synced
from metering.period import Month

_RUNS, _MAKING, _LOCK = "runs", "making", "lock"


class Register:
    """Runs of one cluster."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened or made yet."""
        self.folder = folder

    def entries(self) -> list[Entry]:
        """All rows, checked as a chain; none where nothing was ever made.

        Raises:
            RunError: the register can't be read, or a row or run was changed or taken out.
        """
        # A run may be made meanwhile, its folder before its row: folders are looked at on both sides of the rows.
        before = self._folders()
        try:
            found = entries_of(self.folder / REGISTER)
        except FileNotFoundError:
            if before:
                raise ChangedError(f"{self.folder}: {REGISTER} is missing and {_RUNS} isn't: restore both") from None
            return []
        runs = {one.run for one in found if one.what == "run"}
        if gone := sorted(runs - self._folders()):
            raise ChangedError(f"{self.folder / _RUNS / gone[0]}: the run is in the register and its folder is gone")
        # An interruption between folder and row leaves one folder; more are rows that were taken out.
        if len(odd := sorted(before - runs)) > 1:
            raise ChangedError(f"{self.folder}: no rows of {', '.join(odd[:5])}: rows were taken out of {REGISTER}")
        return found

    def path(self, run: str) -> Path:
        """Where a run lies."""
        return self.folder / _RUNS / run

    def run(self, name: str) -> Run:
        """Open a run; raises RunError where there is none, or it was changed."""
        entries = self.entries()
        if not RUN_ID.fullmatch(name) or not any(one.run == name for one in entries):
            runs = ", ".join(one.run for one in entries if one.what == "run") or "none"
            raise UnknownRunError(f"{self.folder}: there is no run {name[:80]!r}; there are: {runs}")
        return open_run(self.path(name))

    def of_month(self, month: Month) -> list[Entry]:
        """The rows of a month's runs and approvals; raises as ``entries``."""
        return [one for one in self.entries() if one.run.startswith(f"{month}-")]

    def standing(self, month: Month) -> Run | None:
        """The final of a month, or the last correction of it; None before the final. Raises RunError."""
        runs = [one.run for one in self.of_month(month) if one.what == "run" and "-preliminary-" not in one.run]
        return open_run(self.path(runs[-1])) if runs else None

    def approve(self, run: Run, by: str, note: str, now: datetime) -> Entry:
        """Record an approval.

        Raises:
            RunError: it is approved already, or the register can't be trusted.
            sqlite3.Error, OSError: it can't be written.
        """
        with self._locked():
            return self._add(run.manifest.cluster, "approval", run.id, run.row.manifest, by, note, now)

    @contextlib.contextmanager
    def making(self, cluster: str) -> Iterator[Making]:
        """Hold the register for making runs of a cluster.

        Raises:
            RunError: another is being made, the register is another cluster's, or can't be trusted.
            OSError: it can't be written.
        """
        with self._locked():
            if (entries := self.entries()) and entries[0].cluster != cluster:
                raise RunError(foreign(self.folder, entries[0].cluster, cluster))
            # Made before any run's folder: a folder without a register is one that lost it.
            RegisterFile(self.folder / REGISTER).close()
            shutil.rmtree(self.folder / _MAKING, ignore_errors=True)
            (self.folder / _RUNS).mkdir(exist_ok=True)
            # What an interruption left, of whatever month: two such would look like rows that were taken out.
            for left in self._folders() - {one.run for one in entries if one.what == "run"}:
                shutil.rmtree(self.path(left), ignore_errors=True)
            yield Making(self, cluster)

    def _folders(self) -> set[str]:
        try:
            return {one.name for one in (self.folder / _RUNS).iterdir() if RUN_ID.fullmatch(one.name)}
        except OSError:
            return set()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise RunError(f"{self.folder}: another run is being made; wait for it, then try again") from None
        try:
            yield
        finally:
            os.close(file)

    def _add(self, cluster: str, what: str, run: str, manifest: str, by: str, note: str, now: datetime) -> Entry:
        file = RegisterFile(self.folder / REGISTER)
        try:
            return file.add(
                Entry(
                    number=0,
                    what=what,
                    cluster=cluster,
                    run=run,
                    at=now.replace(microsecond=0),
                    by=by,
                    note=note,
                    manifest=manifest,
                    previous=NONE,
                )
            )
        finally:
            file.close()


class Making:
    """The register held for making runs."""

    def __init__(self, register: Register, cluster: str) -> None:
        """``cluster``'s runs alone."""
        self.register = register
        self._cluster = cluster

    def name(self, month: Month, kind: str) -> str:
        """What the next run of this kind is called.

        Raises:
            RunError: the month has its final already.
        """
        runs = {one.run for one in self.register.of_month(month) if one.what == "run"}
        if kind == "final":
            if f"{month}-final" in runs:
                raise RunError(f"{month}-final is made: late data makes a correction (run --kind correction --reason)")
            return f"{month}-final"
        return f"{month}-{kind}-{sum(f'-{kind}-' in one for one in runs) + 1}"

    def begin(self, run: str) -> Writing:
        """A place for the files of a run; raises OSError."""
        return Writing(self.register.folder / _MAKING / run)

    def forget(self, writing: Writing) -> None:
        """What was written is no run; its place is free again."""
        shutil.rmtree(writing.folder, ignore_errors=True)

    def keep(self, writing: Writing, manifest: Manifest) -> Entry:
        """Make what was written a run: its name, then its row.

        Raises:
            RunError: the register doesn't take it.
            OSError, sqlite3.Error: it can't be written; it is no run then.
        """
        content = encode(manifest)
        write_synced(writing.folder / MANIFEST, content)
        sync_folder(writing.folder)
        place = self.register.path(manifest.run)
        # Where the row is missing, it is what an interruption left.
        shutil.rmtree(place, ignore_errors=True)
        writing.folder.rename(place)
        sync_folder(place.parent)
        one = msgspec.structs.asdict(manifest)
        return self.register._add(
            self._cluster, "run", one["run"], sha256(content), one["by"], one["reason"], one["made"]
        )
