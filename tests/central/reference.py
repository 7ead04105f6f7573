"""A slow settlement of single periods, written from the statute's formulas with Fraction: the independent hand.

It shares no code with central: plain dicts, one period at a time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
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
    values: dict[str, int | None] = field(default_factory=dict)


def settle_period(points: list[RefPoint], regimes: dict[str, str], settings: dict, relief: bool) -> dict:
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
    complete = all(p.values.get(d) is not None for p in points for d in p.directions)
    c, g = {}, {}
    for p in points:
        if any(p.values.get(d) is None for d in p.directions):
            continue
        drawn = p.values["drawn"] if "drawn" in p.directions else 0
        injected = p.values["injected"] if "injected" in p.directions else 0
        nets = settings["netting"] == "vector" or (
            settings["netting"] == "by_kind" and own[p.id] in {"net_metering", "net_billing"}
        )
        if nets and len(p.directions) == 2:
            drawn, injected = max(drawn - injected, 0), max(injected - drawn, 0)
        c[p.id], g[p.id] = drawn, injected
    shares = {
        p.id: {"drawn": c.get(p.id), "injected": g.get(p.id), "allocated": None, "relieved": None} for p in points
    }
    for p in points:
        for way in ("drawn", "injected"):
            if way not in p.directions:
                shares[p.id][way] = None
    if not complete:
        return {"complete": False, "shares": shares}
    counted = [p for p in points if not (settings["excluded_mode"] == "full" and p.id in out)]
    total = sum(c[p.id] for p in counted)
    res = sum(g[p.id] for p in counted if p.source in RES)
    other = sum(g[p.id] for p in counted if p.source not in RES)
    covered = min(res, total)
    allocated = largest_remainder({p.id: c[p.id] for p in counted}, covered)
    eligible = {p.id for p in points if p.id not in out} if relief else set()
    if settings["forfeited"] == "redistributed":
        weights = {p.id: c[p.id] for p in counted if p.id in eligible}
        relieved = largest_remainder(weights, min(covered, sum(weights.values())))
    else:
        relieved = {name: q for name, q in allocated.items() if name in eligible}
    ratio, step = None, Fraction(0)
    if total:
        ratio = Fraction(covered if settings["ratio_numerator"] == "covered" else res, total)
        step = discount(ratio, settings["above_100"])
    reduced = {}
    for p in points:
        base = c[p.id] if settings["tier_base"] == "all_drawn" and p.id in eligible else relieved.get(p.id, 0)
        reduced[p.id] = step * base
        shares[p.id]["allocated"] = allocated.get(p.id, 0)
        shares[p.id]["relieved"] = relieved.get(p.id, 0)
    return {
        "complete": True,
        "shares": shares,
        "reduced": reduced,
        "hours": {
            "drawn_wh": total,
            "injected_res_wh": res,
            "injected_other_wh": other,
            "covered_wh": covered,
            "surplus_wh": res - covered,
            "deficit_wh": total - covered,
            "from_grid_wh": max(total - res - other, 0),
            "to_grid_wh": max(res + other - total, 0),
        },
        "ratio": ratio,
        "multiplier": None if ratio is None else 1 - step,
    }


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
    }
    periods = []
    for _ in range(3):
        lacks = r.random() < 0.15
        values: dict[str, dict[str, int | None]] = {}
        for p in points:
            values[p.id] = {}
            for way in p.directions:
                absent = lacks and r.random() < 0.3
                values[p.id][way] = None if absent else r.choice([0, r.randint(0, big), r.randint(0, big)])
        periods.append(values)
    return points, members, settings, periods
