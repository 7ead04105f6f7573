"""What in a cluster file can't be so: values that nothing can have, and rows that contradict one another.

Whether the cluster fulfils the law is another question: ``central.cluster.statutory``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from central.cluster.codes import nip_problem, teryt_problem
from central.cluster.condition_data import condition_problems
from central.cluster.dealings_data import dealings_problems
from central.cluster.entered import entered_problems
from central.cluster.model import (
    MAX_MULTIPLIER,
    ClusterFile,
    Member,
    Meter,
    Point,
    Price,
    Row,
)
from central.validity import bound_problem, overlapping, validity_problems
from metering.point import METER_PATTERN, Direction, Role, Source, gateway_id_problem, point_id_problem
from runtime.config import Problem

MAX_TEXT: Final = 200
MAX_KW: Final = 10_000_000
MAX_PRICE: Final = 100
"""zł/kWh; a price in zł/MWh is above it."""
_WHOLE: Final = 100
ELEMENTS: Final = range(1, 7)
"""The points (pkt) of art. 38aa ust. 2."""

R = TypeVar("R", bound=Row)
_ID = r"[^\s,\"]([^,\"]{0,62}[^\s,\"])?"
_ID_WANTED = "expected 1 to 64 printable characters, no comma or quote, no space at an end"
_DAYS = ("registered_from", "applied_to_operator", "remote_read_requested", "signed", "struck_off", "contract_amended")
_FREE = ("operator", "seller", "location", "document", "reason")
_CODES: Final[dict[str, Callable[[str], str | None]]] = {
    "nip": nip_problem,
    "seat": teryt_problem,
    "gmina": teryt_problem,
    "neighbour": teryt_problem,
}
_SUPPLY: Final = ("operator", "seller", "contract", "contract_amended")
_AMOUNTS: Final = ("voltage_kv", "contracted_kw", "power_kw", "storage_power_kw", "storage_kwh")


def contradictions(read: ClusterFile, file: str, there: Mapping[str, Mapping[str, str]] | None = None) -> list[Problem]:
    """Every problem of the tables.

    ``there``: ids of members, and of points with their members, that are in the file besides, in rows not in ``read``.
    """
    problems = []
    if not read.cluster.name.strip():
        problems.append(Problem(file, "cluster.name", '""', "expected a name"))
    for key, row in _rows(read):
        problems += [Problem(file, f"{key}.{name}", value, why) for name, value, why in _unfit(row)]
    problems += _ids(read, file)
    problems += _references(read, file, there or {})
    problems += _point_problems(read.points, file)
    problems += _meter_problems(read.meters, file)
    problems += _once_or_dated(read, file)
    for table, rows in _dated(read):
        problems += validity_problems(rows, table, file)
    problems += _at_once(read, file)
    problems += condition_problems(read, file)
    problems += dealings_problems(read, file)
    return problems


def _rows(read: ClusterFile) -> Iterator[tuple[str, msgspec.Struct]]:
    """Every row of every table with its place."""
    yield "cluster", read.cluster
    for table, rows in _tables(read):
        for i, row in enumerate(rows, 1):
            yield f"{table}[{i}]", row


def _tables(read: ClusterFile) -> Iterator[tuple[str, Sequence[msgspec.Struct]]]:
    for table in ClusterFile.__struct_fields__[1:]:
        rows = getattr(read, table)
        if not isinstance(rows, tuple):
            continue
        yield table, rows
        for i, row in enumerate(rows, 1):
            for name in row.__struct_fields__:
                inner = getattr(row, name)
                if isinstance(inner, tuple) and inner and isinstance(inner[0], msgspec.Struct):
                    yield f"{table}[{i}].{name}", inner


def _dated(read: ClusterFile) -> Iterator[tuple[str, Sequence[Row]]]:
    for table, rows in _tables(read):
        yield table, [row for row in rows if isinstance(row, Row)]


def _unfit(row: msgspec.Struct) -> Iterator[tuple[str, str, str]]:
    """Values of one row that nothing can have: (column, value, what was expected)."""
    if isinstance(row, Price):
        yield from _unfit_price(row)
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if name in _FREE and value and (len(value) > MAX_TEXT or not value.isprintable() or value != value.strip()):
            yield name, f'"{value[:60]}"', f"expected up to {MAX_TEXT} printable characters, no space at an end"
        if name in _CODES and value and (why := _CODES[name](value)):
            yield name, f'"{value[:60]}"', why
        if name in _DAYS and isinstance(value, date) and (unfit := bound_problem(value, "", "")):
            yield name, unfit[0].value, unfit[0].expected
        if name in _AMOUNTS and value is not None and not _is_amount(value):
            yield name, str(value)[:60], f"expected a number from 0 to {MAX_KW}"
        if name == "industrial_pct" and not 1 <= value < _WHOLE:
            yield name, str(value)[:60], "expected a whole number from 1 to 99, like 15 (art. 96 ust. 2)"
        if name == "elements" and value is not None and (set(value) - set(ELEMENTS) or len(set(value)) < len(value)):
            yield name, "", f"expected numbers from {ELEMENTS[0]} to {ELEMENTS[-1]}, each once: pkt of art. 38aa ust. 2"


def _unfit_price(row: Price) -> Iterator[tuple[str, str, str]]:
    if not Decimal(row.zl_per_kwh).is_finite() or not 0 <= row.zl_per_kwh <= MAX_PRICE:
        yield "zl_per_kwh", str(row.zl_per_kwh)[:60], f"expected zł/kWh net from 0 to {MAX_PRICE}, like 0.62"
    for name, value in (("zone", row.zone), ("source", row.source)):
        if len(value) > MAX_TEXT or not value.isprintable() or value != value.strip():
            yield name, f'"{value[:60]}"', f"expected up to {MAX_TEXT} printable characters, no space at an end"


def _is_amount(value: int | Decimal) -> bool:
    return Decimal(value).is_finite() and 0 <= value <= MAX_KW


def _ids(read: ClusterFile, file: str) -> list[Problem]:
    problems = _repeated([member.id for member in read.members], "members", file)
    problems += _points_at_once(read.points, file)
    for table in ("installations", "agreements"):
        problems += _repeated([row.id for row in getattr(read, table)], table, file)
    for table in ("members", "installations", "agreements"):
        for i, row in enumerate(getattr(read, table), 1):
            if not re.fullmatch(_ID, row.id) or not row.id.isprintable():
                problems.append(Problem(file, f"{table}[{i}].id", f'"{row.id[:60]}"', _ID_WANTED))
    for i, point in enumerate(read.points, 1):
        if why := point_id_problem(point.id):
            problems.append(Problem(file, f"points[{i}].id", f'"{point.id[:60]}"', why))
        for j, alias in enumerate(point.aliases, 1):
            if not re.fullmatch(_ID, alias.code) or not alias.code.isprintable():
                problems.append(Problem(file, f"points[{i}].aliases[{j}].code", f'"{alias.code[:60]}"', _ID_WANTED))
    pairs = [tuple(sorted((row.gmina[:6], row.neighbour[:6]))) for row in read.adjacency]
    problems += _repeated([" ".join(pair) for pair in pairs], "adjacency", file, "neighbour")
    for i, (one, other) in enumerate(pairs, 1):
        if one == other:
            problems.append(Problem(file, f"adjacency[{i}].neighbour", f'"{other}"', "is the gmina itself"))
    return problems


def _repeated(ids: Sequence[str], table: str, file: str, key: str = "id") -> list[Problem]:
    """Names that stand twice."""
    first: dict[str, int] = {}
    problems = []
    for i, name in enumerate(ids, 1):
        if name in first:
            said = f"stands already in {table}[{first[name]}]"
            problems.append(Problem(file, f"{table}[{i}].{key}", f'"{name[:60]}"', said))
        first.setdefault(name, i)
    return problems


def _points_at_once(points: Sequence[Point], file: str) -> list[Problem]:
    """Rows of one point that are valid together: of two members, or of one."""
    problems = []
    for i, row, j, other in overlapping((point.id, i, point) for i, point in enumerate(points, 1)):
        out = "end the earlier with valid_to where the later begins with valid_from, or remove one of both rows"
        said = f"stands already in points[{j}], valid at the same time: {out}"
        if row.member != other.member:
            said = f"stands already in points[{j}] (member {other.member[:60]}), and here it is another's (member "
            said += f"{row.member[:60]}) at the same time: a point belongs to one member at a time; {out}"
        problems.append(Problem(file, f"points[{i}].id", f'"{row.id[:60]}"', said))
    return problems


def _references(read: ClusterFile, file: str, there: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """Rows that name a member or point that isn't there."""
    members = {member.id for member in read.members} | set(there.get("members", ()))
    points = {name: {member} for name, member in there.get("points", {}).items()}
    for point in read.points:
        points.setdefault(point.id, set()).add(point.member)
    problems = []
    out = "give the member's row back (end it with valid_to), or remove this row too"
    for table in ("points", "authorisations", "eligibility"):
        for i, row in enumerate(getattr(read, table), 1):
            if row.member not in members:
                said = f"no member has this id: {out}"
                problems.append(Problem(file, f"{table}[{i}].member", f'"{row.member[:60]}"', said))
    for table in ("meters", "installations", "eligibility"):
        for i, row in enumerate(getattr(read, table), 1):
            place = f"{table}[{i}].point"
            if row.point not in points and (row.point or table != "eligibility"):
                said = "no point has this id: give the point's row back (end it with valid_to), or remove this row too"
                problems.append(Problem(file, place, f'"{row.point[:60]}"', said))
            elif table == "eligibility" and row.point and row.member not in points[row.point]:
                said = f"belongs to member {', '.join(sorted(points[row.point]))[:60]}, not to {row.member[:60]}"
                problems.append(Problem(file, place, f'"{row.point[:60]}"', said))
    return problems


