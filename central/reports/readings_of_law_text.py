"""One month under each reading of the law as a person reads it in a terminal: numbers first, then what to ask."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from central.readings_of_law.comparing import NO_FIGURE
from central.reports.settlement_text import kwh
from runtime import console

_COLUMNS = 100
_NUMBERS = ("relieved kWh", "relief zł", "charges zł", "difference zł")


def print_readings(found: Mapping[str, Any]) -> None:
    """The table of readings that change a figure, the operator's question to each, and why the others change none."""
    current = found["current"]
    touched = [row for row in found["settings"] if not row["no_effect"]]
    rows = [["as the file has it", *_figures(current), ""]]
    for row in touched:
        rows += [
            [f"{row['setting']} = {one['value']}", *_figures(one), _signed(one["difference"]["charge_zl"])]
            for one in row["alternatives"]
        ]
    of = f"{current['complete']} of {current['periods']} periods are complete"
    title = f"{found['cluster']}, {found['month']}: what another reading of the law would change ({of})"
    console.table(title, ("reading, one changed", *_NUMBERS), rows, right=_NUMBERS)
    _say("Charges: what members pay for the variable network, quality, OZE and CHP components, zł net; relief is taken "
         "off already. Difference: more (+) or less (-) than as the file has it.")  # fmt: skip
    for name, word in (("cheapest", "least"), ("dearest", "most")):
        if found[name]:
            _say(f"Of these, members pay {word} with {found[name]['reading']}: {found[name]['charge_zl']} zł.")
    if touched:
        console.say("")
        console.say("What to ask the operator", style="bold")
    for row in touched:
        _say(f"{row['setting']}, now {row['current']}")
        _say(f"PL: {row['question_pl']}", "  ")
        _say(f"EN: {row['question_en']}", "  ")
        for one in row["alternatives"]:
            _say(f"{one['value']}: {_told(one, current)}", "  ")
    _unchanged(found["settings"])
    for note in found["notes"]:
        _say(note)


def _unchanged(settings: Sequence[Mapping[str, Any]]) -> None:
    why: dict[str, list[str]] = {}
    for row in settings:
        if row["no_effect"]:
            why.setdefault(row["no_effect"], []).append(row["setting"])
    if why:
        console.say("")
    for reason, names in sorted(why.items(), key=lambda item: item[0] != NO_FIGURE):
        _say(f"Changes nothing in this month: {', '.join(names)}" + ("." if reason == NO_FIGURE else f" ({reason})."))


def _told(one: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    """What an alternative does, in words."""
    if one["complete"] != current["complete"]:
        lacks = one["periods"] - one["complete"]
        return f"not known: {lacks} of {one['periods']} periods lack a value that this reading needs"
    difference = one["difference"]
    if difference["none"]:
        return "no figure of this month changes"
    wh, zl = difference["relieved_wh"], difference["charge_zl"]
    energy = "as much energy with relief"
    if wh:
        energy = f"{kwh(abs(wh))} kWh {'more' if wh > 0 else 'less'} with relief"
    if zl is None:
        return f"{energy}; a rate is missing, so the charges aren't known"
    amount = Decimal(zl)
    if not amount:
        return f"{energy}, and the same charges for all members together"
    return f"{energy}, members pay {abs(amount)} zł {'more' if amount > 0 else 'less'}"


def _figures(one: Mapping[str, Any]) -> list[str]:
    if one["relieved_wh"] is None:
        return ["", "", ""]
    return [kwh(one["relieved_wh"]), one["relief_zl"] or "", one["charge_zl"] or ""]


def _signed(zl: str | None) -> str:
    return "" if zl is None else f"{Decimal(zl):+}" if Decimal(zl) else zl


def _say(text: str, indent: str = "") -> None:
    width = min(_COLUMNS, console.out.width)
    for part in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}  "):
        console.say(part)
