"""The verdicts on art. 184l as a declaration shows them, in Polish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from central.conditions.condition import Between, Condition, State, percent, rounded
from central.papers.settlement_application import Fulfilled

_TEXTS: Final = {
    "res_share": "udział energii z OZE w energii wytworzonej i wprowadzonej do sieci",
    "power_limit": "łączna moc zainstalowana elektryczna nie przekracza 150 MW",
    "coverage_year": "pokrycie łącznego rocznego zapotrzebowania członków",
    "coverage_hour": "pokrycie łącznych dostaw w ciągu każdej godziny",
    "storage_power": "łączna moc magazynów energii wobec mocy instalacji i jednostek wytwórczych",
}
_STATES: Final = {State.MET: "spełniony", State.NOT_MET: "niespełniony", State.NOT_KNOWN: "nie ustalono"}


def fulfilled(conditions: Sequence[Condition]) -> list[Fulfilled]:
    """One line for each condition."""
    return [
        Fulfilled(
            article=one.article,
            text=_TEXTS.get(one.rule, one.rule),
            state=_STATES[one.state],
            value=_range(one.value, one.unit),
            threshold=f"{percent(one.threshold, 0)} %"
            if one.unit == "%"
            else f"{rounded(one.threshold, 0)} {one.unit}",
            note="brakuje danych" if one.missing else "",
        )
        for one in conditions
    ]


def _range(value: Between | None, unit: str) -> str:
    if value is None:
        return "nie ustalono"
    low = percent(value.low, 2) if unit == "%" else rounded(value.low, 3)
    if value.known:
        return f"{low} {unit}".replace(".", ",")
    high = "?" if value.high is None else percent(value.high, 2) if unit == "%" else rounded(value.high, 3)
    return f"od {low} do {high} {unit}".replace(".", ",")
