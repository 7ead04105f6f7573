"""What puts imported files' values in doubt, as it was said when they were imported."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from central.archive import archived_files
from central.config import CentralConfig
from central.evidence import FileDoubt
from central.imports.found import BadLine, Note
from metering.period import day_start


class _Days(msgspec.Struct):
    first: date
    last: date


class _Said(msgspec.Struct):
    series: list[_Days] = []
    notes: list[Note] = []
    bad: list[BadLine] = []


def file_doubts(config: CentralConfig) -> list[FileDoubt]:
    """Doubts of all archived files; rows that were left out because the rest was accepted are one of them.

    Raises:
        sqlite3.Error: the archive can't be read.
    """
    found = []
    for one in archived_files(config.files):
        said = msgspec.convert(one.report, _Said)
        notes = [note for note in said.notes if note.doubt]
        if said.bad:
            first = said.bad[0]
            notes.append(Note(f"rows were refused and left out, the first: {first.reason}", first.line, len(said.bad)))
        since = min((day_start(days.first) for days in said.series), default=one.imported)
        until = max((day_start(days.last + timedelta(days=1)) for days in said.series), default=one.imported)
        found += [
            FileDoubt(
                number=one.number,
                name=one.name,
                digest=one.digest,
                point=one.given.point,
                since=since,
                until=until,
                line=note.line,
                times=note.times,
                text=note.text,
            )
            for note in notes
        ]
    return found
