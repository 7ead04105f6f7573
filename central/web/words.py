"""What the page says in one language: sentences by key, plural forms, numbers, dates. Catalogues are in ``texts``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from central.web.heard import Heard, flat
from metering.period import WARSAW, Month

_TEXTS = Path(__file__).parent / "texts"
NBSP: Final = "\u00a0"
LANGUAGES: Final = ("pl", "en")
"""The first is spoken to who asks for none."""
_HUNDREDTH = Decimal("0.01")


class Words:
    """A catalogue with its language's numbers and plurals."""

    def __init__(self, language: str) -> None:
        """Read the language's file."""
        self.language = language
        self.catalogue: dict[str, Any] = tomllib.loads((_TEXTS / f"{language}.toml").read_text(encoding="utf-8"))

    def __call__(self, key: str, /, **values: object) -> Markup:
        """The sentence of a key like ``day.heading``, with its values put in; everything but Markup is escaped.

        A key with plural forms takes its form from ``n``.

        Raises:
            KeyError: there is no such sentence.
        """
        return self.counted(key, values.get("n"), **values)

    def counted(self, key: str, count: object, /, **values: object) -> Markup:
        """The same; a key with plural forms takes its form from ``count``."""
        found: Any = self.catalogue
        for part in key.split("."):
            found = found[part]
        if isinstance(found, dict):
            found = found[plural(self.language, int(str(count)))]
        if not isinstance(found, str):
            raise KeyError(key)
        return escape(found).format(**values)

    def form(self, key: str) -> str | None:
        """The sentence of a key as the catalogue has it, of plural forms one; None where there is none."""
        found: Any = self.catalogue
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, dict):
            found = found.get("one")
        return found if isinstance(found, str) else None

    def has(self, key: str) -> bool:
        """Whether the catalogue has something at a key."""
        found: Any = self.catalogue
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                return False
            found = found[part]
        return True

    def number(self, text: str | int | None) -> str:
        """An exact decimal with this language's separators; empty where not known."""
        if text is None or text == "":
            return ""
        whole, _, rest = str(text).partition(".")
        grouped = f"{int(whole):,}".replace(",", self.catalogue["thousands"])
        return f"{grouped}{self.catalogue['decimal']}{rest}" if rest else grouped

    def number_or_text(self, said: object) -> str:
        """A decimal with this language's separators, and anything else as it is."""
        return self.number(str(said)) if re.fullmatch(r"\d{1,18}(\.\d{1,12})?", str(said)) else str(said)

    def kwh(self, wh: int | None) -> str:
        """Whole Wh as kWh with three decimals; empty where not known."""
        return "" if wh is None else self.number(f"{wh // 1000}.{wh % 1000:03d}")

    def percent(self, text: str | None) -> str:
        """An exact decimal with two decimals, half-up."""
        return "" if text is None else self.number(str(Decimal(text).quantize(_HUNDREDTH, ROUND_HALF_UP)))

    def step(self, multiplier: str | None) -> Markup:
        """A multiplier as what it takes off: ``−15 %``."""
        if multiplier is None:
            return self("state.nothing")
        percent = percent_off(multiplier)
        return self("state.step", percent=percent) if percent else self("state.no_step")

    def day(self, day: date) -> str:
        """A day in full."""
        return str(
            self.catalogue["date"].format(
                weekday=self.catalogue["weekdays"][day.weekday()],
                day=day.day,
                month_of=self.catalogue["months_of"][day.month - 1],
                year=day.year,
            )
        )

    def short_day(self, day: date) -> str:
        """A day without its year."""
        return str(
            self.catalogue["date_short"].format(day=day.day, month_of=self.catalogue["months_of"][day.month - 1])
        )

    def month(self, month: Month) -> str:
        """A month with its year."""
        return str(self.catalogue["month"].format(month=self.catalogue["months"][month.number - 1], year=month.year))

    def note(self, said: Mapping[str, Any]) -> Markup:
        """A note of an answer (``central.reports.note``); in English, and marked so, where no sentence has its key."""
        key = said["key"] if "." in said["key"] else f"notes.{said['key']}"
        if not self.has(key):
            return self.heard(said["text"])
        put = dict(self._put(name, fact) for name, fact in said["facts"].items())
        return self.counted(key, said["facts"].get("n"), **put)

    def _put(self, name: str, fact: Any) -> tuple[str, object]:
        """What is put into a note, by its name there: parts one after another, others as the end of the name says."""
        if isinstance(fact, list):
            between = Markup(", ") if name.endswith("_list") else Markup("; ")
            return name, between.join(self.note(one) for one in fact)
        stem, _, kind = name.rpartition("_")
        match kind if stem or kind == "n" else "":
            case "wh":
                return name, self.signed(exact_kwh(str(fact)))
            case "n" | "num":
                return name, self.signed(str(fact))
            case "at":
                return stem, when(str(fact), exact=True)
            case "key":
                return stem, self(str(fact)) if self.has(str(fact)) else str(fact).rpartition(".")[2]
        return name, fact

    def signed(self, text: str) -> str:
        """An exact decimal with this language's separators, and its sign."""
        if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            return text
        return "−" * text.startswith("-") + self.number(text.removeprefix("-"))

    def heard(self, text: str) -> Markup:
        """What something else said in English, in this language where it is known again; else marked as English."""
        known = None if self.language == "en" else HEARD.find(text)
        parts = text.split("; ")
        if known is None and len(parts) > 1 and any(map(HEARD.find, parts)):
            return Markup("; ").join(self.heard(part) for part in parts)
        if known is None:
            return self.english(text)
        fields = {name: self.heard(one) if name.startswith("said") else one for name, one in known.fields.items()}
        return self(known.key, **fields)

    def english(self, text: str) -> Markup:
        """A text that exists in English only."""
        return escape(text) if self.language == "en" else Markup('<span lang="en">{}</span>').format(text)


