"""A period's balance as five numbers: what is drawn, renewable and covered, the ratio and its step."""

from __future__ import annotations

from central.explaining.case import Case, at_text
from central.explaining.question import Asked
from central.explaining.step import Said, Step, named, step
from central.explaining.sums import Sums, four_decimals, ratio, step_of

_ENERGIES = (("drawn", "drawn_wh"), ("injected_res", "injected_res_wh"), ("covered", "covered_wh"))


def summary(case: Case, asked: Asked, start: int, sums: Sums) -> tuple[Step, ...]:
    """Each made anew from the points' shares and compared with the table of hours; each asks for itself."""
    row, at = case.hours[start], {"start_at": at_text(start)}

    def ask(quantity: str) -> dict[str, str]:
        return Asked(month=asked.month, quantity=quantity, start=start).query()

    found = [
        step(
            named("hour", name, dict(at)), sums.value(name), row[column], unit="Wh", how=_how(name, sums), ask=ask(name)
        )
        for name, column in _ENERGIES
    ]
    over, under = ratio(case, sums)
    off, rule = step_of(case, over, under)
    computed = f"{(20 - off) / 20:.2f}" if under else None
    facts = {**at, "off_pct": str(5 * off)}
    said = Said("rule.ratio", {"over_wh": over, "under_wh": under}) if under else Said("rule.nothing_drawn")
    shown, asks = four_decimals(over, under), (ask("ratio"), ask("multiplier"))
    found += [
        step(named("hour", "ratio", dict(at)), shown, row["ratio_pct"], unit="%", how=(said,), ask=asks[0]),
        step(named("hour", "multiplier", facts), computed, row["multiplier"], how=(Said(rule),), ask=asks[1]),
    ]
    return tuple(found)


def _how(name: str, sums: Sums) -> tuple[Said, ...]:
    return (Said(f"rule.{name}", sums.facts),) if name == "covered" else ()
