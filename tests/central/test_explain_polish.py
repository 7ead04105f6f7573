"""A treasurer follows a sum in Polish: from zł to two stands of a meter, by the commands that each answer offers."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from central.cli import main
from central.explaining.step import Said
from central.explaining.telling import sentence
from central.web.words import ENGLISH, WORDS
from tests.central.explained_books import Explained, explained_books

SUM = """
3,46 zł Ulga, członek A, 2026-06
Suma po 2 punktach poboru (PPE).
! Opiera się na przykładowej stawce, nie prawdziwej.
! Opiera się na niesprawdzonej stawce.
! Symulacja: ulga z art. 184k ust. 1 jest zawieszona do decyzji Komisji Europejskiej.
2,19 zł Ulga, punkt A1, 2026-06
Suma 4 opłat, każda zaokrąglona osobno do 0,01 zł.
1,27 zł Ulga, punkt A2, 2026-06
Suma 4 opłat, każda zaokrąglona osobno do 0,01 zł.
Zapytaj dalej:
"""
CHARGE = """
1,54 zł Ulga, składnik zmienny stawki sieciowej, punkt A1, 2026-06
Dokładnie 1,542669975 zł, zaokrąglone do 0,01 zł, połówki w górę (przyjęta zasada: ustawa nie określa zaokrągleń).
Energia z ulgą w 48 kompletnych okresach, razem 32,520 kWh: od opłaty za nią odejmuje się tyle procent, ile wynosi
stopień ulgi w danym okresie (art. 184k ust. 1 pkt 2 ustawy o OZE).
Stawka 0,2345 zł/kWh (taryfa: C11, operator: każdy), obowiązuje bezterminowo; przykładowa. Źródło: made up; decyzja: –
0,138355 zł Ulga, składnik zmienny stawki sieciowej, 2026-06-17 14:00 +02:00
2,360 kWh × 0,2345 zł/kWh × 25 %.
"""
HOUR = """
0,138355 zł Ulga, składnik zmienny stawki sieciowej, 2026-06-17 14:00 +02:00
2,360 kWh × 0,2345 zł/kWh × 25 %.
2,360 kWh Energia z ulgą, punkt A1, 2026-06-17 14:00 +02:00
Punkt ma w tym okresie ulgę: ulga obejmuje to, co mu przydzielono (art. 184k ust. 1 ustawy o OZE).
2,360 kWh Energia przydzielona, punkt A1, 2026-06-17 14:00 +02:00
Cały pobór jest pokryty: każdy punkt dostaje to, co pobrał, 2,360 kWh (art. 184m ust. 1 i 2 ustawy o OZE).
3,396 kWh Energia pobrana, cały klaster, 2026-06-17 14:00 +02:00
4,315 kWh Wprowadzona energia z OZE (G), cały klaster, 2026-06-17 14:00 +02:00
3,396 kWh Energia pokryta (Q), cały klaster, 2026-06-17 14:00 +02:00
Mniejsza z dwóch, 4,315 kWh (G) i 3,396 kWh pobranych: energia z OZE wprowadzona i pobrana w tym samym okresie
(art. 184k ust. 1).
127,0612 % Stosunek energii z OZE do zużycia członków, cały klaster, 2026-06-17 14:00 +02:00
4,315 kWh energii z OZE na 3,396 kWh zużycia, w zaokrągleniu do czterech miejsc po przecinku (art. 184k ust. 1 pkt 2;
ustawienia ratio_numerator i ratio_denominator).
0,75 Mnożnik opłat po uldze, cały klaster, 2026-06-17 14:00 +02:00
Stosunek przekracza 100 %: odejmuje się 25 %, jak przy 100 % (ustawienie above_100).
2,360 kWh Energia pobrana, punkt A1, 2026-06-17 14:00 +02:00
Jak zmierzono.
2,360 kWh Energia pobrana według pomiaru, punkt A1, 2026-06-17 14:00 +02:00
Licznik M1, bramka g1, epoka e1: 67,000 − 64,640 kWh, oba razy mnożna 40.
67,000 kWh Stan licznika M1 (1-0:1.8.0) z 2026-06-17 15:00 +02:00
1 675 Wh na wyświetlaczu (rozdzielczość 1 Wh), razy 40, zaokrąglone, połówki w górę.
Odczytany przez bramkę g1 (epoka e1), zmierzony: między odpytaniami z 2026-06-17 15:00 +02:00 i 2026-06-17 15:00 +02:00;
jej zegar był symulowany.
Wiersz dziennika 3, odebrany 2026-06-19 03:00 +02:00, bajtów: 1 824, wiadomość 36daf90611f66fcdc76508f11c0f245e;
stan to bajty od 299 do 552 (od 0, ostatni się nie liczy), wiersz bramki 16.
64,640 kWh Stan licznika M1 (1-0:1.8.0) z 2026-06-17 14:00 +02:00
1 616 Wh na wyświetlaczu (rozdzielczość 1 Wh), razy 40, zaokrąglone, połówki w górę.
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    books = explained_books(tmp_path_factory.mktemp("explained"))
    books.take(books.stands())
    return books


def asked(words: list[str]) -> str:
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def flat(text: str) -> str:
    """Without the tree's lines and folds."""
    return re.sub(r"[│├└─\s]+", " ", text).strip()


def offered(text: str) -> list[str]:
    """The words of the first command that an answer offers."""
    line = next(line for line in text.splitlines() if line.startswith("  klaster-central "))
    return shlex.split(line)[1:]


def test_a_members_sum_is_followed_to_two_stands_by_the_commands_that_are_offered(made: Explained) -> None:
    sum_ = asked(["explain", str(made.config_file), "--month", "2026-06", "--member", "A", "--lang", "pl"])
    assert flat(sum_).startswith(flat(SUM))
    point = asked(offered(sum_))
    assert flat(CHARGE) in flat(point)
    hour = asked(offered(point))
    assert flat(hour).startswith(flat(HOUR))
    assert not re.search(r"\b(the|of|and|not|from)\b", hour.split("Zapytaj dalej:")[0])


def test_no_number_and_no_instant_is_folded_in_a_line_of_the_tree(made: Explained) -> None:
    told = asked(["explain", str(made.config_file), "--point", "A1", "--hour", "2026-06-17T14", "--lang", "pl"])
    assert " 1 824, " in told
    for line in told.split("Zapytaj dalej:")[0].splitlines():
        assert not re.match(r"[│├└─\s]*[+-]\d\d:00", line), line


@pytest.mark.parametrize(
    ("n", "polish", "english"),
    [
        (1, "Suma po 1 członku.", "The sum over 1 member."),
        (3, "Suma po 3 członkach.", "The sum over 3 members."),
        (1200, "Suma po 1\u00a0200 członkach.", "The sum over 1,200 members."),
    ],
)
def test_parts_are_counted_as_each_language_counts(n: int, polish: str, english: str) -> None:
    one = Said("rule.sum_members", {"count_n": n})
    assert [str(sentence(words, one.key, one.facts)) for words in (WORDS["pl"], ENGLISH)] == [polish, english]


def test_json_is_the_same_in_every_language(made: Explained) -> None:
    words = ["explain", str(made.config_file), "--point", "A1", "--hour", "2026-06-17T14", "--json"]
    assert asked(words) == asked([*words, "--lang", "pl"])
