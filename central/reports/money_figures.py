"""The operator's and the sellers' figures in a terminal: what was entered, and how it differs from our charges."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from central.figures.comparing import ALL_ZONES, Compared, Line, Sum
from central.figures.complaint import Evidence
from central.figures.entering import Report
from central.figures.figures_file import Entered, current
from central.reports.money_sum import DOUBT
from metering.period import Month, local_text
from runtime import console

_SHOWN: Final = 50
"""So many rows or lines are shown; the JSON has all."""
SEEMS: Final = {
    "without_cluster": "as without the cluster",
    "several_documents": "several documents, added up",
}
CONTROL: Final = "The operator and the seller charge; klaster's figures are a control calculation."
SIMULATION: Final = (
    "This is a simulation: the relief of art. 184k ust. 1 of the RES Act is suspended until the European Commission "
    "has decided (art. 48 of the Act of 17.08.2023). Until then nobody has to charge as klaster reckons."
)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def print_reports(reports: Sequence[Report]) -> None:
    """What became of each file."""
    for report in reports:
        if report.state != "refused":
            said = {"taken": "entered", "same": "entered already; nothing was changed"}
            console.say(f"{report.file}: {_rows(report.rows)} {said.get(report.state, 'can be entered')}")
            for one in report.documents:
                how = {"same": "says the same as before", "replaces": f"replaces version {one.version - 1}"}
                name = f"{one.party} {one.issuer} {one.document}".replace("  ", " ")
                console.say(f"  {name}: {_rows(one.rows)}, version {one.version}, {how.get(one.state, 'new')}")
            continue
        what = report.reason or f"{len(report.refused)} of {report.rows} rows can't be figures"
        console.say(f"{report.file}: nothing of it was entered: {what}")
        for bad in report.refused[:_SHOWN]:
            console.say(f"  line {bad.line}: {bad.reason}")
        if len(report.refused) > _SHOWN:
            console.say(f"  and {len(report.refused) - _SHOWN} more")


def list_rows(documents: Sequence[Entered]) -> list[dict[str, Any]]:
    """Every version of every document as plain values, in the order of entering."""
    last = current(documents)
    rows = []
    for one in documents:
        said = one.document
        nets = [figure.net_zl for figure in said.figures if figure.net_zl is not None]
        rows.append(
            {
                "party": said.party.value,
                "issuer": said.issuer,
                "document": said.document,
                "corrects": said.corrects,
                "version": one.version,
                "counts": last[said.key].number == one.number,
                "months": sorted({figure.month for figure in said.figures}),
                "points": len({figure.point for figure in said.figures}),
                "rows": len(said.figures),
                "net_zl": str(sum(nets, Decimal(0))) if nets else None,
                "file": one.file,
                "sha256": one.sha256,
                "who": one.who,
                "at": one.at,
            }
        )
    return rows


def print_list(rows: Sequence[dict[str, Any]], month: Month | None = None) -> None:
    """The list as a table; ``month``: the only one that was asked for."""
    if not rows and month is not None:
        console.say(f"no document that was entered charges {month}")
        return
    if not rows:
        console.say("no figures were entered yet; klaster-central figures import CONFIG FILE… enters them")
        return
    body = [
        (
            row["document"],
            row["party"],
            row["issuer"],
            str(row["version"]) + ("" if row["counts"] else ", replaced"),
            row["corrects"],
            ", ".join(row["months"]),
            row["points"],
            row["rows"],
            row["net_zl"],
            row["who"],
            local_text(row["at"])[:16].replace("T", " "),
            row["file"],
        )
        for row in rows
    ]
    heads = (
        "document",
        "party",
        "issuer",
        "version",
        "corrects",
        "months",
        "points",
        "rows",
        "net zł",
        "by",
        "at",
        "file",
    )
    console.table("Figures that were entered", heads, body, right=("points", "rows", "net zł"))


def compared_row(found: Compared) -> dict[str, Any]:
    """The comparison as plain values."""
    said: dict[str, Any] = msgspec.to_builtins(found)
    return said | {"differing": found.differing, "not_compared": found.not_compared, "notes": notes(found)}


def notes(found: Compared) -> list[str]:
    """What must be said beside the differences."""
    said = [SIMULATION] if found.regime_status == "simulation" else []
    said.append(CONTROL)
    if found.incomplete_periods:
        said.append(
            f"{found.incomplete_periods} periods of {found.run} are incomplete and in none of its sums: "
            "differences may come from them."
        )
    doubtful = {line.rests_on for line in found.lines}
    said += [f"Some of klaster's figures rest on {text}." for status, text in DOUBT.items() if status in doubtful]
    return said


def print_compared(found: Compared) -> None:
    """What differs and what couldn't be compared, line by line; then the sums by member and component."""
    what = f"{found.cluster}, {found.month}: {found.run} beside {found.party or 'operator and seller'}"
    console.say(f"{what}; differences are theirs less ours", style="bold")
    telling = [line for line in found.lines if line.state != "alike"]
    _print_lines([line for line in telling if line.state == "differs"], "What differs")
    _print_lacking([line for line in found.lines if line.why])
    if found.lines:
        by_member = [one for one in found.sums["member"] if not one.component]
        _print_sums("By member, zł net", by_member, "member")
        components = [one for one in found.sums["component"] if one.component]
        _print_sums("By component", components, "component")
    if found.beside:
        _print_lines(found.beside, "Charged besides; klaster reckons no such component")
    for one in found.gross:
        if one.difference_zl:
            console.say(
                f"gross of {one.point}, {one.party}: ours {one.ours_zl}, theirs {one.theirs_zl} zł: rounding of VAT "
                "may do that"
            )
    alike = sum(line.state == "alike" for line in found.lines)
    console.say(f"lines: {alike} alike, {found.differing} differing, {found.not_compared} not or not wholly compared")
    for text in notes(found):
        console.say(text)


