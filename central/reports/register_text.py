"""The register's runs as a person reads them in a terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.finding import when
from central.register.keeping import Register
from central.register.manifest import Entry
from central.register.opening import Run, open_run
from central.register.verifying import Verified
from central.reports.note import plain
from central.reports.spoken import ENGLISH, Spoken
from metering.period import Month, local_text, utc_text
from runtime import console

if TYPE_CHECKING:
    # With it come the books and the broker, which who settles files doesn't need.
    from central.register.closing import Item


def run_row(run: Run) -> dict[str, Any]:
    """A run in one line, as plain values."""
    said, approval = run.manifest, run.approval
    return {
        "run": said.run,
        "cluster": said.cluster,
        "month": said.month,
        "kind": said.kind,
        "made": utc_text(said.made),
        "made_local": local_text(said.made),
        "by": said.by,
        "reason": said.reason,
        "source": said.source,
        "complete": said.complete,
        "accepted_gaps": len(said.accepted),
        "approved": None
        if approval is None
        else {
            "run": approval.run,
            "by": approval.by,
            "at": utc_text(approval.at),
            "at_local": local_text(approval.at),
            "note": approval.note,
        },
        "rests_on": said.approved or said.corrects or None,
        "regime_status": said.settings.get("regime_status", "simulation"),
        "totals": msgspec.to_builtins(said.totals),
        "digest": run.row.manifest,
    }


def run_rows(register: Register) -> list[dict[str, Any]]:
    """Every run, in the order of making; raises RunError where the register can't be trusted."""
    return [run_row(open_run(register.path(one.run))) for one in register.entries() if one.what == "run"]