def when(utc: str | None, *, exact: bool = False) -> str:
    """An answer's instant as ``2026-06-17 14:05 +02:00``, ``exact`` to the second; empty where there is none."""
    if utc is None:
        return ""
    at = datetime.fromisoformat(utc).astimezone(WARSAW)
    text = at.isoformat(sep=" ", timespec="seconds" if exact and (at.second or at.microsecond) else "minutes")
    return f"{text[:-6]}{NBSP}{text[-6:]}"


def exact_kwh(wh: str) -> str:
    """Wh as kWh with three decimals, or as many as it takes."""
    whole, _, rest = f"{Decimal(wh) / 1000:f}".partition(".")
    return f"{whole}.{rest.ljust(3, '0')}"


def local_day(utc: str | None) -> str:
    """The local day of an instant like ``2026-10-05``; empty where there is none."""
    return "" if utc is None else datetime.fromisoformat(utc).astimezone(WARSAW).date().isoformat()


def last_day(utc: str | None) -> str:
    """The local day that ends at an instant; empty where there is none."""
    if utc is None:
        return ""
    return (datetime.fromisoformat(utc).astimezone(WARSAW).date() - timedelta(days=1)).isoformat()


def percent_off(multiplier: str) -> int:
    """What a multiplier like ``0.85`` takes off, in whole percent."""
    return int(100 - 100 * Decimal(multiplier))


def plural(language: str, n: int) -> str:
    """The plural form of a whole number (Unicode CLDR): one and other in English; one, few and many in Polish."""
    if n == 1:
        return "one"
    if language == "en":
        return "other"
    return "few" if n % 10 in {2, 3, 4} and n % 100 not in {12, 13, 14} else "many"


ENGLISH: Final = Words("en")
HEARD: Final = Heard(dict(flat(ENGLISH.catalogue["findings"]["heard"], "findings.heard.")))
WORDS: Final = {language: ENGLISH if language == "en" else Words(language) for language in LANGUAGES}


def chosen_language(asked: str | None, kept: str | None, accepted: str | None) -> str:
    """``?lang=``, else the cookie, else what the browser prefers (Accept-Language, RFC 9110), else Polish."""
    for wish in (asked, kept):
        if wish in LANGUAGES:
            return str(wish)
    best, best_weight = LANGUAGES[0], 0.0
    for part in (accepted or "")[:500].split(","):
        name, _, parameters = part.strip().lower().partition(";")
        language = name.split("-")[0].strip()
        weight = _weight(parameters)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
