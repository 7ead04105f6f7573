"""Contradictions beside values that can't be read: all problems of a file come at once, not one kind after another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from central.cluster.contradictions import contradictions
from central.cluster.model import ClusterFile
from runtime.config import ConfigError, Problem, build

_PLACE = re.compile(r"\b([a-z]+)\[([0-9]+)\]")


def contradictions_beside(content: Mapping[str, Any], unread: Sequence[Problem], file: str) -> list[Problem]:
    """The contradictions among the rows that ``unread`` names nothing of; the others still count as being there."""
    bad = {(found[1], int(found[2])) for problem in unread if (found := _PLACE.match(problem.key))}
    kept: dict[str, Any] = {}
    numbers: dict[str, list[int]] = {}
    for table, rows in content.items():
        if not isinstance(rows, list):
            if table != "coordinator" or not any(one.key.partition(".")[0] == table for one in unread):
                kept[table] = rows
            continue
        numbers[table] = [i for i in range(1, len(rows) + 1) if (table, i) not in bad]
        kept[table] = [rows[i - 1] for i in numbers[table]]
    try:
        read = build(kept, ClusterFile, file)
    except ConfigError:
        return []
    there = {
        table: {
            str(row["id"]): str(row.get("member", ""))
            for row in content[table]
            if isinstance(row, dict) and "id" in row
        }
        for table in ("members", "points")
        if isinstance(content.get(table), list)
    }

    def told(text: str) -> str:
        """Places in the rows that were kept, as places in the file."""
        return _PLACE.sub(lambda found: f"{found[1]}[{_number(numbers, found[1], int(found[2]))}]", text)

    return [
        Problem(problem.file, told(problem.key), problem.value, told(problem.expected))
        for problem in contradictions(read, file, there)
    ]


def _number(numbers: Mapping[str, Sequence[int]], table: str, kept: int) -> int:
    # Rows within rows are all kept, and keep their numbers.
    return numbers[table][kept - 1] if table in numbers else kept
