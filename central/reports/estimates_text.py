"""Estimates as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from central.estimate import Estimate
from central.estimates.making import Made
from central.finding import when
from metering.period import EPOCH, local_text, utc_text
from runtime import console


def made_row(made: Made) -> dict[str, Any]:
    """An estimate with its periods, as plain values."""
    one = made.estimate
    return estimate_row(one) | {
        "values": [
            {
                "start": utc_text(EPOCH + timedelta(seconds=start)),
                "local": local_text(EPOCH + timedelta(seconds=start)),
                "wh": wh,
                "given": given,
                "proved": proved,
            }
            for start, wh, given, proved in zip(one.starts, one.wh, made.given_wh, made.proved, strict=True)
        ],
        "proved_wh": sum(wh for wh, proved in zip(one.wh, made.proved, strict=True) if proved),
        "unproved": sum(not proved for proved in made.proved),
    }


def estimate_row(one: Estimate) -> dict[str, Any]:
    """A recorded estimate as plain values."""
    undone = one.undone
    return {
        "id": one.id if one.number else None,
        "point": one.point,
        "direction": one.direction.value,
        "method": one.method,
        "parameters": one.parameters,
        "since": utc_text(one.since),
        "until": utc_text(one.until),
        "periods": len(one.starts),
        "wh": sum(one.wh),
        "reason": one.reason,
        "by": one.by,
        "at": utc_text(one.at),
        "undone": undone and {"at": utc_text(undone.at), "by": undone.by, "reason": undone.reason},
    }


def print_made(rows: Sequence[dict[str, Any]], *, dry_run: bool) -> None:
    """Each estimate's periods, and what is proved of them."""
    for row in rows:
        name = "not recorded" if dry_run else row["id"]
        cells = [
            (_when(value["start"]), value["wh"], value["given"], "proved" if value["proved"] else "")
            for value in row["values"]
        ]
        title = f"{name}: {row['point']} {row['direction']}, {row['method']}"
        console.table(title, ("period", "Wh", "given", "sum"), cells, right=("Wh", "given"))
        console.say(f"{row['periods']} periods, {row['wh']} Wh.")
        if row["unproved"]:
            console.say(f"No stands prove the sum of {row['unproved']} of them: it is the method's.")
    if dry_run:
        console.say("Nothing was recorded (--dry-run).")


def print_estimates(rows: Sequence[dict[str, Any]]) -> None:
    """Every estimate, one after another."""
    for row in rows:
        title = f"{row['id']}  {row['point']} {row['direction']}  {_when(row['since'])} – {_when(row['until'])}"
        console.say(title, style="bold")
        parameters = "".join(f", {name} {value}" for name, value in row["parameters"].items())
        console.say(f"  {row['method']}{parameters}: {row['periods']} periods, {row['wh']} Wh as recorded")
        console.say(f"  by {row['by']}, {_when(row['at'])}: {row['reason']}")
        if row["undone"]:
            console.say(
                f"  taken back by {row['undone']['by']}, {_when(row['undone']['at'])}: {row['undone']['reason']}"
            )
    console.say(f"{len(rows) or 'No'} estimate{'s' if len(rows) != 1 else ''}.")


def _when(text: str) -> str:
    return when(datetime.fromisoformat(text))
