"""What a point draws and injects in a period: as metered, or netted where its regime or the setting says so."""

from __future__ import annotations

from typing import Final, NamedTuple

from central.explaining.behind import lacks_meter_behind
from central.explaining.case import Case, Row
from central.explaining.entitled import point_regime
from central.explaining.step import Said

WAYS: Final = ("drawn", "injected")
_NETTED: Final = frozenset({"net_metering", "net_billing"})


class Netted(NamedTuple):
    """One point's energies of one period."""

    values: dict[str, int] | None
    """Wh of each declared direction; None: not known."""
    rules: dict[str, Said]
    """How each declared direction comes about."""
    netted: bool
    """Whether one direction was taken off the other."""


def netted(case: Case, point: str, start: int) -> Netted:
    """The energies of a point in a period in which it is valid."""
    return case.kept(f"netted {point}", start, lambda at: _netted(case, point, at))


def _netted(case: Case, point: str, start: int) -> Netted:
    row, counted = case.point_at(point, start), case.energies_at(start)
    ways = [way for way in WAYS if row[way]]
    values = {way: int(counted[point, way]["wh"]) for way in ways if (point, way) in counted}
    if len(values) < len(ways):
        return Netted(None, dict.fromkeys(ways, Said("rule.lacking")), netted=False)
    if lacks_meter_behind(case, point, start):
        return Netted(None, dict.fromkeys(ways, Said("rule.meter_behind_lacking")), netted=False)
    if len(ways) < len(WAYS) or not _is_netted(case, point, row, start):
        return Netted(values, dict.fromkeys(ways, Said("rule.as_metered")), netted=False)
    facts: dict[str, int | str | None] = {f"{way}_wh": wh for way, wh in values.items()}
    balance = values["drawn"] - values["injected"]
    return Netted(
        {"drawn": max(balance, 0), "injected": max(-balance, 0)},
        {way: Said(f"rule.netted_{way}", facts) for way in WAYS},
        netted=True,
    )


def _is_netted(case: Case, point: str, row: Row, start: int) -> bool:
    chosen = case.settings.netting
    return chosen == "vector" or (chosen == "by_kind" and point_regime(case, point, start) in _NETTED)
