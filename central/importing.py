"""``klaster-central import``: files into the archive, and from there into the readings store.

The archive is the inbox: where a service runs, it takes in what was archived, and the command waits for it a while;
without one the command holds the data folder's lock and takes it in itself. A file counts whole or not at all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
import pyarrow as pa

from central.aliases import Aliases
from central.archive import Archive, archived_files, is_archive
from central.archive_trouble import all_there
from central.changes import SeriesChange, changes
from central.cluster import Cluster
from central.config import CentralConfig
from central.file_fit import of_unknown_points, unfit
from central.files_in import files_decided, files_position, put_files_in
from central.imports.found import BadLine, Found, Given, LacksError, Note, NotReadError
from central.imports.points import directions_agree
from central.imports.recognise import MAX_BYTES, read_file
from central.master import aliases_table
from central.opened import open_admitted
from central.readings import INTERVALS
from central.service import BusyError, sole_writer
from runtime.clock import monotonic_s
from runtime.unread import why_unread

WAIT_S = 60.0
"""So long the command waits for a running service."""
_LOOK_S = 0.2

_WAYS_OUT: Final = {
    "point": "say whose it is with --point PPE",
    "direction": "say it with --direction drawn or injected",
}

State = Literal["counted", "kept", "waiting", "known", "dry_run", "refused"]


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    file: str
    state: State
    """``kept``: it is archived, and none of its values counts as the cluster file stands.
    ``waiting``: it is archived, and counts when the service or the store's server takes it in. ``known``: the same
    bytes were imported before, nothing changed. ``refused``: nothing of it was taken."""
    number: int | None = None
    """In the archive."""
    reason: str = ""
    """Why all of it was refused."""
    layout: str = ""
    title: str = ""
    series: list[SeriesChange] = []
    bad: list[BadLine] = []
    """Rows that can't be values."""
    notes: list[Note] = []
    missing: int = 0
    """Cells without a value: what counted before stays."""
    unused: int = 0
    """Values that don't count as the cluster file stands; the notes say why."""
    unknown: int = 0
    """Those of them whose points the cluster file doesn't name: they count when it does."""
    fits: bool = True
    """Whether the cluster file has a use for any of its values."""


