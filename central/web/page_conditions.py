"""The content of the pages of conditions, radar and deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from central.balance import multiplier_text
from central.conditions.condition import exact, rounded
from metering.period import Month

READINGS: Final = ("alpha", "beta", "gamma")
HOURS_SHOWN: Final = 24
"""So many failing hours are named; the API has all."""
RANKED: Final = 8
"""So many slots are listed where more pays most …"""
SINGLE: Final = 12
"""… and so many single hours."""
_WH_PER_KWH: Final = 1000


def conditions_content(answer: dict[str, Any]) -> dict[str, Any]:
    """Both periods' conditions, each with its readings, and what stands at every instant."""
    return {
        "answer": answer,
        "day": date.fromisoformat(answer["day"]),
        "blocks": [
            (name, [_condition(one, name) for one in answer[name]])
            for name in ("conditions", "dry_run_from_2027")
            if answer[name]
        ],
    }


def _condition(one: dict[str, Any], block: str) -> dict[str, Any]:
    """``detailed``: there is something that its numbers are made of, below ``id``."""
    failing = one.get("failing")
    trend = one.get("trend")
    shown = {
        **one,
        "id": f"{block}-{one['rule']}",
        "detailed": any(one.get(name) for name in ("numbers", "missing", "notes", "trend", "needs"))
        or bool(failing and failing["hours"]),
        "value": _between(one["value"], pct=one["unit"] == "%"),
        "threshold": _plain(one["threshold"]),
        "margin": _between(one["margin"]),
        "numbers": [(*_unit(name), _between(value, wh=name.endswith("_wh"))) for name, value in one["numbers"].items()],
        "failing": failing and {**failing, "named": failing["starts"][:HOURS_SHOWN]},
        "readings": [_condition(each, block) for each in one.get("readings", [])],
        "needs": [{**need, "amount": _up(need["amount"])} for need in one.get("needs", [])],
        "trend": None,
    }
    if trend:
        rest = [(name, _plain(value)) for name, value in trend["rest"].items()]
        shown["trend"] = {**trend, "value": _between(trend["value"], pct=one["unit"] == "%"), "rest": rest}
    return shown


def _unit(name: str) -> tuple[str, str]:
    """A number's name without its unit, and the unit in which it is shown."""
    stem, _, unit = name.rpartition("_")
    known = {"wh": "kWh", "kwh": "kWh", "kw": "kW"}
    return (stem, known[unit]) if unit in known else (name, "")


def _between(value: dict[str, Any] | None, *, pct: bool = False, wh: bool = False) -> dict[str, str | None] | None:
    """Both bounds as decimals; ``high`` is None where nobody knows how high, and absent where both are one.

    None where nothing is known: that it isn't below 0 tells nothing.
    """
    if value is None or (value["high"] is None and not Fraction(value["low"])):
        return None
    scale = Fraction(1, _WH_PER_KWH) if wh else Fraction(1)
    low = _plain(value["low"], scale, 2 if pct else 3)
    if value["high"] == value["low"]:
        return {"low": low}
    return {"low": low, "high": None if value["high"] is None else _plain(value["high"], scale, 2 if pct else 3)}


def _plain(text: str, scale: Fraction = Fraction(1), decimals: int = 3) -> str:
    """An exact number as a decimal: as it is where that is short, else rounded half up."""
    value = Fraction(text) * scale
    whole = exact(value)
    return whole if "/" not in whole and len(whole.partition(".")[2]) <= decimals else rounded(value, decimals)


def _up(text: str) -> str:
    """The least that is enough, with at most three decimals: rounded up."""
    value = Fraction(text)
    return exact(Fraction(-(-value.numerator * 1000 // value.denominator), 1000))


def radar_content(answer: dict[str, Any], present: Month) -> dict[str, Any]:
    """Each hour of the day, where an amount pays most, and the single hours that are nearest."""
    slots = {(one["month"], one["hour"]): one for one in answer["slots"]}
    most = max((one["missing_wh"] for one in answer["slots"]), default=0)
    month = Month.parse(answer["months"][0])
    return {
        "answer": answer,
        "month": month,
        "before": Month.of(month.start - timedelta(days=1)) if month > Month(2000, 1) else None,
        "after": month.next if month < present else None,
        "slots": [{**_slot(one), "part_pct": 100 * one["missing_wh"] // (most or 1)} for one in answer["slots"]],
        "ranked": [_slot(slots[row["month"], row["hour"]]) for row in answer["ranked"][:RANKED]],
        "hours": list(_hours(answer["hours"][:SINGLE])),
        "hour": answer.get("hour"),
        "of_hour": list(_hours(answer.get("of_hour", []))),
        "slot": _slot(slots[str(month), answer["hour"]]) if "hour" in answer else None,
        "unknown": any(one["worth_zl"] is None for one in answer["slots"] if one["lacking"]),
    }


def _slot(one: dict[str, Any]) -> dict[str, Any]:
    best = one["best"]
    if best:
        best = {**best, "worth_zl": _money(best["worth_zl"]), "zl_per_kwh": _plain(best["zl_per_kwh"], decimals=4)}
    return {**one, "worth_zl": _money(one["worth_zl"]), "best": best}


def _hours(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in rows:
        steps = {name: multiplier_text(one[name]) for name in ("step", "next_step")}
        yield {**one, **steps, "worth_zl": _money(one["worth_zl"])}


def _money(text: str | None) -> str | None:
    return None if text is None else rounded(Fraction(text), 2)


def deadlines_content(answer: dict[str, Any]) -> dict[str, Any]:
    """Late ones first, then in the order of their days."""
    rows = [{**one, "due": date.fromisoformat(one["due"]), "from": date.fromisoformat(one["from"])}
            for one in answer["deadlines"]]  # fmt: skip
    return {"cluster": answer["cluster"], "today": date.fromisoformat(answer["today"]), "rows": rows}
