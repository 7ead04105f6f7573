"""``correction_due``: late data changed a month that is closed; ``register_broken``: its runs can't be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen, StandingRun
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import Fact, heard, sentence


def check(seen: MonthSeen) -> Iterator[Finding]:
    """At most one."""
    one = seen.standing
    if one is None:
        return
    if one.trouble:
        yield found(
            kind="register_broken",
            what=str(seen.month),
            text=heard(one.trouble),
            way_out="restore the folder of the register from a copy; verify tells which runs are as they were made",
            identity=("register",),
        )
    elif one.tables:
        yield found(
            kind="correction_due",
            what=str(seen.month),
            where=one.run,
            since=seen.month.start,
            until=seen.month.end,
            first=_text(one.relieved_wh[0]),
            second=_text(one.relieved_wh[1]),
            unit="Wh",
            text=_differs(one),
            way_out="look at it: correction propose; run --kind correction --reason makes it and changes no old run",
            identity=(str(seen.month),),
        )


def _differs(one: StandingRun) -> Note:
    said = "the books differ from {run} in {tables_list}: relieved {then_num} → {now_num} kWh"
    facts: dict[str, Fact] = {
        "run": one.run,
        "tables_list": [Note(f"findings.table.{name}", name) for name in one.tables],
        "then_num": _kwh(one.relieved_wh[0]),
        "now_num": _kwh(one.relieved_wh[1]),
    }
    if one.charge_zl == (None, None):
        return sentence("findings.correction_due", said, **facts)
    facts |= {"then_zl_num": one.charge_zl[0] or "?", "now_zl_num": one.charge_zl[1] or "?"}
    return sentence("findings.correction_due_zl", f"{said}, charges {{then_zl_num}} → {{now_zl_num}} zł net", **facts)


def _text(wh: int | None) -> str | None:
    return None if wh is None else str(wh)


def _kwh(wh: int | None) -> str:
    return "?" if wh is None else f"{wh // 1000}.{wh % 1000:03d}"
