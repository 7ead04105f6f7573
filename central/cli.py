"""``klaster-central``: settle from files."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from metering.period import Month, months
from runtime import console
from runtime.console import Exit


class ManyFiles(click.Command):
    """A command whose ``--readings`` takes any number of files after it, as often as it is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write ``--readings a b`` as ``--readings a --readings b``."""
        spread: list[str] = []
        follows = False
        for word in args:
            if word.startswith("-"):
                follows = word == "--readings"
            elif follows and spread[-1] != "--readings":
                spread.append("--readings")
            spread.append(word)
        return super().parse_args(ctx, spread)


class MonthType(click.ParamType[Month]):
    """A month like 2026-10."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """Read the month, or fail with what was expected."""
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


FILE = click.Path(path_type=Path)


@click.group()
@click.version_option(version("klaster"), prog_name="klaster-central")
def main() -> None:
    """The books of an energy cluster: readings, hourly balance, settlement."""


@main.command(cls=ManyFiles)
@click.option("--cluster", "cluster_file", type=FILE, required=True, help="The cluster file (docs/cluster.md).")
@click.option("--rates", "rates_file", type=FILE, help="The rates; without them money stays empty.")
@click.option("--month", type=MonthType(), help="The local month to settle.")
@click.option("--from", "first", type=MonthType(), help="The first of several months …")
@click.option("--to", "last", type=MonthType(), help="… and the last, both inclusive.")
@click.option("--readings", "files", type=FILE, multiple=True, required=True, help="Files of readings; any number.")
@click.option("--out", type=FILE, required=True, help="Folder for hours.csv, shares.csv and charges.csv.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def settle(
    *,
    cluster_file: Path,
    rates_file: Path | None,
    month: Month | None,
    first: Month | None,
    last: Month | None,
    files: tuple[Path, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Settle months from files: no server, no database.

    Exit code: 0 complete; 3 written, but some hours are incomplete; 2 bad input, nothing written.
    """
    asked = _asked(month, first, last)
    from central.imports.klaster_csv import BadRowsError
    from central.reports.settlement_text import print_settlement
    from central.settle_files import load_master, settle_files

    with console.config_errors():
        cluster, rates = load_master(cluster_file, rates_file)
    try:
        with console.err.status("settling") as status:
            settled = settle_files(cluster, rates, asked, files, out, status.update)
    except BadRowsError as error:
        console.fail(f"{len(error.rows)} bad rows; nothing was written:\n{error}")
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}; what was there is unchanged")
    print_settlement(settled, as_json=as_json)
    complete = settled.summary.complete == settled.summary.periods
    raise SystemExit(Exit.DONE if complete else Exit.INCOMPLETE)


def _asked(month: Month | None, first: Month | None, last: Month | None) -> list[Month]:
    if month is not None and (first is not None or last is not None):
        raise click.UsageError("--month goes alone; for several months use --from and --to")
    if month is not None:
        return [month]
    if first is None or last is None:
        raise click.UsageError("give --month, or --from and --to")
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    return months(first, last)
