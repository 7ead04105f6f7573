"""A slow settlement of single periods, written from the statute's formulas with Fraction: the independent hand.

It shares no code with central: plain dicts, one period at a time.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

RES = {"pv", "wind", "hydro", "biogas", "biomass"}
BARRED = {
    ("art4_1",): {"net_metering"},
    ("art4_1", "art4_1a"): {"net_metering", "net_billing"},
    ("microinstallation",): {"net_metering", "net_billing"},
}


@dataclass
class RefPoint:
    id: str
    member: str
    directions: tuple[str, ...]
    source: str | None = None
    regime: str | None = None
    storage_meter: bool = False
    generation_meter: bool = False
    granted: bool = True
    """Whether the table eligibility lets it have relief in the period, and the window of relief is open for it."""
    industrial_pct: int | None = None
    values: dict[str, int | None] = field(default_factory=dict)
    """``drawn``, ``injected``; of the meters behind it ``charge``, ``discharge``, ``generation``."""

    @property
    def is_storage(self) -> bool:
        return self.source == "storage" and "injected" in self.directions

    def decides_by_meter(self, settings: dict) -> bool:
        """Whether a storage meter says what of its injection is renewable."""
        if settings["storage"] == "as_metered" or settings["storage_origin"] != "by_meter":
            return False
        return self.storage_meter and "injected" in self.directions and (not self.is_storage or self.generation_meter)


def lacks(p: RefPoint, settings: dict) -> bool:
    needed = [*p.directions, *(("charge", "discharge") if p.decides_by_meter(settings) else ())]
    if settings["ratio_denominator"] == "gross" and not p.is_storage:
        needed += ["generation"] if len(p.directions) == 2 or p.generation_meter else []
        needed += ["charge", "discharge"] if p.storage_meter else []
    return any(p.values.get(name) is None for name in needed)


def settle_period(
    points: list[RefPoint],
    regimes: dict[str, str],
    settings: dict,
    relief: bool,
    stocks: dict[str, tuple[int, int]],
) -> dict:
    """``stocks`` holds every storage's total and renewable Wh before the period, and afterwards those after it."""
    own = {p.id: p.regime if p.regime is not None else regimes[p.member] for p in points}
    barred = BARRED[tuple(sorted(settings["excluded_regimes"]))]
    out = set()
    for p in points:
        if settings["exclusion_scope"] == "ppe":
            hit = own[p.id] in barred
        else:
            hit = regimes[p.member] in barred or any(own[q.id] in barred for q in points if q.member == p.member)
        if hit:
            out.add(p.id)
    complete = not any(lacks(p, settings) for p in points)
    c, g = {}, {}
    for p in points:
        if lacks(p, settings):
            continue
        drawn = p.values["drawn"] if "drawn" in p.directions else 0
        injected = p.values["injected"] if "injected" in p.directions else 0
        nets = settings["netting"] == "vector" or (
            settings["netting"] == "by_kind" and own[p.id] in {"net_metering", "net_billing"}
        )
        if nets and len(p.directions) == 2:
            drawn, injected = max(drawn - injected, 0), max(injected - drawn, 0)
        c[p.id], g[p.id] = drawn, injected
    apart = settings["storage"] == "res_charged_only"
    charging = {p.id: c.get(p.id) for p in points if apart and p.is_storage and "drawn" in p.directions}
    c |= {name: 0 for name, wh in charging.items() if wh is not None}
    shares = {
        p.id: {"drawn": c.get(p.id), "injected": g.get(p.id), "allocated": None, "relieved": None} for p in points
    }
    if charging:
        for p in points:
            shares[p.id]["charge"] = charging.get(p.id)
    for p in points:
        for way in ("drawn", "injected"):
            if way not in p.directions:
                shares[p.id][way] = None
    if not complete:
        return {"complete": False, "shares": shares}
    counted = [p for p in points if not (settings["excluded_mode"] == "full" and p.id in out)]
    total = sum(c[p.id] for p in counted)
    renewable, given = {}, {}
    for p in points:
        renewable[p.id], given[p.id] = follow_storage(p, c[p.id] + charging.get(p.id, 0), g[p.id], settings, stocks)
    res = sum(renewable[p.id] for p in counted)
    other = sum(g[p.id] - renewable[p.id] for p in counted)
    charged = sum(charging.get(p.id, 0) for p in counted)
    covered = min(res, total)
    allocated = largest_remainder({p.id: c[p.id] for p in counted}, covered)
    eligible = {p.id for p in points if p.id not in out and p.granted} if relief else set()
    if settings["forfeited"] == "redistributed":
        weights = {p.id: c[p.id] for p in counted if p.id in eligible}
        relieved = largest_remainder(weights, min(covered, sum(weights.values())))
    else:
        relieved = {name: q for name, q in allocated.items() if name in eligible}
    consumption = total
    if settings["ratio_denominator"] == "gross":
        consumption += sum(own_use(p, g[p.id]) for p in counted)
    ratio, step = None, Fraction(0)
    if consumption:
        ratio = Fraction(covered if settings["ratio_numerator"] == "covered" else res, consumption)
        step = discount(ratio, settings["above_100"])
    reduced, oze = {}, {}
    for p in points:
        pct = Fraction(p.industrial_pct or 100, 100)
        owed, exempt = pct * (c[p.id] + charging.get(p.id, 0)), relieved.get(p.id, 0)
        oze[p.id] = owed, min(exempt, owed) if settings["industrial_order"] == "industrial_first" else pct * exempt
        base = c[p.id] if settings["tier_base"] == "all_drawn" and p.id in eligible else relieved.get(p.id, 0)
        reduced[p.id] = step * base
        shares[p.id]["allocated"] = allocated.get(p.id, 0)
        shares[p.id]["relieved"] = relieved.get(p.id, 0)
    return {
        "complete": True,
        "shares": shares,
        "reduced": reduced,
        "oze": oze,
        "hours": {
            "drawn_wh": total,
            "injected_res_wh": res,
            "injected_other_wh": other,
            "covered_wh": covered,
            "surplus_wh": res - covered,
            "deficit_wh": total - covered,
            "from_grid_wh": max(total + charged - res - other, 0),
            "to_grid_wh": max(res + other - total - charged, 0),
        }
        | (
            {
                "storage_charge_wh": charged,
                "storage_discharge_wh": None
                if any(given[p.id] is None for p in counted)
                else sum(given[p.id] for p in counted),
            }
            if charging
            else {}
        )
        | ({"gross_wh": consumption} if settings["ratio_denominator"] == "gross" else {}),
        "full": {p.id: c[p.id] + charging.get(p.id, 0) for p in points},
        "ratio": ratio,
        "multiplier": None if ratio is None else 1 - step,
    }


