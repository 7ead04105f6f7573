"""Every finding and every cause of missing hours is said in both languages, whole, and the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

import central
import gateway
import metering
from central.causes import Cause
from central.deadlines import DEADLINES
from central.finding import WEIGHTS, Finding
from central.findings import Known, finding_row
from central.reports.findings_text import print_findings
from central.reports.note import Note
from central.web.words import HEARD, WORDS
from gateway.failure import Failure, FailureKind
from tests.central.every_finding import every_cause, every_finding
from tests.central.test_words import sentences

CODE = {one.__name__: Path(one.__file__).parent for one in (central, gateway, metering)}
PL, EN = WORDS["pl"], WORDS["en"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    return every_finding(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def causes() -> list[Cause]:
    return list(every_cause())


def notes(found: list[Finding], causes: list[Cause]) -> Iterator[Note]:
    for one in found:
        yield from one.notes.values()
    for cause in causes:
        yield cause.said


def within(one: Note) -> Iterator[Note]:
    yield one
    for fact in one.facts.values():
        if isinstance(fact, list):
            for part in fact:
                yield from within(part)


def test_every_kind_is_found_and_is_said_in_both_languages_whole(found: list[Finding]) -> None:
    assert {one.kind for one in found} == {kind for kinds in WEIGHTS.values() for kind in kinds}
    for one in found:
        assert {"text", "way_out"} <= set(one.notes), one.kind
        assert (one.notes["text"].text, one.notes["way_out"].text) == (one.text, one.way_out)
        for words in WORDS.values():
            assert all(words.has(f"kind.{one.kind}.{name}") for name in ("title", "text", "way_out")), one.kind


def test_polish_says_it_in_polish_and_english_as_the_commands_do(found: list[Finding], causes: list[Cause]) -> None:
    for note in notes(found, causes):
        plain = msgspec.to_builtins(note)
        assert "lang=" not in PL.note(plain), note
        assert "{" not in PL.note(plain), note
        said = str(EN.note(plain).unescape()).replace("\u00a0", "")
        assert re.sub(r"(?<=\d),(?=\d{3})", "", said).replace("−", "-") == note.text, note


def test_a_terminal_says_it_in_polish_too(found: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    old = msgspec.structs.replace(found[0], notes={}, text="no answer", what="OLD")
    rows = [finding_row(Known(one, None)) for one in (*found, old)]
    print_findings({"findings": rows, "unread": 2, "span": "all months"}, "pl")
    said = capsys.readouterr().out
    assert f"{len(rows)} otwart" in said
    assert "wszystkie miesiące" in said
    assert said.count("co zrobić: ") == len(rows)
    assert "brak odpowiedzi" in said
    assert not re.search(r"span|way out|where:|\b(the|and|not)\b", said)


def test_every_cause_has_its_names(causes: list[Cause]) -> None:
    names = {cause.cause for cause in causes}
    for words in WORDS.values():
        assert names == set(words.catalogue["cause"]) == set(words.catalogue["causes"]["printed"]["cause"])
        for one in DEADLINES:
            assert re.sub("[+ ]", "_", one.name) in words.catalogue["deadline_name"]


def test_every_sentence_of_findings_and_causes_is_tried(found: list[Finding], causes: list[Cause]) -> None:
    tried = {part.key for note in notes(found, causes) for part in within(note)}
    there = {f"{at}.{key}" for at in ("findings", "causes") for key in sentences(EN.catalogue[at], "en")}
    others = ("findings.heard.", "findings.printed.", "causes.printed.")
    assert {key for key in there if not key.startswith(others)} - tried == set()


def samples(where: str, name: str, place: int | str = 0) -> list[str]:
    """The texts that calls of a function or method are given, ``7`` for whatever is put in; those of a name alone not."""
    found = []
    root = CODE[where.partition("/")[0]]
    for path in sorted(root.glob(where.partition("/")[2])):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}:
                given = {keyword.arg: keyword.value for keyword in node.keywords} | dict(enumerate(node.args))
                if isinstance(text := given.get(place), ast.Constant | ast.JoinedStr):
                    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                    said = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
                    kind = getattr(given.get(0), "attr", "")
                    found.append(f"{FailureKind[kind]}: {said}" if name == "Failure" else said)
    return [one for one in found if re.search(r"[a-z]{3}", one.rpartition(": ")[2])]


def gateways_say() -> set[str]:
    found = [one for one in samples("gateway/**/*.py", "Failure", 1) if not one.startswith("resting")]
    found += samples("gateway/**/*.py", "SunSpecError") + samples("gateway/*.py", "Heard", "problem")
    found += samples("gateway/*.py", "Identified", "problem") + samples("gateway/counter.py", "_doubt", 1)
    found += [part for text in samples("gateway/outbox_thread.py", "append") for part in text.split("; ")]
    return {*found, *(str(Failure(kind)) for kind in FailureKind if kind.name in {"NO_ANSWER", "DAMAGED"})}


def central_says() -> set[str]:
    found = samples("metering/wire.py", "Refused", "reason") + samples("central/intake.py", "Refused", "reason")
    found += samples("central/imports/*.py", "doubt")
    found += [
        one for file in ("keeping", "register_file") for one in samples(f"central/register/{file}.py", "ChangedError")
    ]
    return set(found)


_WHICH = ": which is which can't be told, so neither is taken"
COMPOSED = {
    "the outbox was damaged: it7": "the outbox was damaged: it is set aside as outbox.damaged-1",
    f"7: 7{_WHICH}": f"2026-10-25: 3 rows for the doubled hour among 26 of the day{_WHICH}",
}
"""Of parts that are put together elsewhere: one as a whole."""


@pytest.mark.parametrize("says", [gateways_say, central_says])
def test_what_gateways_and_central_itself_say_is_known_again(says: Callable[[], set[str]]) -> None:
    said = {COMPOSED.get(one, one) for one in says()}
    assert len(said) > 15
    assert {text for text in said if "lang=" in PL.heard(text)} == set()


def test_what_is_not_known_is_shown_as_english_and_escaped() -> None:
    assert PL.heard("a new <trouble>") == '<span lang="en">a new &lt;trouble&gt;</span>'
    assert PL.heard("link down: <b>:502 was lost") == "łącze nie działa: utracono połączenie z &lt;b&gt;:502"
    assert str(EN.heard("no answer")) == "no answer"
    assert HEARD.find("") is None


def test_a_record_of_an_older_klaster_is_read_and_keeps_its_identity() -> None:
    old = {"kind": "missing", "what": "P", "since": "2026-10-14T10:00:00Z", "text": "1 period", "way_out": "wait"}
    read = msgspec.convert(old, Finding, strict=False)
    assert read.notes == {}
    assert read.key == msgspec.structs.replace(read, notes={"text": Note("findings.never_read", "x")}).key
