"""The month's relief under each alternative of each setting, one at a time. Tables and settings in, plain rows out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.readings_of_law.questions import QUESTIONS
from central.reports.note import Note, plain, said
from central.settings import CHOICES, Settings

NO_FIGURE = said("readings_of_law.no_figure", "no figure of this month changes")
CURRENT = "the current reading"
Settle = Callable[[Settings], Mapping[str, pa.Table]]


def compare_readings(
    settings: Settings, settle: Settle, tables: Mapping[str, pa.Table], progress: Callable[[str], None]
) -> dict[str, Any]:
    """The current reading's sums, each alternative's with the difference, and the cheapest and dearest of them.

    ``progress`` is told each settlement before it is made, with its number and how many there are.
    """
    count = 1 + sum(len(CHOICES[name]) - 1 for name in QUESTIONS)
    progress(f"1 of {count}: the current reading")
    current = _sums(settle(settings))
    rows, made = [], 1
    for name, (polish, english) in QUESTIONS.items():
        chosen = getattr(settings, name)
        alternatives = []
        for value in CHOICES[name]:
            if value == chosen:
                continue
            made += 1
            progress(f"{made} of {count}: {name} = {value_text(value)}")
            found = _sums(settle(msgspec.structs.replace(settings, **{name: value})))
            alternatives.append({"value": value_text(value)} | found | {"difference": _difference(found, current)})
        same = all(one["difference"]["none"] for one in alternatives)
        row: dict[str, Any] = {"setting": name, "current": value_text(chosen)}
        row |= {"question_pl": polish, "question_en": english, "alternatives": alternatives}
        why = (_why(name, tables) or NO_FIGURE) if same else None
        row |= {"no_effect": why.text if why else None, "no_effect_said": plain([why])[0] if why else None}
        rows.append(row)
    return {"current": current, "settings": rows} | _extremes(current, rows)


def _sums(result: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Sums over the complete periods, of all and of each member; a sum above a missing rate is null."""
    hours, shares = result["hours"], result["shares"]
    complete = pc.sum(pc.equal(hours["status"], "complete"), min_count=0).as_py()
    relieved = pa.table({"member": shares["member"].cast(pa.string()), "wh": shares["relieved_wh"]})
    wh = {row["member"]: row["wh_sum"] for row in relieved.group_by("member").aggregate([("wh", "sum")]).to_pylist()}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in wh}
    for row in result["charges"].select(["member", "drawn_wh", "relief_zl", "charge_zl"]).to_pylist():
        rows.setdefault(row["member"], []).append(row)
    listed = [{"member": name} | _shown(_sum(wh.get(name), rows[name])) for name in sorted(rows)]
    known = [one for one in wh.values() if one is not None]
    total = _sum(sum(known) if known else None, [row for mine in rows.values() for row in mine])
    return _shown(total) | {"complete": complete, "periods": hours.num_rows, "members": listed}


def _sum(wh: int | None, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of which no period is complete aren't in it; a missing rate leaves the sum empty."""
    found: dict[str, Any] = {"relieved_wh": wh}
    there = [row for row in rows if row["drawn_wh"] is not None]
    for key in ("relief_zl", "charge_zl"):
        unknown = any(row[key] is None for row in there) or (rows and not there)
        found[key] = None if unknown else sum((Decimal(row[key]) for row in there), Decimal("0.00"))
    return found


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Decimal) else value for key, value in row.items()}


def _difference(found: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    wh = (
        None
        if None in (found["relieved_wh"], current["relieved_wh"])
        else found["relieved_wh"] - current["relieved_wh"]
    )
    money: dict[str, Any] = {}
    for key in ("relief_zl", "charge_zl"):
        known = found[key] is not None and current[key] is not None
        money[key] = str(Decimal(found[key]) - Decimal(current[key])) if known else None
    return {"relieved_wh": wh} | money | {"none": dict(found) == dict(current)}


def _extremes(current: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The readings with the least and the most charge, one setting changed at a time; of equally complete ones."""
    found = [
        (Decimal(one["charge_zl"]), f"{row['setting']} = {one['value']}")
        for row in rows
        for one in row["alternatives"]
        if one["charge_zl"] is not None and one["complete"] == current["complete"]
    ]
    if current["charge_zl"] is not None:
        found.insert(0, (Decimal(current["charge_zl"]), CURRENT))
    if not found:
        return {"cheapest": None, "dearest": None}
    ends = {"cheapest": min(found, key=_charge), "dearest": max(found, key=_charge)}
    return {name: {"charge_zl": str(charge), "reading": reading} for name, (charge, reading) in ends.items()}


def _charge(one: tuple[Decimal, str]) -> Decimal:
    return one[0]


def _why(name: str, tables: Mapping[str, pa.Table]) -> Note | None:
    """Why a setting can't matter in these tables."""
    stores = "meters" in tables and "storage" in tables["meters"]["role"].to_pylist()
    if name.startswith("storage") and not stores and not any(tables["points"]["storage"].to_pylist()):
        return said("readings_of_law.no_storage", "no storage")
    regimes = set(tables["members"]["regime"].to_pylist()) | set(tables["points"]["regime"].to_pylist())
    regimes |= set(tables["regimes"]["regime"].to_pylist()) if "regimes" in tables else set()
    if name.startswith("excluded") or name in {"exclusion_scope", "forfeited"}:
        nobody = said("readings_of_law.nobody_excluded", "nobody excluded by a regime")
        return None if regimes - {"none", None} else nobody
    empty = {"industrial_order": "industrial", "conditions_fail": "conditions_failed"}.get(name)
    if empty and not (empty in tables and tables[empty].num_rows):
        if empty == "industrial":
            return said("readings_of_law.no_industrial", "no industrial consumer")
        return said("readings_of_law.none_failed", "no failed condition is recorded")
    return None


def value_text(value: object) -> str:
    """A setting's value as it is shown."""
    return " ".join(value) if isinstance(value, tuple) else str(value)