def own_use(p: RefPoint, injected: int) -> int:
    """What is consumed behind the meter of what is generated or stored there."""
    if p.is_storage:
        return 0
    made = p.values["generation"] if p.generation_meter else 0
    stored = p.values["discharge"] - p.values["charge"] if p.storage_meter else 0
    return max(made + stored - injected, 0) if p.generation_meter or p.storage_meter else 0


def follow_storage(p: RefPoint, drawn: int, injected: int, settings: dict, stocks: dict) -> tuple[int, int | None]:
    """The renewable part of what a point injects, and what of it a storage gave (None: not known)."""
    own = injected if p.source in RES else 0
    if "injected" not in p.directions:
        return 0, 0
    by_meter = p.decides_by_meter(settings)
    if p.is_storage:
        charge, discharge = (p.values["charge"], p.values["discharge"]) if by_meter else (drawn, injected)
    elif p.storage_meter and settings["storage"] == "res_charged_only":
        charge, discharge = p.values["charge"], p.values["discharge"]
        if charge is None or discharge is None:
            return 0, None
    else:
        return own, 0
    generated = p.values.get("generation") or 0
    if not p.generation_meter or not (p.is_storage or (p.source in RES and by_meter)):
        generated = 0
    total, res = stocks.get(p.id, (0, 0))
    total += charge
    res += min(charge, generated)
    part = min(res, half_up(Fraction(discharge * res, total))) if total else 0
    stocks[p.id] = (max(total - discharge, 0), res - part)
    given = min(injected, discharge)
    if settings["storage"] == "as_metered":
        return injected, given
    rest = injected - given if p.source in RES else 0
    if settings["storage_tracing"] == "none" or not (p.is_storage or by_meter):
        return rest, given
    if settings["storage_tracing"] == "all":
        return rest + given, given
    return rest + (half_up(Fraction(given * part, discharge)) if discharge else 0), given


