"""One condition's verdict with everything that it rests on; exact numbers, shown rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from central.reports.note import Note, plain
from metering.period import local_text, utc_text

_SHOWN: Final = 4
"""Decimals of a per cent figure."""


class State(StrEnum):
    """Whether a condition is met."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Between:
    """A number that is known to lie between two; one where both are the same."""

    low: Fraction
    high: Fraction | None
    """None: nobody knows how high."""

    @classmethod
    def just(cls, value: int | Fraction) -> Between:
        """A number that is known."""
        return cls(Fraction(value), Fraction(value))

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high

    def __add__(self, other: Between) -> Between:
        """Both together."""
        high = None if self.high is None or other.high is None else self.high + other.high
        return Between(self.low + other.low, high)

    def times(self, factor: Fraction) -> Between:
        """So many times; ``factor`` isn't negative."""
        return Between(self.low * factor, None if self.high is None else self.high * factor)

    def share_of(self, whole: Between) -> Between | None:
        """This by ``whole``, both at least 0, independent of each other; None where nothing tells."""
        if whole.high == 0:
            return None
        low = self.low / whole.high if whole.high else Fraction(0)
        return Between(low, None if self.high is None or not whole.low else self.high / whole.low)


def at_least(value: Between | None, threshold: Fraction) -> State:
    """Met or not met where all that the value may be says so."""
    if value is None:
        return State.NOT_KNOWN
    if value.low >= threshold:
        return State.MET
    return State.NOT_MET if value.high is not None and value.high < threshold else State.NOT_KNOWN


def at_most(value: Between, threshold: Fraction) -> State:
    """The same for a value that may not exceed the threshold."""
    if value.low > threshold:
        return State.NOT_MET
    return State.MET if value.high is not None and value.high <= threshold else State.NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Failing:
    """The hours that fail for certain."""

    starts: Sequence[datetime]
    of: int
    """How many hours were looked at."""
    unknown: int = 0
    """Hours of which nobody can tell."""


@dataclass(frozen=True, slots=True)
class Trend:
    """What it would be at the end of the year, or of another window: a projection, named as such."""

    basis: Note
    """What it is reckoned from."""
    until: datetime
    value: Between | None
    state: State
    rest: Mapping[str, Fraction] = field(default_factory=dict)
    """What the time that is left would have to bring, or could bear."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that would meet the condition by itself; ``amount`` is the least."""

    what: Note
    amount: Fraction
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition's verdict."""

    rule: str
    article: str
    state: State
    threshold: Fraction
    value: Between | None = None
    """A share, or kW where ``unit`` says so; None: nothing tells."""
    unit: str = "%"
    margin: Between | None = None
    """How far beyond what is asked, in ``margin_unit``; negative: so much is lacking."""
    margin_unit: str = ""
    numbers: Mapping[str, Between] = field(default_factory=dict)
    missing: Sequence[Note] = ()
    """Data that are missing: those whose absence keeps the verdict open, or that only widen the bounds."""
    failing: Failing | None = None
    readings: Sequence[Condition] = ()
    """Readings of the law side by side."""
    trend: Trend | None = None
    needs: Sequence[Need] = ()
    notes: Sequence[Note] = ()

    def answer(self) -> dict[str, Any]:
        """For ``--json``: exact numbers as decimals or fractions, per cent figures rounded half-up to four decimals."""
        share = self.unit == "%"
        found: dict[str, Any] = {
            "rule": self.rule,
            "article": self.article,
            "state": self.state.value,
            "value": _pct(self.value) if share else _range(self.value),
            "threshold": percent(self.threshold) if share else exact(self.threshold),
            "unit": self.unit,
            "margin": _range(self.margin),
            "margin_unit": self.margin_unit or None,
            "numbers": {name: _range(value) for name, value in self.numbers.items()},
            "missing": [one.text for one in self.missing],
            "missing_said": plain(self.missing),
            "notes": [one.text for one in self.notes],
            "notes_said": plain(self.notes),
        }
        if self.failing:
            found["failing"] = {
                "hours": len(self.failing.starts),
                "of": self.failing.of,
                "unknown": self.failing.unknown,
                "starts": [{"start": utc_text(at), "local": local_text(at)} for at in self.failing.starts],
            }
        if self.readings:
            found["readings"] = [one.answer() for one in self.readings]
        if self.trend:
            found["trend"] = {
                "basis": self.trend.basis.text,
                "basis_said": plain([self.trend.basis])[0],
                "until": local_text(self.trend.until),
                "value": _pct(self.trend.value) if share else _range(self.trend.value),
                "state": self.trend.state.value,
                "rest": {name: exact(value) for name, value in self.trend.rest.items()},
            }
        if self.needs:
            found["needs"] = [
                {
                    "what": one.what.text,
                    "what_said": plain([one.what])[0],
                    "amount": exact(one.amount),
                    "unit": one.unit,
                }
                for one in self.needs
            ]
        return found


def percent(share: Fraction, decimals: int = _SHOWN) -> str:
    """A share as per cent, half-up: ``48.7179``."""
    return rounded(share * 100, decimals)


def rounded(value: Fraction, decimals: int) -> str:
    """A number with so many decimals, half-up (away from zero)."""
    scale = 10**decimals
    half = (2 * abs(value) * scale + 1) // 2
    whole, part = divmod(int(half), scale)
    sign = "-" if value < 0 and half else ""
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"


def exact(value: Fraction) -> str:
    """A number exactly: a decimal where it is one, else ``numerator/denominator``."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    return rounded(value, max(twos, fives))


def _pct(value: Between | None) -> dict[str, str | None] | None:
    if value is None:
        return None
    high = None if value.high is None else percent(value.high)
    return {"low": percent(value.low), "high": high, "exact_low": exact(value.low)}


def _range(value: Between | None) -> dict[str, str | None] | None:
    if value is None:
        return None
    return {"low": exact(value.low), "high": None if value.high is None else exact(value.high)}
