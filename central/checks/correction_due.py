"""``correction_due``: late data changed a month that is closed; ``register_broken``: its runs can't be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding


def check(seen: MonthSeen) -> Iterator[Finding]:
    """At most one."""
    one = seen.standing
    if one is None:
        return
    if one.trouble:
        yield Finding(
            kind="register_broken",
            what=str(seen.month),
            text=one.trouble,
            way_out="restore the folder of the register from a copy; verify tells which runs are as they were made",
            identity=("register",),
        )
    elif one.tables:
        money = f", charges {one.charge_zl[0]} → {one.charge_zl[1]} zł net" if one.charge_zl != (None, None) else ""
        yield Finding(
            kind="correction_due",
            what=str(seen.month),
            where=one.run,
            since=seen.month.start,
            until=seen.month.end,
            first=_text(one.relieved_wh[0]),
            second=_text(one.relieved_wh[1]),
            unit="Wh",
            text=f"the books differ from {one.run} in {', '.join(one.tables)}: relieved {_kwh(one.relieved_wh[0])} → "
            f"{_kwh(one.relieved_wh[1])} kWh{money}",
            way_out="look at it: correction propose; run --kind correction --reason makes it and changes no old run",
            identity=(str(seen.month),),
        )


def _text(wh: int | None) -> str | None:
    return None if wh is None else str(wh)


def _kwh(wh: int | None) -> str:
    return "?" if wh is None else f"{wh // 1000}.{wh % 1000:03d}"