def _point_problems(points: Sequence[Point], file: str) -> list[Problem]:
    problems = []
    for i, point in enumerate(points, 1):
        key = f"points[{i}]"
        if not point.directions or len(set(point.directions)) < len(point.directions):
            problems.append(Problem(file, f"{key}.directions", "", 'expected "drawn", "injected" or both, each once'))
        if Direction.INJECTED in point.directions and point.source not in set(Source):
            shown = f'"{point.source[:60]}"' if point.source else ""
            said = "" if point.source else "is missing: the point injects; "
            problems.append(Problem(file, f"{key}.source", shown, f"{said}expected one of {', '.join(Source)}"))
    return problems


def _meter_problems(meters: Sequence[Meter], file: str) -> list[Problem]:
    problems = []
    for i, meter in enumerate(meters, 1):
        key = f"meters[{i}]"
        if not re.fullmatch(METER_PATTERN, meter.serial):
            problems.append(
                Problem(file, f"{key}.serial", f'"{meter.serial[:60]}"', "expected 1 to 64 of A-Z a-z 0-9 ._/-")
            )
        if meter.gateway and (why := gateway_id_problem(meter.gateway)):
            problems.append(Problem(file, f"{key}.gateway", f'"{meter.gateway[:60]}"', why))
        if not Decimal(meter.multiplier).is_finite() or not 0 < meter.multiplier <= MAX_MULTIPLIER:
            problems.append(
                Problem(file, f"{key}.multiplier", str(meter.multiplier), f"expected above 0, at most {MAX_MULTIPLIER}")
            )
    return [*problems, *entered_problems(meters, file)]


