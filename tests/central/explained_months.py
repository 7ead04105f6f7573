"""Random months with everything that a settlement can do, as tables: what explanations must add up for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from central.settings import Settings
from central.tables import ELIGIBILITY, INDUSTRIAL, OPERATORS, POINTS, RATES, REGIMES, VAT, ZONES
from tests.central.reference import random_case, random_dated, random_regime, random_window
from tests.central.test_settlement import settings_of, stocks_of, tables_of

NAME = {"cluster": "T"}
START = datetime(2026, 6, 3, 15, tzinfo=UTC)
"""17:00 local on a Wednesday: Thursday, 4 June 2026, is Corpus Christi, a holiday."""
COUNT = 14
TARIFFS = ("", "C11", "C12a")
OPERATED = ("North SA", "South S.A.")


def random_month(seed: int) -> tuple[dict[str, pa.Table], Settings]:
    """The tables that go into ``settle``, and the readings of the law."""
    points, regimes, chosen, _ = random_case(seed)
    chosen |= random_regime(seed)
    r = random.Random(seed + 10**9)
    big = r.choice([3, 10, 1000, 100_000])
    periods = [_values(r, points, big) for _ in range(COUNT)]
    window = random_window(seed, points, COUNT)
    held = {p.id: (900, 400) for p in points if len(p.id) % 2 and p.is_storage}
    tables = tables_of(points, regimes, periods, start=START, window=window) | {"stocks": stocks_of(held)}
    dated = random_dated(seed, points, regimes, COUNT)
    tables |= {
        "points": _points(r, tables["points"], list(regimes)),
        "regimes": _table(REGIMES, [
            {"member": m, "point": p, "regime": regime} | _span(a, b) for m, p, regime, a, b in dated.regimes
        ]),
        "eligibility": _table(ELIGIBILITY, [
            {"member": m, "point": p, "eligible": yes} | _span(a, b) for m, p, yes, a, b in dated.eligibility
        ]),
        "industrial": _table(INDUSTRIAL, [
            row for p in points if r.random() < 0.4 for row in _industrial(r, p.id)
        ]),
        "operators": _table(OPERATORS, [row for p in points for row in _operators(r, p.id)]),
        "rates": _table(RATES, _rates(r)),
        "zones": _table(ZONES, _zones(r)),
        "vat": _table(VAT, _vat(r)),
    }  # fmt: skip
    if r.random() < 0.4:
        tables["meters"] = _meters_in_time(r, tables["meters"])
    return tables, settings_of(chosen)


def _at(i: int | None) -> datetime | None:
    return None if i is None else START + timedelta(hours=i)


def _span(first: int | None, last: int | None) -> dict[str, datetime | None]:
    return {"valid_from": _at(first), "valid_to": _at(last)}


def _table(schema: pa.Schema, rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist([NAME | row for row in rows], schema)


def _values(r: random.Random, points: list, big: int) -> dict:
    lacks, found = r.random() < 0.15, {}
    for p in points:
        behind = ["charge", "discharge"] * p.storage_meter + ["generation"] * p.generation_meter
        found[p.id] = {
            way: None if lacks and r.random() < 0.3 else r.choice([0, r.randint(0, big), r.randint(0, big)])
            for way in (*p.directions, *behind)
        }
    return found


def _points(r: random.Random, points: pa.Table, members: list[str]) -> pa.Table:
    """Some change owner, tariff or what they declare; some aren't there for the whole time."""
    found = []
    for row in points.to_pylist():
        row = row | {"tariff": r.choice(TARIFFS)}  # noqa: PLW2901
        kind, at = r.random(), _at(r.randrange(1, COUNT))
        if kind < 0.35:
            other = {"member": r.choice(members), "tariff": r.choice(TARIFFS)}
            if r.random() < 0.2 and row["drawn"] and row["injected"]:
                other |= {"injected": False, "res": False, "storage": False}
            found += [row | other | {"valid_from": at}, row | {"valid_to": at}]
        elif kind < 0.45:
            found.append(row | {r.choice(["valid_from", "valid_to"]): at})
        else:
            found.append(row)
    return pa.Table.from_pylist(found, POINTS)


def _industrial(r: random.Random, point: str) -> list[dict]:
    at = r.randrange(COUNT)
    rows = [{"pct": r.choice([15, 25, 60, 80])} | _span(None, at), {"pct": r.choice([15, 60])} | _span(at, None)]
    return [{"point": point} | row for row in r.choice([rows, rows[1:], [rows[0] | {"valid_to": None}]])]


def _operators(r: random.Random, point: str) -> list[dict]:
    at = r.randrange(COUNT)
    one, other = r.sample(OPERATED, 2)
    return r.choice([
        [],
        [{"point": point, "dso": one} | _span(None, None)],
        [{"point": point, "dso": one} | _span(None, at), {"point": point, "dso": other} | _span(at, None)],
    ])  # fmt: skip


def _rates(r: random.Random) -> list[dict]:
    found = []
    for component in ("network_variable", "quality", "oze", "chp"):
        for tariff in r.choice([("",), ("", "C11"), ("", "C12a"), ("C11", "C12a")]):
            for zone in ("peak", "off") if tariff == "C12a" and component in {"network_variable", "quality"} else ("",):
                at = r.choice([None, None, r.randrange(1, COUNT)])
                rows = [_span(None, at), _span(at, None)] if at is not None else [_span(None, None)]
                found += [
                    {"component": component, "tariff": tariff, "zone": zone, "source": "made up", "status": status}
                    | {"zl_per_kwh": f"{r.randrange(1, 4000) / 10_000:.4f}", "dso": r.choice(["", "", *OPERATED])}
                    | row
                    for row in rows
                    for status in [r.choice(["verified", "unverified", "illustrative"])]
                ]
    return found


def _zones(r: random.Random) -> list[dict]:
    """Off at night and on holidays, as most calendars of two zones have it."""
    about = {"tariff": "C12a", "dso": r.choice(["", "North SA"]), "months": "", "source": "made up"}
    about |= {"status": r.choice(["verified", "illustrative"])} | _span(None, None)
    if r.random() < 0.15:
        return []
    return [
        about | {"zone": "peak", "days": "mon,tue,wed,thu,fri", "hours": "6-22"},
        about | {"zone": "off", "days": "mon,tue,wed,thu,fri", "hours": "22-6"},
        about | {"zone": "off", "days": "sat,sun,free", "hours": ""},
    ]


def _vat(r: random.Random) -> list[dict]:
    one = {"pct": r.choice(["23", "8", "5.5"]), "source": "made up", "status": "verified"}
    at = r.randrange(1, COUNT)
    return r.choice([[], [one | _span(None, None)], [one | _span(None, at), one | {"pct": "22"} | _span(at, None)]])


def _meters_in_time(r: random.Random, meters: pa.Table) -> pa.Table:
    """Some meters behind points hang there for a part of the time alone."""
    rows = [
        row | ({r.choice(["valid_from", "valid_to"]): _at(r.randrange(1, COUNT))} if r.random() < 0.3 else {})
        for row in meters.to_pylist()
    ]
    return pa.Table.from_pylist(rows, meters.schema)
