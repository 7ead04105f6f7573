"""Numbers of stored runs explained: by the run's own tables, down to the journal, and what the books say by now."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from click.testing import CliRunner

from central.cli import main
from central.cluster import load_cluster
from central.explaining.answer import Asking, explain_standing
from central.register.keeping import Register
from central.register.making import Asked, Evidence, RunMaker
from central.register.opening import open_run
from metering.period import Month, day_start, local_text
from metering.wire import StandOnWire
from tests.central.explained_books import DAY, DAYS, Explained, explained_books
from tests.central.made_month import make_files

RUN = "2026-06-preliminary-1"
SEPTEMBER = Month(2026, 9)
LATE = day_start(DAY) + timedelta(hours=5)


def command(*words: str | Path, code: int = 0) -> str:
    ran = CliRunner().invoke(main, [str(word) for word in words])
    assert ran.exit_code == code, ran.output
    return ran.output


def explained(*words: str | Path, code: int = 0) -> dict[str, Any]:
    return msgspec.json.decode(command("explain", *words, "--json", code=code))["step"]


def below(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for part in step["parts"]:
        yield from below(part)


def keys(step: dict[str, Any], name: str = "how") -> set[str]:
    return {said["key"] for one in below(step) for said in one[name]}


def messages(step: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["message"] for one in below(step) if one["message"] is not None]


@dataclass
class Kept:
    """Books with a stored run, an operator's file and an estimate in it; one stand came after the run."""

    books: Explained
    exported: Path
    operators: Path
    late: list[StandOnWire]

    @property
    def config(self) -> Path:
        return self.books.config_file


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("runs")
    books = explained_books(folder)
    stands = books.stands()
    late = [one for one in stands if one.meter == "M1" and one.at == LATE]
    gone = day_start(DAY) + timedelta(hours=20)
    books.take([one for one in stands if one not in late and not (one.meter == "M2" and one.at == gone)])
    operators = folder / "operator.csv"
    at = local_text(day_start(DAY) + timedelta(hours=8))
    operators.write_text(f"point,direction,start,wh\nA2,drawn,{at},1600\n", encoding="utf-8")
    command("import", books.config_file, operators, "--by", "Anna")
    span = ["--from", "2026-06-17T19:00", "--to", "2026-06-17T21:00"]
    words = ["--point", "A2", *span, "--method", "linear", "--by", "Anna Kowalska", "--reason", "the line was cut"]
    command("estimate", books.config_file, *words)
    command("run", books.config_file, "--month", "2026-06", "--kind", "preliminary", "--by", "Jan", code=3)
    exported = folder / "elsewhere" / "june.klaster"
    exported.parent.mkdir()
    command("runs", "export", books.config_file, RUN, "--out", exported)
    return Kept(books, exported, operators, late)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_number_of_a_run_is_followed_to_bytes_and_is_the_runs(kept: Kept, seed: int) -> None:
    chance = random.Random(seed)
    point, hour = chance.choice(["A1", "B1"]), chance.choice([h for h in range(24 * DAYS) if h not in {4, 5}])
    at = day_start(DAY) + timedelta(hours=hour)
    words = ["--point", point, "--hour", local_text(at), "--quantity", "drawn"]
    tree = explained(kept.config, "--run", RUN, *words)
    shares = open_run(kept.books.config.register / "runs" / RUN).outputs()["shares"].to_pylist()
    (share,) = [row for row in shares if row["point"] == point and row["start"] == at]
    assert tree["value"] == str(share["drawn_wh"])
    assert tree["notes"][0]["facts"]["run"] == RUN
    with sqlite3.connect(kept.books.config.journal) as journal:
        kept_bytes = dict(journal.execute("SELECT id, payload FROM messages").fetchall())
    found = messages(tree)
    assert len(found) >= 2
    for one in found:
        assert hashlib.sha256(kept_bytes[one["row"]]).hexdigest() == one["digest"]
        assert kept_bytes[one["row"]][one["first"] : one["last"]].decode() == one["stand"]
    alone = explained("--run", kept.exported, *words)
    assert (alone["value"], messages(alone)) == (tree["value"], [])
    assert "end.run_has_no_journal" in keys(alone)


