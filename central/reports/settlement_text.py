"""A settlement as a person reads it in a terminal, or as one JSON document."""

from __future__ import annotations

import msgspec

from central.reports.files_read_text import files_read_values, print_files_read
from central.reports.money_sum import MoneySum
from central.reports.money_text import print_against_none
from central.reports.summary import MemberSum, Summary
from central.settle_files import Settled
from runtime import console

_NAMED = 5
"""So many points without values are named."""
_LABELS = {
    "drawn_wh": "drawn by members",
    "injected_res_wh": "injected, renewable",
    "injected_other_wh": "injected, other",
    "covered_wh": "covered (drawn in the hour it was injected)",
    "surplus_wh": "surplus (renewable, not covered)",
    "deficit_wh": "deficit (drawn, not covered)",
    "from_grid_wh": "from the grid outside",
    "to_grid_wh": "to the grid outside",
    "storage_charge_wh": "storage: charged, not in drawn",
    "storage_discharge_wh": "storage: discharged into the grid",
    "gross_wh": "drawn, with own use behind meters",
}


def print_settlement(settled: Settled, *, as_json: bool) -> None:
    """Print a settlement from files: its summary, what was read and what was written."""
    readings, files = settled.read.readings, [str(file) for file in settled.files]
    used: dict[str, object] = {
        "values_read": readings.rows,
        "outside_months": readings.outside_months,
        "outside_validity": readings.outside_validity,
    }
    if as_json:
        console.print_json(
            msgspec.to_builtins(settled.summary) | {"readings": used | files_read_values(settled.read), "files": files}
        )
        return
    print_summary(settled.summary)
    console.out.print(
        f"{readings.rows} values read; not used: {readings.outside_months} outside the months asked for, "
        f"{readings.outside_validity} outside their point's validity."
    )
    for month in settled.without:
        console.say(
            f"The files have no value at all of {month} that could be used: give --readings files of that month."
        )
    print_files_read(settled.read)
    for file in files:
        console.out.print(f"written: {file}", markup=False)


def print_summary(summary: Summary) -> None:
    """Print a summary as tables and sentences."""
    what = f"{summary.cluster}: {summary.months[0]}" if summary.months else summary.cluster
    if len(summary.months) > 1:
        what += f" to {summary.months[-1]}"
    names = "quarters" if summary.period == "quarter" else "hours"
    console.table(
        what, ("energy", "kWh"), [(_LABELS[k], kwh(v)) for k, v in summary.energies_wh.items()], right=["kWh"]
    )
    covered = "nothing was drawn" if summary.covered_pct is None else f"{summary.covered_pct} % of what was drawn"
    if not summary.complete:
        covered = f"not known, none of the {names} is complete"
    console.out.print(f"Covered: {covered}.")
    console.out.print(
        f"Every sum rests on {summary.complete} of {summary.periods} {names}; {_missing(summary, names)}\n"
    )
    _print_storages(summary, names)
    steps = [(multiplier_name(k), v) for k, v in summary.periods_by_multiplier.items()]
    console.table(
        f"Complete {names} by relief step", ("variable network and quality charge", names), steps, right=[names]
    )
    marked = any(m.unauthorised for m in summary.members)
    console.table(
        "Members, kWh",
        ("member", "name", "drawn", "injected", "allocated", "relieved", "relief zł", *(("data",) if marked else ())),
        [
            (m.member, m.name, kwh(m.drawn_wh), kwh(m.injected_wh), kwh(m.allocated_wh), kwh(m.relieved_wh), _zl(m))
            + (("unauthorised" if m.unauthorised else "",) if marked else ())
            for m in summary.members
        ],
        right=("drawn", "injected", "allocated", "relieved", "relief zł"),
    )
    monies = [(m.member, msgspec.to_builtins(m.money)) for m in summary.members if isinstance(m.money, MoneySum)]
    print_against_none(monies, msgspec.to_builtins(summary.money))
    why = "a rate is missing" if summary.complete else f"none of the {names} is complete"
    if not summary.rates:
        why = "no point of the cluster draws, so nothing is charged"
    total = f"not known, {why}" if summary.relief_zl is None else f"{summary.relief_zl} zł net"
    console.out.print(f"Relief in all: {total}.")
    doubtful = {status: count for status, count in summary.rates.items() if status != "verified"}
    if doubtful:
        said = ", ".join(f"{count} {status}" for status, count in sorted(doubtful.items()))
        console.out.print(f"Rows of charges whose rate is not verified: {said}.")
    for note in summary.notes:
        console.out.print(f"\n{note}", markup=False)


def _print_storages(summary: Summary, names: str) -> None:
    for one in summary.storages or ():
        said = f"Storage at {one.point}: charged {kwh(one.charge_wh)}, discharged into the grid {kwh(one.given_wh)}, "
        said += f"of it renewable {kwh(one.given_res_wh)} kWh; in its books {kwh(one.total_wh)}, of it renewable "
        said += f"{kwh(one.res_wh)} kWh."
        if one.charge_wh is None:
            said = f"Storage at {one.point}: not known."
        if one.unshown:
            said += f" In {one.unshown} {names} its own meter has no value: all that is injected there counts as other."
        console.out.print(said, markup=False)
    if summary.storages:
        console.out.print()


def kwh(wh: int | None) -> str:
    """Whole Wh as kWh with three decimals; empty where not known."""
    return "" if wh is None else f"{wh // 1000}.{wh % 1000:03d}"


def multiplier_name(multiplier: str) -> str:
    """A relief step in words."""
    return "nothing drawn" if multiplier == "none" else f"× {multiplier}"


def _zl(member: MemberSum) -> str:
    return "not known" if member.relief_zl is None and member.drawn_wh is not None else member.relief_zl or ""


def _missing(summary: Summary, names: str) -> str:
    missing = summary.periods - summary.complete
    if not missing:
        return "none is missing."
    lacking = [f"{point} in {count} {names}" for point, count in summary.lacking.items()]
    more = f", {len(lacking) - _NAMED} more points" if len(lacking) > _NAMED else ""
    said = f" Values are missing of {', '.join(lacking[:_NAMED])}{more}." if lacking else ""
    return f"{missing} {names} are incomplete and in no sum.{said}"
