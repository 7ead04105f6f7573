"""``klaster-central settle`` as a coordinator runs it."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metering.period import Month

CLUSTER = """
[cluster]
name = "Test"
registered_from = 2026-10-11
[[members]]
id = "A"
name = "Town hall"
kind = "gmina"
[[members]]
id = "F"
kind = "company"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
tariff = "C11"
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "pv"
"""
RATES = """
[[rates]]
component = "oze"
zl_per_kwh = "0.01"
valid_to = 2026-10-21
status = "verified"
[[rates]]
component = "oze"
zl_per_kwh = "0.02"
valid_from = 2026-10-21
status = "unverified"
[[rates]]
component = "chp"
zl_per_kwh = "0.5"
[[rates]]
component = "chp"
tariff = "C11"
zl_per_kwh = "0"
status = "illustrative"
[[rates]]
component = "quality"
zone = "day"
zl_per_kwh = "1"
"""


def readings(month: str = "2026-10") -> str:
    rows = ["point,direction,start,wh"]
    for period in Month.parse(month).periods():
        rows += [f"A1,drawn,{period.start.isoformat()},1000", f"F1,injected,{period.start.isoformat()},750"]
    return "\n".join(rows)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, content in {"cluster.toml": CLUSTER, "rates.toml": RATES, "r.csv": readings()}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.fixture
def settle(files: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*more: str, month: str = "2026-10", out: str = "out") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "central", "settle", "--cluster", "cluster.toml", "--rates", "rates.toml"]
        command += ["--month", month, "--out", out, *(more or ("--readings", "r.csv"))]
        return subprocess.run(command, cwd=files, capture_output=True, text=True, check=False)

    return run


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_a_complete_month_exits_0_and_says_what_it_rests_on(files: Path, settle) -> None:
    done = settle()
    assert done.returncode == 0, done.stderr
    assert "745 of 745 hours" in done.stdout
    assert "simulation" in done.stdout
    hours = table(files / "out" / "hours.csv")
    assert len(hours) == 745
    assert hours[0]["start"] == "2026-09-30T22:00:00Z"
    assert hours[0]["local"] == "2026-10-01T00:00:00+02:00"
    local = [row["local"] for row in hours]
    assert "2026-10-25T02:00:00+02:00" in local
    assert "2026-10-25T02:00:00+01:00" in local
    assert {row["ratio_pct"] for row in hours} == {"75.0000"}
    assert {row["multiplier"] for row in hours} == {"0.90"}


def test_no_relief_before_registration_but_allocation_as_always(files: Path, settle) -> None:
    settle()
    shares = [row for row in table(files / "out" / "shares.csv") if row["point"] == "A1"]
    first = datetime(2026, 10, 10, 22, tzinfo=UTC)
    for row in shares:
        inside = datetime.fromisoformat(row["start"]) >= first
        assert (row["allocated_wh"], row["relieved_wh"]) == ("750", "750" if inside else "0")


def test_a_rate_that_changes_within_the_month_gives_a_row_for_each(files: Path, settle) -> None:
    settle()
    charges = table(files / "out" / "charges.csv")
    assert [row["component"] for row in charges] == ["chp", "network_variable", "oze", "oze", "quality"]
    old, new = (row for row in charges if row["component"] == "oze")
    assert (old["rate"], old["drawn_wh"], old["full_zl"], old["rate_status"]) == ("0.01", "480000", "4.80", "verified")
    assert (new["rate"], new["drawn_wh"], new["full_zl"], new["rate_status"]) == (
        "0.02",
        "265000",
        "5.30",
        "unverified",
    )
    assert old["relief_exact_zl"] == "1.8"
    assert new["charge_zl"] == "1.32"


def test_a_tariffs_own_rate_beats_the_general_and_a_missing_or_zoned_rate_is_never_zero(files: Path, settle) -> None:
    done = settle()
    by = {row["component"]: row for row in table(files / "out" / "charges.csv")}
    assert (by["chp"]["rate"], by["chp"]["full_zl"], by["chp"]["rate_status"]) == ("0", "0.00", "illustrative")
    for component in ("network_variable", "quality"):
        row = by[component]
        assert (row["rate"], row["full_zl"], row["relief_exact_zl"], row["rate_status"]) == ("", "", "", "missing")
        assert row["drawn_wh"] == "745000"
    assert "not known, a rate is missing" in done.stdout


def test_an_hour_that_lacks_a_value_is_incomplete_everywhere_and_exits_3(files: Path, settle) -> None:
    lacking = "\n".join(row for row in readings().split("\n") if "F1,injected,2026-10-12T10:00" not in row)
    (files / "r.csv").write_text(lacking, encoding="utf-8")
    done = settle("--readings", "r.csv", "--json")
    assert done.returncode == 3
    summary = json.loads(done.stdout)
    assert (summary["complete"], summary["periods"]) == (744, 745)
    assert summary["lacking"] == {"F1": 1}
    assert "Values are missing of F1 in 1 hours." in settle("--readings", "r.csv").stdout
    assert summary["energies_wh"]["drawn_wh"] == 744_000
    start = "2026-10-12T10:00:00Z"
    (hour,) = (row for row in table(files / "out" / "hours.csv") if row["start"] == start)
    assert hour["status"] == "incomplete"
    assert {hour[name] for name in hour if name not in {"start", "local", "status"}} == {""}
    shares = [row for row in table(files / "out" / "shares.csv") if row["start"] == start]
    assert [(r["drawn_wh"], r["injected_wh"], r["allocated_wh"], r["relieved_wh"]) for r in shares] == [
        ("1000", "", "", ""),
        ("", "", "", ""),
    ]


def test_bad_rows_exit_2_and_leave_what_was_there(files: Path, settle) -> None:
    settle()
    before = {path.name: path.read_bytes() for path in (files / "out").iterdir()}
    (files / "bad.csv").write_text("point,direction,start,wh\nA1,drawn,2026-10-05T10:00Z,1.5\n", encoding="utf-8")
    done = settle("--readings", "r.csv", "bad.csv")
    assert done.returncode == 2
    assert "bad.csv:2: wh '1.5' isn't a whole number" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in (files / "out").iterdir()} == before


def test_readings_take_any_number_of_files_and_may_be_repeated(files: Path, settle) -> None:
    rows = readings().split("\n")
    for name, part in {"a.csv": rows[1:500], "b.csv": rows[400:900], "c.csv": rows[900:]}.items():
        (files / name).write_text("\n".join([rows[0], *part]), encoding="utf-8")
    assert settle("--readings", "a.csv", "b.csv", "--readings", "c.csv").returncode == 0


def test_binding_needs_the_commissions_outcome_and_its_date_and_both_are_said_at_once(files: Path, settle) -> None:
    (files / "cluster.toml").write_text(CLUSTER + '[settings]\nregime_status = "binding"\n', encoding="utf-8")
    done = settle()
    assert done.returncode == 2
    assert "settings.ec_outcome" in done.stderr
    assert "settings.ec_outcome_date" in done.stderr
    given = '[settings]\nregime_status = "binding"\nec_outcome = "not_aid"\nec_outcome_date = 2026-09-30\n'
    (files / "cluster.toml").write_text(CLUSTER + given, encoding="utf-8")
    done = settle()
    assert done.returncode == 0, done.stderr
    assert "Binding: the relief of art. 184k ust. 1" in done.stdout
    assert "suspended until the European Commission decided" in " ".join(done.stdout.split())
    assert "nobody recorded the amended contract" in " ".join(done.stdout.split())


def test_all_problems_of_both_files_are_said_at_once(files: Path, settle) -> None:
    wrong = CLUSTER.replace('member = "A"', 'member = "Z"').replace('id = "F1"', 'id = "590543599000000013"')
    wrong = wrong.replace('kind = "company"', 'kind = "club"').replace('source = "pv"', 'sourse = "pv"')
    (files / "cluster.toml").write_text(wrong + '[settings]\nabove_100 = "both"\n', encoding="utf-8")
    (files / "rates.toml").write_text('[[rates]]\ncomponent = "oze"\nzl_per_kwh = "x"\n', encoding="utf-8")
    done = settle()
    assert done.returncode == 2
    for said in ("settings.above_100", "members[2].kind", "points[2].sourse", "zl_per_kwh"):
        assert said in done.stderr


def test_a_ppe_with_a_wrong_check_digit_is_refused(files: Path, settle) -> None:
    (files / "cluster.toml").write_text(CLUSTER.replace('id = "F1"', 'id = "590543599000000013"'), encoding="utf-8")
    done = settle()
    assert done.returncode == 2
    assert "check digit is 3, but 59054359900000001 needs 2" in done.stderr


def test_two_equally_specific_rates_on_one_day_are_refused(files: Path, settle) -> None:
    (files / "rates.toml").write_text(
        RATES.replace("valid_from = 2026-10-21", "valid_from = 2026-10-20"), encoding="utf-8"
    )
    done = settle()
    assert done.returncode == 2
    assert "rates[2]" in done.stderr
    assert "2026-10-20" in done.stderr


def test_a_month_without_any_reading_is_written_incomplete(files: Path, settle) -> None:
    done = settle(month="2026-11")
    assert done.returncode == 3
    charges = table(files / "out" / "charges.csv")
    assert {(row["drawn_wh"], row["full_zl"]) for row in charges} == {("", "")}
    assert "1490 outside the months" in done.stdout


def test_several_months_follow_one_another(files: Path, settle) -> None:
    (files / "r.csv").write_text(readings() + "\n" + readings("2026-11").split("\n", 1)[1], encoding="utf-8")
    command = [sys.executable, "-m", "central", "settle", "--cluster", "cluster.toml", "--out", "year"]
    command += ["--from", "2026-10", "--to", "2026-11", "--readings", "r.csv"]
    done = subprocess.run(command, cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    starts = [datetime.fromisoformat(row["start"]) for row in table(files / "year" / "hours.csv")]
    assert len(starts) == 745 + 720
    assert all(b - a == timedelta(hours=1) for a, b in itertools.pairwise(starts))


@pytest.mark.parametrize("words", [["--month", "2026-13"], ["--from", "2026-02", "--to", "2026-01"], []])
def test_months_that_make_no_sense_are_usage_errors(files: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "central", "settle", "--cluster", "cluster.toml", "--readings", "r.csv"]
    done = subprocess.run([*command, "--out", "o", *words], cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not (files / "o").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "gmina"', 'kind = "city"', "expected gmina, powiat"),
        ("registered_from = 2026-10-11", 'registered_from = "2026-10-11"', "without quotes"),
        ('directions = ["drawn"]', 'directions = ["in"]', "expected a list of drawn, injected"),
        ('[[members]]\nid = "F"\nkind = "company"', "", "no member has this id"),
        ('source = "pv"', 'source = "coal"', "expected one of pv, wind"),
        ('source = "pv"', "", "is missing: the point injects"),
        (
            '[[points]]\nid = "A1"',
            '[[meters]]\nserial = "1"\npoint = "A1"\nrole = "settlement"\nmultiplier = nan\n[[points]]\nid = "A1"',
            "above 0",
        ),
        ('name = "Test"', 'name = ""', "expected a name"),
    ],
)
def test_a_mistake_in_the_cluster_file_says_what_was_expected(
    files: Path, settle, old: str, new: str, said: str
) -> None:
    assert old in CLUSTER
    (files / "cluster.toml").write_text(CLUSTER.replace(old, new, 1), encoding="utf-8")
    done = settle()
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_names_that_look_like_markup_or_escapes_are_shown_plain(files: Path, settle) -> None:
    (files / "cluster.toml").write_text(CLUSTER.replace('"Test"', '"a [/foo] [red]x\\u001b[31m"'), encoding="utf-8")
    done = settle()
    assert done.returncode == 0, done.stderr
    assert "a [/foo] [red]x" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_source_is_ignored_where_nothing_is_injected(files: Path, settle) -> None:
    (files / "cluster.toml").write_text(
        CLUSTER.replace('directions = ["drawn"]', 'directions = ["drawn"]\nsource = "coal"'), encoding="utf-8"
    )
    assert settle().returncode == 0


def test_a_folder_where_a_file_should_go_leaves_everything_as_it_was(files: Path, settle) -> None:
    (files / "out" / "charges.csv").mkdir(parents=True)
    (files / "out" / "hours.csv").write_text("old", encoding="utf-8")
    done = settle()
    assert done.returncode == 2
    assert "charges.csv" in done.stderr
    assert (files / "out" / "hours.csv").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in (files / "out").iterdir()) == ["charges.csv", "hours.csv"]


def test_without_a_complete_hour_nothing_is_said_to_be_zero(files: Path, settle) -> None:
    done = settle(month="2026-11")
    assert "Covered: not known, none of the hours is complete" in done.stdout
    assert "Relief in all: not known, none of the hours is complete" in done.stdout
    assert "0.000" not in done.stdout


@pytest.mark.parametrize(
    ("settings", "said", "renewable"),
    [
        ("", "the part charged from renewable generation", "0"),
        ('storage_tracing = "none"', "nothing is taken as renewable", "0"),
        ('storage_tracing = "all"', "everything is taken as renewable", "750"),
        ('storage = "as_metered"', "Storage is settled as metered", "750"),
    ],
)
def test_the_summary_says_how_a_storage_is_settled(
    files: Path, settle, settings: str, said: str, renewable: str
) -> None:
    assert "torage" not in settle().stdout
    storage = CLUSTER.replace('source = "pv"', 'source = "storage"')
    (files / "cluster.toml").write_text(f"{storage}[settings]\n{settings}\n", encoding="utf-8")
    done = settle()
    assert done.returncode == 0, done.stderr
    assert said in " ".join(done.stdout.split())
    hours = table(files / "out" / "hours.csv")
    assert (hours[0]["injected_res_wh"], hours[0]["injected_other_wh"]) == (renewable, str(750 - int(renewable)))
    assert "storage_charge_wh" not in hours[0], "this storage declares no drawn: no charging is left out"


BATTERY = '[[meters]]\nserial = "B"\npoint = "F1"\nrole = "storage"\n'


def test_files_show_nothing_of_a_storage_behind_a_plant_so_all_it_injects_counts_as_other(files: Path, settle) -> None:
    (files / "cluster.toml").write_text(CLUSTER + BATTERY, encoding="utf-8")
    done = settle()
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "In 745 hours its own meter has no value: all that is injected there counts as other." in said
    assert "nothing shows its origin (storage_origin)" in said
    hours = table(files / "out" / "hours.csv")
    assert {(row["injected_res_wh"], row["injected_other_wh"]) for row in hours} == {("0", "750")}
    assert "storage_charge_wh" not in hours[0]


def test_by_meter_files_leave_every_hour_incomplete_that_needs_the_storages_meter(files: Path, settle) -> None:
    later = BATTERY + 'valid_from = 2026-10-31\n[settings]\nstorage_origin = "by_meter"\n'
    (files / "cluster.toml").write_text(CLUSTER + later, encoding="utf-8")
    assert settle().returncode == 3
    hours = table(files / "out" / "hours.csv")
    assert [row["status"] for row in hours] == ["complete"] * 721 + ["incomplete"] * 24
    assert {row["injected_res_wh"] for row in hours} == {"750", ""}


def test_what_a_storage_holds_goes_through_the_months_of_one_settlement(files: Path, settle) -> None:
    cluster = CLUSTER.replace('["injected"]\nsource = "pv"', '["drawn", "injected"]\nsource = "storage"')
    (files / "cluster.toml").write_text(cluster, encoding="utf-8")
    rows = ["point,direction,start,wh"]
    for start, charge, discharge in (("2026-10-30T10:00Z", 900, 0), ("2026-11-02T10:00Z", 0, 350)):
        rows += [f"A1,drawn,{start},1000", f"F1,drawn,{start},{charge}", f"F1,injected,{start},{discharge}"]
    (files / "r.csv").write_text("\n".join(rows), encoding="utf-8")
    command = ["settle", "--cluster", "cluster.toml", "--readings", "r.csv", "--out", "out", "--json"]
    for first, held in (("2026-10", 550), ("2026-11", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "central", *command, "--from", first, "--to", "2026-11"],
            cwd=files,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        (storage,) = json.loads(done.stdout)["storages"]
        assert (storage["given_wh"], storage["total_wh"], storage["res_wh"]) == (350, held, 0)
