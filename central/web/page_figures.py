"""The content of the page of the operator's and the sellers' figures beside klaster's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from central.figures.comparing import ALL_ZONES
from metering.period import Month

SHOWN: Final = 300
"""So many lines are shown, those that differ first; the API has all."""
_ORDER: Final = {"differs": 0, "not_compared": 1, "alike": 2}
_KWH: Final = Decimal("0.001")
WHY: Final = {
    "klaster reckons nothing of it": "not_ours",
    "not known to klaster: a rate is missing": "no_rate",
    "not known to klaster: no hour is complete": "no_hour",
    "not known to klaster: a rate of 0 doesn't tell on which per cent it is charged": "no_per_cent",
    "no document charges it": "not_theirs",
    "a document doesn't say the quantity": "no_quantity",
    "a document doesn't say net zł": "no_net",
}
"""The sentence of each reason why a line isn't compared, or not wholly."""
_CORRECTED: Final = ("the corrected document ", " wasn't entered")


def figures_content(answer: dict[str, Any]) -> dict[str, Any]:
    """The lines that differ first, then those that can't be compared; sums by member and component; the documents."""
    found = answer["compared"]
    about = {
        "month": Month.parse(answer["month"]),
        "months": [Month.parse(name) for name in answer["months"]],
        "runs": answer["runs"],
        "documents": answer["documents"],
        "compared": found,
        "lines": [],
        "beside": [],
        "members": [],
        "components": [],
        "gross": [],
        "doubts": [],
    }
    if found is None:
        return about
    lines = sorted(found["lines"], key=_weight)
    return about | {
        "alike": sum(one["state"] == "alike" for one in lines),
        "lines": [_line(one, found) for one in lines[:SHOWN]],
        "beside": [_line(one, found) for one in found["beside"][:SHOWN]],
        "members": [_sum(one, found, "member") for one in found["sums"]["member"] if not one["component"]],
        "components": [_sum(one, found, "component") for one in found["sums"]["component"] if one["component"]],
        "gross": [{**one, "ours_zl": one["ours_zl"]} for one in found["gross"] if Decimal(one["difference_zl"])],
        "doubts": sorted({one["rests_on"] for one in found["lines"]} & {"unverified", "illustrative"}),
    }


def _weight(line: dict[str, Any]) -> tuple[int, Decimal, Decimal]:
    money, energy = (Decimal(line[name] or 0) for name in ("difference_zl", "difference_wh"))
    return _ORDER[line["state"]], -abs(money), -abs(energy)


def _line(line: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    zone = "" if line["zone"] == ALL_ZONES else line["zone"]
    asks = {"run": found["run"], "month": found["month"], "point": line["point"], "component": line["component"]}
    return {
        **line,
        **_numbers(line),
        "zone": zone,
        "all_zones": line["zone"] == ALL_ZONES,
        "full_zl": _zl(line["full_zl"]),
        "whys": list(_whys(line["why"])),
        "asks": asks | ({"zone": zone} if zone else {}),
    }


def _whys(text: str) -> Iterator[dict[str, str]]:
    for part in filter(None, text.split("; ")):
        before, after = _CORRECTED
        if part.startswith(before) and part.endswith(after):
            yield {"key": "not_corrected", "name": part.removeprefix(before).removesuffix(after)}
        else:
            yield {"key": WHY[part], "name": ""}


def _sum(one: dict[str, Any], found: dict[str, Any], what: str) -> dict[str, Any]:
    """Where lines are left out of the sum it isn't a number of the run, and leads nowhere."""
    named = one["name"] if what == "member" else one["component"]
    whole = not one["not_compared"] and named and " + " not in named and not found["party"]
    asks = {"run": found["run"], "month": found["month"], what: named} if whole else None
    return {**one, **_numbers(one), "named": named, "asks": asks}


def _numbers(row: dict[str, Any]) -> dict[str, str | None]:
    sides = ("ours", "theirs", "difference")
    return {f"{side}_kwh": _kwh(row.get(f"{side}_wh")) for side in sides} | {
        f"{side}_zl": _zl(row.get(f"{side}_zl")) for side in sides
    }


def _kwh(wh: str | None) -> str | None:
    """Exact Wh as kWh with three decimals: of an industrial consumer's part a Wh may be broken."""
    return None if wh is None else format((Decimal(wh) / 1000).quantize(_KWH, ROUND_HALF_UP), "f")


def _zl(amount: str | None) -> str | None:
    return None if amount is None else f"{Decimal(amount):.2f}"