def _once_or_dated(read: ClusterFile, file: str) -> list[Problem]:
    """A value that is always so, and rows that say when: only one of both."""
    problems = []
    for table in ("members", "points"):
        for i, row in enumerate(getattr(read, table), 1):
            if row.regime is not None and row.regimes:
                problems.append(_both(file, f"{table}[{i}]", "regime", row.regime, "regimes"))
    for i, point in enumerate(read.points, 1):
        always = {name: getattr(point, name) for name in _SUPPLY if point.contracts}
        problems += [_both(file, f"points[{i}]", *item, "contracts") for item in always.items() if item[1]]
    return problems


def _both(file: str, key: str, name: str, value: str, dated: str) -> Problem:
    said = f"means always, but {key}.{dated} says when: write only one of both"
    return Problem(file, f"{key}.{name}", f'"{str(value)[:60]}"', said)


def _at_once(read: ClusterFile, file: str) -> list[Problem]:
    """Rows that can't both be so at one instant."""
    meters = list(enumerate(read.meters, 1))
    hung = [(meter.point, i, meter) for i, meter in meters if meter.role is Role.SETTLEMENT]
    problems = _clashes([(meter.serial, i, meter) for i, meter in meters], "meters", "serial", file)
    problems += _clashes(hung, "meters", "point", file)
    given = [(row.member, i, row) for i, row in enumerate(read.authorisations, 1)]
    problems += _clashes(given, "authorisations", "member", file)
    allowed = [((row.member, row.point), i, row) for i, row in enumerate(read.eligibility, 1)]
    problems += _clashes(allowed, "eligibility", "member", file)
    owners: Iterable[tuple[str, Member | Point]] = [
        *((f"members[{i}]", row) for i, row in enumerate(read.members, 1)),
        *((f"points[{i}]", row) for i, row in enumerate(read.points, 1)),
    ]
    for key, owner in owners:
        for name, column in (("regimes", "regime"), ("contracts", ""), ("industrial", "industrial_pct")):
            inner = list(enumerate(getattr(owner, name, ()), 1))
            problems += _clashes([("", i, row) for i, row in inner], f"{key}.{name}", column, file)
        priced = list(enumerate(getattr(owner, "prices", ()), 1))
        problems += _clashes([(row.zone, i, row) for i, row in priced], f"{key}.prices", "zl_per_kwh", file)
    return problems + _alias_problems(read.points, file)