def test_every_sum_of_a_run_adds_up_with_and_without_its_books(kept: Kept) -> None:
    for words in ([kept.config, "--run", RUN], ["--run", kept.exported]):
        for quantity in ("relief", "drawn"):
            tree = explained(*words, "--month", "2026-06", "--quantity", quantity, "--depth", "5", "--all")
            assert tree["value"] is not None


def test_an_exported_run_still_names_an_operators_file_and_an_estimates_author(kept: Kept) -> None:
    tree = explained("--run", kept.exported, "--point", "A2", "--hour", "2026-06-17T08", "--quantity", "drawn")
    facts = {how["key"]: how["facts"] for one in below(tree) for how in one["how"]}
    assert facts["rule.operator_file"]["digest"] == hashlib.sha256(kept.operators.read_bytes()).hexdigest()
    assert tree["value"] == "1600"
    tree = explained("--run", kept.exported, "--point", "A2", "--hour", "2026-06-17T19", "--quantity", "drawn")
    facts = {how["key"]: how["facts"] for one in below(tree) for how in one["how"]}
    assert facts["rule.estimated_by"]["by"] == "Anna Kowalska"


def moved(kept: Kept, folder: Path) -> Explained:
    """The books as another machine has them, from a backup."""
    folder.mkdir()
    command("backup", kept.config, folder / "backup.tar")
    subprocess.run(["tar", "-xf", str(folder / "backup.tar"), "-C", str(folder)], check=True)
    return Explained(folder)


def test_after_a_restore_on_another_machine_the_same_bytes_are_found(kept: Kept, tmp_path: Path) -> None:
    words = ["--point", "A1", "--hour", "2026-06-17T13", "--quantity", "drawn"]
    before = messages(explained(kept.config, "--run", RUN, *words))
    books = moved(kept, tmp_path / "other")
    after = explained(books.config_file, "--run", RUN, *words)
    assert messages(after) == before
    assert "note.books_same" in keys(after, "notes")
    assert messages(explained(books.config_file, *words)) == before
    command("rebuild", books.config_file)
    assert messages(explained(books.config_file, *words)) == before


def test_late_data_and_other_rates_leave_the_runs_number_and_are_told(kept: Kept, tmp_path: Path) -> None:
    books = moved(kept, tmp_path / "late")
    books.take(kept.late)
    tree = explained(books.config_file, "--run", RUN, "--point", "A1", "--hour", "2026-06-17T05", "--quantity", "drawn")
    notes = {note["key"]: note["facts"] for note in tree["notes"]}
    now = explained(books.config_file, "--point", "A1", "--hour", "2026-06-17T05", "--quantity", "drawn")
    assert tree["value"] is None
    assert notes["note.books_now_wh"] == {"now_wh": now["value"]}
    assert notes["note.since_readings"]["then_wh"] is None
    assert str(notes["note.since_readings"]["now_wh"]) == now["value"]
    rates = books.folder / "rates" / "1-rates.toml"
    text = rates.read_text(encoding="utf-8")
    rates.write_text(text.replace("0.2345", "0.9"), encoding="utf-8")
    cluster = books.folder / "cluster.toml"
    cluster.write_text(cluster.read_text(encoding="utf-8").replace("[settings]", '[settings]\nabove_100 = "literal"'))
    relief = ["--point", "A1", "--month", "2026-06", "--component", "network_variable"]
    tree = explained(books.config_file, "--run", RUN, *relief)
    notes = {note["key"]: note["facts"] for note in tree["notes"]}
    assert tree["value"] == explained("--run", kept.exported, *relief)["value"]
    assert notes["note.books_now"]["now_num"] == explained(books.config_file, *relief)["value"]
    assert (notes["note.since_settings"], notes["note.since_rates"]) == ({"names": "above_100"}, {"names": "rates"})


