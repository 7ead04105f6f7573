"""Every command as a stranger meets it: each word missing, spoilt or unknown is one message and exit code 2."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from central.cli import main

EXAMPLE = Path(__file__).parents[2] / "docs" / "example"
PPE = "590322499000000014"
CONFIG, CLUSTER, RATES, READINGS = "central.toml", "cluster.toml", "rates.toml", "readings-hours.csv"
FILES = f"--cluster {CLUSTER} --rates {RATES} --month 2026-10 --readings {READINGS}"
COMMANDS = {
    "approve": f"{CONFIG} 2026-10-preliminary-1 --by Ola",
    "backup": f"{CONFIG} out.tar",
    "balance": f"{CONFIG} --month 2026-10",
    "closing": f"{CONFIG} --month 2026-10",
    "cluster check": CLUSTER,
    "cluster diff": f"{CLUSTER} copy.toml",
    "cluster export": f"{CLUSTER} out",
    "cluster history": CLUSTER,
    "cluster import": f"copy.toml target.toml --config {CONFIG}",
    "clusters": CONFIG,
    "compare": f"{CONFIG} --month 2026-10",
    "complaint": f"{CONFIG} --month 2026-10 --party operator --out out",
    "completeness": f"{CONFIG} --month 2026-10 --point {PPE}",
    "conditions": f"{CONFIG} --on 2026-10-31",
    "correction propose": f"{CONFIG} --month 2026-10",
    "deadlines": f"{CONFIG} --on 2026-10-31",
    "diff": f"{CONFIG} 2026-10-preliminary-1 2026-10-final",
    "estimate": f"{CONFIG} --point {PPE} --from 2026-10-01 --to 2026-10-02 --method linear --reason x --by y --dry-run",
    "estimates": CONFIG,
    "explain": f"{CONFIG} --month 2026-10 --member gmina --depth 0",
    "figures compare": f"{CONFIG} --month 2026-10 --run 2026-10-final",
    "figures import": f"{CONFIG} figures.csv --by y",
    "figures list": f"{CONFIG} --month 2026-10",
    "files": CONFIG,
    "findings": f"{CONFIG} --month 2026-10",
    "gateways": CONFIG,
    "import": f"{CONFIG} {READINGS} --dry-run",
    "papers": f"{CONFIG} annual-report --out out",
    "radar": FILES,
    "readings-of-law": FILES,
    "rebuild": CONFIG,
    "request": f"{CONFIG} gw-1 --month 2026-10",
    "requests": CONFIG,
    "run": f"{FILES} --kind preliminary --register out",
    "runs export": f"{CONFIG} 2026-10-final --out out.klaster",
    "runs list": f"{CONFIG} --month 2026-10",
    "runs show": f"{CONFIG} 2026-10-final",
    "serve": CONFIG,
    "settle": f"{FILES} --out out",
    "shares": f"{CONFIG} --month 2026-10",
    "stands": f"{CONFIG} --day 2026-10-05",
    "statement": f"{CONFIG} --run 2026-10-final --member gmina --out out",
    "validate": f"{CONFIG} --month 2026-10",
    "verify": f"{CONFIG} 2026-10-final",
}
NOT_RUN = {"backup", "rebuild", "request", "serve", "approve", "runs export"}
"""What can't be done twice, or not here, is only tried with spoilt words."""
INPUTS = {CONFIG, CLUSTER, RATES, READINGS, "copy.toml", "figures.csv"}
SPOILT_FILES = ("gone", "folder", "empty", "binary")
MAY_SPOIL = {("cluster history", "empty"), ("cluster history", "binary")}
MAY_SPOIL |= {(name, "empty") for name in ("radar", "readings-of-law", "run", "settle")}
MAY_SPOIL |= {("figures list", "folder"), ("runs list", "folder")}
"""Nothing was recorded of any file yet; a file of rates may be empty; a folder may become a register."""
UNKNOWN = {
    "2026-10": "2026-13",
    "2026-10-05": "2026-02-30",
    "2026-10-31": "9999-12-31",
    "2026-10-01": "2026-10-32",
    "2026-10-02": "9999-12-31",
    "2026-10-preliminary-1": "2026-10-preliminary-9",
    "2026-10-final": "../../etc/passwd",
    "gmina": "nobody",
    "gw-1": "nobody",
    "annual-report": "novel",
    PPE: "590000000000000000",
}
ABOUT_FILES = {"import", "figures import", "clusters"}
"""They tell of each file what became of it, on standard output even where all were refused."""
TOLD_OF_THE_FUTURE = {"closing", "explain", "figures list", "findings", "readings-of-law", "runs list", "settle"}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the docs, imported, settled and closed."""
    folder = tmp_path_factory.mktemp("books")
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)
    shutil.copy(folder / CLUSTER, folder / "copy.toml")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    clock = f"[clock]\nstart = 2026-11-20T12:00:00Z\nreal_start = {now}\nspeed = 1\n"
    text = f'[central]\ndata_dir = "data"\ncluster = "{CLUSTER}"\nrates = ["{RATES}"]\n{clock}'
    (folder / CONFIG).write_text(text, encoding="utf-8")
    head = "party,document,month,point,component,net_zl\n"
    (folder / "figures.csv").write_text(f"{head}operator,D1,2026-10,{PPE},oze,42.89\n", encoding="utf-8")
    (folder / "folder").mkdir()
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)) * 8)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for words in (
            f"import {CONFIG} {READINGS} readings-quarters.csv --by Ola",
            f"run {CONFIG} --month 2026-10 --kind preliminary",
            f"approve {CONFIG} 2026-10-preliminary-1 --by Ola",
            f"run {CONFIG} --month 2026-10 --kind final --by Ola",
        ):
            done = CliRunner().invoke(main, words.split())
            assert done.exit_code == 0, done.output
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(books: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(books)
    return books


def invoked(name: str, words: list[str]) -> Result:
    done = CliRunner().invoke(main, [*name.split(), *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    assert "Traceback" not in done.output, words
    return done


def commands(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    for one, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name}{one} ")
        else:
            yield f"{name}{one}", command


def test_every_command_is_tried_here() -> None:
    assert {name for name, _ in commands(main)} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_word_that_is_missing_spoilt_or_unknown_is_one_message_and_exit_code_2(name: str, here: Path) -> None:
    words = COMMANDS[name].split()
    for place, word in enumerate(words):
        spoilt = SPOILT_FILES if word in INPUTS else (UNKNOWN[word],) if word in UNKNOWN else ()
        for other in spoilt:
            done = invoked(name, [*words[:place], other, *words[place + 1 :]])
            if (name, other) in MAY_SPOIL:
                continue
            assert done.exit_code == 2, (word, other, done.output)
            assert done.stdout == "" or name in ABOUT_FILES, (word, other, done.stdout)
            assert other in done.output or "CSV" in done.output, (word, other, done.output)
    required = [place for place, word in enumerate(words) if not word.startswith("--")][:1]
    for place in required:
        before = place - 1 if place and words[place - 1].startswith("--") else place
        done = invoked(name, words[:before] + words[place + 1 :])
        assert (done.exit_code, done.stdout, done.stderr != "") == (2, "", True), done.output


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NOT_RUN))
def test_with_json_standard_output_is_one_document_or_nothing(name: str, here: Path) -> None:
    words = COMMANDS[name].split()
    command = dict(commands(main))[name]
    if not any("--json" in option.opts for option in command.params):
        assert name == "cluster export"
        return
    done = invoked(name, [*words, "--json"])
    answer: Any = json.loads(done.stdout) if done.stdout else None
    assert (answer is None) == (done.exit_code == 2 and name not in ABOUT_FILES), done.output
    if "2026-10" not in words:
        return
    future = invoked(name, ["2031-01" if word == "2026-10" else word for word in [*words, "--json"]])
    if name in TOLD_OF_THE_FUTURE:
        assert json.loads(future.stdout)
    else:
        assert (future.exit_code, future.stdout, "2031-01" in future.stderr) == (2, "", True), future.output


@pytest.mark.parametrize("target", [CONFIG, "binary", "folder"])
def test_data_of_a_cluster_never_take_the_place_of_another_file(target: str, here: Path) -> None:
    before = (here / target).read_bytes() if (here / target).is_file() else None
    done = invoked("cluster import", ["copy.toml", target])
    assert (done.exit_code, "nothing was changed" in done.stderr) == (2, True), done.output
    assert before is None or (here / target).read_bytes() == before


def test_a_run_of_the_present_month_is_made_and_says_until_when_its_values_go(
    books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(books, tmp_path / "books")
    monkeypatch.chdir(folder)
    series = {line.rsplit(",", 2)[0] for file in EXAMPLE.glob("readings-*.csv") for line in file.open(encoding="utf-8")}
    series.remove("point,direction")
    hours = [f"{one},2026-11-01T{hour:02}:00:00+01:00,500" for one in sorted(series) for hour in range(3)]
    (folder / "november.csv").write_text("\n".join(["point,direction,start,wh", *hours]) + "\n", encoding="utf-8")
    assert invoked("import", [CONFIG, "november.csv", "--by", "Ola"]).exit_code == 0
    made = invoked("run", [CONFIG, "--month", "2026-11", "--kind", "preliminary"])
    assert made.exit_code == 3, made.output
    said = " ".join(made.stdout.split())
    assert "its last complete period ends at 2026-11-01 03:00+01:00; the month ends at 2026-12-01 00:00+01:00" in said
