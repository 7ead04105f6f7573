"""``klaster-central settle``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from central.span_options import MonthType, months_asked
from metering.period import Month
from runtime import console
from runtime.console import Exit

FILE = click.Path(path_type=Path)


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


@click.command(cls=ManyFiles)
@click.option("--cluster", "cluster_file", type=FILE, required=True, help="The cluster file (docs/cluster.md).")
@click.option(
    "--rates", "rates", multiple=True, help="A rates file, or a name of rates that ship; the later over the earlier."
)
@click.option("--month", type=MonthType(), help="The local month to settle.")
@click.option("--from", "first", type=MonthType(), help="The first of several months …")
@click.option("--to", "last", type=MonthType(), help="… and the last, both inclusive.")
@click.option(
    "--readings",
    "files",
    type=FILE,
    multiple=True,
    required=True,
    help="Files of readings, any number; PPE=FILE where one names no point.",
)
@click.option(
    "--out", type=FILE, required=True, help="Folder for hours.csv, shares.csv, charges.csv, totals.csv, notes.txt."
)
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def settle(
    *,
    cluster_file: Path,
    rates: tuple[str, ...],
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
    if not (asked := months_asked(month, first, last)):
        raise click.UsageError("give --month, or --from and --to")
    from central.imports.klaster_csv import BadRowsError
    from central.master import load_master
    from central.rates import rates_path
    from central.reports.settlement_text import print_settlement
    from central.settle_files import settle_files

    with console.config_errors("nothing was written"):
        cluster, pricing = load_master(cluster_file, [rates_path(word, Path()) for word in rates])
    try:
        with console.err.status("settling") as status:
            settled = settle_files(cluster, pricing, asked, files, out, lambda what: status.update(Text(what)))
    except BadRowsError as error:
        console.fail(error.told("nothing was written"))
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}; what was there is unchanged")
    print_settlement(settled, as_json=as_json)
    complete = settled.summary.complete == settled.summary.periods
    raise SystemExit(Exit.DONE if complete else Exit.INCOMPLETE)
