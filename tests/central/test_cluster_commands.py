"""``klaster-central cluster import | export | diff | history``: all or nothing, and every change on record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.cluster import load_cluster
from central.cluster.history import History, HistoryError
from central.cluster.replacing import ChangedMeanwhileError, replace_cluster
from central.cluster.sources import read_source
from tests.central.made_books import make_books
from tests.central.test_findings_service import Central
from tests.mosquitto import Mosquitto

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "cluster.toml"
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
CLUSTER = """# kept by hand
[cluster]
name = "T"
registered_from = 2026-01-01

[[members]]
id = "a"
name = "Anna"
kind = "gmina"

[[points]]
id = "P1"
member = "a"
directions = ["drawn"]
"""


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "central", "cluster", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    return tmp_path / "cluster.toml"


def other(cluster: Path, before: str, after: str, name: str = "other.toml") -> Path:
    assert before in CLUSTER
    path = cluster.with_name(name)
    path.write_text(CLUSTER.replace(before, after), encoding="utf-8")
    return path


def told(entry) -> list[tuple]:
    return [(one.table, one.row, one.column, one.before, one.after) for one in entry.changes]


def test_a_workbook_comes_back_and_each_change_has_who_when_before_and_after(cluster: Path) -> None:
    sheets = cluster.with_name("c.xlsx")
    assert run("export", other(cluster, '"Anna"', '"Łucja"'), sheets).returncode == 0
    done = run("import", sheets, cluster, "--by", "Ola K")
    assert done.returncode == 0, done.stderr
    assert "comments" in done.stderr
    begun, imported = History(cluster).entries()
    assert (begun.by, begun.how) == ("", "begun")
    assert (imported.by, imported.how) == ("Ola K", "import")
    assert told(imported) == [("members", "a", "name", "Anna", "Łucja")]
    assert abs(imported.at - datetime.now(UTC)).total_seconds() < 600
    assert load_cluster(cluster).members[0].name == "Łucja"
    copies = [path for path in cluster.parent.iterdir() if path.name.startswith("cluster.toml.2")]
    assert [path.read_text(encoding="utf-8") for path in copies] == [CLUSTER]
    assert run("history", cluster).returncode == 0


def test_bad_input_changes_nothing_at_all(cluster: Path) -> None:
    bad = other(cluster, 'directions = ["drawn"]', 'directions = ["up"]')
    before = {path.name: path.read_bytes() for path in cluster.parent.iterdir()}
    done = run("import", bad, cluster)
    assert done.returncode == 2
    assert "nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in cluster.parent.iterdir()} == before


def test_where_the_file_cannot_be_replaced_the_record_is_taken_back(cluster: Path, monkeypatch) -> None:
    History(cluster).notice(NOW)
    new = read_source(other(cluster, '"Anna"', '"Ola"'))
    before = {path.name: path.read_bytes() for path in cluster.parent.iterdir()}

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace_cluster(new, cluster, "Ola", NOW, cluster.read_bytes())
    assert {path.name: path.read_bytes() for path in cluster.parent.iterdir()} == before
    assert [entry.how for entry in History(cluster).entries()] == ["begun"]


def test_of_two_imports_at_once_the_later_is_told_and_nothing_of_the_sooner_is_lost(cluster: Path) -> None:
    checked_by_both = cluster.read_bytes()
    sooner = read_source(other(cluster, '"Anna"', '"Ola"'))
    later = read_source(other(cluster, 'kind = "gmina"', 'kind = "powiat"'))
    replace_cluster(sooner, cluster, "Ola", NOW, checked_by_both)
    before = {path.name: path.read_bytes() for path in cluster.parent.iterdir()}
    with pytest.raises(ChangedMeanwhileError, match="somebody else"):
        replace_cluster(later, cluster, "Ewa", NOW, checked_by_both)
    assert {path.name: path.read_bytes() for path in cluster.parent.iterdir()} == before
    assert [entry.by for entry in History(cluster).entries()] == ["", "Ola"]


def test_a_change_by_hand_is_noticed_without_a_name_and_before_the_next_import(cluster: Path) -> None:
    history = History(cluster)
    assert history.notice(NOW) is not None
    assert history.notice(NOW) is None
    cluster.write_text(CLUSTER.replace('"Anna"', '"Ola"'), encoding="utf-8")
    diff = run("diff", cluster, "--json")
    assert diff.returncode == 1
    assert json.loads(diff.stdout)["changes"] == [
        {"table": "members", "row": "a", "column": "name", "before": "Anna", "after": "Ola"}
    ]
    assert run("import", other(cluster, 'kind = "gmina"', 'kind = "powiat"'), cluster, "--by", "E").returncode == 0
    _, noticed, imported = history.entries()
    assert (noticed.by, noticed.how, told(noticed)) == ("", "noticed", [("members", "a", "name", "Anna", "Ola")])
    assert told(imported) == [("members", "a", "name", "Ola", "Anna"), ("members", "a", "kind", "gmina", "powiat")]
    assert run("diff", cluster).returncode == 0
    assert run("diff", cluster, "--version", "2").returncode == 1
    assert run("diff", cluster, "--version", "9").returncode == 2


def test_every_version_can_be_made_again_from_the_history(cluster: Path) -> None:
    history = History(cluster)
    states = []
    for name in ("Anna", "Ola", "Ewa", "Anna"):
        cluster.write_text(CLUSTER.replace('"Anna"', f'"{name}"'), encoding="utf-8")
        history.notice(NOW)
        states.append(history.state())
    for number, state in enumerate(states, 1):
        assert history.state(number) == state
    assert states[0] == states[3] != states[1]


def test_a_line_that_was_changed_or_taken_out_is_found_and_nothing_is_recorded_on_top(cluster: Path) -> None:
    history = History(cluster)
    for name in ("Anna", "Ola", "Ewa"):
        cluster.write_text(CLUSTER.replace('"Anna"', f'"{name}"'), encoding="utf-8")
        history.notice(NOW)
    lines = history.path.read_bytes().split(b"\n")
    for forged in (
        [lines[0], lines[1].replace(b"Ola", b"Iza"), *lines[2:]],
        [lines[0], *lines[2:]],
        [b"{}", *lines[1:]],
        [lines[1], lines[0], *lines[2:]],
    ):
        history.path.write_bytes(b"\n".join(forged))
        with pytest.raises(HistoryError):
            history.entries()
        assert run("history", cluster).returncode == 1
        before = {path.name: path.read_bytes() for path in cluster.parent.iterdir()}
        done = run("import", other(cluster, '"Anna"', '"Zoe"', "z.toml"), cluster)
        assert done.returncode == 2
        assert "nothing was changed" in done.stderr
        (cluster.parent / "z.toml").unlink()
        assert {path.name: path.read_bytes() for path in cluster.parent.iterdir()} == {
            name: content for name, content in before.items() if name != "z.toml"
        }


def test_a_line_cut_short_by_a_crash_is_written_over(cluster: Path) -> None:
    history = History(cluster)
    history.notice(NOW)
    with history.path.open("ab") as file:
        file.write(b'{"number":2,"at":"2026')
    cluster.write_text(CLUSTER.replace('"Anna"', '"Ola"'), encoding="utf-8")
    assert history.notice(NOW) is not None
    assert [entry.number for entry in history.entries()] == [1, 2]


def test_a_cluster_is_made_where_there_was_none_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    assert run("export", EXAMPLE, tmp_path / "csv").returncode == 0
    target = tmp_path / "new.toml"
    assert run("import", tmp_path / "csv", target, "--by", "E").returncode == 0
    assert load_cluster(target) == load_cluster(EXAMPLE)
    before = {path.name for path in tmp_path.iterdir()}
    done = run("import", tmp_path / "csv", target, "--by", "E")
    assert done.returncode == 0
    assert "nothing was changed" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == before
    assert run("diff", EXAMPLE, target).returncode == 0


def test_the_mode_of_the_file_and_the_target_of_a_link_stay(cluster: Path) -> None:
    cluster.chmod(0o640)
    link = cluster.with_name("link.toml")
    link.symlink_to(cluster.name)
    assert run("import", other(cluster, '"Anna"', '"Ola"'), link, "--by", "E").returncode == 0
    assert link.is_symlink()
    assert cluster.stat().st_mode & 0o777 == 0o640
    assert load_cluster(cluster).members[0].name == "Ola"


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ("member", 'members[2] = "F": isn\'t in'),
        ("point", 'points[2] = "F1": isn\'t in'),
        ("meter", 'meters[2] = "M2"'),
    ],
)
def test_what_has_readings_cannot_be_removed(tmp_path: Path, removed: str, said: str) -> None:
    made = make_books(tmp_path)
    made.day()
    file = tmp_path / "cluster.toml"
    content = file.read_text(encoding="utf-8")
    tables = ["[[meters]]", "[[points]]", "[[members]]"][: ["meter", "point", "member"].index(removed) + 1]
    for table in tables:
        head, _, last = content.rpartition(f"{table}\n")
        following = last.find("[[")
        content = head + (last[following:] if following >= 0 else "")
    (tmp_path / "less.toml").write_text(content, encoding="utf-8")
    before = file.read_bytes()
    done = run("import", tmp_path / "less.toml", file, "--config", made.config, "--by", "E")
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "end it with valid_to" in done.stderr
    assert file.read_bytes() == before
    done = run("import", tmp_path / "less.toml", file, "--by", "E")
    assert done.returncode == 0
    assert "isn't known without --config" in done.stderr


def test_a_history_that_cannot_be_written_stops_the_import(cluster: Path) -> None:
    History(cluster).path.mkdir()
    before = cluster.read_bytes()
    done = run("import", other(cluster, '"Anna"', '"Ola"'), cluster, "--by", "E")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert cluster.read_bytes() == before
    assert not [name for name in os.listdir(cluster.parent) if name.startswith((".", "cluster.toml.2"))]


@pytest.mark.e2e
def test_the_running_service_records_what_is_changed_by_hand(tmp_path: Path, broker: Mosquitto) -> None:
    central = Central(tmp_path, broker)
    history = History(central.cluster)
    with central.running():
        central.wait_for(lambda: len(history.entries()) == 1)
        content = central.cluster.read_text(encoding="utf-8")
        central.cluster.write_text(content + '[[members]]\nid = "new"\n', encoding="utf-8")
        central.wait_for(lambda: len(history.entries()) == 2)
        assert told(history.entries()[1]) == [("members", "new", "id", None, "new")]
        # A file that no cluster can be made of is no version: the one before stays the newest.
        central.cluster.write_text(content + '[[members]]\nid = ""\n', encoding="utf-8")
        central.wait_for(lambda: b"cluster_unusable" in central.log.read_bytes())
        assert len(history.entries()) == 2


def test_an_export_to_another_kind_of_file_is_refused_and_makes_no_folder(cluster: Path) -> None:
    done = run("export", cluster, cluster.with_name("c.ods"))
    assert done.returncode == 2
    assert "only a workbook .xlsx or a folder" in done.stderr
    assert not cluster.with_name("c.ods").exists()
