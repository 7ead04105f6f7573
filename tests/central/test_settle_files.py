"""Files that ``settle`` and ``run`` take: named by their point, with older codes, with values finer than 1 Wh."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from central.cli import main
from tests.central import operator_files as files
from tests.central.operator_files import POINT

OCTOBER = date(2026, 10, 25)
CLUSTER = f"""
[cluster]
name = "Test"
registered_from = 2024-10-01
[[members]]
id = "A"
[[points]]
id = "{POINT}"
member = "A"
directions = ["drawn"]
[[points.aliases]]
code = "OLD"
valid_to = 2026-10-25
"""


class Folder:
    """A cluster file with files of readings beside it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.file("cluster.toml", CLUSTER.encode())

    def file(self, name: str, content: bytes) -> str:
        (self.path / name).write_bytes(content)
        return str(self.path / name)

    def settled(self, *words: str) -> Result:
        cluster, out = str(self.path / "cluster.toml"), str(self.path / "out")
        command = ["settle", "--cluster", cluster, "--month", "2026-10", "--out", out]
        return CliRunner().invoke(main, [*command, "--readings", *words])

    def answer(self, *words: str) -> dict[str, Any]:
        done = self.settled(*words, "--json")
        assert done.exit_code == 3, done.output
        return dict(json.loads(done.stdout)["readings"])

    def drawn(self) -> dict[str, int]:
        with (self.path / "out" / "shares.csv").open(encoding="utf-8", newline="") as text:
            return {row["start"]: int(row["drawn_wh"]) for row in csv.DictReader(text) if row["drawn_wh"]}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_file_without_a_point_is_named_with_it_and_the_way_to_is_told(folder: Folder) -> None:
    tauron, energa = folder.file("t.csv", files.tauron(OCTOBER, "e")), folder.file("e.json", files.energa(OCTOBER))
    unsaid = folder.file("u.json", files.energa(OCTOBER).replace(b'"meterObject"', b'"other"'))
    done = folder.settled(tauron, unsaid)
    assert done.exit_code == 2
    assert f"--readings PPE={tauron}" in done.stderr
    assert f"--readings PPE={unsaid}" in done.stderr
    done = folder.settled(f"{POINT}={unsaid}")
    assert (done.exit_code, f"{POINT}:drawn={unsaid}" in done.stderr) == (2, True)
    for words in ([f"{POINT}={tauron}"], [f"{POINT}={energa}"], [f"{POINT}:drawn={unsaid}"]):
        folder.answer(*words)
        assert list(folder.drawn().values()) == [files.drawn(place) for place in range(25)]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("590543599000000013={}", "check digit"),
        (f"{POINT}:both={{}}", "expected drawn or injected"),
        (f"{files.ENEA_POINT}={{}}", f"says point {POINT}, and it was given as {files.ENEA_POINT}"),
    ],
)
def test_what_is_said_of_a_file_must_be_possible_and_agree_with_it(folder: Folder, word: str, said: str) -> None:
    done = folder.settled(word.format(folder.file("p.csv", files.pge(OCTOBER))))
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_a_file_whose_name_has_an_equals_sign_is_that_file(folder: Folder) -> None:
    rows = f"point,direction,start,wh\n{POINT},drawn,2026-10-01T00:00:00+02:00,7\n"
    folder.file("a=b.csv", rows.encode())
    assert folder.answer(str(folder.path / "a=b.csv"))["values_read"] == 1


def test_our_own_rows_under_an_older_code_count_while_it_is_valid_and_clash_like_any_others(folder: Folder) -> None:
    head = "point,direction,start,wh\n"
    old = folder.file("old.csv", f"{head}OLD,drawn,2026-10-24T23:00:00+02:00,5\n".encode())
    same = folder.file("same.csv", f"{head}{POINT},drawn,2026-10-24T23:00:00+02:00,5\n".encode())
    other = folder.file("other.csv", f"{head}{POINT},drawn,2026-10-24T23:00:00+02:00,6\n".encode())
    late = folder.file("late.csv", f"{head}OLD,drawn,2026-10-25T00:00:00+02:00,5\n".encode())
    assert folder.answer(old, same)["values_read"] == 1
    assert folder.drawn() == {"2026-10-24T21:00:00Z": 5}
    done = folder.settled(old, other)
    assert (done.exit_code, f"{old}:2 says 5" in done.stderr) == (2, True)
    done = folder.settled(late)
    assert (done.exit_code, f"'OLD' is a code of {POINT}, and isn't valid at" in done.stderr) == (2, True)


