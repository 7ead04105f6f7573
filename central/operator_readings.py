"""Operators' files among the readings of a settlement from files: the later in the list counts, value by value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.aliases import Aliases
from central.cluster import Cluster
from central.file_fit import unfit
from central.grid import places_at, within
from central.imports.found import WHOLE, Found, LacksError, Note, NotReadError, UnknownFormatError
from central.imports.klaster_csv import BadRow, BadRowsError, Readings, read_readings
from central.imports.points import directions_agree
from central.imports.recognise import MAX_BYTES, read_file
from central.imports.rows import is_ours, meant_as_ours
from central.master import periods_table
from central.named_files import NamedFile, named_file, way_out
from central.operator_energies import ROUNDING, operator_energies
from central.precedence import OWN, combine
from central.readings import INTERVALS
from central.tables import METERED, labels
from metering.period import Month

_KEY = 5
"""So many of a value's first fields say which period of what it is."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of our own values and operators', beside the energies that count."""

    rounding: Mapping[Month, Mapping[str, int]] = field(default_factory=dict)
    """What rounding to whole Wh did to operators' values of each month; see ``operator_energies``."""
    own_unused: int = 0
    """Our own values of periods for which the operator's count, by ``precedence``."""
    operator_unused: int = 0
    """Operators' energies of periods for which our own count."""


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What files of readings give together."""

    readings: Readings
    """Its energies are of all files, by the cluster's ``precedence``."""
    joined: Joined = field(default_factory=Joined)
    notes: Sequence[tuple[str, Note]] = ()
    """What is to be said of an operator's file, with its name."""

    def rounding_of(self, month: Month) -> dict[str, int]:
        """The rounding of one month."""
        return dict(self.joined.rounding.get(month, dict.fromkeys(ROUNDING, 0)))

    @property
    def rounded(self) -> dict[str, int]:
        """The rounding of all months."""
        return {name: sum(one[name] for one in self.joined.rounding.values()) for name in ROUNDING}


def read_files(
    files: Sequence[Path],
    cluster: Cluster,
    months: Sequence[Month],
    master: Mapping[str, pa.Table],
    progress: Callable[[str], None],
) -> FilesRead:
    """Read our own files and operators' (``central.named_files``) for the given months.

    Raises:
        BadRowsError: with all bad rows; nothing is used then.
    """
    ours, theirs, bad = _sorted_out(files, lambda file: progress(f"reading {file.name}"))
    try:
        own = read_readings(ours, cluster, months, lambda file: progress(f"reading {file.name}"))
    except BadRowsError as error:
        bad += error.rows
    if bad:
        raise BadRowsError(bad)
    if not theirs:
        return FilesRead(own)
    energies, joined = with_operators(own.energies, theirs, cluster, master, months)
    counted = _counted(theirs, master, months)
    readings = replace(
        own,
        energies=energies,
        rows=own.rows + sum(len(found.values) for _, found in theirs),
        outside_months=own.outside_months + counted.outside_months,
        outside_validity=own.outside_validity + counted.outside_validity,
    )
    notes = [(str(file), note) for file, found in theirs for note in (*found.notes, *unfit(found, cluster, kept=False))]
    notes += _replaced(theirs, master)
    return FilesRead(readings, joined, notes)


def without_values(energies: pa.Table, months: Sequence[Month]) -> list[Month]:
    """The months of which there is no energy at all."""
    there = set(pc.unique(pc.floor_temporal(energies["start"], unit="hour")).to_pylist())
    return [month for month in months if not any(month.start <= at < month.end for at in there)]


def sorted_out(files: Sequence[Path]) -> tuple[list[Path], list[tuple[Path, Found]]]:
    """Files of our own readings (and whatever else isn't known), and operators' files, read.

    Raises:
        BadRowsError: operators' files that can't be used.
    """
    ours, theirs, bad = _sorted_out(files)
    if bad:
        raise BadRowsError(bad)
    return ours, theirs


def _sorted_out(
    files: Sequence[Path], progress: Callable[[Path], None] = lambda _: None
) -> tuple[list[Path], list[tuple[Path, Found]], list[BadRow]]:
    ours: list[Path] = []
    theirs: list[tuple[Path, Found]] = []
    bad: list[BadRow] = []
    for word in files:
        file = NamedFile(word)
        try:
            file = named_file(word)
            if is_ours(file.path) and not file.given.point:
                ours.append(file.path)
                continue
            progress(file.path)
            with file.path.open("rb") as content:
                found = read_file(content.read(MAX_BYTES + 1), file.given)
            directions_agree(found, file.given)
        except OSError:
            ours.append(file.path)
        except UnknownFormatError as error:
            if not file.given.point and meant_as_ours(file.path):
                # Its reader tells what is wrong with its columns.
                ours.append(file.path)
            else:
                bad.append(BadRow(str(file.path), WHOLE, str(error)))
        except LacksError as error:
            bad.append(BadRow(str(file.path), WHOLE, f"{error}; {way_out(error, file)}"))
        except (NotReadError, ValueError) as error:
            bad.append(BadRow(str(file.path), WHOLE, str(error)))
        else:
            bad += [BadRow(str(file.path), one.line, one.reason) for one in found.bad]
            theirs.append((file.path, found))
    return ours, theirs, bad


