"""The catalogues say the same in both languages, and templates say nothing by themselves."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from markupsafe import Markup

from central import checks, unauthorised_marks
from central.estimated import NOTE
from central.finding import VALIDATED
from central.reports.money_sum import MoneySums
from central.reports.note import Note
from central.reports.relief_notes import relief_notes
from central.reports.summary import SHARED, STORAGE
from central.tables import CHARGES, TOTALS
from central.web.words import ENGLISH, LANGUAGES, WORDS, plural
from metering.period import Month
from metering.point import Source
from tests.central.condition_cases import cluster

WEB = Path(checks.__file__).parents[1] / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
FORMS = {"pl": {"one", "few", "many"}, "en": {"one", "other"}}
PL, EN = WORDS["pl"], WORDS["en"]


def sentences(catalogue: dict[str, Any], language: str, at: str = "") -> dict[str, set[str]]:
    """Each key with the placeholders of its sentence, of all its plural forms together, or its length as a list."""
    found: dict[str, set[str]] = {}
    for key, value in catalogue.items():
        name = f"{at}{key}"
        if isinstance(value, dict) and set(value) <= FORMS["pl"] | FORMS["en"]:
            assert set(value) == FORMS[language], name
            found[name] = set().union(*map(placeholders, value.values()))
        elif isinstance(value, dict):
            found |= sentences(value, language, f"{name}.")
        elif isinstance(value, list):
            found[name] = {str(len(value))}
        else:
            found[name] = placeholders(value)
    return found


def placeholders(text: str) -> set[str]:
    assert text.strip(" ") == text or text in {"\u00a0", ","}
    assert text
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    assert sentences(PL.catalogue, "pl") == sentences(EN.catalogue, "en")


def test_every_sentence_is_said_somewhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*TEMPLATES, *WEB.parent.rglob("*.py")))
    said = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', text))
    # Put together: t("state." ~ …), and t(p ~ ".by") where p is hour or quarter.
    beginnings = (
        *re.findall(r'"([a-z_]+\.)" ~', text),
        *re.findall(r'f["\']([a-z_.]+\.)\{', text),
        "notes.",
        "list.",
        "difference.",
        "explain.",
        "findings.heard.",
        "decimal",
    )
    said |= {f"{p}{end}" for p in ("hour", "quarter") for end in re.findall(r'\bp ~ "(\.[a-z_]+)"', text)}
    assert {key for key in sentences(EN.catalogue, "en") if key not in said and not key.startswith(beginnings)} == set()


class _Prose(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        if re.search(r"[^\W\d_]{2,}", data):
            self.found.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"aria-label", "alt", "title", "placeholder"} and re.search(r"[^\W\d_]{2,}", value or ""):
                self.found.append(f"{name}={value}")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_prose_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern in (r"\{#.*?#\}", r"\{%.*?%\}", r"\{\{.*?\}\}"):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    prose = _Prose()
    prose.feed(re.sub(r'data-[a-z-]*="[^"]*"', "", text))
    assert [said for said in prose.found if said not in {"kWh", "kW"}] == []


@pytest.mark.parametrize(
    ("n", "form"),
    [(0, "many"), (1, "one"), (2, "few"), (4, "few"), (5, "many"), (11, "many"), (12, "many"), (14, "many"),
     (21, "many"), (22, "few"), (25, "many"), (101, "many"), (102, "few"), (112, "many"), (124, "few"), (744, "few")],
)  # fmt: skip
def test_polish_counts_as_poles_do(n: int, form: str) -> None:
    assert plural("pl", n) == form


def test_hours_are_counted_in_both_languages() -> None:
    assert [str(PL("hours", n=n)) for n in (1, 2, 5, 22)] == ["1 godzina", "2 godziny", "5 godzin", "22 godziny"]
    assert [str(EN("hours", n=n)) for n in (1, 2)] == ["1 hour", "2 hours"]


def test_numbers_and_dates_are_written_as_each_language_writes_them() -> None:
    assert (PL.kwh(1_234_567), EN.kwh(1_234_567)) == ("1\u00a0234,567", "1,234.567")
    assert (PL.kwh(0), PL.kwh(None), PL.percent(None), PL.number("")) == ("0,000", "", "", "")
    assert (PL.number("1234567.80"), EN.number(1234567)) == ("1\u00a0234\u00a0567,80", "1,234,567")
    assert (PL.percent("68.2550"), EN.percent("100.0000")) == ("68,26", "100.00")
    day = date(2026, 6, 17)
    assert (PL.day(day), EN.day(day)) == ("środa, 17 czerwca 2026", "Wednesday, 17 June 2026")
    assert (PL.month(Month(2026, 10)), EN.month(Month(2026, 10))) == ("październik 2026", "October 2026")
    assert [str(PL.step(one)) for one in ("1.00", "0.95", "0.75", None)] == [
        "0\u00a0%",
        "−5\u00a0%",
        "−25\u00a0%",
        "bez poboru",
    ]


def test_values_are_escaped_and_markup_is_not() -> None:
    assert EN("trouble.day", asked="<b>") == Markup("“&lt;b&gt;” is not a day. A day is written like 2026-10-05, "
                                                    "from the year 2000 to 2199.")  # fmt: skip
    assert "<a href" in EN("hour_incomplete", n=1, ended=2, link=Markup('<a href="/">x</a>'))


def notes() -> list[Note]:
    """Every note that results may have, with hostile names."""
    failed = '[[conditions_failed]]\nreason = "<b>storage</b>"\n'
    spans = (
        "valid_from = 2025-03-01\nvalid_to = 2025-04-01\n",
        "valid_from = 2026-01-01\n",
        "valid_to = 2025-02-01\n",
        "",
    )
    binding = 'regime_status = "binding"\nec_outcome_date = 2026-09-30\nconditions_fail = "no_relief"\nec_outcome = '
    clusters = [cluster("", "".join(failed + span for span in spans))]
    clusters += [cluster(f'{binding}"{outcome}"') for outcome in ("compatible", "not_aid")]
    clusters += [msgspec.structs.replace(clusters[0], struck_off=date(2026, 11, 1))]
    found = [note for one in clusters for note in relief_notes(one)]
    rows = [("A", "1", "verified"), ("B", "2", "unverified"), ("C", "3", "illustrative"), ("D", "4", "missing")]
    for some in (rows[:2], rows[2:3], rows):
        sums = MoneySums({"4": "<C11>"})
        totals = [{"member": m, "point": p, "status": status} for m, p, status in some]
        charges = [
            {"component": component, "zone": zone, "point": point, "drawn_wh": 1}
            for component in ("network_variable", "quality", "oze", "chp")
            for zone in ("", "peak")
            for point in ("4", "5", "6")
        ]
        sums.add(pa.Table.from_pylist(totals, TOTALS), pa.Table.from_pylist(charges, CHARGES))
        found += sums.notes()
    found += [Note(f"storage_{key}", text) for key, text in STORAGE.items()]
    found += [Note(f"behind_{key}", text) for key, text in SHARED.items()]
    return [*found, Note("estimated", NOTE), Note("unauthorised", unauthorised_marks.NOTE)]


def test_every_note_every_kind_of_finding_and_every_source_has_its_words() -> None:
    for note in notes():
        assert "lang=" not in PL.note(msgspec.to_builtins(note)), note
        assert EN.note(msgspec.to_builtins(note)) == Markup.escape(note.text)
    unknown = {"key": "new", "text": "A new <note>", "facts": {}}
    assert PL.note(unknown) == '<span lang="en">A new &lt;note&gt;</span>'
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py"))
    kinds = set(re.findall(r'kind="([a-z_]+)"', code)) | {"conflict", "refused"}
    assert len(kinds) > 10
    assert kinds | set(VALIDATED) <= set(ENGLISH.catalogue["kind"])
    assert {source.value for source in Source} == set(ENGLISH.catalogue["source"])
    assert set(LANGUAGES) == set(WORDS)