def test_a_run_made_of_files_says_which_and_is_found_in_its_register(tmp_path: Path) -> None:
    command("run", *make_files(tmp_path), "--month", "2026-09", "--kind", "preliminary")
    words = ["--run", "2026-09-preliminary-1", "--point", "A1", "--hour", "2026-09-07T13", "--quantity", "drawn"]
    tree = explained(tmp_path / "register", *words)
    facts = {how["key"]: how["facts"] for one in below(tree) for how in one["how"]}
    digest = hashlib.sha256((tmp_path / "readings.csv").read_bytes()).hexdigest()
    assert facts["end.file"] == {"name": "readings.csv", "digest": digest}


def test_what_isnt_a_run_of_these_books_is_refused_in_one_sentence(kept: Kept, tmp_path: Path) -> None:
    command("run", *make_files(tmp_path), "--month", "2026-09", "--kind", "preliminary")
    strange = tmp_path / "register" / "runs" / "2026-09-preliminary-1"
    assert "is of 'Test'" in command("explain", kept.config, "--run", strange, code=2)
    assert "not a run's name" in command("explain", kept.config, "--run", "june", code=2)
    assert "there is no run '2026-06-final'" in command("explain", kept.config, "--run", "2026-06-final", code=2)
    assert "isn't the run's" in command("explain", kept.config, "--run", RUN, "--month", "2026-07", code=2)
    assert "explain CONFIG --run" in command("explain", "--run", "2026-06-final", code=2)
    damaged = tmp_path / "damaged.klaster"
    damaged.write_bytes(kept.exported.read_bytes().replace(b"Kowalska", b"Nowakows"))
    span = ["--hour", "2026-06-17T19", "--point", "A2", "--quantity", "drawn"]
    said = command("explain", "--run", damaged, *span, code=2)
    assert "damaged.klaster" in said


def test_page_and_api_explain_a_run_by_its_name(kept: Kept) -> None:
    query = {"run": RUN, "point": "A1", "hour": "2026-06-17T13", "quantity": "drawn"}
    found = explain_standing(kept.config, Asking(query, payload=True))
    assert found.value is not None, found.trouble
    assert (found.value["run"], found.value["agrees"]) == (RUN, True)
    assert found.value["asked"]["month"] == "2026-06"
    assert len(messages(found.value["step"])) == 2
    for strange in ({"run": "2026-06-final"}, {"run": "../x"}, {"month": "2026-07"}):
        assert explain_standing(kept.config, Asking(query | strange)).trouble.startswith("?")


@pytest.mark.parametrize(("table", "column"), [("hours", "covered_wh"), ("shares", "relieved_wh")])
def test_a_run_rewritten_with_all_its_digests_does_not_add_up_and_exits_1(
    tmp_path: Path, table: str, column: str
) -> None:
    command("run", *make_files(tmp_path), "--month", "2026-09", "--kind", "preliminary")
    register = Register(tmp_path / "register")
    honest = register.run("2026-09-preliminary-1")
    rows = honest.outputs()[table].to_pylist()
    place = next(i for i, row in enumerate(rows) if row[column] and row.get("point", "A1") == "A1")
    rows[place][column] += 1
    forged = {**honest.outputs(), table: pa.Table.from_pylist(rows, honest.outputs()[table].schema)}
    cluster = load_cluster(tmp_path / "cluster.toml")
    with register.making("Test") as making, RunMaker(making, cluster, SEPTEMBER, Asked(kind="preliminary")) as maker:
        maker.inputs(honest.inputs())
        maker.outputs(honest.inputs(), forged)
        maker.keep(Evidence(source="files"), honest.manifest.made)
    of_hour = ["--hour", local_text(rows[place]["start"]), "--quantity", column.removesuffix("_wh")]
    words = [*of_hour, *(["--point", "A1"] if table == "shares" else [])]
    where = [tmp_path / "register", "--run"]
    assert explained(*where, "2026-09-preliminary-1", *words)["agrees"] is True
    found = explained(*where, "2026-09-preliminary-2", *words, code=1)
    assert (found["agrees"], int(found["books"])) == (False, int(found["value"]) + 1)
    said = command("explain", *where, "2026-09-preliminary-2", *words, code=1)
    assert "add up with the books; report this" in " ".join(said.split())
    command("explain", *where, "2026-09-preliminary-2", "--month", "2026-09", "--quantity", "relief", "--depth", "4",
            code=1 if table == "shares" else 0)  # fmt: skip