def half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def discount(ratio: Fraction, above_100: str) -> Fraction:
    if ratio > 1:
        return Fraction(25, 100) if above_100 == "cap" else Fraction(20, 100)
    if ratio == 1:
        return Fraction(25, 100)
    for bound, off in ((90, 20), (80, 15), (70, 10), (60, 5)):
        if ratio > Fraction(bound, 100):
            return Fraction(off, 100)
    return Fraction(0)


def largest_remainder(weights: dict[str, int], total: int) -> dict[str, int]:
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    exact = {name: Fraction(w * total, whole) for name, w in weights.items()}
    parts = {name: int(x) for name, x in exact.items()}
    left = total - sum(parts.values())
    for name in sorted(weights, key=lambda n: (parts[n] - exact[n], n.encode()))[:left]:
        parts[name] += 1
    return parts


def half_up_4(ratio: Fraction) -> str:
    scaled = ratio * 100 * 10**4
    whole = int(scaled + Fraction(1, 2))
    return f"{whole // 10**4}.{whole % 10**4:04d}"


def random_case(seed: int) -> tuple[list[RefPoint], dict[str, str], dict, list[dict[str, dict[str, int | None]]]]:
    """Points, members' regimes, settings, and three periods of values."""
    r = random.Random(seed)
    members = {
        f"M{i}": r.choice(["none", "none", "none", "net_metering", "net_billing"]) for i in range(r.randint(1, 5))
    }
    big = r.choice([3, 10, 1000, 100_000, 2**40])
    points = []
    for i in range(r.randint(1, 9)):
        directions = r.choice([("drawn",), ("drawn",), ("injected",), ("drawn", "injected")])
        points.append(
            RefPoint(
                id=r.choice(["p", "P", "_", "-", "9"]) + f"{r.randrange(1000)}x{i}",
                member=r.choice(list(members)),
                directions=directions,
                source=r.choice(["pv", "wind", "chp_gas", "other", "storage"]) if "injected" in directions else None,
                regime=r.choice([None, None, None, "none", "net_metering", "net_billing"]),
            )
        )
    settings = {
        "tier_base": r.choice(["covered", "all_drawn"]),
        "ratio_numerator": r.choice(["injected", "covered"]),
        "above_100": r.choice(["cap", "literal"]),
        "excluded_regimes": r.choice([["art4_1"], ["art4_1", "art4_1a"], ["microinstallation"]]),
        "exclusion_scope": r.choice(["member", "ppe"]),
        "excluded_mode": r.choice(["benefit_only", "full"]),
        "forfeited": r.choice(["lost", "redistributed"]),
        "netting": r.choice(["by_kind", "registers", "vector"]),
        "storage": r.choice(["res_charged_only", "res_charged_only", "as_metered"]),
        "storage_origin": r.choice(["grid_until_shown", "by_meter", "by_meter"]),
        "storage_tracing": r.choice(["proportional", "proportional", "all", "none"]),
        "ratio_denominator": r.choice(["drawn", "drawn", "gross"]),
        "industrial_order": r.choice(["cluster_first", "industrial_first"]),
    }
    metered = 0.95 if settings["ratio_denominator"] == "gross" else 0.6
    for p in points:
        p.storage_meter = r.random() < ("injected" in p.directions) * 0.4 + 0.1
        p.generation_meter = r.random() < ("injected" in p.directions) * (metered - 0.2) + 0.2
        p.industrial_pct = r.choice([None, None, 15, 25, 80])
    periods = []
    for _ in range(3):
        lacks = r.random() < 0.15
        values: dict[str, dict[str, int | None]] = {}
        for p in points:
            values[p.id] = {}
            behind = ["charge", "discharge"] * p.storage_meter + ["generation"] * p.generation_meter
            for way in (*p.directions, *behind):
                absent = lacks and r.random() < 0.3
                values[p.id][way] = None if absent else r.choice([0, r.randint(0, big), r.randint(0, big)])
        periods.append(values)
    return points, members, settings, periods