def test_values_finer_than_a_wh_are_summed_exactly_rounded_once_and_the_difference_is_told(folder: Folder) -> None:
    # Every quarter ends in half a Wh; the first of each hour but the last in 0.7: an hour of 2.2 Wh over is rounded down.
    content = files.csire(OCTOBER).decode()
    for place in range(24):
        seq = f"<SEQ>{4 * place + 1}</SEQ><Volume>{files.kwh(files.drawn(4 * place), '.')}"
        assert content.count(f"{seq}5<") == 1
        content = content.replace(f"{seq}5<", f"{seq}7<")
    name = folder.file("c.xml", content.encode())
    assert folder.answer(name)["rounding"] == {"rounded": 24, "rounded_micro_wh": -24 * 200_000}
    assert list(folder.drawn().values()) == [
        sum(files.drawn(place) for place in range(4 * hour, 4 * hour + 4)) + 2 for hour in range(25)
    ]
    assert "24 periods' values" in (said := folder.settled(name).stdout)
    assert "added -4.8 Wh" in said


def test_an_operators_values_that_dont_count_are_counted_and_said(folder: Folder) -> None:
    stranger = folder.file("s.csv", files.pge(OCTOBER).replace(POINT.encode(), files.ENEA_POINT.encode()))
    one, other = folder.file("a.csv", files.pge(OCTOBER)), folder.file("b.csv", files.pge(date(2026, 6, 1)))
    third = folder.file("c.csv", files.pge(OCTOBER).replace(b"0,310", b"0,999", 1))
    answer = folder.answer(one, stranger, other, third)
    notes = [note["text"] for note in answer["notes_of_files"]]
    assert f"point {files.ENEA_POINT} isn't in the cluster file: its values aren't used" in notes
    assert f"values other than {one} has: those of this file count, it is later in the list" in notes
    assert answer["outside_months"] == 96
    assert "no value at all of 2026-10" in folder.settled(other).stdout


@pytest.mark.parametrize(("precedence", "own", "operator"), [("operator", 24, 0), ("own", 0, 24)])
def test_values_that_give_way_to_the_other_source_are_counted(
    folder: Folder, precedence: str, own: int, operator: int
) -> None:
    folder.file(
        "cluster.toml",
        CLUSTER.replace("[[members]]", f'[settings]\nprecedence = "{precedence}"\n[[members]]', 1).encode(),
    )
    rows = [row for row in files.klaster(date(2026, 10, 1)).decode().splitlines() if "injected" not in row]
    ours = folder.file("o.csv", "\n".join([*rows, f"2026-10-02T00:00:00+02:00,{POINT},drawn,5"]).encode())
    answer = folder.answer(ours, folder.file("p.csv", files.pge(date(2026, 10, 1)).replace(b"0,310", b"0,999")))
    assert (answer["own_unused"], answer["operator_unused"]) == (own, operator)
    assert list(folder.drawn().values())[:1] == [999 if precedence == "operator" else 310]


def test_a_run_takes_a_named_file_and_keeps_what_was_said_and_rounded(folder: Folder, tmp_path: Path) -> None:
    tauron = folder.file("t.csv", files.tauron(OCTOBER, "e"))
    words = [
        "run",
        "--kind",
        "preliminary",
        "--month",
        "2026-10",
        "--cluster",
        str(tmp_path / "cluster.toml"),
        "--register",
    ]
    done = CliRunner().invoke(main, [*words, str(tmp_path / "r"), "--readings", f"{POINT}={tauron}", "--json"])
    assert done.exit_code == 3, done.output
    (kept,) = (tmp_path / "r").rglob("evidence/files.json")
    (said,) = json.loads(kept.read_bytes())
    assert (said["name"], said["point"]) == ("t.csv", POINT)
    assert json.loads(kept.with_name("rounding.json").read_bytes()) == {"rounded": 0, "rounded_micro_wh": 0}
    done = CliRunner().invoke(main, [*words, str(tmp_path / "q"), "--readings", tauron])
    assert (done.exit_code, "--readings PPE=" in done.stderr) == (2, True)
