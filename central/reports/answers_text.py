"""Answers as a person reads them in a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from central.reports.money_text import print_against_none
from central.reports.settlement_text import kwh, multiplier_name
from central.reports.sources_text import counted, is_mixed, letters, of_hour, say_kinds, say_sources
from metering.period import local_text
from runtime import console

_ENERGIES = {
    "drawn": "drawn",
    "injected_res": "RES in",
    "injected_other": "other in",
    "covered": "covered",
    "surplus": "surplus",
    "deficit": "deficit",
    "storage_charge": "charged",
    "storage_discharge": "discharged",
}
"""The last two are there where a storage's charging is left out of drawn."""


def print_balance(answer: dict[str, Any]) -> None:
    """The hourly balance as a table, in kWh."""
    known = {name: title for name, title in _ENERGIES.items() if f"{name}_wh" in answer["sums"]}
    energies = {name: title for name, title in known.items() if name != "injected_other" or _any_other(answer)}
    sources = [of_hour(row) for row in answer["hours"]]
    named = ("from",) if is_mixed(sources) else ()
    marked = ("estimated",) if answer["estimated"] else ()
    columns = (answer["period"], *energies.values(), "ratio %", "charge", *named, *marked)
    one_day = len(answer["span"]) > len("2026-10")
    rows = [
        (
            _hour(row["local"], one_day=one_day),
            *(kwh(row[f"{name}_wh"]) for name in energies),
            row["ratio_pct"] if row["status"] == "complete" else "incomplete",
            "" if row["multiplier"] is None else multiplier_name(row["multiplier"]),
            *((source,) if named else ()),
            *((row["estimated"] or "",) if marked else ()),
        )
        for row, source in zip(answer["hours"], sources, strict=True)
    ]
    sums = answer["sums"]
    total = ("sum", *(kwh(sums[f"{name}_wh"]) for name in energies), answer["covered_pct"], "")
    total += ("",) * len(named)
    total += (answer["estimated"],) if marked else ()
    title = f"{answer['cluster']}: balance of {answer['span']}, kWh"
    console.table(title, columns, [*rows, total], right=columns[1:])
    covered = answer["covered_pct"]
    if not answer["complete"]:
        console.say("Covered: not known, no hour is complete.")
    else:
        console.say("Covered: " + ("nothing was drawn." if covered is None else f"{covered} % of what was drawn."))
    ended = f"{answer['periods']} {answer['period']}s that have ended"
    console.say(f"Every sum rests on {answer['complete']} of {ended}.")
    say_kinds(answer["hours"])
    _notes(answer)


def _any_other(answer: dict[str, Any]) -> bool:
    return any(row["injected_other_wh"] for row in answer["hours"])


def _hour(local: str, *, one_day: bool) -> str:
    """``06-17 13:00+02:00``, or without the day."""
    return f"{local[11:16]}{local[19:]}" if one_day else f"{local[5:10]} {local[11:16]}{local[19:]}"


def print_shares(answer: dict[str, Any]) -> None:
    """Members' sums, and for a month their relief."""
    money = "relief_zl" in answer
    columns = ["member", "name", "drawn", "injected", "allocated", "relieved"]
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
            row.append(
                "not known"
                if member["relief_zl"] is None and member["drawn_wh"] is not None
                else member["relief_zl"] or ""
            )
    of_member: dict[str, set[str]] = {}
    for row in answer["rows"]:
        of_member.setdefault(row["member"], set()).update(counted([row]))
    found = [letters(of_member.get(member["member"], ())) for member in answer["members"]]
    if is_mixed(found):
        columns.append("from")
        for row, source in zip(rows, found, strict=True):
            row.append(source)
    if any(member["estimated"] for member in answer["members"]):
        columns.append("estimated")
        for row, member in zip(rows, answer["members"], strict=True):
            row.append(member["estimated"] or "")
    if any(member["unauthorised"] for member in answer["members"]):
        columns.append("unauthorised")
        for row, member in zip(rows, answer["members"], strict=True):
            row.append(member["unauthorised"] or "")
    console.table(
        f"{answer['cluster']}: shares of {answer['span']}, kWh",
        columns,
        rows,
        right=[name for name in columns[2:] if name != "from"],
    )
    say_sources(counted(answer["rows"]), answer["sources"])
    if money:
        print_against_none([(row["member"], row) for row in answer["money"]["members"]], answer["money"]["cluster"])
        doubtful = ", ".join(f"{n} {status}" for status, n in sorted(answer["rates"].items()) if status != "verified")
        if doubtful:
            console.say(f"Rows of charges whose rate is not verified: {doubtful}.")
    _notes(answer)


def print_gateways(answer: dict[str, Any]) -> None:
    """Gateways and their meters, one after another."""
    for row in answer["gateways"]:
        status = row["status"] or {}
        state = "online" if status.get("online") else "offline"
        console.say(f"{row['gateway']}  {state}  version {status.get('version') or 'not known'}", style="bold")
        console.say(f"  heard {_when(row['heard']) or 'never'}, last receipt {_when(row['receipted']) or 'never'}")
        console.say(f"  {status.get('backlog', 0)} stands wait, {status.get('aside', 0)} are set aside")
        if row["put_off"]:
            console.say(f"  put off {_when(row['put_off'])}: central's disk is short; it keeps its stands")
        if over := row["over_budget"]:
            console.say(
                f"  it floods, and isn't listened to until {_when(over['shut_until'])}; it keeps its stands"
                if over["shut_until"]
                else f"  since {_when(over['since'])} it sent {over['sent']:,} {over['unit']}, and an hour adds "
                f"{over['budget']:,}: {over['put_off']:,} messages weren't taken in; it keeps its stands"
            )
        for meter in status.get("meters", []):
            trouble = f", {meter['error']}" if meter["error"] else ""
            read = _when(meter["last_read"]) or "never"
            console.say(f"  meter {meter['id']} on {meter['bus']}: last read {read}{trouble}")
    console.say(f"{len(answer['gateways'])} gateways have been heard.")


def print_stands(answer: dict[str, Any]) -> None:
    """Stands as a table."""
    if not answer["stands"]:
        console.say(f"No stands in {answer['span']}.")
        return
    names = ("at", "meter", "register", "wh", "resolution", "quality", "gateway", "epoch")
    rows = [tuple(_when(row[name]) if name == "at" else row[name] for name in names) for row in answer["stands"]]
    console.table(f"Stands of {answer['span']}", names, rows, right=("wh", "resolution"))


def _when(text: str | None) -> str:
    return "" if text is None else local_text(datetime.fromisoformat(text)).replace("T", " ")


def _notes(answer: dict[str, Any]) -> None:
    for note in answer["notes"]:
        console.say("")
        console.say(note)
