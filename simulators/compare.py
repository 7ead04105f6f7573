"""Central's answers against the simulator's own ledger: every difference beyond what a reading can honestly differ.

- A measured stand must be true to the Wh while the register's float32 shows every Wh (below 16,384 kWh), and to the
  float32's step above; of a device that counts in larger steps, to its step.
- An interpolated stand may differ by its resolution plus the change of power around the hour times the time between
  its two polls (and by the float32's step above 16,384 kWh).
- An hour (quarter) of the balance may differ by the sum of what its stands may, each times its meter's multiplier: by
  nothing where all of them are measured and small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

import msgspec

from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from metering.point import Direction, Role
from metering.stand import Quality
from simulators.ledger import NEAR_HOUR, Flows, Ledger, TrueHour, TrueStand
from simulators.scenario import Scenario

EXACT_BELOW_WH: Final = 16_384_000
"""Below it the float32 of a kWh register has a step under 1 Wh."""

_MANTISSA_BITS: Final = 24
_SHOWN_DECIMALS: Final = 3
Key = tuple[str, str, datetime]


class Kind(StrEnum):
    """What is wrong."""

    STAND = "stand"
    """A stand's value differs."""
    STAND_MISSING = "stand missing"
    STAND_TWICE = "stand twice"
    METER_UNKNOWN = "meter unknown"
    HOUR = "hour"
    """A quantity of an hour's (or quarter's) balance differs."""
    HOUR_MISSING = "hour missing"
    """The balance has no such hour (quarter), or it is incomplete."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference beyond tolerance."""

    kind: Kind
    what: str
    """The register, or the quantity of the balance."""
    at: datetime
    """The stand's instant, or the period's start."""
    expected: str = ""
    got: str = ""
    tolerance: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        text = f"{self.at:%Y-%m-%dT%H:%MZ} {self.kind}: {self.what}"
        return f"{text}: {self.got} instead of {self.expected} (may differ by {self.tolerance})" if self.got else text


def compare(
    scenario: Scenario,
    ledger: Ledger,
    flows: Flows,
    stands: Sequence[Mapping[str, Any]],
    balance: Sequence[Mapping[str, Any]],
) -> list[Difference]:
    """All differences, by kind and time; empty when central is right.

    Args:
        scenario: says which meters make which quantity.
        ledger: the truth; what lies outside its hours isn't looked at.
        flows: the power of every meter and register, for the tolerance of interpolated stands.
        stands: ``meter, register, wh, at, before, after, quality, resolution``; instants aware or ISO 8601, ``wh``
            and ``resolution`` in Wh as text or numbers, without multiplier. Other registers are passed over.
        balance: ``start, drawn_wh, injected_res_wh, covered_wh``; None where the hour is incomplete.

    Raises:
        KeyError: a row lacks one of these.
        ValueError: a number or an instant can't be read.
    """
    given, found = _given(ledger, stands)
    tolerances: dict[Key, Fraction] = {}
    for truth in ledger.stands:
        key = (truth.meter, truth.register, truth.at)
        row = given.get(key)
        if row is None:
            tolerances[key] = _float_step(truth.wh)
            found.append(Difference(kind=Kind.STAND_MISSING, what=_register(truth), at=truth.at))
            continue
        slack = _slack(truth, row, flows)
        tolerances[key] = slack
        if difference := _stand_difference(truth, row, slack):
            found.append(difference)
    hours = {_instant(row["start"]): row for row in balance}
    for hour in ledger.balance:
        found += _hour_differences(hour, hours.get(hour.start), _hour_slack(scenario, hour.start, tolerances))
    return found


def _given(
    ledger: Ledger, stands: Sequence[Mapping[str, Any]]
) -> tuple[dict[Key, Mapping[str, Any]], list[Difference]]:
    meters = {truth.meter for truth in ledger.stands}
    given: dict[Key, Mapping[str, Any]] = {}
    found: list[Difference] = []
    for row in stands:
        at = _instant(row["at"])
        key = (str(row["meter"]), str(row["register"]), at)
        what = f"{key[0]} {key[1]}"
        if key[0] not in meters:
            found.append(Difference(kind=Kind.METER_UNKNOWN, what=what, at=at))
        elif key in given:
            found.append(Difference(kind=Kind.STAND_TWICE, what=what, at=at))
        elif row["quality"] in {Quality.MEASURED, Quality.INTERPOLATED}:
            given[key] = row
    return given, found


