"""The content of the page of completeness."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from central.answers import Span
from central.web.page_day import COUNTED

LINES, STRETCHES = 200, 100
"""How many points and directions, and how many stretches, the page lists; the CSVs have all."""
_STATES = ("met", "met_late", "late", "due")


def completeness_content(answer: dict[str, Any], span: Span, at: datetime) -> dict[str, Any]:
    """The matrix, its worst lines first if there are too many; what is missing; operators and their deadlines."""
    lines = answer["points"]
    if len(lines) > LINES:
        kept = sorted(range(len(lines)), key=lambda i: (-lines[i]["absent"], i))[:LINES]
        lines = [lines[i] for i in sorted(kept)]
    days = [date.fromisoformat(day) for day in answer["days"]]
    return {
        "as_of": answer["now"],
        "cluster": answer["cluster"],
        "month": span.month,
        "present": span.month.of(at),
        "answer": answer,
        "quarters": answer["period"] == "quarter",
        "days": days,
        "lines": [{**one, "cells": list(_cells(one["by_day"]))} for one in lines],
        "missing": answer["missing"][:STRETCHES],
        "shown": {"lines": LINES, "stretches": STRETCHES},
        "sources": list(_sources(answer)),
        "operators": [
            {**one, "states": [(name, one["states"][name]) for name in _STATES]} for one in answer["operators"]
        ],
    }


def _cells(by_day: dict[str, list[int]]) -> Any:
    """Each day's state, and how many of how many values are there."""
    for expected, present, estimated in zip(by_day["expected"], by_day["present"], by_day["estimated"], strict=True):
        if not expected:
            state = "none_due"
        elif present < expected:
            state = "partly" if present else "empty"
        else:
            state = "estimated" if estimated else "full"
        yield {"state": state, "expected": expected, "present": present, "estimated": estimated}


def _sources(answer: dict[str, Any]) -> Any:
    """Of each day that has values due: how many are from where, and how many are missing."""
    for i, day in enumerate(answer["days"]):
        counts = {
            name: sum(one["by_day"][name][i] for one in answer["points"]) for name in ("expected", *COUNTED, "absent")
        }
        if counts["expected"]:
            yield {"date": date.fromisoformat(day), **counts}
