"""The two periods of art. 184l of the RES Act and what each asks: ust. 1 until 31.12.2026, ust. 2 from 1.01.2027 on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Rules:
    """What one paragraph asks."""

    name: str
    paragraph: str
    first: date
    last: date
    """The last local day that it is for."""
    res_share: Fraction
    """Of what is generated and injected, at least (pkt 1)."""
    coverage: Fraction
    """Of the yearly demand, or of each hour's deliveries (pkt 2), at least."""
    each_hour: bool
    storage: Fraction
    """Power of storages by the power that generates, at least (pkt 3)."""

    def article(self, number: int) -> str:
        """The article of one of its points (pkt)."""
        return f"art. 184l {self.paragraph} pkt {number}"


MOST_KW: Final = 150_000
"""Pkt 2 of both: the power that generates is at most 150 MW."""

UNTIL_2026: Final = Rules(
    name="until_2026",
    paragraph="ust. 1",
    first=date(2024, 7, 2),
    last=date(2026, 12, 31),
    res_share=Fraction(30, 100),
    coverage=Fraction(40, 100),
    each_hour=False,
    storage=Fraction(2, 100),
)
FROM_2027: Final = Rules(
    name="from_2027",
    paragraph="ust. 2",
    first=date(2027, 1, 1),
    last=date(2029, 12, 31),
    res_share=Fraction(50, 100),
    coverage=Fraction(50, 100),
    each_hour=True,
    storage=Fraction(5, 100),
)


def rules_on(day: date) -> Rules | None:
    """The rules of a local day; None before 2.07.2024 and after 31.12.2029, when nothing can be relieved."""
    return next((rules for rules in (UNTIL_2026, FROM_2027) if rules.first <= day <= rules.last), None)
