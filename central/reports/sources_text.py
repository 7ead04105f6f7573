"""Where values are from, in a terminal: a letter for each kind in a narrow column, and below what the letters are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from runtime import console

LETTERS: Final = {"own": "S", "operator": "F", "estimate": "E"}
"""Own stands, operators' files, estimates."""
_KINDS: Final = {"own": "own stands", "operator": "operators' files", "estimate": "estimates"}
_WAYS: Final = ("drawn_source", "injected_source")
_SHOWN: Final = 12


def counted(rows: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many values of shares' rows each source gave."""
    return Counter(row[way] for row in rows for way in _WAYS if row.get(way))


def letters(words: Iterable[str]) -> str:
    """The kinds of sources (or their counts' names) as letters, like ``SE``."""
    there = {word.partition(":")[0] for word in words}
    return "".join(letter for kind, letter in LETTERS.items() if kind in there)


def of_hour(hour: Mapping[str, Any]) -> str:
    """An hour's kinds of sources, by its counts."""
    counts = {"own": hour["own"], "operator": hour["operator"], "estimate": hour["estimated"]}
    return letters(kind for kind, count in counts.items() if count)


def is_mixed(found: Iterable[str]) -> bool:
    """Whether any of the letters says more than own stands: else a column of them tells nothing."""
    return any(set(one) - {LETTERS["own"]} for one in found)


def say_sources(counts: Mapping[str, int], told: Mapping[str, Mapping[str, Any]]) -> None:
    """A line for each source with the number of its values; ``told`` is the answer's ``sources``."""
    if not counts:
        return
    if set(counts) == {"own"}:
        console.say(f"All {counts['own']} values are from own stands.")
        return
    console.say("Values, by where they are from:")
    ordered = sorted(counts, key=lambda word: (list(LETTERS).index(word.partition(":")[0]), word))
    for word in ordered[:_SHOWN]:
        console.say(f"  {letters([word])}  {counts[word]} from {_named(word, told.get(word, {}))}")
    if len(ordered) > _SHOWN:
        rest = ordered[_SHOWN:]
        console.say(f"  {sum(counts[word] for word in rest)} from {len(rest)} more sources; --json names them")


def say_kinds(hours: Iterable[Mapping[str, Any]]) -> None:
    """What the letters are, with the number of values of each kind."""
    sums = {"own": 0, "operator": 0, "estimate": 0}
    for hour in hours:
        for kind, name in (("own", "own"), ("operator", "operator"), ("estimate", "estimated")):
            sums[kind] += hour[name]
    if not any(sums.values()):
        return
    if not sums["operator"] and not sums["estimate"]:
        console.say(f"All {sums['own']} values are from own stands.")
        return
    parts = [f"{LETTERS[kind]} {_KINDS[kind]} ({count})" for kind, count in sums.items() if count]
    console.say(f"Values are from: {', '.join(parts)}.")


def _named(word: str, told: Mapping[str, Any]) -> str:
    kind = word.partition(":")[0]
    if kind == "own":
        return "own stands"
    if kind == "operator":
        by = f", imported by {told['who']}" if told.get("who") else ""
        return f"operator's file {told.get('version', '?')}, {told.get('file', 'not in the archive')}{by}"
    by = f", by {told['by']}" if told.get("by") else ""
    return f"estimate {told.get('id', word)}, method {told.get('method') or 'not known'}{by}"
