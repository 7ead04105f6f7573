"""How a statement says things: sentences with data in them, names, figures, and the marks of doubt. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from central.statements.document import Figure, Row, plain_text
from central.statements.money import digits_after_point
from central.statements.statement import Statement
from central.statements.words import COMPONENTS, TEXTS, ZONES
from central.totals import STATUSES

STATUS_MARKS: Final = {"unverified": "†", "illustrative": "‡"}
"""Of a figure that rests on a rate of such a status."""
_KWH: Final = Decimal(1000)
_HOUR_S: Final = 3600
_DOUBTS: Final = {"estimated": "e", "substituted": "e", "interpolated": "i", "unstated": "n", "unknown": "n"}


class Saying:
    """One statement in one language."""

    def __init__(self, one: Statement, language: str) -> None:
        """``language`` is pl or en."""
        self.one, self.language, self.texts = one, language, TEXTS[language]
        self.place = 0 if language == "pl" else 1
        """Of the language where both stand side by side."""
        self._letters = self._doubts()

    def say(self, key: str, **data: object) -> str:
        """A sentence; data from files is made one printable line."""
        return self.texts[key].format(**{name: plain_text(str(value)) for name, value in data.items()})

    @property
    def unit(self) -> str:
        """``hours`` or ``quarters``."""
        return "hours" if self.one.period_s == _HOUR_S else "quarters"

    def zone(self, zone: str) -> str:
        """A zone's name."""
        return self.say("zone", zone=ZONES[self.language].get(zone, zone)) if zone else self.say("all_zones")

    def component(self, name: str) -> str:
        """A component's name."""
        return COMPONENTS[self.language].get(name, plain_text(name))

    def kwh(self, wh: int | Decimal | None, marks: str = "", *, signed: bool = False) -> Figure:
        """Wh as kWh."""
        return Figure(None if wh is None else Decimal(wh) / _KWH, 3, "" if wh is None else marks, signed)

    def zl(self, amount: Decimal | None, status: str = "", *, signed: bool = False) -> Figure:
        """Money, marked by the status of the rates that it rests on."""
        return Figure(amount, 2, "" if amount is None else STATUS_MARKS.get(status, ""), signed)

    def marks_of(self, point: str | None, *ways: str) -> str:
        """What marks figures of a point, or of all of them, in these directions."""
        mine = [text for (name, way), text in self._letters.items() if point in {None, name} and way in ways]
        return "".join(sorted(set("".join(mine))))

    def letter_notes(self, rows: Iterable[Row]) -> list[str]:
        """What the letters in these rows mean."""
        used = {letter for row in rows for cell in row.cells if isinstance(cell, Figure) for letter in cell.marks}
        return [self.say(f"mark_{key}") for key in "einu" if self.texts[f"letter_{key}"] in used]

    def status_notes(self, statuses: Iterable[str]) -> list[str]:
        """What the signs of these statuses mean."""
        there = set(statuses)
        return [self.say(f"mark_{status}") for status in STATUSES[1:] if status in there]

    def _doubts(self) -> dict[tuple[str, str], str]:
        """What marks a point's figures of a direction."""
        found: dict[tuple[str, str], str] = {}
        for row in self.one.origins:
            if letter := "e" if row.source == "estimate" else _DOUBTS.get(row.quality, ""):
                found[row.point, row.direction] = found.get((row.point, row.direction), "") + letter
        for point in self.one.points if self.one.unauthorised else ():
            for way in point.directions:
                found[point.point, way] = found.get((point.point, way), "") + "u"
        return {key: "".join(self.texts[f"letter_{one}"] for one in sorted(set(mine))) for key, mine in found.items()}


def lacks(rows: Iterable[Row]) -> bool:
    """Whether a figure isn't known."""
    return any(isinstance(cell, Figure) and cell.value is None for row in rows for cell in row.cells)


def digits_of(value: Decimal | None) -> int:
    """How many digits stand after the point."""
    return 0 if value is None else digits_after_point(value)
