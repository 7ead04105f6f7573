"""Settlement runs: made once from books or files, recomputed, approved, corrected, and kept through any interruption."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from central.books import Books, Settled
from central.finding import CONDITIONS, Finding
from central.findings_file import FindingsFile
from central.readings import Entry
from central.register.from_books import run_from_books
from central.register.keeping import Register
from central.register.making import Asked
from central.register.manifest import RunError
from central.register.opening import open_run
from central.register.register_file import RegisterFile
from central.register.verifying import verify
from central.stores.sqlite import SqliteStore
from metering.period import Month
from metering.wire import StandOnWire
from tests.central.made_books import Made
from tests.central.made_month import MONTH, asked, central, hour, make_files, make_month, month_stands
from tests.central.made_runs import NOW, make_runs

SEPTEMBER = str(MONTH)
HOLE = 50
"""The full hour at which the town hall's stand is missing: two hours lack a value."""
GAP = "A1/drawn/2026-09-03T01:00..2026-09-03T03:00=the meter was exchanged"


def files_run(folder: Path, *words: str, code: int = 0) -> str:
    """A preliminary run of files; gives the run's name."""
    options = make_files(folder)
    made = asked("run", *options, "--month", SEPTEMBER, "--kind", "preliminary", *words, code=code)
    name: str = made["runs"][0]["run"]
    return name