def _print_lines(lines: Sequence[Line], title: str) -> None:
    if not lines:
        return
    body = [
        (
            line.point,
            line.member,
            line.party,
            line.component,
            _zone(line),
            kwh(line.ours_wh),
            kwh(line.theirs_wh),
            kwh(line.difference_wh),
            zl(line.ours_zl),
            zl(line.theirs_zl),
            zl(line.difference_zl),
            SEEMS.get(line.seems, ""),
        )
        for line in lines[:_SHOWN]
    ]
    numbers = ("our kWh", "their kWh", "diff. kWh", "our zł", "their zł", "diff. zł")
    heads = ("point", "member", "party", "component", "zone", *numbers, "seems")
    console.table(title, heads, body, right=numbers)
    if len(lines) > _SHOWN:
        console.say(f"and {len(lines) - _SHOWN} more; --json has all")


def _print_lacking(lines: Sequence[Line]) -> None:
    if not lines:
        return
    console.say("What couldn't be compared, or not wholly", style="bold")
    grouped: dict[tuple[str, str, str, str], list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.point, line.member, line.party, line.why), []).append(line)
    for (point, member, party, why), those in list(grouped.items())[:_SHOWN]:
        named = ", ".join(line.component + (f" {_zone(line)}" if line.zone else "") for line in those)
        console.say(f"  {point} ({member or 'no member'}), {party or 'operator or seller'}: {named}: {why}")
    if len(grouped) > _SHOWN:
        console.say(f"  and {len(grouped) - _SHOWN} more; --json has all")
    console.say("")


def _print_sums(title: str, sums: Sequence[Sum], name: str) -> None:
    energies = name == "component"
    body = [
        (
            one.component if energies else one.name,
            *((kwh(one.ours_wh), kwh(one.theirs_wh), kwh(one.difference_wh)) if energies else ()),
            zl(one.ours_zl),
            zl(one.theirs_zl),
            zl(one.difference_zl),
            one.lines,
            one.not_compared,
        )
        for one in sums
    ]
    numbers = (*(("our kWh", "their kWh", "diff. kWh") if energies else ()), "our zł", "their zł", "diff. zł")
    heads = (name, *numbers, "lines", "not compared")
    console.table(title, heads, body, right=heads[1:])


def _zone(line: Line) -> str:
    return "all zones" if line.zone == ALL_ZONES else line.zone


def kwh(wh: Decimal | None) -> str:
    """Wh as exact kWh with at least three decimals; empty where not known."""
    if wh is None:
        return ""
    value = wh.scaleb(-3)
    return format(value if value.as_tuple().exponent < -3 else value.quantize(Decimal("0.001")), "f")  # type: ignore[operator]


def zl(value: Decimal | None) -> str:
    """zł with two decimals; empty where not known."""
    return "" if value is None else f"{value:.2f}"


def print_complaint(made: Evidence, files: Sequence[Path], *, as_json: bool) -> None:
    """What was written, and what it says in short."""
    money = [line.difference_zl for line in made.lines if line.difference_zl is not None]
    total = sum(money, Decimal(0)) if money else None
    differing = sum(line.state == "differs" for line in made.lines)
    lacking = sum(bool(line.why) for line in made.lines)
    if as_json:
        about = {"run": made.run.id, "digest": made.run.row.manifest, "party": made.party, "month": made.compared.month}
        counts = {"differing": differing, "not_compared": lacking, "difference_zl": total}
        console.print_json(
            {
                **about,
                "points": made.points,
                **counts,
                "notes": notes(made.compared),
                "files": [str(one) for one in files],
            }
        )
        return
    for file in files:
        console.say(f"written: {file}")
    said = "not known" if total is None else f"{total:.2f} zł net"
    console.say(f"points: {len(made.points)}; lines: {differing} differing, {lacking} not or not wholly compared")
    console.say(f"charged less reckoned: {said}")
    for text in notes(made.compared):
        console.say(text)
