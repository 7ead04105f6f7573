"""A backup taken while stands come in, restored in another folder: nothing receipted before it is lost, all is provable."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.backup.packing import pack
from central.cli import main
from central.cluster.flat import named_rows
from central.cluster.history import History
from central.cluster.sources import read_source
from central.config import load_config
from central.journal import Message
from central.keeper import Keeper
from metering.wire import StandsMessage, encode
from tests.central.explained_books import DAY, explained_books
from tests.central.made_month import make_month
from tests.central.stands import T0, stand

CENTRAL = str(Path(sys.executable).with_name("klaster-central"))
SEPTEMBER, JUNE = "2026-09", "2026-06"


def central(*words: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


def asked(*words: str | Path, code: int = 0) -> Any:
    return json.loads(central(*words, "--json", code=code))


class Intake(threading.Thread):
    """A service's keeper that takes a message in after another until it is told to end."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        self._config = config
        self.receipted = 0
        self._end = threading.Event()

    def run(self) -> None:
        keeper = Keeper(load_config(self._config))
        while not self._end.is_set():
            row = stand(self.receipted / 4, str(self.receipted), sequence=self.receipted + 1, meter="new")
            payload = encode(StandsMessage(gateway="steady", outbox="o", stands=(row,)))
            keeper.take([Message(received=T0, gateway="steady", payload=payload)], T0 + timedelta(days=99))
            self.receipted += 1
        keeper.close()

    def end(self) -> None:
        self._end.set()
        self.join()


def restored(tar: Path, folder: Path) -> Path:
    """As docs/install.md says, with tar and sha256sum."""
    folder.mkdir()
    subprocess.run(["tar", "-xf", tar, "-C", folder], check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    return folder / "central.toml"


def test_a_backup_taken_during_intake_holds_all_that_was_receipted_before_and_proves_every_figure(
    tmp_path: Path,
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    books = explained_books(made)
    books.take(books.stands())
    config = books.config_file
    run = asked("run", config, "--month", JUNE, "--kind", "preliminary")["runs"][0]["run"]
    intake = Intake(config)
    intake.start()
    try:
        while intake.receipted < 50:
            pass
        before = intake.receipted
        done = subprocess.run(
            [CENTRAL, "backup", config, tmp_path / "b.tar", "--json"], capture_output=True, check=True
        )
        after = intake.receipted
    finally:
        intake.end()
    told = json.loads(done.stdout)
    assert after > before, "it stood still while the backup was made"
    assert told["sha256"] == hashlib.sha256((tmp_path / "b.tar").read_bytes()).hexdigest()
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600

    there = restored(tmp_path / "b.tar", tmp_path / "restored")
    made.rename(tmp_path / "gone")
    data = tmp_path / "restored" / "data"
    with sqlite3.connect(data / "journal.sqlite") as db:
        kept = db.execute("SELECT count(*) FROM messages WHERE gateway = 'steady'").fetchone()[0]
        last = db.execute("SELECT max(id) FROM messages").fetchone()[0]
    assert before <= kept <= after
    with sqlite3.connect(data / "readings.sqlite") as db:
        assert db.execute("SELECT position FROM progress").fetchone()[0] <= last
    old = tmp_path / "gone" / config.name
    assert asked("verify", there, run)["equal"]
    for question in ("balance", "shares"):
        answers = [asked(question, one, "--month", JUNE) | {"now": None} for one in (there, old)]
        assert answers[0] == answers[1]
    why = ("explain", "--point", "A1", "--hour", f"{DAY}T13", "--quantity", "drawn", "--bytes")
    assert asked(why[0], there, *why[1:]) == asked(why[0], old, *why[1:])
    assert [one["run"] for one in asked("runs", there)["runs"]] == [run]
    keeper = Keeper(load_config(there))
    keeper.catch_up()
    keeper.close()
    with sqlite3.connect(data / "readings.sqlite") as db:
        assert db.execute("SELECT count(*) FROM stands WHERE meter = 'new'").fetchone() == (kept,)
        assert db.execute("SELECT position FROM progress").fetchone()[0] == last


def test_a_damaged_database_makes_no_backup_and_no_file_is_replaced(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    config = make_month(made).config
    out = tmp_path / "b.tar"
    out.write_bytes(b"an older one")
    assert "is there already" in central("backup", config, out, code=2)
    assert out.read_bytes() == b"an older one"
    assert "is what is copied" in " ".join(central("backup", config, made / "data" / "b.tar", code=2).split())
    journal = made / "data" / "readings.sqlite"
    content = bytearray(journal.read_bytes())
    half = len(content) // 2 // 4096 * 4096
    content[half : half + 4096] = b"\xff" * 4096
    journal.write_bytes(content)
    assert "nothing was written" in central("backup", config, tmp_path / "c.tar", code=2).replace(
        "no backup was", "nothing was"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "made"]


def test_a_half_made_run_is_in_no_backup_and_no_secret_is(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    config = make_month(made).config
    (made / "secret").write_text("hunter2\n", encoding="utf-8")
    with config.open("a", encoding="utf-8") as file:
        file.write('[broker]\nusername = "central"\npassword_file = "secret"\ncluster = "alfa"\n')
    asked("run", config, "--month", SEPTEMBER, "--kind", "preliminary")
    runs = made / "data" / "register" / "runs"
    (runs / f"{SEPTEMBER}-preliminary-2").mkdir()
    (runs / f"{SEPTEMBER}-preliminary-2" / "x.parquet").write_bytes(b"half")
    assert asked("backup", config, tmp_path / "b.tar")["runs"] == 1
    with tarfile.open(tmp_path / "b.tar") as tar:
        names = tar.getnames()
        assert not [name for name in names if "preliminary-2" in name or name.endswith(("-wal", "-shm", "lock"))]
        content = b"".join(file.read() for name in names if (file := tar.extractfile(name)))
    assert b"hunter2" not in content
    there = restored(tmp_path / "b.tar", tmp_path / "restored")
    assert load_config(there).broker.cluster == "alfa"
    assert len(asked("runs", there)["runs"]) == 1


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restored configuration names nothing by where a command is started."""
    monkeypatch.chdir(tmp_path)


def test_a_cluster_file_and_its_history_say_the_same_though_an_import_goes_on(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    config_file = make_month(made).config
    cluster = made / "cluster.toml"
    history = History(cluster)
    history.notice(datetime(2026, 10, 1, tzinfo=UTC))
    new = made / "new.toml"
    new.write_text(cluster.read_text(encoding="utf-8").replace("Town hall", "Ratusz"), encoding="utf-8")
    source = read_source(new)
    now = datetime(2026, 10, 2, tzinfo=UTC)
    with ThreadPoolExecutor(1) as beside:
        # The import has written its record, and hasn't replaced the file yet.
        with history.recording(named_rows(source.content), source.text, "Ola", now):
            packed = beside.submit(pack, load_config(config_file), config_file, tmp_path / "b.tar", now)
            wait([packed], timeout=3)
            new.replace(cluster)
        packed.result(60)
    with tarfile.open(tmp_path / "b.tar") as tar:
        file, kept = tar.extractfile("cluster.toml"), tar.extractfile("cluster.toml.history.jsonl")
        assert file is not None
        assert kept is not None
        last = json.loads(kept.read().splitlines()[-1])
        assert (last["by"], last["file_sha256"]) == ("Ola", hashlib.sha256(file.read()).hexdigest())
