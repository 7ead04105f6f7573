"""The documents of a file: rows put together, and every reason why one of them can't be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from central.figures.columns import Row, row_of
from central.figures.figure import Document
from central.imports.found import BadLine


@dataclass(slots=True)
class Parsed:
    """What a file gave."""

    rows: int = 0
    documents: list[Document] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def parse(lines: Iterable[tuple[int, Mapping[str, str] | str]], points: Collection[str] | None) -> Parsed:
    """Make documents of a file's rows; ``points``: the codes of the cluster's points, None where nobody knows them."""
    made = Parsed()
    documents: dict[tuple[str, str, str], list[Row]] = {}
    seen: dict[tuple[object, ...], int] = {}
    for line, cells in lines:
        made.rows += 1
        if isinstance(cells, str):
            made.bad.append(BadLine(line, cells))
            continue
        try:
            row = row_of(line, cells)
            _fits(row, points, documents.get(_key(row), []), seen)
        except ValueError as error:
            made.bad.append(BadLine(line, str(error)))
            continue
        seen[(*_key(row), *row.figure.key)] = line
        documents.setdefault(_key(row), []).append(row)
    for rows in documents.values():
        first = rows[0]
        made.documents.append(
            Document(
                party=first.party,
                issuer=first.issuer,
                document=first.document,
                corrects=first.corrects,
                figures=tuple(sorted((row.figure for row in rows), key=lambda one: one.key)),
            )
        )
    return made


def _key(row: Row) -> tuple[str, str, str]:
    return row.party.value, row.issuer, row.document


def _fits(row: Row, points: Collection[str] | None, before: list[Row], seen: Mapping[tuple[object, ...], int]) -> None:
    if points is not None and row.figure.point not in points:
        raise ValueError(f"point {row.figure.point}: the cluster has no point of this id or code")
    if before and before[0].corrects != row.corrects:
        raise ValueError(f"corrects {row.corrects[:40]!r}: in line {before[0].line} the same document says another")
    if (line := seen.get((*_key(row), *row.figure.key))) is not None:
        raise ValueError(
            f"stands already in line {line}: a document has one row for a month, point, zone and component; "
            "add them up if both are charged"
        )
