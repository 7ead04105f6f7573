"""Imports, archived files and comparisons as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from central.importing import ImportReport
from central.reports.files_read_text import note_text, rounding_text
from metering.period import local_text
from runtime import console

_SHOWN = 50
_STATES = {
    "counted": "imported as file {number}; its values count",
    "kept": "archived as file {number}; nothing of it counts",
    "waiting": "archived as file {number}; it counts when the running service, or the store's server, takes it in",
    "known": "was imported before as file {number}; nothing changed",
    "dry_run": "would be imported; nothing was changed",
    "refused": "refused, nothing of it was taken",
}


def print_import(report: ImportReport) -> None:
    """What one file gave and what became of it."""
    state = _STATES[report.state].format(number=report.number) + _unused(report)
    console.say(f"{report.file}: {state}{': ' + report.reason if report.reason else ''}", style="bold")
    if report.title:
        console.say(f"  format {report.layout}: {report.title}")
    if report.series:
        changed = any(one.changed for one in report.series)
        rows = [
            (
                one.point,
                f"{one.direction}, {one.kind}",
                one.first,
                one.last,
                one.values,
                one.wh,
                one.new,
                one.same + one.restated,
                one.changed,
                *((f"{one.changed_from_wh} → {one.changed_to_wh}" if one.changed else "",) if changed else ()),
            )
            for one in report.series
        ]
        columns = ("point", "what", "from day", "to day", "values", "Wh", "new", "same", "changed")
        more = ("changed Wh",) if changed else ()
        right, whole = columns[4:], columns[2:4]
        console.table("", columns + more, rows, right=right, whole=whole)
    if report.missing:
        cells = "1 cell has" if report.missing == 1 else f"{report.missing} cells have"
        console.say(f"  {cells} no value: what counted before stays")
    if finer := sum(one.finer for one in report.series):
        values = "1 value is" if finer == 1 else f"{finer} values are"
        console.say(f"  {values} finer than 1 Wh: kept as they came, rounded once with their period")
    for note in report.notes:
        console.say(f"  {note_text(note)}")
    for bad in report.bad[:_SHOWN]:
        console.say(f"  refused: line {bad.line}: {bad.reason}")
    if len(report.bad) > _SHOWN:
        console.say(f"  … and {len(report.bad) - _SHOWN} more rows refused")


def _unused(report: ImportReport) -> str:
    """Which of the values don't count, said beside what became of the file."""
    if report.state == "refused" or not report.unused:
        return ": it has no values" if report.state == "kept" else ""
    if report.fits:
        return f", but for {report.unused} of them: see below"
    unknown = report.unknown == report.unused
    until = "until its points are in the cluster file" if unknown else "as the cluster file stands: see below"
    return f" {until}" if report.state == "kept" else f"; nothing of it counts {until}"


def print_files(files: Sequence[Mapping[str, Any]]) -> None:
    """All archived files, in the order in which they count."""
    if not files:
        console.say("No file has been imported yet.")
        return
    count = "1 imported file" if len(files) == 1 else f"{len(files)} imported files"
    console.say(f"{count}; of each period the newest value counts", style="bold")
    for one in files:
        values = sum(series["values"] for series in one["report"]["series"])
        counting = f"{one['counts']} count now" if one["taken_in"] else "not taken in yet"
        bad = one["bad"]
        refused = f", {bad} row{'s' * (bad != 1)} refused" if bad else ""
        at = local_text(datetime.fromisoformat(one["imported"]).replace(microsecond=0))
        console.say("")
        console.say(f"{one['number']}  {one['name']}  ({one['layout']})")
        console.say(f"   {_points(one)}")
        console.say(f"   {values} values, {counting}{refused}")
        console.say(f"   imported {at} by {one['who']}")


def _points(one: Mapping[str, Any]) -> str:
    series = one["report"]["series"]
    names = sorted({row["point"] for row in series})
    if not names:
        return "no values"
    days = [row[name] for row in series for name in ("first", "last")]
    shown = f"point {names[0]}" if len(names) == 1 else f"{len(names)} points"
    return f"{shown}, {min(days)} to {max(days)}"


def print_comparison(answer: Mapping[str, Any]) -> None:
    """Own and operator's values side by side."""
    rows = [
        (
            one["point"],
            one["direction"] + (", netted" if one["netted"] else ""),
            one["both"],
            one["own_wh"],
            one["operator_wh"],
            one["difference_wh"],
            one["differing"],
            one["only_own"],
            one["only_operator"],
        )
        for one in answer["points"]
    ]
    columns = (
        "point",
        "direction",
        "periods",
        "own Wh",
        "operator Wh",
        "difference",
        "differ",
        "only own",
        "only theirs",
    )
    title = f"{answer['cluster']} {answer['month']}: own and operator's; {answer['precedence']} counts where both are"
    console.table(title, columns, rows, right=columns[2:])
    if not answer["compared"]:
        console.say("Nothing was compared: no period has both an own and an operator's value.")
        console.say(_lacking(answer["points"]))
    if said := rounding_text(answer["rounding"]):
        console.say(said)
    days = [(one["point"], one["direction"], day) for one in answer["points"] for day in one["days"]]
    if len(days) > _SHOWN:
        console.say(
            f"{len(days)} days of points differ; the {_SHOWN} that differ most (--json has all, and each period):"
        )
        days = sorted(days, key=lambda one: -abs(one[2]["difference_wh"]))[:_SHOWN]
    named = [
        (point, way, day["day"], *(day[name] for name in ("differing", "own_wh", "operator_wh", "difference_wh")))
        for point, way, day in days
    ]
    if named:
        title = f"Days with periods that differ by more than {answer['tolerance_wh']} Wh"
        heads = ("point", "direction", "day", "differ", "own Wh", "operator Wh", "difference")
        console.table(title, heads, named, right=heads[3:])


def _lacking(points: Sequence[Mapping[str, Any]]) -> str:
    own, theirs = any(one["only_own"] for one in points), any(one["only_operator"] for one in points)
    if own and theirs:
        return "Both are there, for other points, directions or periods."
    if own:
        return "There are stands; import the operator's files of the month."
    if theirs:
        return "There are the operator's values; no stand of a settlement meter of these points came in the month."
    return "There are neither stands nor operators' values of the month."
