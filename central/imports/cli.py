"""``klaster-central import``, ``files`` and ``compare``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from central.span_options import MonthType, must_have_begun
from metering.period import Month
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from central.books import Books

FILE = click.Path(path_type=Path)


@click.command(name="import")
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--point", default="", help="Whose the values are, where the file names no point.")
@click.option("--direction", type=click.Choice(["drawn", "injected"]), help="Where the file doesn't say it.")
@click.option("--dry-run", is_flag=True, help="Say what an import would do; change nothing.")
@click.option("--accept-rest", is_flag=True, help="Take the good rows of a file that has bad ones.")
@click.option("--by", "who", help="Who imports; without it the user of this machine.")
@click.option("--json", "as_json", is_flag=True, help="The reports as JSON.")
def import_(
    *,
    config_file: Path,
    files: tuple[Path, ...],
    point: str,
    direction: str | None,
    dry_run: bool,
    accept_rest: bool,
    who: str | None,
    as_json: bool,
) -> None:
    """Import operators' files (docs/imports.md), beside a running service or without one.

    Exit code: 0 all is in; 3 some of it isn't in, or nothing of a file counts yet; 2 bad input, nothing was changed.
    """
    import getpass
    import sqlite3

    from central.archive_trouble import LostFilesError, trouble_text
    from central.cluster import load_cluster
    from central.config import load_config
    from central.importing import Importer, exit_states, writing
    from central.imports.found import Given
    from central.reports.imports_text import print_import
    from metering.point import point_id_problem
    from runtime.clock import make_clock

    if point and (problem := point_id_problem(point)):
        raise click.UsageError(f"--point {point!r}: {problem}")
    with console.config_errors():
        config = load_config(config_file)
        cluster = load_cluster(config.cluster_file)
    given, reports = Given(point, direction or ""), []
    now = make_clock(config.clock).now()
    trouble = ""
    try:
        with console.err.status("importing") as status, contextlib.ExitStack() as stack:
            alone = None if dry_run else stack.enter_context(writing(config))
            importer = Importer(config, cluster, alone=alone, progress=lambda what: status.update(Text(what)))
            for file in files:
                if dry_run:
                    reports.append(importer.look(file, given, accept_rest=accept_rest))
                else:
                    by = who or getpass.getuser()
                    reports.append(importer.take(file, given, who=by, now=now, accept_rest=accept_rest))
    except LostFilesError as error:
        trouble = f"{error} Nothing was imported."
    except (OSError, sqlite3.Error) as error:
        left = ", ".join(str(file) for file in files[len(reports) :])
        trouble = f"{trouble_text(config, error)} Not imported: {left}"
    if as_json:
        console.print_json(reports)
    else:
        for report in reports:
            print_import(report)
    taken, lacking = exit_states(reports)
    if trouble:
        console.fail(trouble, Exit.INCOMPLETE if taken else Exit.BAD_INPUT)
    raise SystemExit(Exit.BAD_INPUT if not taken else Exit.INCOMPLETE if lacking else Exit.DONE)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def files(config_file: Path, *, as_json: bool) -> None:
    """Imported files in the order in which they count, and of how many periods each one's values count now."""
    import sqlite3

    from central.archive_trouble import LostFilesError, trouble_text
    from central.config import load_config
    from central.importing import archived
    from central.reports.imports_text import print_files

    with console.config_errors():
        config = load_config(config_file)
    try:
        answer = archived(config)
    except LostFilesError as error:
        console.fail(str(error))
    except (OSError, sqlite3.Error) as error:
        console.fail(trouble_text(config, error))
    if as_json:
        console.print_json(answer)
    else:
        print_files(answer)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="A local month; without it the present one.")
@click.option("--tolerance-wh", type=click.IntRange(0), default=1, help="Differences up to so many Wh are none; 1.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def compare(config_file: Path, month: Month | None, tolerance_wh: int, *, as_json: bool) -> None:
    """The cluster's own stands and the operator's values side by side.

    Exit code: 0 alike; 1 they differ; 3 nothing could be compared: no period has both; 2 bad input.
    """
    from central.comparison import compare as compared
    from central.present import now_by
    from central.reports.imports_text import print_comparison

    now = now_by(config_file)
    must_have_begun(chosen := month or Month.of(now), now)
    answer = _of_books(config_file, lambda books: compared(books.settled(chosen), tolerance_wh, periods=as_json))
    if as_json:
        console.print_json(answer)
    else:
        print_comparison(answer)
    raise SystemExit(
        Exit.DIFFERS if answer["differing"] else Exit.DONE if answer["compared"] else Exit.INCOMPLETE,
    )


def _of_books(config_file: Path, answer: Callable[[Books], dict[str, Any]]) -> dict[str, Any]:
    """An answer of the books; trouble that was anticipated ends the command with a message."""
    from central.books import Books
    from central.trouble import TROUBLES, trouble_text

    try:
        with console.config_errors():
            return answer(Books.open(config_file))
    except TROUBLES as error:
        console.fail(trouble_text(error))