@dataclass
class Window:
    """When relief exists at all; spans and instants are numbers of periods, None is never or open."""

    registered: int
    struck_off: int | None
    failed: list[tuple[int | None, int | None]]
    amended: dict[str, list[tuple[int, int | None, int | None]]]
    """By point: since when its contract is amended, and the span of that contract."""

    def is_open(self, i: int, p: RefPoint, settings: dict) -> bool:
        if i < self.registered or (self.struck_off is not None and i >= self.struck_off):
            return False
        binding = settings["regime_status"] == "binding"
        # The periods are of 1 June 2026, local time from 2 o'clock on.
        if binding and (settings["ec_outcome"] == "none" or settings["ec_outcome_date"] > date(2026, 6, 1)):
            return False
        if settings["conditions_fail"] == "no_relief" and any(holds(i, a, b) for a, b in self.failed):
            return False
        since = [at for at, a, b in self.amended.get(p.id, []) if holds(i, a, b)]
        return i >= since[0] if since else not binding


def random_regime(seed: int) -> dict:
    """The settings that open or close the window."""
    r = random.Random(seed + 10**8)
    return {
        "regime_status": r.choice(["simulation", "simulation", "binding"]),
        "ec_outcome": r.choice(["none", "compatible", "compatible", "not_aid"]),
        "ec_outcome_date": r.choice([date(2026, 5, 31), date(2026, 5, 31), date(2026, 6, 2)]),
        "conditions_fail": r.choice(["warn", "no_relief"]),
    }


def random_window(seed: int, points: list[RefPoint], count: int) -> Window:
    r = random.Random(seed + 10**7)
    amended = {}
    for p in points:
        cut = r.randint(0, count)
        spans = r.choice([[], [], [(None, None)], [(None, cut), (cut, None)], [(0, cut)]])
        amended[p.id] = [(r.choice([-5, -5, r.randint(0, count)]), a, b) for a, b in spans]
    return Window(
        registered=r.choice([-5, -5, -5, r.randint(0, count), 9000]),
        struck_off=r.choice([None, None, None, r.randint(0, count)]),
        failed=r.choice([[], [], [(r.randint(0, count - 1), None)], [(None, 1), (1, 2)]]),
        amended=amended,
    )


@dataclass
class Dated:
    """What changes between the periods; spans are half-open numbers of periods, None is open."""

    regimes: list[tuple[str, str | None, str, int | None, int | None]]
    """Member, point (None: the member itself), regime, from, to; none of one holder overlap."""
    eligibility: list[tuple[str, str | None, bool, int | None, int | None]]

    def apply(self, i: int, points: list[RefPoint], regimes: dict[str, str], always: dict, own: dict) -> None:
        """Set points and regimes to what holds in period ``i``; ``always`` and ``own`` hold where no row does."""
        for member in regimes:
            regimes[member] = next(
                (r for m, p, r, a, b in self.regimes if m == member and p is None and holds(i, a, b)), always[member]
            )
        for p in points:
            p.regime = next((r for _, q, r, a, b in self.regimes if q == p.id and holds(i, a, b)), own[p.id])
            p.granted = self._granted(i, [row for row in self.eligibility if row[:2] == (p.member, None)])
            p.granted &= self._granted(i, [row for row in self.eligibility if row[1] == p.id])

    def _granted(self, i: int, rows: list) -> bool:
        if any(not yes and holds(i, a, b) for _, _, yes, a, b in rows):
            return False
        return not any(yes for _, _, yes, _, _ in rows) or any(yes and holds(i, a, b) for _, _, yes, a, b in rows)


def holds(i: int, first: int | None, last: int | None) -> bool:
    return (first is None or first <= i) and (last is None or i < last)


def random_dated(seed: int, points: list[RefPoint], members: dict[str, str], count: int) -> Dated:
    r = random.Random(seed + 10**6)
    dated = Dated([], [])
    holders = [(m, None) for m in members] + [(p.member, p.id) for p in points]
    for member, point in holders:
        cuts = sorted(r.sample(range(count + 1), r.randint(0, 2)))
        bounds = [r.choice([None, 0]), *cuts, r.choice([None, count])]
        for first, last in itertools.pairwise(bounds):
            if r.random() < 0.35 and (first is None or last is None or first < last):
                dated.regimes.append((member, point, r.choice(["none", "net_metering", "net_billing"]), first, last))
            if r.random() < 0.15 and (first is None or last is None or first < last):
                dated.eligibility.append((member, point, r.random() < 0.5, first, last))
    return dated
