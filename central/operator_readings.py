"""Operators' files among the readings of a settlement from files: the later in the list counts, value by value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from central.aliases import Aliases
from central.cluster import Cluster
from central.imports.found import Found, NotReadError, UnknownFormatError
from central.imports.klaster_csv import BadRow, BadRowsError
from central.imports.recognise import MAX_BYTES, read_file
from central.imports.rows import is_ours
from central.master import periods_table
from central.operator_energies import operator_energies
from central.precedence import combine
from central.readings import INTERVALS
from central.tables import METERED, labels
from metering.period import Month


def sorted_out(files: Sequence[Path]) -> tuple[list[Path], list[tuple[Path, Found]]]:
    """Files of our own readings (and whatever else isn't known), and operators' files, read.

    Raises:
        BadRowsError: operators' files that can't be used.
    """
    ours: list[Path] = []
    theirs: list[tuple[Path, Found]] = []
    bad: list[BadRow] = []
    for file in files:
        try:
            if is_ours(file):
                ours.append(file)
                continue
            with file.open("rb") as content:
                found = read_file(content.read(MAX_BYTES + 1))
        except (UnknownFormatError, OSError):
            ours.append(file)
            continue
        except NotReadError as error:
            bad.append(BadRow(str(file), 1, str(error)))
            continue
        bad += [BadRow(str(file), one.line, one.reason) for one in found.bad]
        theirs.append((file, found))
    if bad:
        raise BadRowsError(bad)
    return ours, theirs


def with_operators(
    energies: pa.Table,
    theirs: Iterable[tuple[Path, Found]],
    cluster: Cluster,
    master: Mapping[str, pa.Table],
    months: Sequence[Month],
) -> pa.Table:
    """Our readings and operators' values of the months, as the cluster's ``precedence`` says.

    Raises:
        BadRowsError: files that give a period of a point two energies, under its id and an alias.
    """
    theirs, aliases = list(theirs), Aliases(master["aliases"])
    bad = [BadRow(str(file), one.line, one.reason) for file, found in theirs for one in aliases.clashes(found.values)]
    if bad:
        raise BadRowsError(bad)
    intervals = _intervals(theirs)
    tables = [
        operator_energies({**master, "periods": periods_table(cluster, month)}, intervals, cluster.settings)[0]
        for month in months
    ]
    quality = labels(["measured"], np.zeros(energies.num_rows, dtype=np.int64))
    own = energies.append_column("quality", quality).cast(METERED)
    return combine(master, own, pa.concat_tables(tables).unify_dictionaries(), cluster.settings.precedence)


def _intervals(theirs: Iterable[tuple[Path, Found]]) -> pa.Table:
    newest = {
        value[:5]: (*value[:5], 1, number, *value[5:8])
        for number, (_, found) in enumerate(theirs, 1)
        for value in found.values
    }
    columns = zip(*newest.values(), strict=True) if newest else [()] * len(INTERVALS)
    arrays = [
        pa.array(column, pa.int64()).cast(field.type) if field.name == "start" else pa.array(column, field.type)
        for column, field in zip(columns, INTERVALS, strict=True)
    ]
    return pa.table(arrays, schema=INTERVALS)