def test_a_month_goes_from_a_preliminary_run_to_an_approved_final_and_a_correction_by_late_data(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", HOLE)])
    config = made.config
    first = asked("run", config, "--month", SEPTEMBER, "--kind", "preliminary", code=3)["runs"][0]
    assert first["run"] == "2026-09-preliminary-1"
    assert first["complete"] is False
    way_out = "--accept-gap POINT/drawn/FROM..TO=REASON"
    assert way_out in central("closing", config, "--month", SEPTEMBER, code=1)
    said = central("approve", config, first["run"], "--by", "Ola", code=1)
    assert "A1/drawn/2026-09-03T01:00+02:00..2026-09-03T03:00+02:00: missing" in said
    said = central("run", config, "--month", SEPTEMBER, "--kind", "final", "--by", "Ola", code=1)
    assert "approved" in said
    accepting = ("--accept-gap", GAP)
    second = asked("run", config, "--month", SEPTEMBER, "--kind", "preliminary", *accepting, code=3)["runs"][0]
    asked("approve", config, second["run"], "--by", "Ola", "--note", "seen by both")
    assert asked("closing", config, "--month", SEPTEMBER)["done"]
    assert way_out not in central("closing", config, "--month", SEPTEMBER)
    final = asked("run", config, "--month", SEPTEMBER, "--kind", "final", "--by", "Ola")["runs"][0]
    assert (final["run"], final["rests_on"]) == ("2026-09-final", second["run"])
    assert "late data makes a correction" in central(
        "run", config, "--month", SEPTEMBER, "--kind", "final", "--by", "Ola", code=2
    )
    assert asked("correction", "propose", config, "--month", SEPTEMBER)["equal"]
    assert "nothing to correct" in central(
        "run", config, "--month", SEPTEMBER, "--kind", "correction", "--by", "Ola", "--reason", "none", code=1
    )
    made.keep([month_stands()[2 * HOLE]])
    open_ = asked("findings", config, "--month", SEPTEMBER)["findings"]
    assert "correction_due" in {one["kind"] for one in open_}
    proposed = asked("correction", "propose", config, "--month", SEPTEMBER, code=1)
    assert proposed["effect"]["drawn_wh"] == 1014 + 1021 - 0 - 14
    assert set(proposed["members"]) == {"A"}
    reading = proposed["causes"]["readings"][0]
    assert (reading["point"], reading["direction"], reading["lacked_before"]) == ("A1", "drawn", 2)
    corrected = asked(
        "run", config, "--month", SEPTEMBER, "--kind", "correction", "--by", "Ola", "--reason", "a late stand"
    )["runs"][0]
    assert (corrected["run"], corrected["rests_on"]) == ("2026-09-correction-1", "2026-09-final")
    open_ = asked("findings", config, "--month", SEPTEMBER)["findings"]
    assert "correction_due" not in {one["kind"] for one in open_}
    for one in asked("runs", config)["runs"]:
        assert asked("verify", config, one["run"])["equal"]


def test_a_run_from_books_holds_the_stands_and_findings_it_rests_on(tmp_path: Path) -> None:
    config = make_month(tmp_path, without=[("M1", HOLE), ("M1", 0)]).config
    name = asked("run", config, "--month", SEPTEMBER, "--kind", "preliminary", code=3)["runs"][0]["run"]
    run = open_run(tmp_path / "data" / "register" / "runs" / name)
    assert run.evidence("stands").num_rows == 2 * 721 - 2
    assert {one["kind"] for one in run.evidence("findings")} >= {"missing", "incomplete_month"}
    assert run.inputs()["energies"].num_rows == 2 * 720 - 3
    assert run.settings.tier_base == "covered"
    assert run.cluster.name == "Klaster <Test>"
    with pytest.raises(KeyError):
        run.evidence("nothing")


def test_a_condition_that_isnt_met_is_named_and_keeps_no_month_from_closing(tmp_path: Path) -> None:
    made = make_month(tmp_path)
    finding = Finding(kind="condition_not_met", what="one operator", text="art. 38ab ust. 1: several", way_out="")
    file = FindingsFile(tmp_path / "data" / "findings.sqlite")
    file.looked(CONDITIONS, [finding], datetime(2026, 10, 1, tzinfo=UTC))
    file.close()
    made_run = asked("run", made.config, "--month", SEPTEMBER, "--kind", "preliminary")["runs"][0]["run"]
    asked("approve", made.config, made_run, "--by", "Ola")
    said = asked("closing", made.config, "--month", SEPTEMBER)
    (line,) = [one for one in said["lines"] if one["name"] == "conditions"]
    assert (said["done"], line["done"], len(line["details"])) == (True, True, 1)
    assert "condition_not_met one operator: art. 38ab ust. 1: several" in line["details"][0]


def test_an_approval_is_refused_once_the_books_say_something_else(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", HOLE)])
    words = ("run", made.config, "--month", SEPTEMBER, "--kind", "preliminary", "--accept-gap", GAP)
    name = asked(*words, code=3)["runs"][0]["run"]
    made.keep([month_stands()[2 * HOLE]])
    assert "make a new preliminary run" in central("approve", made.config, name, "--by", "Ola", code=1)


def test_a_final_isnt_made_of_other_numbers_than_those_approved(tmp_path: Path) -> None:
    name = files_run(tmp_path)
    asked("approve", tmp_path / "register", name, "--by", "Ola")
    readings = (tmp_path / "readings.csv").read_text(encoding="utf-8")
    (tmp_path / "readings.csv").write_text(readings.replace(",1007\n", ",1008\n", 1), encoding="utf-8")
    options = options_of(tmp_path)
    said = central("run", *options, "--month", SEPTEMBER, "--kind", "final", "--by", "Ola", code=1)
    assert f"other numbers than in {name}" in said
    (tmp_path / "readings.csv").write_text(readings, encoding="utf-8")
    made = asked("run", *options, "--month", SEPTEMBER, "--kind", "final", "--by", "Ola")["runs"][0]
    assert made["run"] == "2026-09-final"


def options_of(folder: Path) -> list[str]:
    return [
        *("--cluster", str(folder / "cluster.toml"), "--rates", str(folder / "rates.toml")),
        *("--readings", str(folder / "readings.csv"), "--register", str(folder / "register")),
    ]


def test_the_register_of_one_cluster_refuses_another_ones_run(tmp_path: Path) -> None:
    files_run(tmp_path)
    text = (tmp_path / "cluster.toml").read_text(encoding="utf-8")
    (tmp_path / "cluster.toml").write_text(text.replace('"Test"', '"Other"'), encoding="utf-8")
    said = central("run", *options_of(tmp_path), "--month", SEPTEMBER, "--kind", "preliminary", code=2)
    assert "is the register of 'Test', not of 'Other'" in said
    assert len(asked("runs", tmp_path / "register")["runs"]) == 1


def test_while_a_run_is_being_made_another_one_gets_a_clear_message(tmp_path: Path) -> None:
    options = make_files(tmp_path)
    with Register(tmp_path / "register").making("Test"):
        said = central("run", *options, "--month", SEPTEMBER, "--kind", "preliminary", code=2)
    assert "another run is being made" in said
    assert asked("runs", tmp_path / "register")["runs"] == []


def test_a_run_that_was_killed_at_any_moment_is_no_run_and_the_next_one_is(tmp_path: Path) -> None:
    options = make_files(tmp_path)
    command = [str(Path(sys.executable).with_name("klaster-central")), "run", *options]
    command += ["--month", SEPTEMBER, "--kind", "preliminary"]
    moments = random.Random(7)
    register = Register(tmp_path / "register")
    whole_s = _seconds(command)
    done = 1
    for _ in range(8):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.5, 1.1) * whole_s)
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        rows = [one.run for one in register.entries()]
        # What has a row is whole; what has none doesn't open.
        for name in rows:
            assert verify(register.run(name)).equal
        for folder in (tmp_path / "register" / "runs").iterdir():
            if folder.name not in rows:
                with pytest.raises(RunError, match="interrupted"):
                    open_run(folder)
        assert len(rows) >= done
        done = len(rows)
    central(*command[1:])
    assert len(register.entries()) == done + 1