class Importer:
    """One run of the command over several files."""

    def __init__(
        self,
        config: CentralConfig,
        cluster: Cluster | None,
        *,
        alone: bool | None,
        progress: Callable[[str], None],
        wait_s: float = WAIT_S,
    ) -> None:
        """``alone``: whether the data folder's lock is held, because no service runs; None: nothing is to be changed.

        Raises:
            LostFilesError: the archive lacks files whose values were taken in.
            OSError, sqlite3.Error: what is archived already can't be taken in.
        """
        self._config, self._cluster, self._alone = config, cluster, alone
        self._progress, self._wait_s = progress, wait_s
        if alone is not None:
            all_there(config)
            self._bring_up()

    def look(self, path: Path, given: Given, *, accept_rest: bool) -> ImportReport:
        """Say what an import would do; nothing is changed."""
        return _refused(self._read(path, given)[0], accept_rest=accept_rest)

    def take(self, path: Path, given: Given, *, who: str, now: datetime, accept_rest: bool) -> ImportReport:
        """Import one file.

        Raises:
            OSError, sqlite3.Error: the archive or the store can't be written; the file isn't in.
        """
        report, content = self._read(path, given)
        report = _refused(report, accept_rest=accept_rest)
        if report.state != "dry_run":
            return report
        archive = Archive(self._config.files)
        try:
            if known := archive.known(content, given):
                # What it says was decided then: beside what counts now it would seem to change something.
                return msgspec.structs.replace(report, state="known", number=known.number, series=[])
            number = archive.keep(
                content,
                path.name,
                given,
                who=who,
                at=now.astimezone(UTC),
                layout=report.layout,
                bad=len(report.bad),
                report=_kept(report),
            )
        finally:
            archive.close()
        self._bring_up()
        state: State = "waiting"
        if self._position() >= number:
            state = "counted" if report.fits else "kept"
        return msgspec.structs.replace(report, state=state, number=number)

    def _read(self, path: Path, given: Given) -> tuple[ImportReport, bytes]:
        self._progress(f"reading {path.name}")
        refused = ImportReport(file=str(path), state="refused")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            found = read_file(content, given)
            directions_agree(found, given)
        except OSError as error:
            return msgspec.structs.replace(refused, reason=why_unread(error)), b""
        except LacksError as error:
            return msgspec.structs.replace(refused, reason=f"{error}: {_WAYS_OUT[error.lacks]}"), b""
        except NotReadError as error:
            return msgspec.structs.replace(refused, reason=str(error)), b""
        unused = unknown = 0
        if self._cluster is not None:
            found.bad += Aliases(aliases_table(self._cluster)).clashes(found.values)
            for note in unfit(found, self._cluster, kept=True):
                found.note(note.text, note.line, note.times)
                unused += note.times
            unknown = of_unknown_points(found, self._cluster)
        report = ImportReport(
            file=str(path),
            state="dry_run",
            layout=found.layout,
            title=found.title,
            series=changes(found.values, self._before(found)),
            bad=found.bad,
            notes=found.notes,
            missing=found.missing,
            unused=unused,
            unknown=unknown,
            fits=len(found.values) > unused,
        )
        return report, content

    def _before(self, found: Found) -> pa.Table:
        if not found.values:
            return INTERVALS.empty_table()
        first, last = (pick(value.start for value in found.values) for pick in (min, max))
        try:
            known = open_admitted(self._config)
        except FileNotFoundError:
            return INTERVALS.empty_table()
        try:
            return known.intervals(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last + 1, UTC))
        finally:
            known.close()

    def _bring_up(self) -> None:
        """Let everything that is archived be decided."""
        if not is_archive(self._config.files):
            return
        if self._alone:
            put_files_in(self._config, progress=lambda done, of: self._progress(f"taking in file {done} of {of}"))
            return
        archive = Archive(self._config.files, read_only=True)
        try:
            last = archive.last()
        finally:
            archive.close()
        self._progress("waiting for the running service")
        give_up = monotonic_s() + self._wait_s
        while files_decided(self._config) < last and monotonic_s() < give_up:
            time.sleep(_LOOK_S)

    def _position(self) -> int:
        return files_position(self._config)


def _refused(report: ImportReport, *, accept_rest: bool) -> ImportReport:
    """The same; one with bad rows is refused, unless there are good ones and they are to be taken."""
    if not report.bad or (accept_rest and report.series):
        return report
    count = len(report.bad)
    way = "--accept-rest takes its good rows" if report.series else "it has no good one"
    return msgspec.structs.replace(report, state="refused", reason=f"{count} bad row{'s' * (count > 1)}; {way}")


@contextlib.contextmanager
def writing(config: CentralConfig) -> Iterator[bool]:
    """Hold the data folder's lock if no service does; gives whether it is held.

    Raises:
        OSError: the folder can't be made or written.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(sole_writer(config))
        except BusyError:
            yield False
            return
        yield True


def archived(config: CentralConfig) -> list[dict[str, object]]:
    """Every imported file, in the order in which they count, and of how many periods its values count now.

    Raises:
        LostFilesError: the archive lacks files whose values were taken in.
        sqlite3.Error: a file can't be read.
    """
    all_there(config)
    if not (files := archived_files(config.files)):
        return []
    known = open_admitted(config)
    try:
        tally, position = known.files_tally(), known.file_position()
    finally:
        known.close()
    return [
        msgspec.to_builtins(one)
        | {
            "taken_in": one.number <= position,
            "versions": tally.get(one.number, (0, 0))[0],
            "counts": tally.get(one.number, (0, 0))[1],
        }
        for one in files
    ]


def _kept(report: ImportReport) -> dict[str, object]:
    kept: dict[str, object] = msgspec.to_builtins(report)
    return {name: kept[name] for name in ("title", "series", "bad", "notes", "missing")}


def exit_states(reports: Sequence[ImportReport]) -> tuple[bool, bool]:
    """Whether anything was taken (or is there already), and whether anything isn't in, or doesn't count yet."""
    taken = any(report.state != "refused" for report in reports)
    lacking = any(report.state in {"refused", "waiting"} or report.bad or not report.fits for report in reports)
    return taken, lacking
