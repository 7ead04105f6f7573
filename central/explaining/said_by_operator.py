"""An operator's value: the file, its line and version, and what older versions said."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from central.aliases import versions_under_ids
from central.explaining.case import Case, Row
from central.explaining.step import Fact, Said, Step, View, step
from metering.energy import half_up
from metering.period import utc_text

_QUARTER_S = 900


def operated(case: Case, what: Said, row: Row, point: str, direction: str, view: View) -> Step:
    """``row`` is the energy of ``SOURCED`` that counts."""
    start = int(row["start"].timestamp())
    first, last = (datetime.fromtimestamp(at, UTC) for at in (start, start + case.length))
    versions = case.kept("versions", start, lambda _: case.evidence.versions(first, last))
    file = case.evidence.file(row["file"]) if row["file"] is not None else None
    facts: dict[str, Fact] = {"file_n": row["file"], "name": file.name if file else "", "quality": row["quality"]}
    if file:
        facts |= {"digest": file.digest, "imported_at": file.imported, "who": file.who}
    how: tuple[Said, ...] = (Said("rule.operator_file" if file else "rule.operator", facts),)
    if versions is None:
        return Step(
            what=what,
            value=str(row["wh"]),
            unit="Wh",
            how=(*how, *(case.evidence.read_from or (Said("end.no_versions"),))),
        )
    kept = versions_under_ids(versions, case.tables.inputs)
    mine = [one for one in kept.to_pylist() if (one["point"], one["direction"]) == (point, direction)]
    used = _used(mine, row, case.length)
    if not used:
        return step(what, None, row["wh"], unit="Wh", how=(*how, Said("rule.no_versions")))
    computed = _summed(used)
    if len(used) > 1:
        how = (*how, Said("rule.quarters", {"count_n": len(used)}))
    if case.length != _QUARTER_S and {one["length"] for one in mine if one["kind"] == used[0]["kind"]} > {case.length}:
        how = (*how, Said(f"rule.both_{case.settings.hour_formation}"))
    if codes := sorted({row["code"] for row in case.dated("aliases", point, "point") if case.valid(row, start)}):
        how = (*how, Said("rule.aliases", {"point": point, "codes": ", ".join(codes[:5])}))
    parts = tuple(_value(case, one) for one in used) if view.depth > 0 else ()
    notes = tuple(
        Said("note.older_version", {"version_n": one["version"], "wh_num": one["wh"], "file_n": one["file"]})
        for one in mine
        if any(_key(one) == _key(other) and one["version"] < other["version"] for other in used)
    )
    return step(what, computed, row["wh"], unit="Wh", how=how, parts=parts, notes=notes)


def _key(row: Row) -> tuple[object, ...]:
    return row["kind"], row["start"], row["length"]


def _used(rows: list[Row], counted: Row, length: int) -> list[Row]:
    """The newest versions that make the value: one of the period's length, or the four quarters of an hour.

    Of both the one whose newest file is the one that the energy names; where both name it, the quarters.
    """
    newest: dict[tuple[object, ...], Row] = {}
    for one in rows:
        if one["version"] >= newest.get(_key(one), one)["version"]:
            newest[_key(one)] = one
    found: list[list[Row]] = []
    for kind in ("raw", "netted"):
        quarters = [one for one in newest.values() if one["kind"] == kind and one["length"] == _QUARTER_S]
        whole = [one for one in newest.values() if one["kind"] == kind and one["length"] == length]
        if length != _QUARTER_S and kind == "raw" and len(quarters) == length // _QUARTER_S:
            found.append(sorted(quarters, key=lambda one: one["start"]))
        found += [[one] for one in whole]
    named = [one for one in found if max(row["file"] for row in one) == counted["file"]]
    fitting = [one for one in named if _summed(one) == counted["wh"]]
    return (fitting or named or found or [[]])[0]


def _summed(rows: list[Row]) -> int:
    """Exactly, then rounded half-up once."""
    return half_up(sum((Fraction(Decimal(one["wh"])) for one in rows), Fraction(0)))


def _value(case: Case, one: Row) -> Step:
    start = int(one["start"].timestamp())
    codes = {one["point"], *(row["code"] for row in case.dated("aliases", one["point"], "point"))}
    key = (one["direction"], one["kind"], start, one["length"])
    facts: dict[str, Fact] = {
        "start_at": utc_text(one["start"]),
        "version_n": one["version"],
        "file_n": one["file"],
        "word": one["word"] or "–",
        "kind_key": f"kind.{one['kind']}",
        "line_n": case.evidence.line(one["file"], codes, key),
    }
    file = case.evidence.file(one["file"])
    rule = "rule.value" if file is None or file.has_lines else "rule.value_place"
    how = Said(rule if facts["line_n"] is not None else "rule.value_no_line", facts)
    return Step(what=Said("energy.value", facts), value=one["wh"], unit="Wh", how=(how,))
