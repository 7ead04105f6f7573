"""A cluster file's content as rows of cells, and back: the one form that sheets, differences and the history share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from central.cluster.columns import SHEETS, Sheet, cell_text, cell_value
from central.validity import bound_problem, instant
from runtime.config import Problem

Cells = dict[str, str]
"""A row's cells that aren't empty, by column."""
Rows = dict[str, list[Cells]]
"""The rows of each sheet, in the order of the file."""
Named = dict[str, dict[str, Cells]]
"""The rows of each sheet by their names."""
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


def rows_of(content: Mapping[str, Any]) -> Rows:
    """The rows of parsed TOML that makes a cluster."""
    return {
        name: [_cells(row, sheet, parent) for parent, row in _found(content, sheet)] for name, sheet in SHEETS.items()
    }


def named_rows(content: Mapping[str, Any]) -> Named:
    """The same by name: the key's columns, and a number where several rows of one name follow one another in time."""
    found: Named = {}
    for name, sheet in SHEETS.items():
        groups: dict[str, list[tuple[datetime, Cells]]] = {}
        for parent, row in _found(content, sheet):
            key = " / ".join([parent] * bool(parent) + [str(row.get(column, "")) for column in sheet.key])
            begins = row.get("valid_from")
            groups.setdefault(key, []).append((instant(begins) if begins else _FIRST, _cells(row, sheet, parent)))
        found[name] = {}
        for key, rows in groups.items():
            for i, (_, cells) in enumerate(sorted(rows, key=lambda row: row[0]), 1):
                found[name][key if i == 1 else f"{key} ({i})"] = cells
    return found


def _found(content: Mapping[str, Any], sheet: Sheet) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a sheet, with the name of the row that each belongs to."""
    if sheet.single:
        if sheet.name in content:
            yield "", content[sheet.name]
        return
    if not sheet.parent:
        yield from (("", row) for row in content.get(sheet.name, ()))
        return
    for name, row in _parents(content.get(sheet.parent, ())):
        yield from ((name, inner) for inner in row.get(sheet.table, ()))


def _parents(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows with their names: the id, and a number where several rows of one id follow one another in time."""
    of_id: dict[str, list[int]] = {}
    for i in sorted(range(len(rows)), key=lambda i: _begins(rows[i])):
        of_id.setdefault(str(rows[i]["id"]), []).append(i)
    for i, row in enumerate(rows):
        place = of_id[str(row["id"])].index(i) + 1
        yield str(row["id"]) if place == 1 else f"{row['id']} ({place})", row


def _begins(row: Mapping[str, Any]) -> datetime:
    begins = row.get("valid_from")
    return instant(begins) if isinstance(begins, date) and not bound_problem(begins, "", "") else _FIRST


def _cells(row: Mapping[str, Any], sheet: Sheet, parent: str) -> Cells:
    cells = {sheet.of: parent} if parent else {}
    return cells | {name: text for name in sheet.columns if name in row and (text := cell_text(row[name]))}


@dataclass(slots=True)
class Typed:
    """Sheets read back into what a TOML file would have given."""

    content: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Where each table's row stands in the sheets: ``points[3]`` is (points, 5)."""
    parents: dict[str, dict[str, int]] = field(default_factory=dict)
    """The number of each row of a table by its name: its id, with a number where an id has several rows."""
    problems: list[Problem] = field(default_factory=list)


def typed(sheets: Mapping[str, Sequence[tuple[int, Cells]]], file: str) -> Typed:
    """Make a file's content of sheets; each row with its number in the sheet."""
    made = Typed()
    for name, sheet in SHEETS.items():
        for number, cells in sheets.get(name, ()):
            values = _values(cells, sheet, number, file, made.problems)
            if sheet.single:
                _put_single(made, sheet, values, number, file)
            elif sheet.parent:
                _put_within(made, sheet, cells.get(sheet.of, ""), values, number, file)
            else:
                rows = made.content.setdefault(name, [])
                rows.append(values)
                made.places[f"{name}[{len(rows)}]"] = name, number
    return made


def _values(cells: Cells, sheet: Sheet, number: int, file: str, problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, text in cells.items():
        if column == sheet.of or not text:
            continue
        try:
            values[column] = cell_value(text, sheet.columns[column])
        except ValueError as error:
            problems.append(Problem(file, place(sheet.name, number, column), f'"{text[:60]}"', str(error)))
    return values


def _put_single(made: Typed, sheet: Sheet, values: dict[str, Any], number: int, file: str) -> None:
    if sheet.name in made.content:
        said = f"stands already in row {made.places[sheet.name][1]}: this table has one row"
        made.problems.append(Problem(file, place(sheet.name, number), "", said))
        return
    made.content[sheet.name] = values
    made.places[sheet.name] = sheet.name, number


def _put_within(made: Typed, sheet: Sheet, parent: str, values: dict[str, Any], number: int, file: str) -> None:
    if sheet.parent not in made.parents:
        rows = made.content.get(sheet.parent, [])
        named = [(i, row) for i, row in enumerate(rows, 1) if "id" in row]
        names = [name for name, _ in _parents([row for _, row in named])]
        made.parents[sheet.parent] = {name: i for name, (i, _) in reversed(list(zip(names, named, strict=True)))}
    i = made.parents[sheet.parent].get(parent)
    if i is None:
        said = f"the sheet {sheet.parent} has no row with this id"
        made.problems.append(Problem(file, place(sheet.name, number, sheet.of), f'"{parent[:60]}"', said))
        return
    rows = made.content[sheet.parent][i - 1].setdefault(sheet.table, [])
    rows.append(values)
    made.places[f"{sheet.parent}[{i}].{sheet.table}[{len(rows)}]"] = sheet.name, number


def place(sheet: str, number: int, column: str = "") -> str:
    """A place in sheets, as problems name it."""
    return f"sheet {sheet}, row {number}" + (f", column {column}" if column else "")


def placed(problem: Problem, places: Mapping[str, tuple[str, int]]) -> Problem:
    """A problem of the content with its place in the sheets."""
    key = problem.key
    while key and key not in places:
        key = key.rpartition(".")[0]
    if not key:
        return problem
    column = problem.key[len(key) :].lstrip(".")
    return Problem(problem.file, place(*places[key], column), problem.value, problem.expected)
