"""What differs between two states of the cluster's data: by table, row and column."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from central.cluster.columns import SHEETS
from central.cluster.flat import Named


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that differs. None: there is no such row; empty: the row says nothing of it."""

    table: str
    row: str
    column: str
    before: str | None
    after: str | None


def changes(old: Named, new: Named) -> list[Change]:
    """Every cell that differs, in the order of tables and columns."""
    found = []
    for table, sheet in SHEETS.items():
        before, after = old.get(table, {}), new.get(table, {})
        for row in [*before, *(name for name in after if name not in before)]:
            was, now = before.get(row), after.get(row)
            # Columns of earlier versions of the program may be in a history.
            more = [name for name in {**(was or {}), **(now or {})} if name not in sheet.header]
            for column in [*sheet.header, *more]:
                cells = _cell(was, column), _cell(now, column)
                if (was or {}).get(column, "") != (now or {}).get(column, ""):
                    found.append(Change(table=table, row=row, column=column, before=cells[0], after=cells[1]))
    return found


def _cell(row: dict[str, str] | None, column: str) -> str | None:
    return None if row is None else row.get(column, "")


def apply(state: Named, made: Iterable[Change]) -> None:
    """Make the changes in ``state``."""
    for change in made:
        rows = state.setdefault(change.table, {})
        cells = rows.setdefault(change.row, {})
        if change.after:
            cells[change.column] = change.after
        else:
            cells.pop(change.column, None)
        if not cells:
            del rows[change.row]
