"""``klaster-central readings-of-law``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from central.language_option import in_language
from central.settling.cli import ManyFiles
from central.span_options import MonthType
from metering.period import Month
from runtime import console
from runtime.console import Exit

FILE = click.Path(path_type=Path)


@click.command("readings-of-law", cls=ManyFiles)
@click.argument("config_file", type=FILE, metavar="[CONFIG]", required=False)
@click.option("--month", type=MonthType(), required=True, help="The local month.")
@click.option("--cluster", "cluster_file", type=FILE, help="Without a configuration: the cluster file …")
@click.option("--rates", "rates", multiple=True, help="… rates …")
@click.option("--readings", "files", type=FILE, multiple=True, help="… and files of readings; any number.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def readings_of_law(
    *,
    config_file: Path | None,
    month: Month,
    cluster_file: Path | None,
    rates: tuple[str, ...],
    files: tuple[Path, ...],
    language: str,
    as_json: bool,
) -> None:
    """One month under each reading of the law's open questions, and what to ask the operator.

    Exit code: 0 done; 3 some hours are incomplete; 2 bad input.
    """
    if (config_file is None) == (cluster_file is None):
        raise click.UsageError("give CONFIG, or --cluster and --readings")
    if bool(files) != bool(cluster_file):
        raise click.UsageError("--cluster and --readings go together")
    from central.imports.klaster_csv import BadRowsError
    from central.readings import StoreDownError
    from central.readings_of_law.gathering import of_books, of_files
    from central.trouble import trouble_text

    with console.config_errors(), console.err.status("settling") as status:

        def progress(what: str) -> None:
            status.update(Text(what))

        try:
            if config_file:
                found = of_books(config_file, month, progress)
            else:
                found = of_files(cluster_file or Path(), rates, files, month, progress)
        except BadRowsError as error:
            console.fail(error.told("nothing was settled"))
        except (StoreDownError, FileNotFoundError) as error:
            console.fail(trouble_text(error))
    if as_json:
        console.print_json(found)
    else:
        from central.reports.readings_of_law_text import print_readings

        print_readings(found, language)
    whole = found["current"]["complete"] == found["current"]["periods"]
    raise SystemExit(Exit.DONE if whole else Exit.INCOMPLETE)
