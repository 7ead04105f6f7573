"""``klaster-central papers`` and ``deadlines``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from central.language_option import in_language
from central.span_options import DayType
from runtime import console
from runtime.console import Exit
from runtime.unread import why_unread

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.argument("name")
@click.option("--on", type=DayType(), help="The local day whose data it tells; today if not given.")
@click.option("--year", type=click.IntRange(2024, 2199), help="annual-report: the year; last year if not given.")
@click.option("--seller", default="", help="seller-applications: one seller; all if not given.")
@click.option("--call", default="", help="call-file: one call by its id; all if not given.")
@click.option("--since", type=DayType(), help="register-change: the last day of the old data.")
@click.option("--before", type=FILE, help="register-change: an earlier cluster file instead of the history.")
@click.option("--out", type=FILE, help="The folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def papers(
    config_file: Path,
    name: str,
    *,
    on: date | None,
    year: int | None,
    seller: str,
    call: str,
    since: date | None,
    before: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """A statutory paper as a draft (XLSX and CSV); NAME is one of those that "list" names (docs/papers.md).

    Exit code: 0 written, nothing is missing in it; 3 written, but facts are missing; 2 bad input, nothing was written.
    """
    from central.papers.making import PAPERS, Asked, AskedError
    from central.papers.text import print_list, print_written

    if name == "list":
        print_list(PAPERS, as_json=as_json)
        return
    if name not in PAPERS:
        raise click.UsageError(f"there is no paper {name!r}; there are: list, {', '.join(PAPERS)}")
    if out is None:
        raise click.UsageError("give --out FOLDER")
    from central.cluster.history import HistoryError
    from central.cluster.loading import load_cluster
    from central.config import load_config
    from central.papers.writing import write_paper
    from central.register.manifest import RunError
    from central.trouble import TROUBLES, trouble_text
    from metering.period import WARSAW
    from runtime.clock import make_clock

    with console.config_errors("nothing was written"):
        config = load_config(config_file)
        cluster = load_cluster(config.cluster_file)
        now = make_clock(config.clock).now()
        day = on or now.astimezone(WARSAW).date()
        asked = Asked(config, cluster, day, now, year, seller, call, since, before)
        try:
            made = PAPERS[name][2](asked)
        except (AskedError, HistoryError, RunError) as error:
            console.fail(f"{error}; nothing was written")
        except TROUBLES as error:
            console.fail(f"{trouble_text(error)}; nothing was written")
    try:
        files = [path for one in made for path in write_paper(one, out)]
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}")
    print_written(made, files, as_json=as_json)
    raise SystemExit(Exit.INCOMPLETE if any(one.gaps for one in made) else Exit.DONE)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--on", type=DayType(), help="The day to reckon from; today if not given.")
@click.option("--until", type=DayType(), help="The last due day that is named; one year ahead if not given.")
@click.option("--all", "ever", is_flag=True, help="What is done or has passed, too.")
@click.option("--ics", "ics_file", type=FILE, help="Write them as a calendar file (iCalendar), in Polish.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def deadlines(
    config_file: Path,
    *,
    on: date | None,
    until: date | None,
    ever: bool,
    ics_file: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Every deadline of the cluster: its article, from when it runs, until when, whose it is, and whether it is met.

    Exit code: 0 the coordinator is late with nothing; 1 it is late with something; 2 bad input.
    """
    from datetime import timedelta

    from central.cluster.history import HistoryError
    from central.cluster.loading import load_cluster
    from central.config import load_config
    from central.papers.duties import Calendar, DutyState, Who
    from central.papers.ics import calendar_text
    from central.papers.noticed import noticed
    from central.papers.text import print_duties
    from central.papers.writing import put
    from metering.period import WARSAW
    from runtime.clock import make_clock

    with console.config_errors("nothing was done"):
        config = load_config(config_file)
        cluster = load_cluster(config.cluster_file)
    now = make_clock(config.clock).now()
    today = on or now.astimezone(WARSAW).date()
    try:
        told = noticed(config.cluster_file)
    except HistoryError as error:
        console.fail(f"{error}; changes that it alone tells can't be named")
    except OSError as error:
        console.fail(f"{error.filename}: {why_unread(error)}")
    found = Calendar(cluster, today, until or today + timedelta(days=366), told).duties()
    shown = [one for one in found if ever or one.state in {DutyState.OPEN, DutyState.LATE}]
    if ics_file is not None:
        try:
            put(ics_file, calendar_text(cluster.name, shown, now))
        except OSError as error:
            console.fail(f"{ics_file}: can't be written: {error.strerror}")
    print_duties(cluster.name, shown, today, as_json=as_json, language=language)
    late = any(one.state is DutyState.LATE and one.who is Who.COORDINATOR for one in found)
    raise SystemExit(Exit.DIFFERS if late else Exit.DONE)
