"""``klaster-central conditions``: art. 184l of one day, with a dry run of what is asked from 2027 on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from central.language_option import in_language
from central.settling.cli import ManyFiles
from central.span_options import DayType
from runtime import console
from runtime.unread import why_unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from central.cluster.model import Cluster
    from central.conditions.windows import Sums

FILE = click.Path(path_type=Path)


@click.command(cls=ManyFiles)
@click.argument("config_file", type=FILE, metavar="[CONFIG]", required=False)
@click.option("--on", "day", type=DayType(), help="The local day; today if not given.")
@click.option("--year", type=click.IntRange(2000, 2199), help="Its last day, or today in the present year.")
@click.option("--cluster", "cluster_file", type=FILE, help="Without a configuration: the cluster file …")
@click.option("--readings", "files", type=FILE, multiple=True, help="… and files of readings; any number.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def conditions(
    *,
    config_file: Path | None,
    day: date | None,
    year: int | None,
    cluster_file: Path | None,
    files: tuple[Path, ...],
    language: str,
    as_json: bool,
) -> None:
    """Whether the conditions of art. 184l are met, with numbers and margins (docs/conditions.md).

    Exit code: 0 all met; 1 something isn't; 3 something isn't known; 2 bad input.
    """
    if day and year:
        raise click.UsageError("give --on or --year, not both")
    if (config_file is None) == (cluster_file is None):
        raise click.UsageError("give CONFIG, or --cluster and --readings")
    if bool(files) != bool(cluster_file):
        raise click.UsageError("--cluster and --readings go together")
    from central.conditions.assessing import assess
    from central.present import now_by
    from central.reports.conditions_text import print_assessment, state_exit
    from central.reports.spoken import Spoken

    now = now_by(config_file)
    asked = _day(day, year, now)
    with console.err.status("reading") as status:

        def progress(what: str) -> None:
            status.update(Text(what))

        if config_file:
            cluster, sums = _of_books(config_file, asked, now, progress)
        else:
            cluster, sums = _of_files(cluster_file or Path(), files, asked, now, progress)
    found = assess(cluster, sums, asked)
    if as_json:
        console.print_json(found.answer())
    else:
        print_assessment(found, Spoken(language))
    raise SystemExit(state_exit(found.state))


def _day(day: date | None, year: int | None, now: datetime) -> date:
    """The day that is asked about; none after today, of which nothing can be known."""
    from metering.period import WARSAW

    today = now.astimezone(WARSAW).date()
    asked = day or (min(date(year, 12, 31), today) if year else today)
    if asked > today or (year and year > today.year):
        raise click.UsageError(f"{day or year} is yet to come: the last day that can be asked about is {today}")
    if not asked.year >= 2001:
        raise click.UsageError(f"{asked} is before 2001")
    return asked


def _of_books(config_file: Path, day: date, now: datetime, progress: Callable[[str], None]) -> tuple[Cluster, Sums]:
    from central.books import Books
    from central.conditions.gathering import sums_of_books, until_of
    from central.conditions.windows import months_needed
    from central.trouble import TROUBLES, trouble_text

    with console.config_errors():
        try:
            books = Books.open(config_file)
            return books.cluster, sums_of_books(books, months_needed(day), until_of(day, now), progress)
        except TROUBLES as error:
            console.fail(trouble_text(error))


def _of_files(
    cluster_file: Path, files: tuple[Path, ...], day: date, now: datetime, progress: Callable[[str], None]
) -> tuple[Cluster, Sums]:
    from central.cluster.loading import load_cluster
    from central.conditions.gathering import sums_of_files, until_of
    from central.conditions.windows import months_needed
    from central.imports.klaster_csv import BadRowsError

    with console.config_errors("nothing was done"):
        cluster = load_cluster(cluster_file)
    try:
        return cluster, sums_of_files(cluster, files, months_needed(day), until_of(day, now), progress)
    except BadRowsError as error:
        console.fail(error.told("nothing was done"))
    except OSError as error:
        console.fail(f"{error.filename}: {why_unread(error)}")