def _clashes(keyed: Iterable[tuple[Any, int, R]], table: str, column: str, file: str) -> list[Problem]:
    """Two rows with one key whose validities overlap; ``column`` is the one to name."""
    return [
        Problem(
            file,
            f"{table}[{i}].{column}" if column else f"{table}[{i}]",
            f'"{str(getattr(row, column))[:60]}"' if column else "",
            f"also in {table}[{j}], and their validities overlap: end the earlier with valid_to",
        )
        for i, row, j, _ in overlapping(keyed)
    ]


def _alias_problems(points: Sequence[Point], file: str) -> list[Problem]:
    """A code that names two points at once."""
    problems = []
    ids = {point.id: i for i, point in enumerate(points, 1)}
    places: dict[int, str] = {}
    keyed = []
    for i, point in enumerate(points, 1):
        for j, alias in enumerate(point.aliases, 1):
            number = len(places)
            places[number] = f"points[{i}].aliases[{j}]"
            keyed.append((alias.code, number, alias))
            if alias.code in ids:
                said = f"is the id of points[{ids[alias.code]}]: an alias is another code of a point, not a point's id"
                problems.append(Problem(file, f"{places[number]}.code", f'"{alias.code[:60]}"', said))
    owner = {number: points[int(re.findall(r"[0-9]+", place)[0]) - 1].id for number, place in places.items()}
    for number, alias, other, _ in overlapping(keyed):
        if owner[number] == owner[other] and places[number].split(".")[0] != places[other].split(".")[0]:
            continue  # Rows of one point may all say its other code.
        said = f"also in {places[other]}, and their validities overlap: end the earlier with valid_to"
        problems.append(Problem(file, f"{places[number]}.code", f'"{alias.code[:60]}"', said))
    return problems
