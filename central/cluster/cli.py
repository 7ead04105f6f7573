"""``klaster-central cluster``: check, export, import, compare and follow the cluster's data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.language_option import in_language
from central.span_options import DayType
from runtime import console
from runtime.command_list import WholeSentences
from runtime.console import Exit
from runtime.unread import why_unread

if TYPE_CHECKING:
    from central.cluster.flat import Named
    from central.cluster.model import Cluster
    from runtime.config import Problem

FILE = click.Path(path_type=Path)
_NAMED = 5
"""So many removed rows are named."""
_OTHER_KINDS = frozenset({".csv", ".json", ".ods", ".toml", ".tsv", ".xls", ".xlsm", ".zip"})
"""Names that ask for a file which an export doesn't write; a folder would be made of them."""


@click.group(cls=WholeSentences)
def cluster() -> None:
    """The cluster's data: members, points, meters and papers, valid in time (docs/cluster.md)."""


@cluster.command()
@click.argument("cluster_file", type=FILE)
@click.option("--day", type=DayType(), help="The day on which terms are reckoned; today if not given.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def check(cluster_file: Path, *, day: date | None, language: str, as_json: bool) -> None:
    """Whether the cluster is as the law asks, from its data alone: met, not met or not known, with articles.

    Exit code: 0 nothing is unmet; 1 something is; 2 the file can't be used.
    """
    from central.cluster.loading import load_cluster
    from central.cluster.statutory import verdicts
    from central.cluster.verdict import State
    from central.reports.cluster_text import print_verdicts
    from central.reports.spoken import Spoken
    from metering.period import day_start

    with console.config_errors("nothing was done"):
        read = load_cluster(cluster_file)
    now = day_start(day) if day else datetime.now(UTC)
    found = verdicts(read, now)
    if as_json:
        console.print_json({"cluster": read.name, "verdicts": [one.answer() for one in found]})
    else:
        print_verdicts(read.name, found, Spoken(language))
    unmet = any(one.state is State.NOT_MET for one in found)
    raise SystemExit(Exit.DIFFERS if unmet else Exit.DONE)


@cluster.command("export")
@click.argument("cluster_file", type=FILE)
@click.argument("out", type=FILE)
def export_(cluster_file: Path, out: Path) -> None:
    """Write the data as sheets: OUT is a workbook (.xlsx), or a folder for a CSV of each table.

    What was there under these names is replaced. Comments of the cluster file are not in it.
    """
    from central.cluster.flat import rows_of
    from central.cluster.sheets import write_csv, write_xlsx
    from central.cluster.sources import read_source

    if out.suffix.lower() in _OTHER_KINDS and not out.is_dir():
        console.fail(f"{out}: only a workbook .xlsx or a folder can be written; give one of them")
    with console.config_errors("nothing was done"):
        rows = rows_of(read_source(cluster_file).content)
    try:
        if out.suffix.lower() == ".xlsx":
            out.write_bytes(write_xlsx(rows))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for name, content in write_csv(rows).items():
                (out / name).write_bytes(content)
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}")
    console.say(f"{out}: {sum(map(len, rows.values()))} rows in {len(rows)} tables")


