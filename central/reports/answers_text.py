"""Answers as a person reads them in a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from central.reports.settlement_text import kwh, multiplier_name
from metering.period import local_text
from runtime import console

_ENERGIES = ("drawn", "injected_res", "injected_other", "covered", "surplus", "deficit")


def print_balance(answer: dict[str, Any]) -> None:
    """The hourly balance as a table."""
    columns = ("hour", *(name.replace("_", " ") + " kWh" for name in _ENERGIES), "ratio %", "charge", "status")
    rows = [
        (
            row["local"][:16].replace("T", " ") + row["local"][19:],
            *(kwh(row[f"{name}_wh"]) for name in _ENERGIES),
            row["ratio_pct"],
            "" if row["multiplier"] is None else multiplier_name(row["multiplier"]),
            row["status"],
        )
        for row in answer["hours"]
    ]
    sums = answer["sums"]
    total = ("sum of complete hours", *(kwh(sums[f"{name}_wh"]) for name in _ENERGIES), answer["covered_pct"], "", "")
    console.table(f"{answer['cluster']}: balance of {answer['span']}", columns, [*rows, total], right=columns[1:8])
    covered = answer["covered_pct"]
    console.out.print("Covered: " + ("nothing was drawn." if covered is None else f"{covered} % of what was drawn."))
    console.out.print(
        f"Every sum rests on {answer['complete']} of {answer['periods']} {answer['period']}s that have ended."
    )
    _notes(answer)


def print_shares(answer: dict[str, Any]) -> None:
    """Members' sums, and for a month their relief."""
    money = "relief_zl" in answer
    columns = ["member", "name", "drawn kWh", "injected kWh", "allocated kWh", "relieved kWh"]
    rows = [
        [
            row["member"],
            row["name"],
            *(kwh(row[f"{name}_wh"]) for name in ("drawn", "injected", "allocated", "relieved")),
        ]
        for row in answer["members"]
    ]
    if money:
        columns.append("relief zł")
        for row, member in zip(rows, answer["members"], strict=True):
            row.append("not known" if member["relief_zl"] is None and member["drawn_wh"] else member["relief_zl"] or "")
    console.table(f"{answer['cluster']}: shares of {answer['span']}", columns, rows, right=columns[2:])
    if money:
        doubtful = ", ".join(f"{n} {status}" for status, n in sorted(answer["rates"].items()) if status != "verified")
        if doubtful:
            console.out.print(f"Rows of charges whose rate is not verified: {doubtful}.")
    _notes(answer)


def print_findings(answer: dict[str, Any]) -> None:
    """Findings as a table, or that there are none."""
    rows = [
        (row["kind"], row["what"], _when(row["since"]), _when(row["until"]), row["text"], row["way_out"])
        for row in answer["findings"]
    ]
    if rows:
        console.table(f"Findings of {answer['span']}", ("kind", "what", "since", "until", "found", "way out"), rows)
    else:
        console.out.print(f"No findings in {answer['span']}.")


def print_gateways(answer: dict[str, Any]) -> None:
    """Gateways and their meters."""
    rows = []
    for row in answer["gateways"]:
        status = row["status"] or {}
        meters = status.get("meters", [])
        late = [
            meter["id"] + (f" ({meter['error']})" if meter.get("error") else "") for meter in meters if meter["error"]
        ]
        rows.append(
            (
                row["gateway"],
                "online" if status.get("online") else "offline",
                status.get("version", ""),
                _when(row["heard"]),
                _when(row["receipted"]),
                status.get("backlog", ""),
                status.get("aside", ""),
                len(meters),
                ", ".join(late),
            )
        )
    columns = ("gateway", "state", "version", "heard", "last receipt", "backlog", "aside", "meters", "trouble")
    console.table("Gateways", columns, rows, right=("backlog", "aside", "meters"))


def print_stands(answer: dict[str, Any]) -> None:
    """Stands as a table."""
    names = ("at", "meter", "register", "wh", "resolution", "quality", "gateway", "epoch")
    rows = [tuple(_when(row[name]) if name == "at" else row[name] for name in names) for row in answer["stands"]]
    console.table(f"Stands of {answer['span']}", names, rows, right=("wh", "resolution"))


def _when(text: str | None) -> str:
    return "" if text is None else local_text(datetime.fromisoformat(text)).replace("T", " ")


def _notes(answer: dict[str, Any]) -> None:
    for note in answer["notes"]:
        console.out.print(f"\n{note}", markup=False)
