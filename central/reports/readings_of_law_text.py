"""One month under each reading of the law as a person reads it in a terminal: numbers first, then what to ask."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from central.readings_of_law.comparing import CURRENT, NO_FIGURE
from central.reports.note import Note
from central.reports.settlement_text import kwh
from central.reports.spoken import ENGLISH, Spoken
from runtime import console

_COLUMNS = 100


def print_readings(found: Mapping[str, Any], language: str = "en") -> None:
    """The table of readings that change a figure, the operator's question to each, and why the others change none.

    The question is in Polish, in which it is asked, and where English is spoken in English besides.
    """
    _Printing(language).readings(found)


class _Printing:
    """One answer in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._say = ENGLISH if language == "en" else Spoken(language)

    def readings(self, found: Mapping[str, Any]) -> None:
        say, current = self._said, found["current"]
        touched = [row for row in found["settings"] if not row["no_effect"]]
        rows = [[say("as_it_is"), *self._figures(current), ""]]
        for row in touched:
            rows += [
                [
                    f"{row['setting']} = {one['value']}",
                    *self._figures(one),
                    self._signed(one["difference"]["charge_zl"]),
                ]
                for one in row["alternatives"]
            ]
        of = say("complete", complete=current["complete"], periods=current["periods"])
        title = say("title", cluster=found["cluster"], month=found["month"], of=of)
        heads = [say(name) for name in ("reading", "relieved", "relief", "charges", "difference")]
        console.table(title, heads, rows, right=heads[1:])
        _print(say("explain"))
        for name in ("cheapest", "dearest"):
            if found[name]:
                reading = say("as_it_is") if found[name]["reading"] == CURRENT else found[name]["reading"]
                _print(say(name, reading=reading, zl=self._say.number(found[name]["charge_zl"])))
        if touched:
            console.say("")
            console.say(say("ask"), style="bold")
        for row in touched:
            _print(say("now", setting=row["setting"], value=row["current"]))
            _print(f"PL: {row['question_pl']}", "  ")
            if self._language == "en":
                _print(f"EN: {row['question_en']}", "  ")
            for one in row["alternatives"]:
                _print(f"{one['value']}: {self._told(one, current)}", "  ")
        self._unchanged(found["settings"])
        for note in found["notes_said"]:
            _print(self._say.note(msgspec.convert(note, Note)))

    def _said(self, key: str, **values: object) -> str:
        return self._say(f"readings_of_law.{key}", **values)

    def _unchanged(self, settings: Sequence[Mapping[str, Any]]) -> None:
        why: dict[str, list[str]] = {}
        notes = {row["no_effect"]: msgspec.convert(row["no_effect_said"], Note) for row in settings if row["no_effect"]}
        for row in settings:
            if row["no_effect"]:
                why.setdefault(row["no_effect"], []).append(row["setting"])
        if why:
            console.say("")
        for reason, names in sorted(why.items(), key=lambda item: item[0] != NO_FIGURE.text):
            named = ", ".join(names)
            if reason == NO_FIGURE.text:
                _print(self._said("unchanged", settings=named))
            else:
                _print(self._said("unchanged_because", settings=named, why=self._say.note(notes[reason])))

    def _told(self, one: Mapping[str, Any], current: Mapping[str, Any]) -> str:
        """What an alternative does, in words."""
        say = self._said
        if one["complete"] != current["complete"]:
            return say("not_known", lacking=one["periods"] - one["complete"], periods=one["periods"])
        difference = one["difference"]
        if difference["none"]:
            return say("no_figure")
        wh, zl = difference["relieved_wh"], difference["charge_zl"]
        energy = say("same_energy")
        if wh:
            energy = say("more_energy" if wh > 0 else "less_energy", kwh=self._say.number(kwh(abs(wh))))
        if zl is None:
            return f"{energy}{say('rate_missing')}"
        amount = Decimal(zl)
        if not amount:
            return f"{energy}{say('same_charges')}"
        return f"{energy}{say('pay_more' if amount > 0 else 'pay_less', zl=self._say.number(str(abs(amount))))}"

    def _figures(self, one: Mapping[str, Any]) -> list[str]:
        if one["relieved_wh"] is None:
            return ["", "", ""]
        return [self._say.number(text) for text in (kwh(one["relieved_wh"]), one["relief_zl"], one["charge_zl"])]

    def _signed(self, zl: str | None) -> str:
        return ("+" if zl and Decimal(zl) > 0 else "") + self._say.number(zl)


def _print(text: str, indent: str = "") -> None:
    width = min(_COLUMNS, console.out.width)
    for part in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}  "):
        console.say(part)