def with_operators(
    energies: pa.Table,
    theirs: Iterable[tuple[Path, Found]],
    cluster: Cluster,
    master: Mapping[str, pa.Table],
    months: Sequence[Month],
) -> tuple[pa.Table, Joined]:
    """Our readings and operators' values of the months, as the cluster's ``precedence`` says; and what became of them.

    Raises:
        BadRowsError: files that give a period of a point two energies, under its id and an alias.
    """
    theirs, aliases = list(theirs), Aliases(master["aliases"])
    bad = [BadRow(str(file), one.line, one.reason) for file, found in theirs for one in aliases.clashes(found.values)]
    if bad:
        raise BadRowsError(bad)
    intervals = _intervals(theirs)
    tables, rounding = [], {}
    for month in months:
        periods = {**master, "periods": periods_table(cluster, month)}
        found, rounding[month] = operator_energies(periods, intervals, cluster.settings)
        tables.append(found)
    quality = labels(["measured"], np.zeros(energies.num_rows, dtype=np.int64))
    own = energies.append_column("quality", quality).cast(METERED)
    operated = pa.concat_tables(tables).unify_dictionaries()
    found = combine(master, own, operated, cluster.settings.precedence)
    used = pc.sum(pc.equal(found["source"].cast(pa.string()), OWN), min_count=0).as_py()
    joined = Joined(rounding, own.num_rows - used, operated.num_rows - (found.num_rows - used))
    return found, joined


def _intervals(theirs: Iterable[tuple[Path, Found]]) -> pa.Table:
    newest = {
        value[:_KEY]: (*value[:_KEY], 1, number, *value[_KEY:8])
        for number, (_, found) in enumerate(theirs, 1)
        for value in found.values
    }
    columns = zip(*newest.values(), strict=True) if newest else [()] * len(INTERVALS)
    arrays = [
        pa.array(column, pa.int64()).cast(field.type) if field.name == "start" else pa.array(column, field.type)
        for column, field in zip(columns, INTERVALS, strict=True)
    ]
    return pa.table(arrays, schema=INTERVALS)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Values of operators' files that aren't used."""

    outside_months: int
    outside_validity: int


def _counted(theirs: Sequence[tuple[Path, Found]], master: Mapping[str, pa.Table], months: Sequence[Month]) -> _Counted:
    aliases = Aliases(master["aliases"])
    values = [value for _, found in theirs for value in found.values]
    start = np.array([value.start for value in values], dtype=np.int64)
    names = pa.chunked_array([pa.array([aliases.point(value.point, value.start) for value in values], pa.string())])
    inside = (start >= months[0].start.timestamp()) & (start < months[-1].end.timestamp())
    rows = master["points"].to_pylist()
    place = places_at(rows, names, start)
    invalid = np.zeros(len(start), dtype=np.bool_)
    dated = [number for number, row in enumerate(rows) if row["valid_from"] or row["valid_to"]]
    for number in dated:
        invalid |= (place == number) & ~within(rows[number], start)
    return _Counted(int((~inside).sum()), int((inside & invalid).sum()))


def _replaced(theirs: Sequence[tuple[Path, Found]], master: Mapping[str, pa.Table]) -> list[tuple[str, Note]]:
    """For each file the values that are another's than an earlier file's: the later in the list counts."""
    if len(theirs) < 2:
        return []
    aliases, known, notes = Aliases(master["aliases"]), dict[tuple[object, ...], tuple[str, Path]](), []
    for file, found in theirs:
        differing: dict[Path, list[int]] = {}
        for value in found.values:
            key = (aliases.point(value.point, value.start), *value[1:_KEY])
            before, where = known.get(key, (value.wh, file))
            if before != value.wh and where != file:
                differing.setdefault(where, []).append(value.line)
            known[key] = value.wh, file
        notes += [
            (str(file), Note(f"values other than {where} has: those of this file count, it is later in the list", *at))
            for where, lines in differing.items()
            for at in [(min(lines), len(lines))]
        ]
    return notes
