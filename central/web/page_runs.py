"""The content of the pages of the register."""

from __future__ import annotations

from typing import Any, Final

from central.ask import Answer
from metering.period import Month

EFFECT: Final = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "relief_zl", "charge_zl")
"""What a cause changed."""


def runs_content(answer: dict[str, Any], checked: dict[str, bool]) -> dict[str, Any]:
    """The runs by month, the newest month first; ``checked``: those that were verified lately, and whether equal."""
    months: dict[str, list[dict[str, Any]]] = {}
    for row in answer["runs"]:
        months.setdefault(row["month"], []).append({**row, "verified": checked.get(row["run"])})
    for rows in months.values():
        stands = [row for row in rows if row["kind"] != "preliminary"]
        for row in rows:
            row["state"] = _state(row, stands)
    cluster = answer["runs"][0]["cluster"] if answer["runs"] else ""
    return {
        "cluster": cluster,
        "months": [(Month.parse(month), months[month]) for month in sorted(months, reverse=True)],
    }


def _state(row: dict[str, Any], stands: list[dict[str, Any]]) -> str:
    """In force: the final, or the last correction of it."""
    if row["kind"] == "preliminary":
        return "approved" if row["approved"] else "draft"
    return "in_force" if row is stands[-1] else "corrected"


def run_content(answer: dict[str, Any], checked: Answer | None) -> dict[str, Any]:
    """One run; ``checked``: what verifying it gave, where it was asked."""
    shown = answer["shown"]
    return {
        "run": shown,
        "month": Month.parse(shown["month"]),
        "members": answer["members"],
        "rates": answer["rates"],
        "binding": answer["binding"],
        "others": [one for one in answer["of_month"] if one != shown["run"]],
        "checked": checked.value if checked else None,
        "check_trouble": checked.trouble.removeprefix("?") if checked and checked.value is None else "",
    }


def difference_content(answer: dict[str, Any]) -> dict[str, Any]:
    """Two runs, or a run and the books, compared; nothing where the month has no final."""
    month, no_final = Month.parse(answer["month"]), answer.get("none", False)
    return {"month": month, "answer": answer, "no_final": no_final, "columns": EFFECT}


def closing_content(answer: dict[str, Any]) -> dict[str, Any]:
    """A month's list."""
    return {"month": Month.parse(answer["month"]), "answer": answer}