def _slack(truth: TrueStand, row: Mapping[str, Any], flows: Flows) -> Fraction:
    """By how much the register's value may differ, Wh."""
    if row["quality"] == Quality.MEASURED:
        return _float_step(truth.wh) + truth.step_wh - 1
    before, after = _instant(row["before"]), _instant(row["after"])
    since = min(before, truth.at - NEAR_HOUR)
    until = max(after, truth.at + NEAR_HOUR)
    change_w = Fraction(flows[truth.meter, truth.register].change_w(since, until), truth.multiplier)
    spread_h = Fraction((after - before).total_seconds()) / 3600
    return _number(row["resolution"]) + change_w * spread_h + _float_step(truth.wh) + truth.step_wh - 1


def _stand_difference(truth: TrueStand, row: Mapping[str, Any], slack: Fraction) -> Difference | None:
    got = _number(row["wh"])
    off = abs(got - truth.wh)
    # Below 16,384 kWh the float32 is less than half a Wh off: rounded to a whole Wh it is the truth.
    if off < Fraction(1, 2) or off <= slack:
        return None
    return Difference(
        kind=Kind.STAND,
        what=_register(truth),
        at=truth.at,
        expected=f"{truth.wh} Wh",
        got=f"{row['wh']} Wh ({row['quality']})",
        tolerance=_shown(slack),
    )


def _hour_slack(scenario: Scenario, start: datetime, tolerances: Mapping[Key, Fraction]) -> dict[Direction, Fraction]:
    slack = {Direction.DRAWN: Fraction(0), Direction.INJECTED: Fraction(0)}
    for site, meter in scenario.meters():
        if meter.role is not Role.SETTLEMENT:
            continue
        for direction in site.directions:
            register = ACTIVE_IMPORT if direction is Direction.DRAWN else ACTIVE_EXPORT
            ends = (tolerances[meter.serial, register, at] for at in (start, start + scenario.scenario.length))
            slack[direction] += sum(ends, Fraction(0)) * meter.multiplier
    return slack


def _hour_differences(
    truth: TrueHour, row: Mapping[str, Any] | None, slack: Mapping[Direction, Fraction]
) -> list[Difference]:
    allowed = {
        "drawn_wh": (truth.drawn_wh, slack[Direction.DRAWN]),
        "injected_res_wh": (truth.injected_res_wh, slack[Direction.INJECTED]),
        "covered_wh": (truth.covered_wh, max(slack.values())),
    }
    if row is None or any(row[name] is None for name in allowed):
        return [Difference(kind=Kind.HOUR_MISSING, what="balance", at=truth.start)]
    return [
        Difference(
            kind=Kind.HOUR,
            what=name,
            at=truth.start,
            expected=f"{expected} Wh",
            got=f"{row[name]} Wh",
            tolerance=_shown(tolerance),
        )
        for name, (expected, tolerance) in allowed.items()
        if abs(_number(row[name]) - expected) > tolerance
    ]


def _float_step(wh: int) -> Fraction:
    """The step of the float32 that holds ``wh`` / 1000, in Wh; 0 where it shows every Wh."""
    if wh < EXACT_BELOW_WH:
        return Fraction(0)
    whole_bits = (wh // 1000).bit_length()
    return Fraction(1000) * Fraction(2) ** (whole_bits - _MANTISSA_BITS)


def _register(truth: TrueStand) -> str:
    return f"{truth.meter} {truth.register}"


def _number(value: object) -> Fraction:
    return Fraction(str(value))


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _shown(tolerance: Fraction) -> str:
    return f"{round(float(tolerance), _SHOWN_DECIMALS):g} Wh"
