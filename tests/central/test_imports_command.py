"""Importing files as a coordinator does it: without a service, beside one, with a server that is down, and rebuilt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from central.archive import Archive
from central.cli import main
from central.config import load_config
from central.intake_file import IntakeFile
from central.journal import Journal
from central.opened import open_store
from central.readings import Entry
from metering.period import Month, utc_text
from tests.central import operator_files as files
from tests.central.made_books import stand
from tests.central.operator_files import AUTUMN_DAY, POINT, SUMMER_DAY
from tests.central.serving import serving
from tests.influx import Influxd
from tests.mosquitto import Mosquitto, free_port

JUNE = Month(2026, 6)
CLUSTER = f"""
[cluster]
name = "Test"
registered_from = 2024-10-01
[settings]
precedence = "operator"
[[members]]
id = "A"
[[points]]
id = "{POINT}"
member = "A"
directions = ["drawn", "injected"]
source = "pv"
"""


class Desk:
    """A configuration, and files beside it."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        self.config = folder / "central.toml"
        self.config.write_text(f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n{more}', encoding="utf-8")
        (folder / "cluster.toml").write_text(CLUSTER, encoding="utf-8")

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run(self, command: str, *words: str) -> Result:
        return CliRunner().invoke(main, [command, str(self.config), *words])

    def imported(self, *words: str, exit_code: int = 0) -> list[dict[str, Any]]:
        done = self.run("import", *words, "--json")
        assert done.exit_code == exit_code, done.output
        return list(json.loads(done.stdout))

    def counted(self) -> dict[tuple[str, str, int], str]:
        store = open_store(load_config(self.config), read_only=True)
        rows = store.intervals(JUNE.start, JUNE.end).to_pylist()
        store.close()
        return {(row["direction"], row["kind"], int(row["start"].timestamp())): row["wh"] for row in rows}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


PGE = files.pge(SUMMER_DAY)
CORRECTED = PGE.replace(b"0,310", b"0,999").replace(b";0,317;", b";;")
EXPECTED = files.expected(SUMMER_DAY, files.ALL_FOUR)


def test_a_dry_run_says_what_an_import_would_do_and_changes_nothing(desk: Desk) -> None:
    (report,) = desk.imported(desk.file("a.csv", PGE), "--dry-run")
    assert (report["state"], report["layout"], report["number"]) == ("dry_run", "pge-wide", None)
    assert [(one["direction"], one["kind"], one["values"], one["new"]) for one in report["series"]] == [
        ("drawn", "netted", 24, 24),
        ("drawn", "raw", 24, 24),
        ("injected", "netted", 24, 24),
        ("injected", "raw", 24, 24),
    ]
    assert not (desk.folder / "data").exists()


def test_a_newer_file_counts_value_by_value_and_says_what_it_changes(desk: Desk) -> None:
    first = desk.file("a.csv", PGE)
    assert [one["state"] for one in desk.imported(first)] == ["counted"]
    assert desk.counted() == EXPECTED
    (report,) = desk.imported(desk.file("b.csv", CORRECTED))
    drawn = next(one for one in report["series"] if (one["direction"], one["kind"]) == ("drawn", "raw"))
    assert (drawn["new"], drawn["same"], drawn["changed"]) == (0, 22, 1)
    assert (drawn["changed_from_wh"], drawn["changed_to_wh"]) == ("310", "999")
    assert report["missing"] == 2, "an empty cell of two rows"
    start = int(files.local_starts(SUMMER_DAY)[0].timestamp())
    changed = {("drawn", "raw", start): "999", ("drawn", "netted", start): "999"}
    assert desk.counted() == EXPECTED | changed
    assert [(one["state"], one["number"], one["series"]) for one in desk.imported(first)] == [("known", 1, [])]
    assert desk.counted() == EXPECTED | changed
    rows = json.loads(desk.run("files", "--json").stdout)
    assert [(row["name"], row["versions"], row["counts"], row["taken_in"]) for row in rows] == [
        ("a.csv", 96, 94, True),
        ("b.csv", 2, 2, True),
    ]
    assert "pge-wide" in desk.run("files").output


def test_each_file_is_whole_or_not_at_all_unless_the_rest_is_accepted(desk: Desk) -> None:
    bad = desk.file("bad.csv", PGE + b"5.9E+17;20260601;En.Czynna Oddana;0,1\n")
    done = desk.run("import", bad)
    assert (done.exit_code, "line 5: point '5.9E+17' has an exponent" in done.output) == (2, True)
    assert not (desk.folder / "data" / "files.sqlite").exists()
    good, odd = desk.file("good.csv", files.klaster(SUMMER_DAY)), desk.file("odd.csv", b"a;b\n1;2\n")
    reports = desk.imported(good, odd, bad, exit_code=3)
    assert [one["state"] for one in reports] == ["counted", "refused", "refused"]
    (report,) = desk.imported(bad, "--accept-rest", exit_code=3)
    assert (report["state"], len(report["bad"])) == ("counted", 1)
    assert desk.counted() == EXPECTED
    (row,) = [row for row in json.loads(desk.run("files", "--json").stdout) if row["name"] == "bad.csv"]
    assert row["bad"] == 1


def test_what_the_cluster_file_has_no_use_for_is_kept_and_said(desk: Desk) -> None:
    cluster = desk.folder / "cluster.toml"
    cluster.write_text(CLUSTER.replace('["drawn", "injected"]\nsource = "pv"', '["drawn"]'), encoding="utf-8")
    (report,) = desk.imported(desk.file("c.csv", files.cooperative(SUMMER_DAY)))
    said = "\n".join(note["text"] for note in report["notes"])
    assert f"point {files.ENEA_POINT} isn't in the cluster file" in said
    assert f"point {POINT} doesn't declare injected" in said


def test_a_file_of_which_nothing_counts_is_kept_said_so_plainly_and_counts_when_its_point_is_entered(
    desk: Desk,
) -> None:
    content = files.lines(["point,direction,start,wh", f"{files.ENEA_POINT},drawn,2026-06-17T10:00+02:00,5"])
    said = desk.run("import", desk.file("other.csv", content))
    assert (said.exit_code, "nothing of it counts until its points are in the cluster file" in said.output) == (3, True)
    (again,) = desk.imported(str(desk.folder / "other.csv"), exit_code=3)
    assert (again["state"], again["unknown"], again["fits"]) == ("known", 1, False)
    cluster = desk.folder / "cluster.toml"
    more = f'[[points]]\nid = "{files.ENEA_POINT}"\nmember = "A"\ndirections = ["drawn"]\n'
    cluster.write_text(cluster.read_text(encoding="utf-8") + more, encoding="utf-8")
    (known,) = desk.imported(str(desk.folder / "other.csv"))
    assert (known["state"], known["unknown"]) == ("known", 0)


def test_what_puts_a_file_in_doubt_is_a_finding_until_somebody_acknowledges_it(desk: Desk) -> None:
    content = files.cooperative(SUMMER_DAY, other_sum=2).replace(b",+", b",?", 2)
    desk.imported(desk.file("c.csv", content))

    def found() -> dict[str, list[dict[str, Any]]]:
        done = desk.run("findings", "--json")
        assert done.exit_code == 0, done.output
        kinds: dict[str, list[dict[str, Any]]] = {}
        for row in json.loads(done.stdout)["findings"]:
            kinds.setdefault(row["kind"], []).append(row)
        return kinds

    kinds = found()
    assert [row["what"] for row in kinds["unknown_point"]] == [files.ENEA_POINT]
    (status,) = [row for row in kinds["file_doubt"] if "'?'" in row["text"]]
    assert (status["what"], status["where"], status["first"], status["weight"]) == (
        "c.csv",
        "file 1, line 6",
        "2",
        "doubt",
    )
    assert [row["first"] for row in kinds["file_doubt"] if "the file's sum is" in row["text"]] == ["24"]
    cluster = desk.folder / "cluster.toml"
    more = f'[[points]]\nid = "{files.ENEA_POINT}"\nmember = "A"\ndirections = ["drawn"]\n'
    cluster.write_text(cluster.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert "unknown_point" not in found()


def test_a_file_s_doubt_is_open_in_every_month_of_which_it_has_values_and_keeps_each_from_closing(desk: Desk) -> None:
    desk.imported(desk.file("pge.csv", files.pge(AUTUMN_DAY) + files.pge(SUMMER_DAY).split(b"\n", 1)[1]))
    doubted = "24 cells can't hold the doubled hour"
    for month, there in (("2026-10", True), ("2026-06", True), ("2026-05", False), ("2026-11", False)):
        assert (doubted in desk.run("findings", "--month", month).output) == there, month
        assert (doubted in desk.run("closing", "--month", month).output) == there, month


def test_a_direction_that_the_file_contradicts_is_refused_also_where_each_row_says_its_own(desk: Desk) -> None:
    name = desk.file("csire.xml", files.csire(SUMMER_DAY))
    (report,) = desk.imported(name, "--direction", "injected", exit_code=2)
    assert report["reason"] == "the file says direction drawn, and it was given as injected"
    settled = ["settle", "--cluster", str(desk.folder / "cluster.toml"), "--month", "2026-06"]
    both = desk.file("c.csv", files.tauron(SUMMER_DAY, "c"))
    done = CliRunner().invoke(
        main, [*settled, "--readings", f"{POINT}:drawn={both}", "--out", str(desk.folder / "out")]
    )
    assert (done.exit_code, "the file says direction injected" in done.output) == (2, True)


def test_imported_values_are_settled_and_compared_with_ones_own(desk: Desk) -> None:
    assert desk.run("compare", "--month", "2026-06").exit_code == 2
    assert desk.run("files").stdout == "No file has been imported yet.\n"
    desk.imported(desk.file("a.csv", files.tauron(SUMMER_DAY, "e")), "--point", POINT)
    answer = json.loads(desk.run("balance", "--day", str(SUMMER_DAY), "--json").stdout)
    assert answer["complete"] == 24
    assert answer["sums"]["drawn_wh"] == sum(files.drawn(place) for place in range(24))
    assert "Nothing was compared" in desk.run("compare", "--month", "2026-06").stdout
    done = desk.run("compare", "--month", "2026-06", "--json")
    assert done.exit_code == 3, "nothing could be compared"
    points = json.loads(done.stdout)["points"]
    assert [(one["direction"], one["both"], one["only_operator"]) for one in points] == [
        ("drawn", 0, 24),
        ("injected", 0, 24),
    ]


def test_own_stands_and_operators_values_differ_where_they_do_and_the_setting_says_which_counts(desk: Desk) -> None:
    cluster = desk.folder / "cluster.toml"
    meter = f'[[meters]]\nserial = "M1"\npoint = "{POINT}"\nrole = "settlement"\n'
    cluster.write_text(CLUSTER + meter, encoding="utf-8")
    starts = files.local_starts(SUMMER_DAY)
    at = [*starts, starts[-1] + timedelta(hours=1)]
    stands = []
    for register, value, first in (("1-0:1.8.0", files.drawn, 10**6), ("1-0:2.8.0", files.injected, 10**7)):
        sums = [first + sum(value(place) + (place == 7) * 5 for place in range(count)) for count in range(25)]
        stands += [stand("M1", register, instant, wh) for instant, wh in zip(at, sums, strict=True)]
    (desk.folder / "data").mkdir()
    store = open_store(load_config(desk.config))
    store.admit([Entry(journal=1, gateway="g1", stand=one) for one in stands], [], 1)
    store.close()
    content = files.enea(SUMMER_DAY).replace(b'"0,317"', b'""', 1)
    desk.imported(desk.file("a.csv", content), "--point", POINT)
    done = desk.run("compare", "--month", "2026-06", "--json")
    assert done.exit_code == 1, done.output
    answer = json.loads(done.stdout)
    drawn, injected = answer["points"]
    assert (drawn["both"], drawn["only_own"], drawn["only_operator"], drawn["differing"]) == (23, 1, 0, 1)
    assert [(row["start"], row["difference_wh"], row["file"]) for row in drawn["periods"]] == [(utc_text(at[7]), -5, 1)]
    assert [(day["day"], day["differing"]) for day in injected["days"]] == [(str(SUMMER_DAY), 1)]
    assert desk.run("compare", "--month", "2026-06", "--tolerance-wh", "5").exit_code == 0

    def drawn_in_all() -> int:
        return int(json.loads(desk.run("balance", "--day", str(SUMMER_DAY), "--json").stdout)["sums"]["drawn_wh"])

    whole = sum(files.drawn(place) for place in range(24))
    assert drawn_in_all() == whole, "the operator's, and one's own where it has none"
    cluster.write_text((CLUSTER + meter).replace('"operator"', '"own"'), encoding="utf-8")
    assert drawn_in_all() == whole + 5


def test_settling_from_files_takes_operators_files_too_the_later_counts(desk: Desk) -> None:
    first, later = desk.file("a.csv", PGE), desk.file("b.csv", CORRECTED)
    cluster, out = str(desk.folder / "cluster.toml"), str(desk.folder / "out")
    words = ["settle", "--cluster", cluster, "--month", "2026-06", "--out", out, "--json", "--readings"]
    done = CliRunner().invoke(main, [*words, first, later])
    assert done.exit_code == 3, done.output
    rows = (desk.folder / "out" / "hours.csv").read_text(encoding="utf-8").splitlines()
    column = rows[0].split(",").index("drawn_wh")
    drawn = [int(cells[column]) for row in rows[1:] if (cells := row.split(","))[column]]
    assert drawn == [999, *(files.drawn(place) for place in range(1, 24))]
    bad = desk.file("bad.csv", PGE + b"5.9E+17;20260601;En.Czynna Oddana;0,1\n")
    done = CliRunner().invoke(main, [*words, bad])
    assert (done.exit_code, "bad.csv:5: point '5.9E+17' has an exponent" in done.output) == (2, True), done.output


def test_usage_that_can_t_be_meant_ends_with_a_message(desk: Desk) -> None:
    done = desk.run("import", desk.file("a.csv", PGE), "--point", "590543599000000013")
    assert (done.exit_code, "check digit" in done.output) == (2, True)
    done = desk.run("import", str(desk.folder / "none.csv"))
    assert (done.exit_code, "there is no such file" in done.output) == (2, True)
    done = desk.run("import", desk.file("t.csv", files.tauron(SUMMER_DAY, "c")))
    assert (done.exit_code, "--point PPE" in " ".join(done.output.split())) == (2, True)


def test_a_store_that_was_lost_is_rebuilt_from_journal_and_archive(desk: Desk) -> None:
    desk.imported(desk.file("a.csv", PGE), desk.file("b.csv", CORRECTED))
    before = desk.counted()
    config = load_config(desk.config)
    Journal(config.journal).close()
    config.readings.unlink()
    done = desk.run("rebuild")
    assert (done.exit_code, "0 messages and 2 files" in done.output) == (0, True), done.output
    assert desk.counted() == before
    archive = Archive(config.files, read_only=True)
    assert archive.content(1) == PGE
    archive.close()


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < give_up, "it didn't happen"
        time.sleep(0.2)
    return found


@pytest.mark.e2e
def test_beside_a_running_service_the_archive_is_the_inbox(tmp_path: Path, broker: Mosquitto) -> None:
    desk = Desk(tmp_path, f"[broker]\nport = {broker.port}\n[web]\nport = {free_port()}\n")
    with serving(desk.config) as log:
        wait_for(lambda: b"connected" in log.read_bytes())
        assert [one["state"] for one in desk.imported(desk.file("a.csv", PGE))] == ["counted"]
        (report,) = desk.imported(desk.file("b.csv", CORRECTED))
        assert (report["state"], sum(one["changed"] for one in report["series"])) == ("counted", 2)
        assert len(desk.counted()) == 96
        assert b"files_taken_in" in log.read_bytes()


@pytest.mark.e2e
def test_a_server_that_is_down_means_lag_and_values_move_to_sqlite_and_back(tmp_path: Path, influxd: Influxd) -> None:
    server = influxd.settings
    desk = Desk(
        tmp_path,
        f'[store]\nkind = "influxdb"\nurl = "{server.url}"\nbucket = "{server.bucket}"\n'
        f'token_file = "{server.token_file}"\ntimeout_s = 5\n',
    )
    (report,) = desk.imported(desk.file("a.csv", PGE), exit_code=3)
    assert report["state"] == "waiting"
    (report,) = desk.imported(desk.file("b.csv", CORRECTED), exit_code=3)
    assert sum(one["changed"] for one in report["series"]) == 2, "what changes is known without the server"
    config = load_config(desk.config)
    influxd.start()
    assert [one["state"] for one in desk.imported(desk.file("a.csv", PGE))] == ["known"]
    on_server = desk.counted()
    assert len(on_server) == 96
    start = int(files.local_starts(SUMMER_DAY)[0].timestamp())
    assert on_server["drawn", "raw", start] == "999"
    intake = IntakeFile(config.intake, read_only=True)
    assert intake.files_on_server() == 2
    intake.close()
    Journal(config.journal).close()
    assert desk.run("rebuild", "--store", "sqlite").exit_code == 0
    desk.config.write_text(desk.config.read_text().replace('"influxdb"', '"sqlite"'), encoding="utf-8")
    assert desk.counted() == on_server
    config.intake.unlink()
    assert desk.run("rebuild", "--store", "influxdb").exit_code == 0
    desk.config.write_text(desk.config.read_text().replace('"sqlite"', '"influxdb"'), encoding="utf-8")
    assert desk.counted() == on_server


def test_an_archive_that_was_lost_or_damaged_stops_an_import_and_says_what_to_do(desk: Desk) -> None:
    desk.imported(desk.file("a.csv", PGE))
    before, archive = desk.counted(), desk.folder / "data" / "files.sqlite"
    kept = archive.read_bytes()
    archive.write_bytes(b"x" * 5000)
    done = desk.run("import", desk.file("b.csv", CORRECTED))
    assert (done.exit_code, f"{archive.name} is damaged" in done.stderr, "restore" in done.stderr) == (2, True, True)
    archive.unlink()
    done = desk.run("import", desk.file("b.csv", CORRECTED))
    assert (done.exit_code, "values of 1 imported file" in done.stderr, "away" in done.stderr) == (2, True, True)
    assert desk.run("files").exit_code == 2
    assert desk.counted() == before, "a file that would have got a number again isn't in"
    archive.write_bytes(kept)
    store = desk.folder / "data" / "readings.sqlite"
    store.write_bytes(b"x" * 5000)
    done = desk.run("import", desk.file("b.csv", CORRECTED))
    assert (done.exit_code, f"{store.name} is damaged" in done.stderr) == (2, True)
    for file in store.parent.glob("readings.sqlite*"):
        file.unlink()
    (report,) = desk.imported(desk.file("b.csv", CORRECTED))
    assert (report["number"], len(desk.counted()), desk.counted() != before) == (2, len(before), True)


def test_a_dry_run_of_a_file_with_bad_rows_says_that_it_would_be_refused(desk: Desk) -> None:
    name = desk.file("a.csv", PGE.replace(b"0,310", b"1 310"))
    (report,) = desk.imported(name, "--dry-run", exit_code=2)
    assert (report["state"], report["reason"]) == ("refused", "2 bad rows; --accept-rest takes its good rows")
    (report,) = desk.imported(name, "--dry-run", "--accept-rest", exit_code=3)
    assert report["state"] == "dry_run"
