"""The open readings of the law as settings, default first; frozen, and stored with every result.

Source: the questions that arts. 38aa to 38af and 184k to 184m of the RES Act leave open; docs/cluster.md explains each.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from central.validity import bound_problem
from runtime.config import Problem, shown

EXCLUDED_REGIMES: Final = (("art4_1",), ("art4_1", "art4_1a"), ("microinstallation",))

CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "tier_base": ("covered", "all_drawn"),
    "ratio_denominator": ("drawn", "gross"),
    "ratio_numerator": ("injected", "covered"),
    "above_100": ("cap", "literal"),
    "excluded_regimes": EXCLUDED_REGIMES,
    "exclusion_scope": ("member", "ppe"),
    "excluded_mode": ("benefit_only", "full"),
    "forfeited": ("lost", "redistributed"),
    "hour_formation": ("quarters", "as_given"),
    "netting": ("by_kind", "registers", "vector"),
    "storage": ("res_charged_only", "as_metered"),
    "storage_origin": ("grid_until_shown", "by_meter"),
    "storage_tracing": ("proportional", "all", "none"),
    "precedence": ("operator", "own"),
    "res_share_period": ("year", "rolling12", "month"),
    "potential": ("metered_else_hours", "hours"),
    "demand": ("metered_draw", "gross", "estimate"),
    "adjacency": ("connected", "pairwise"),
    "industrial_order": ("cluster_first", "industrial_first"),
    "regime_status": ("simulation", "binding"),
    "ec_outcome": ("none", "compatible", "not_aid"),
    "conditions_fail": ("warn", "no_relief"),
}
"""Every setting with its values; the first is the default."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of the law's open questions. Names and values as they stand in a cluster file's ``[settings]``."""

    tier_base: str = "covered"
    """Base of the 95 to 75 % steps: covered energy, or all drawn."""
    ratio_denominator: str = "drawn"
    """Denominator of the ratio: all drawn energy, or own use behind the meters besides."""
    ratio_numerator: str = "injected"
    """Numerator of the ratio: all injected RES energy, or the covered."""
    above_100: str = "cap"
    """Multiplier above 100 %: 0.75 (cap) or 0.80 (literal)."""
    excluded_regimes: tuple[str, ...] = ("art4_1",)
    """Regimes without relief (art. 184k ust. 4)."""
    exclusion_scope: str = "member"
    """Whether an excluded point takes the relief of its whole member, or its own."""
    excluded_mode: str = "benefit_only"
    """Whether the excluded stay in the sums and get nothing, or are left out of everything."""
    forfeited: str = "lost"
    """What becomes of the share of the excluded."""
    hour_formation: str = "quarters"
    """What an operator's hour is where its file gives both: the sum of its quarters, or the hourly value."""
    netting: str = "by_kind"
    """Whose two directions are netted inside a period: prosumers' points, none, or all."""
    storage: str = "res_charged_only"
    """Whether a storage point's charging is left out of drawn and its discharge traced, or both are as metered."""
    storage_origin: str = "grid_until_shown"
    """Whether a meter on a storage behind a generating point shows what of its discharge is renewable."""
    storage_tracing: str = "proportional"
    """What of a discharge is renewable: its storage's renewable share, all, or none."""
    precedence: str = "operator"
    """Whose value of a period counts where both are there: the operator's, or the cluster's own stands'."""
    res_share_period: str = "year"
    potential: str = "metered_else_hours"
    demand: str = "metered_draw"
    adjacency: str = "connected"
    industrial_order: str = "cluster_first"
    """Of an industrial consumer's OZE fee: first the cluster's exemption, then the percentage, or the other way."""
    regime_status: str = "simulation"
    """Whether relief is reckoned as if the Commission had decided, or from its decision on."""
    ec_outcome: str = "none"
    """What the Commission decided (art. 48 of the Act of 17.08.2023)."""
    ec_outcome_date: date | None = None
    """The local day of it."""
    conditions_fail: str = "warn"
    """Whether a condition of art. 184l that was found not met is told, or ends relief in that time."""


def read_settings(content: object, file: str) -> tuple[Settings, list[Problem]]:
    """Settings from a parsed ``[settings]`` table, with everything that is wrong in it."""
    if not isinstance(content, dict):
        return Settings(), [Problem(file, "settings", shown("settings", content), "expected a table")]
    values: dict[str, object] = {}
    problems = []
    for name, raw in content.items():
        if name == "ec_outcome_date":
            if not isinstance(raw, date) or isinstance(raw, datetime):
                problems.append(Problem(file, f"settings.{name}", shown(name, raw), "expected a date without quotes"))
            elif unfit := bound_problem(raw, f"settings.{name}", file):
                problems += unfit
            else:
                values[name] = raw
            continue
        value = tuple(raw) if isinstance(raw, list) else raw
        problem = _problem(name, value)
        if problem:
            problems.append(Problem(file, f"settings.{name}", shown(name, raw), problem))
        else:
            values[name] = _canonical(name, value)
    problems += _outcome_problems(values, content, file)
    return Settings(**values), problems  # type: ignore[arg-type]  # each value was checked against CHOICES


def _outcome_problems(values: dict[str, object], content: dict[str, object], file: str) -> list[Problem]:
    """What the Commission's outcome and its date lack for one another, and both for a binding settlement."""
    outcome, day = values.get("ec_outcome", "none"), values.get("ec_outcome_date")
    binding, problems = values.get("regime_status") == "binding", []
    if binding and outcome == "none" and content.get("ec_outcome", "none") == "none":
        given = '"none"' if "ec_outcome" in content else ""
        said = """regime_status "binding" needs the Commission's outcome: "compatible" or "not_aid\""""
        problems.append(Problem(file, "settings.ec_outcome", given, said))
    if "ec_outcome_date" not in content and (binding or outcome != "none"):
        said = "is missing: the local day of the Commission's outcome (art. 48 of the Act of 17.08.2023)"
        problems.append(Problem(file, "settings.ec_outcome_date", "", said))
    if day is not None and outcome == "none" and not binding:
        said = 'is given, but ec_outcome is "none": say what was decided, or take the date out'
        problems.append(Problem(file, "settings.ec_outcome_date", str(day), said))
    return problems


def _canonical(name: str, value: object) -> object:
    return tuple(sorted(value)) if name == "excluded_regimes" and isinstance(value, tuple) else value


def _problem(name: str, value: object) -> str | None:
    if name not in CHOICES:
        return f"unknown setting; known: {', '.join(sorted(CHOICES))}"
    choices = CHOICES[name]
    comparable = value
    if name == "excluded_regimes" and isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        comparable = tuple(sorted(value))
    if comparable not in choices:
        return "expected " + " or ".join(_text(choice) for choice in choices)
    return None


def _text(choice: object) -> str:
    if isinstance(choice, tuple):
        return "[" + ", ".join(f'"{item}"' for item in choice) + "]"
    return f'"{choice}"'
