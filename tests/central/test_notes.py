"""Every sentence that goes with results is there in both languages, with all that is put into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import central
from central.cluster import Cluster
from central.cluster.loading import load_cluster
from central.cluster.statutory import verdicts
from central.conditions.assessing import Assessment, assess
from central.conditions.condition import Condition
from central.conditions.windows import Sums
from central.finding import Finding
from central.register.accepted import accepted_gap
from central.register.closing_notes import (
    approval_note,
    complete_note,
    finding_note,
    missing_note,
    not_in_file_note,
)
from central.register.manifest import AcceptedGap
from central.reports.conditions_text import print_assessment
from central.reports.diff_text import from_where, origins
from central.reports.note import Note, named
from central.reports.spoken import Spoken
from central.web.words import ENGLISH, WORDS
from metering.period import day_start
from metering.stand import Quality
from tests.central.condition_cases import cluster, example_sums
from tests.central.test_words import placeholders, sentences

CODE = Path(central.__file__).parent
ENDS = ("_at", "_key")
"""Of names of facts that a sentence names without."""
NOW = datetime(2026, 11, 30, 23, tzinfo=UTC)
DAYS = (date(2026, 11, 30), date(2027, 1, 1))


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function of that name with a key, and where it stands."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
                yield f"{path.relative_to(CODE)}:{node.lineno}", node


SAID = [(at, call) for at, call in calls("said") if len(call.args) == 2]


def test_every_note_in_the_code_has_its_sentence_in_both_languages_with_all_its_facts() -> None:
    assert len(SAID) > 60
    catalogues = {language: sentences(words.catalogue, language) for language, words in WORDS.items()}
    for at, call in SAID:
        key = ast.literal_eval(call.args[0])
        facts = {one.arg.removesuffix("_at").removesuffix("_key") for one in call.keywords if one.arg}
        for language, there in catalogues.items():
            assert key in there, (at, language)
            assert there[key] <= facts, (at, language, there[key] - facts)
            assert facts - there[key] <= {"n"}, (at, language, facts - there[key])


def test_every_step_of_an_explanation_in_the_code_has_its_sentence_in_both_languages() -> None:
    named_by_code = [
        (at, call.args[0].value)
        for at, call in calls("Said")
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]
    assert len(named_by_code) > 60
    for at, key in named_by_code:
        for words in WORDS.values():
            assert words.has(f"explain.{key}"), (at, words.language)


def within(one: Any) -> Iterator[Note]:
    """The notes in a result, those that are parts of others too."""
    if isinstance(one, Note):
        yield one
        for fact in one.facts.values():
            yield from within(fact)
    elif isinstance(one, list | tuple):
        for part in one:
            yield from within(part)


def of_condition(one: Condition) -> Iterator[Note]:
    yield from within([*one.missing, *one.notes, *(need.what for need in one.needs)])
    if one.trend:
        yield one.trend.basis
    for reading in one.readings:
        yield from of_condition(reading)


def of_assessment(found: Assessment) -> Iterator[Note]:
    for one in (*found.conditions, *found.dry_run):
        yield from of_condition(one)


def clusters() -> Iterator[Cluster]:
    """Those of the scenarios and of the documentation, and the law's example with much of it left out."""
    for path in sorted(Path(__file__).parent.glob("scenarios/*/cluster.toml")):
        yield load_cluster(path)
    whole = load_cluster(CODE.parent / "docs/example/cluster.toml")
    yield whole
    yield msgspec.structs.replace(whole, authorisations=(), agreements=())
    yield cluster('demand = "estimate"')
    without = msgspec.structs.replace(cluster(), full_load_hours=(), installations=(), agreements=())
    yield without
    yield msgspec.structs.replace(without, members=without.members[1:], points=without.points[1:])


@pytest.fixture(scope="module")
def found() -> dict[str, list[Note]]:
    """By key."""
    notes: dict[str, list[Note]] = {}
    for one in clusters():
        made = [note for verdict in verdicts(one, NOW) for note in within(verdict.said)]
        for day in DAYS:
            for sums in (Sums({}, NOW), example_sums()):
                made += of_assessment(assess(one, sums, day))
        for note in made:
            notes.setdefault(note.key, []).append(note)
    return notes