def made_rows(register: Register, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The runs that were made just now."""
    runs = [open_run(register.path(one.run)) for one in entries]
    return [run_row(run) | {"money_rests_on": money_rests_on(run), "complete_up_to": _up_to(run)} for run in runs]


def _up_to(run: Run) -> str | None:
    """The end of the last complete period; None where none is."""
    hours = run.output("hours")
    complete = hours.filter(pc.equal(hours["status"].cast(pa.string()), "complete"))
    return utc_text(pc.max(complete["start"]).as_py() + run.period.length) if complete.num_rows else None


def money_rests_on(run: Run) -> list[str]:
    """The statuses of the rates and calendars that the run's charges rest on, sorted."""
    charges = run.output("charges")
    # An older klaster's charges have no status of zones.
    names = [name for name in ("rate_status", "zone_status") if name in charges.schema.names]
    return sorted({status for name in names for status in charges[name].unique().to_pylist() if status})


def print_made(rows: Sequence[Mapping[str, Any]], where: Path | None) -> None:
    """Print what was made; ``where``: the configuration or the register's folder, for what comes next."""
    for row in rows:
        console.say(f"{row['run']} of {row['cluster']} is made: {_sums(row)}")
        if not row["complete"]:
            lacking = row["totals"]["periods"] - row["totals"]["complete"]
            console.say(f"  incomplete: {lacking} of {row['totals']['periods']} periods lack values")
        _print_marks(row)
        console.say(f"  digest {row['digest']}")
        if datetime.fromisoformat(row["made"]) < (end := Month.parse(row["month"]).end):
            up_to = row["complete_up_to"]
            last = f"its last complete period ends at {when(datetime.fromisoformat(up_to))}; " if up_to else ""
            console.say(f"  the month hadn't ended when it was made: {last}the month ends at {when(end)}")
        if row["kind"] == "preliminary" and not row["totals"]["complete"]:
            console.say(
                f"  no period is complete, nothing can be approved: is {row['month']} the month that was meant?"
            )
        elif row["kind"] == "preliminary":
            console.say(f"  to close the month: approve {where} {row['run']} --by NAME, then run --kind final")


def _print_marks(row: Mapping[str, Any]) -> None:
    """What every figure of a run must be read with."""
    if row["regime_status"] == "simulation":
        console.say("  a simulation: the relief is suspended (art. 48 of the Act of 17.08.2023); a control calculation")
    doubtful = [status for status in row["money_rests_on"] if status != "verified"]
    if doubtful:
        console.say(f"  its money rests on rates or zones that are {', '.join(doubtful)}")


def print_runs(rows: Sequence[Mapping[str, Any]], folder: Path, month: Month | None = None) -> None:
    """Print the list; ``month``: the only one that was asked for."""
    if not rows and month is not None:
        console.say(f"{folder}: there is no run of {month}; runs without --month lists all")
        return
    if not rows:
        console.say(f"{folder}: no run was made yet; klaster-central run makes one")
        return
    heads = ("run", "made", "by", "complete", "approved", "covered kWh", "relief zł", "charge zł", "digest")
    body = [
        (
            row["run"],
            row["made_local"][:10],
            row["by"],
            _completeness(row),
            _approved_shortly(row),
            kwh(row["totals"]["covered_wh"]),
            row["totals"]["relief_zl"],
            row["totals"]["charge_zl"],
            row["digest"][:12],
        )
        for row in rows
    ]
    right, whole = ("covered kWh", "relief zł", "charge zł"), ("made", "digest")
    console.table(str(rows[0]["cluster"]), heads, body, right=right, whole=whole)
    if simulated := [row["run"] for row in rows if row["regime_status"] == "simulation"]:
        all_ = len(simulated) == len(rows)
        named = "All of them are simulations" if all_ else f"Simulations: {', '.join(simulated)}"
        console.say(f"{named}: the relief is suspended (art. 48 of the Act of 17.08.2023). runs show tells what rates.")


def _completeness(row: Mapping[str, Any]) -> str:
    if row["complete"]:
        return "yes"
    gaps = row["accepted_gaps"]
    return f"no, {gaps} gap{'s' if gaps > 1 else ''} accepted" if gaps else "no"


def _approved(row: Mapping[str, Any]) -> str:
    if row["approved"] is not None:
        said = f"by {row['approved']['by']}, {row['approved']['at_local'][:10]}"
        return said if row["approved"]["run"] == row["run"] else f"as {row['approved']['run']} {said}"
    return f"as {row['rests_on']}" if row["kind"] == "final" else "not approved"


def _approved_shortly(row: Mapping[str, Any]) -> str:
    """For the list, where a run's name would be folded."""
    if row["approved"] is not None:
        return f"by {row['approved']['by']}, {row['approved']['at_local'][:10]}"
    return "" if row["kind"] == "final" else "no"


def shown(run: Run) -> dict[str, Any]:
    """One run with all that it says of itself."""
    said = run.manifest
    return run_row(run) | {
        "money_rests_on": money_rests_on(run),
        "accepted": [msgspec.to_builtins(one) for one in said.accepted],
        "settings": said.settings,
        "made_with": msgspec.to_builtins(said.code),
        "files": {
            name: {"sha256": one.sha256, "bytes": one.size, "rows": one.rows} for name, one in said.files.items()
        },
        "row": msgspec.to_builtins(run.row),
    }


def print_shown(answer: Mapping[str, Any]) -> None:
    """Print one run."""
    made = f"made {answer['made_local']} from {answer['source']}"
    console.say(f"{answer['run']} of {answer['cluster']}", style="bold")
    console.say(
        made + (f" by {answer['by']}" if answer["by"] else "") + (f": {answer['reason']}" if answer["reason"] else "")
    )
    console.say(f"{_sums(answer)}; complete: {_completeness(answer)}; {_approved(answer)}")
    _print_marks(answer)
    for gap in answer["accepted"]:
        span = "..".join(local_text(datetime.fromisoformat(gap[side])) for side in ("since", "until"))
        console.say(f"accepted: {gap['point']}/{gap['direction']}/{span}: {gap['reason']}")
    with_ = answer["made_with"]
    console.say("made with " + ", ".join(f"{name} {value[:16]}" for name, value in with_.items()))
    console.say("settings: " + ", ".join(f"{name} {value}" for name, value in answer["settings"].items()))
    rows = [(name, one["rows"], one["bytes"], one["sha256"]) for name, one in answer["files"].items()]
    console.table("", ("file", "rows", "bytes", "sha256"), rows, right=("rows", "bytes"))
    console.say(f"digest of the run: {answer['digest']}")


def verified_row(found: Verified) -> dict[str, Any]:
    """What verifying gave, as plain values."""
    return {"equal": found.equal, **msgspec.to_builtins(found)}


def print_verified(answer: Mapping[str, Any]) -> None:
    """Print what verifying gave."""
    rows = ", ".join(f"{count} {name}" for name, count in answer["tables"].items())
    approved = f"approved by {answer['approved_by']}" if answer["approved_by"] else "not approved"
    if answer["run"].endswith("-final"):
        said = approved if answer["approved_by"] else "of which no approval is here"
        approved = f"rests on {answer['rests_on']}, {said}"
    elif answer["rests_on"]:
        approved = f"corrects {answer['rests_on']}; {approved}"
    console.say(f"{answer['run']} of {answer['cluster']}, digest {answer['digest']}; {approved}")
    if not answer["same_code"]:
        console.say("it was made by other arithmetic than this klaster's: a difference may be of the program")
    if answer["equal"]:
        console.say(f"equal: every digest is right, and every row was recomputed alike ({rows})")
        return
    cells = [
        (one["table"], " ".join(map(str, one["row"].values())), one["column"], one["kept"], one["recomputed"])
        for one in answer["differences"]
    ]
    console.table("it differs", ("table", "row", "column", "in the run", "recomputed"), cells)
    console.say(f"{answer['count']} values differ")


def closing_row(month: Month, lines: Sequence[Item]) -> dict[str, Any]:
    """The closing list as plain values."""
    return {
        "month": str(month),
        "done": all(one.done for one in lines),
        "lines": [
            {
                "name": one.name,
                "done": one.done,
                "text": one.text,
                "said": plain([one.said])[0],
                "details": one.details,
                "details_said": plain(one.details_said),
            }
            for one in lines
        ],
    }


def print_closing(month: Month, lines: Sequence[Item], say: Spoken = ENGLISH) -> None:
    """Print the closing list."""
    done = all(one.done for one in lines)
    console.say(say("closing.printed.all_done" if done else "closing.printed.not_done", month=month))
    states = {state: say(f"closing.printed.{'done' if state else 'open'}") for state in (True, False)}
    width = max(map(len, states.values()))
    for one in lines:
        console.say(f"{states[one.done]:{width}}  {say(f'closing.{one.name}')}: {say.note(one.said)}")
        for detail in one.details_said:
            console.say(f"        {say.note(detail)}")
    if any(one.name in {"complete", "files"} and not one.done for one in lines):
        console.say(say("closing.printed.accept", month=month))


def approved_text(entry: Entry) -> str:
    """What is said of an approval."""
    return f"{entry.run} is approved by {entry.by} at {when(entry.at)}; digest {entry.manifest}"


def kwh(wh: int | None) -> str:
    """Wh as exact kWh, empty where not known; differences may be below zero."""
    return "" if wh is None else f"{'-' if wh < 0 else ''}{abs(wh) // 1000}.{abs(wh) % 1000:03d}"


def _sums(row: Mapping[str, Any]) -> str:
    sums = row["totals"]
    money = f", relief {sums['relief_zl']} zł, charges {sums['charge_zl']} zł net" if sums["charge_zl"] else ""
    if sums["covered_wh"] is None:
        return "no period is complete"
    return f"drawn {kwh(sums['drawn_wh'])} kWh, covered {kwh(sums['covered_wh'])} kWh{money}"