@cluster.command("import")
@click.argument("source", type=FILE)
@click.argument("cluster_file", type=FILE)
@click.option(
    "--config", "config_file", type=FILE, help="Central's configuration: readings of what is removed are looked for."
)
@click.option("--by", help="Who changes it; the user of this machine if not given.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def import_(source: Path, cluster_file: Path, *, config_file: Path | None, by: str | None, as_json: bool) -> None:
    """Check SOURCE (a workbook, a folder of CSVs, or TOML) and put it in place of the cluster file.

    All of it or nothing: the change is recorded in the history beside the file, and the old file is kept beside it.

    Exit code: 0 done, or there was nothing to change; 2 bad input, nothing was changed.
    """
    from central.cluster.history import HistoryError
    from central.cluster.replacing import (
        ChangedMeanwhileError,
        has_comments,
        not_a_cluster_file,
        replace_cluster,
    )
    from central.cluster.sources import read_source
    from central.reports.cluster_text import print_replaced
    from runtime.config import ConfigError

    with console.config_errors("nothing was changed"):
        made = read_source(source)
        if problem := not_a_cluster_file(cluster_file):
            raise ConfigError([problem])
        old = _old(cluster_file)
        if problems := _removed(cluster_file, made.cluster, config_file, source):
            raise ConfigError(problems)
    who = by if by is not None else _user()
    if not who.strip() or len(who) > 100 or not who.isprintable():
        raise click.UsageError("--by takes 1 to 100 printable characters")
    if source.suffix.lower() != ".toml" and cluster_file.is_file() and has_comments(cluster_file.read_bytes()):
        console.err.print(
            f"The comments in {cluster_file} are not taken over; the old file is kept beside it.", soft_wrap=True
        )
    try:
        done = replace_cluster(made, cluster_file, who, datetime.now(UTC), old)
    except ChangedMeanwhileError as error:
        console.fail(f"{error}; nothing was changed. See who by cluster history, then import again")
    except HistoryError as error:
        console.fail(f"{error}; nothing was changed. Keep that file as evidence and move it away: a new history begins")
    except OSError as error:
        console.fail(f"{error.filename or cluster_file}: can't be written: {error.strerror}; nothing was changed")
    print_replaced(cluster_file, done, as_json=as_json)


@cluster.command()
@click.argument("one", type=FILE)
@click.argument("other", type=FILE, required=False)
@click.option(
    "--version", "number", type=click.IntRange(1), help="Instead of OTHER: the history's version of this number."
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def diff(one: Path, other: Path | None, *, number: int | None, as_json: bool) -> None:
    """What differs, by table, row and column: from ONE to OTHER, or from the history's newest version to the file ONE.

    Each is a cluster file, a workbook or a folder of CSVs. Exit code: 0 they are the same; 1 they differ; 2 bad input.
    """
    from central.cluster.changes import changes
    from central.cluster.flat import named_rows
    from central.cluster.sources import read_source
    from central.reports.cluster_text import print_changes

    if other is not None and number is not None:
        raise click.UsageError("--version goes without OTHER")
    with console.config_errors("nothing was done"):
        after = named_rows(read_source(other or one).content)
        before = named_rows(read_source(one).content) if other is not None else _version(one, number)
    found = changes(before, after)
    print_changes(found, as_json=as_json)
    raise SystemExit(Exit.DIFFERS if found else Exit.DONE)


@cluster.command()
@click.argument("cluster_file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def history(cluster_file: Path, *, as_json: bool) -> None:
    """Every recorded change: when, who, which cell, before and after; and whether the record is whole.

    Exit code: 0 the chain holds; 1 it is broken: a line was changed or taken out; 2 there is no such file.
    """
    from central.cluster.history import History, HistoryError
    from central.reports.cluster_text import print_history

    kept = History(cluster_file.resolve())
    if not cluster_file.is_file() and not kept.path.is_file():
        console.fail(f"{cluster_file}: {'is a folder' if cluster_file.is_dir() else 'there is no such file'}")
    try:
        entries = kept.entries()
    except HistoryError as error:
        console.fail(str(error), Exit.DIFFERS)
    except OSError as error:
        console.fail(f"{error.filename}: {why_unread(error)}")
    print_history(entries, as_json=as_json)


def _old(cluster_file: Path) -> bytes | None:
    from central.cluster.replacing import content_of

    try:
        return content_of(cluster_file)
    except OSError as error:
        console.fail(f"{cluster_file}: {why_unread(error)}; nothing was changed")


def _version(cluster_file: Path, number: int | None) -> Named:
    from central.cluster.history import History, HistoryError

    try:
        made = History(cluster_file.resolve())
        if not made.entries():
            console.fail(f"{made.path}: there is no history yet; the first import or the running service begins it")
        return made.state(number)
    except KeyError:
        console.fail(f"{cluster_file}: its history has no version {number}")
    except HistoryError as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"{error.filename}: {why_unread(error)}")


def _removed(cluster_file: Path, new: Cluster, config_file: Path | None, source: Path) -> list[Problem]:
    """Why something can't be removed; without a configuration nobody can know, and that is said."""
    import sqlite3

    from central.cluster.loading import load_cluster
    from central.cluster.removals import removal_problems, removed_rows
    from central.config import load_config
    from central.opened import open_admitted
    from runtime.config import ConfigError

    config = load_config(config_file) if config_file else None
    try:
        old = load_cluster(cluster_file)
    except ConfigError:
        return []
    if config is None:
        if gone := [f"{one.name} ({one.key})" for one in removed_rows(old, new)]:
            more = f", … ({len(gone)} in all)" if len(gone) > _NAMED else ""
            said = (
                f"Removed: {', '.join(gone[:_NAMED])}{more}. Whether readings need them isn't known without --config."
            )
            console.err.print(console.plain(said), soft_wrap=True, markup=False)
        return []
    try:
        store = open_admitted(config)
    except FileNotFoundError:
        return []
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{config.data_dir}: the readings can't be looked at: {error}; nothing was changed")
    try:
        return removal_problems(old, new, store.meters(), store.points(), str(cluster_file), str(source))
    finally:
        store.close()


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise click.UsageError("nobody knows who runs this: give --by") from None
