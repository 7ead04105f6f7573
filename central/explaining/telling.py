"""A tree of steps in words: sentences of a language's catalogue, its numbers and instants; and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from central.explaining.step import Fact, Raw, Said, Step
from central.web.words import ENGLISH, NBSP, Words, exact_kwh
from metering.period import WARSAW


def sentence(words: Words, key: str, facts: Mapping[str, Fact]) -> Markup:
    """The sentence of a ``Said``, with its facts put in as the language writes them."""
    put = dict(_put(words, name, value) for name, value in facts.items())
    return words.counted(f"explain.{key}", facts.get("count_n"), **put)


def _put(words: Words, name: str, value: Fact) -> tuple[str, str | Markup]:
    stem, _, kind = name.rpartition("_")
    if value is None:
        return (stem if kind in {"at", "key"} else name), "…"
    match kind:
        case "wh":
            return name, kwh(words, str(value))
        case "n" | "num" | "zl" | "pct":
            return name, number(words, str(value))
        case "at":
            return stem, instant(str(value))
        case "key":
            key = f"explain.{value}"
            return stem, words(key) if words.has(key) else str(value).split(".", 1)[-1]
    return name, str(value)


def number(words: Words, text: str) -> str:
    """An exact decimal with the language's separators; with its sign."""
    return words.signed(text)


def kwh(words: Words, wh: str) -> str:
    """Wh as kWh with three decimals, or as many as it takes."""
    return words.signed(exact_kwh(wh))


def amount(words: Words, value: str | None, unit: str) -> str:
    """A step's value with its unit."""
    if value is None:
        return str(words("explain.unknown"))
    if unit == "Wh":
        return f"{kwh(words, value)}{NBSP}kWh"
    return f"{number(words, value)}{NBSP}{unit}" if unit else number(words, value)


def instant(utc: str) -> str:
    """``2026-10-05 13:00:00.123 +02:00`` of Europe/Warsaw; no more digits than it has."""
    at = datetime.fromisoformat(utc).astimezone(WARSAW)
    spec = "milliseconds" if at.microsecond else "seconds" if at.second else "minutes"
    text = at.isoformat(sep=" ", timespec=spec)
    return f"{text[:-6]}{NBSP}{text[-6:]}"


def plain(step: Step, *, payload: bool = False) -> dict[str, Any]:
    """The tree as plain values, its sentences in English beside their keys; with ``payload`` the messages' text."""
    return {
        "what": _said(step.what),
        "value": step.value,
        "unit": step.unit,
        "how": [_said(one) for one in step.how],
        "books": step.told,
        "agrees": None if step.told is None and not step.wrong else not step.wrong,
        "parts": [plain(part, payload=payload) for part in step.parts],
        "notes": [_said(one) for one in step.notes],
        "ask": step.ask,
        "message": None if step.raw is None else _raw(step.raw, payload=payload),
    }


def _said(one: Said) -> dict[str, Any]:
    return {"key": one.key, "facts": one.facts, "text": sentence(ENGLISH, one.key, one.facts).unescape()}


def _raw(raw: Raw, *, payload: bool) -> dict[str, Any]:
    """The stand's own bytes always; all of the message's only where they are asked for."""
    found: dict[str, Any] = {"row": raw.row, "digest": raw.digest, "received": raw.received, "size": len(raw.payload)}
    found |= {"sequence": raw.sequence, "first": raw.first, "last": raw.last}
    if raw.first >= 0:
        found["stand"] = raw.payload[raw.first : raw.last].decode(errors="replace")
    if payload:
        before, after = raw.payload[: max(raw.first, 0)], raw.payload[max(raw.last, 0) :]
        found |= {"before": before.decode(errors="replace"), "after": after.decode(errors="replace")}
    return found