def _seconds(command: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return time.monotonic() - begun


def test_an_old_run_that_was_changed_taken_out_or_whose_row_was_is_found(tmp_path: Path) -> None:
    files_run(tmp_path)
    for _ in range(2):
        central("run", *options_of(tmp_path), "--month", SEPTEMBER, "--kind", "preliminary")
    kept = tmp_path / "register"
    shutil.copytree(kept, tmp_path / "copy")

    def fresh() -> Path:
        shutil.rmtree(kept)
        shutil.copytree(tmp_path / "copy", kept)
        return kept

    table = fresh() / "runs" / "2026-09-preliminary-1" / "out" / "hours.parquet"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    assert "was changed" in central("verify", kept, "2026-09-preliminary-1", code=1)
    assert asked("verify", kept, "2026-09-preliminary-2")["equal"]
    shutil.rmtree(fresh() / "runs" / "2026-09-preliminary-1")
    assert "its folder is gone" in central("runs", kept, code=2)
    for statement in (
        'UPDATE entries SET body = replace(body, \'"by":""\', \'"by":"X"\') WHERE number = 2',
        "DELETE FROM entries WHERE number = 1",
        "DELETE FROM entries WHERE number > 1",
    ):
        db = sqlite3.connect(fresh() / "register.sqlite")
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            db.execute(statement)
        db.execute("DROP TRIGGER no_update")
        db.execute("DROP TRIGGER no_delete")
        with db:
            db.execute(statement)
        db.close()
        said = central("runs", kept, code=2)
        assert "chain is broken" in said or "rows were taken out" in said
        assert "rows were taken out" in said or "chain is broken" in central(
            "run", *options_of(tmp_path), "--month", SEPTEMBER, "--kind", "preliminary", code=2
        )
    (fresh() / "register.sqlite").unlink()
    assert "register.sqlite is missing" in central("runs", kept, code=2)


def test_a_result_that_its_inputs_dont_give_is_told_by_table_row_column_and_both_values(tmp_path: Path) -> None:
    """Whoever rewrites a run with all its digests still can't make its inputs give another result."""
    import pyarrow as pa

    from central.register.making import Asked, Evidence, RunMaker
    from metering.period import Month

    files_run(tmp_path)
    register = Register(tmp_path / "register")
    honest = register.run("2026-09-preliminary-1")
    hours = honest.outputs()["hours"]
    values = hours["covered_wh"].to_pylist()
    values[12] = (values[12] or 0) + 1
    place = hours.schema.names.index("covered_wh")
    forged = {**honest.outputs(), "hours": hours.set_column(place, "covered_wh", pa.array(values))}
    from central.cluster import load_cluster

    cluster = load_cluster(tmp_path / "cluster.toml")
    asked_for = Asked(kind="preliminary")
    with register.making("Test") as making, RunMaker(making, cluster, Month.parse(SEPTEMBER), asked_for) as maker:
        maker.inputs(honest.inputs())
        maker.outputs(honest.inputs(), forged)
        maker.keep(Evidence(source="files"), honest.manifest.made)
    answer = asked("verify", tmp_path / "register", "2026-09-preliminary-2", code=1)
    assert answer["count"] == 1
    (found,) = answer["differences"]
    assert (found["table"], found["column"]) == ("hours", "covered_wh")
    assert found["kept"] == found["recomputed"] + 1
    assert found["row"]["start"]


def test_readings_in_parquet_give_the_run_that_the_csv_gives(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    name = files_run(tmp_path)
    run = open_run(tmp_path / "register" / "runs" / name)
    pq.write_table(run.inputs()["energies"].slice(0), tmp_path / "energies.parquet")
    options = [one.replace("readings.csv", "energies.parquet") for one in options_of(tmp_path)]
    central("run", *options, "--month", SEPTEMBER, "--kind", "preliminary")
    central("diff", tmp_path / "register", name, "2026-09-preliminary-2")
    table = run.inputs()["energies"]
    pq.write_table(table.slice(0, 5).drop_columns("wh"), tmp_path / "energies.parquet")
    said = central("run", *options, "--month", SEPTEMBER, "--kind", "preliminary", code=2)
    assert "lacks the column wh" in said
    (tmp_path / "energies.parquet").write_bytes(b"PAR1 and nothing else")
    said = central("run", *options, "--month", SEPTEMBER, "--kind", "preliminary", code=2)
    assert "isn't a table of energies" in said


def test_an_exported_run_is_verified_on_another_machine_with_the_program_alone(tmp_path: Path) -> None:
    name = files_run(tmp_path)
    asked("approve", tmp_path / "register", name, "--by", "Ola")
    out = tmp_path / "run.klaster"
    exported = asked("runs", "export", tmp_path / "register", name, "--out", out)
    away = tmp_path / "away"
    away.mkdir()
    shutil.copy(out, away / "it.klaster")
    shutil.rmtree(tmp_path / "register")
    clean = {"PATH": os.defpath, "NO_COLOR": "1"}
    answer = json.loads(central("verify", "it.klaster", "--json", cwd=away, env=clean))
    assert answer["equal"]
    assert answer["digest"] == exported["digest"]
    assert answer["approved_by"] == "Ola"
    assert "it is another run" in central("verify", "it.klaster", "--digest", "0" * 64, cwd=away, env=clean, code=1)


def test_a_folder_or_a_month_given_by_mistake_is_told_with_a_way_out(tmp_path: Path) -> None:
    options = make_files(tmp_path)
    register = tmp_path / "register"
    assert "2199-05 is yet to come, and there are no readings of it" in central(
        "run", *options, "--month", "2199-05", "--kind", "preliminary", code=2
    )
    said = central("run", *options, "--month", "2024-05", "--kind", "preliminary", code=3)
    assert "is 2024-05 the month that was meant?" in said
    assert "to close the month" not in said
    assert "needs the books" in central("closing", register, "--month", SEPTEMBER, code=2)
    assert "is a register, not a run" in central("explain", "--run", register, code=2)


class Beside(Register):
    """A register in which somebody else makes a run while it is being read."""

    def _folders(self) -> set[str]:
        found = super()._folders()
        make_runs(self.folder.parent)
        return found


def test_a_run_made_while_the_register_is_read_is_no_run_that_was_taken_out(tmp_path: Path) -> None:
    make_runs(tmp_path)
    rows = [one.run for one in Beside(tmp_path / "register").entries()]
    assert rows == ["2026-10-preliminary-1", "2026-10-preliminary-2"]
    assert len(Register(tmp_path / "register").entries()) == 3


def test_runs_whose_rows_cant_be_written_are_none_and_the_register_is_sound(tmp_path: Path) -> None:
    make_runs(tmp_path)
    kept = Register(tmp_path / "register")
    with closing(sqlite3.connect(kept.folder / "register.sqlite")) as db, db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    for month in (Month(2026, 10), Month(2026, 11)):
        with kept.making("Everything") as making, making.begin(f"{month}-preliminary-9") as writing:
            files = writing.done()
            manifest = msgspec.structs.replace(
                kept.run("2026-10-preliminary-1").manifest, run=f"{month}-preliminary-9", files=files
            )
            with pytest.raises(sqlite3.Error, match="full"):
                making.keep(writing, manifest)
    assert [one.run for one in kept.entries()] == ["2026-10-preliminary-1"]


def test_who_reads_the_register_keeps_nobody_from_writing_it(tmp_path: Path) -> None:
    run = make_runs(tmp_path)
    kept = Register(tmp_path / "register")
    with closing(sqlite3.connect(kept.folder / "register.sqlite")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        # Opened for writing while it is read: it mustn't want the file for itself.
        RegisterFile(kept.folder / "register.sqlite").close()
    kept.approve(kept.run(run), "Ola", "", NOW)
    assert [one.what for one in kept.entries()] == ["run", "approval"]


def comes(made: Made, one: StandOnWire) -> None:
    """A stand as the service admits it."""
    store = SqliteStore(made.readings)
    number = store.position() + 1
    store.admit([Entry(journal=number, gateway="g1", stand=one)], [], number)
    store.close()


class Moving(Books):
    """Books to which a late stand comes when the month was settled and before its evidence is read."""

    late: ClassVar[list[Callable[[], None]]] = []

    def _settle(self, month: Month) -> Settled:
        found = super()._settle(month)
        if self.late:
            self.late.pop()()
        return found


def test_the_evidence_of_a_run_is_what_was_settled_though_stands_come_in_meanwhile(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", HOLE)])
    (late,) = [one for one in month_stands() if one.meter == "M1" and one.at == hour(HOLE)]
    Moving.late = [lambda: comes(made, late)]
    register = Register(tmp_path / "data" / "register")
    now = datetime(2026, 10, 2, 10, tzinfo=UTC)
    entry = run_from_books(Moving.open(made.config), register, MONTH, Asked(kind="preliminary"), now)
    run = register.run(entry.run)
    stands = {(row["meter"], row["at"]) for row in run.evidence("stands").to_pylist()}
    assert ("M1", hour(HOLE)) in stands
    assert run.manifest.totals.complete == run.manifest.totals.periods
    assert verify(run).equal


def test_books_that_never_stand_still_give_a_message_and_no_run(tmp_path: Path) -> None:
    made = make_month(tmp_path, without=[("M1", i) for i in (50, 60, 70)])
    lates = [one for one in month_stands() if one.meter == "M1" and one.at in {hour(50), hour(60), hour(70)}]
    Moving.late = [lambda one=one: comes(made, one) for one in lates]
    register = Register(tmp_path / "data" / "register")
    now = datetime(2026, 10, 2, 10, tzinfo=UTC)
    with pytest.raises(RunError, match="make it again later"):
        run_from_books(Moving.open(made.config), register, MONTH, Asked(kind="preliminary"), now)
    assert register.entries() == []


def test_what_an_interruption_left_is_put_away_by_the_next_run_of_whatever_month(tmp_path: Path) -> None:
    run = make_runs(tmp_path)
    kept = Register(tmp_path / "register")
    for month in ("2026-08", "2026-07"):
        (kept.folder / "runs" / f"{month}-preliminary-1").mkdir()
        assert [one.run for one in kept.entries()] == [run]
        with kept.making("Everything"):
            pass
    assert [one.name for one in (kept.folder / "runs").iterdir()] == [run]