def test_english_is_what_the_code_says_and_polish_is_polish(found: dict[str, list[Note]]) -> None:
    assert len(found) > 40
    for note in (one for notes in found.values() for one in notes):
        plain = msgspec.to_builtins(note)
        assert "lang=" not in WORDS["pl"].note(plain), note
        if not any(name.endswith(ENDS) for name in note.facts):
            assert str(ENGLISH.note(plain).unescape()).replace(",", "") == note.text.replace(",", ""), note


def test_where_a_changed_reading_is_from_has_its_words() -> None:
    row = {"source": {"before": [], "after": ["own", "operator"]}, "file": {"before": [], "after": ["3"]}}
    row |= {"quality": {"before": ["measured"], "after": [one.value for one in Quality]}}
    assert from_where(row).startswith("source – → own, operator; file – → 3; quality measured → measured, ")
    told = [str(WORDS["pl"].note(msgspec.to_builtins(one))) for one in origins(row)]
    assert told[:2] == ["źródło: – → własne stany, plik operatora", "plik: – → 3"]
    assert "lang=" not in told[2]


def gap(days: int) -> AcceptedGap:
    since = day_start(date(2026, 10, 5))
    return AcceptedGap(point="P<1>", direction="drawn", since=since, until=since + timedelta(days=days), reason="")


def test_lines_of_the_closing_list_are_told_in_polish_and_a_gap_in_english_as_it_is_accepted() -> None:
    finding = Finding(kind="spike", what="P1", text="heard of nobody", way_out="look")
    unknown = msgspec.structs.replace(finding, notes={"text": Note("findings.new", "heard of nobody")})
    lines = [
        (
            missing_note(gap(1)),
            "P&lt;1&gt;, pobór, od 2026-10-05 00:00\u00a0+02:00 do 2026-10-06 00:00\u00a0+02:00: brak wartości",
        ),
        (complete_note([]), "są wszystkie wartości"),
        (complete_note([gap(1)] * 3), "3 luki, każda przyjęta imiennie"),
        (complete_note([gap(1)] * 5), "5 luk, każda przyjęta imiennie"),
        (approval_note("2026-10-preliminary-2"), "zatwierdzony: 2026-10-preliminary-2"),
        (finding_note("F7", unknown), 'F7 Skok, P1: <span lang="en">heard of nobody</span>'),
    ]
    for note, polish in lines:
        assert str(WORDS["pl"].note(msgspec.to_builtins(note))) == polish
    assert missing_note(gap(1)).text == "P<1>/drawn/2026-10-05T00:00+02:00..2026-10-06T00:00+02:00: missing"
    assert accepted_gap(not_in_file_note(gap(2)).text.partition(": ")[0] + "=nobody has it").until == gap(2).until


def test_a_terminal_shows_the_conditions_in_polish_without_a_word_of_english(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_assessment(assess(cluster(), example_sums(), DAYS[0]), Spoken("pl"))
    told = capsys.readouterr().out
    for line in (
        "48,72 %",
        "≤ 150 000 kW",
        "odczytania α i β ustawy dają różne wyniki: trzeba zapytać operatora, które z nich obowiązuje",
        "spełniłoby go jedno z: 150 000 kWh (więcej energii z OZE wprowadzonej do sieci w tym samym czasie); 150 kW",
        "prognoza na 2026-12-31: 2,50 %, ✗ niespełniony (instalacje wpisane na ten dzień)",
        "Razem: ✓ spełniony",
    ):
        assert line in re.sub(r"\s+", " ", told), line
    prose = told.partition("Ustawienia:")[0]
    assert not re.search(r"\b(the|of|not|met|and|known|missing|hours?|from|power)\b", prose)


def test_numbers_counts_instants_and_long_lists_are_written_as_each_language_writes_them() -> None:
    facts: dict[str, Any] = {"n": 7296}
    hours = {"key": "conditions.without.hours", "text": "", "facts": facts}
    assert str(WORDS["pl"].note(hours)) == "dokładnego wytwarzania albo dostaw w 7\u00a0296 godzinach"
    assert str(ENGLISH.note(hours)) == "exact generation or deliveries of 7,296 hours"
    volts = {"key": "verdicts.high_voltage", "text": "", "facts": {"kv_num": "110.5", "limit": 110}}
    assert "110,5 kV" in WORDS["pl"].note(volts)
    many = msgspec.to_builtins(named([f"<P{i}>" for i in range(8)]))
    assert str(WORDS["pl"].note(many)).endswith("&lt;P4&gt; i jeszcze 3")
    assert placeholders("{a} {b}") == {"a", "b"}
