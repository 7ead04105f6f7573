"""``klaster-central radar``: what is missing to the next relief step, by hour of the day, and what it is worth."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from central.language_option import in_language
from central.settling.cli import ManyFiles
from central.span_options import MonthType
from metering.period import Month, months
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from central.radar.gathering import Gathered

FILE = click.Path(path_type=Path)
_WH_PER_KWH = 1000
_MOST_KWH = 10**9


@click.command(cls=ManyFiles)
@click.argument("config_file", type=FILE, metavar="[CONFIG]", required=False)
@click.option("--month", type=MonthType(), help="A local month; the present one if not given.")
@click.option("--year", type=click.IntRange(2000, 2199), help="All months of a year that have begun.")
@click.option("--within", "within_kwh", help="kWh that are within reach; 5 % of each hour's draw if not given.")
@click.option("--cluster", "cluster_file", type=FILE, help="Without a configuration: the cluster file …")
@click.option("--rates", "rates", multiple=True, help="… rates …")
@click.option("--readings", "files", type=FILE, multiple=True, help="… and files of readings; any number.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def radar(
    *,
    config_file: Path | None,
    month: Month | None,
    year: int | None,
    within_kwh: str | None,
    cluster_file: Path | None,
    rates: tuple[str, ...],
    files: tuple[Path, ...],
    language: str,
    as_json: bool,
) -> None:
    """Renewable energy missing to the next relief step by hour of the day, and what the step would be worth.

    Exit code: 0 done; 3 done, but some hours are incomplete or a rate is missing; 2 bad input.
    """
    if month and year:
        raise click.UsageError("give --month or --year, not both")
    if (config_file is None) == (cluster_file is None):
        raise click.UsageError("give CONFIG, or --cluster and --readings")
    if bool(files) != bool(cluster_file):
        raise click.UsageError("--cluster and --readings go together")
    from central.present import now_by
    from central.radar.slots import radar_answer
    from central.reports.radar_text import print_radar
    from central.reports.spoken import Spoken

    within_wh = None if within_kwh is None else _wh(within_kwh)
    now = now_by(config_file)
    present = Month.of(now)
    asked = months(Month(year, 1), min(Month(year, 12), present)) if year else [month or present]
    if not asked or asked[0] > present:
        raise click.UsageError(f"{month or year} is yet to come")
    gathered = _gathered(config_file, cluster_file or Path(), rates, files, asked, now)
    found = gathered.months
    if not found:
        console.fail(f"there are no values of {month or year or present}" + (
            "" if cluster_file else "; start klaster-central serve or import first"
        ))  # fmt: skip
    if as_json:
        answer = radar_answer(gathered.cluster.name, found, within_wh)
        console.print_json(answer | {"incomplete": gathered.incomplete})
    else:
        say = Spoken(language)
        print_radar(gathered.cluster.name, found, within_wh, say)
        if gathered.incomplete:
            console.say(say("radar.incomplete", n=say.number(gathered.incomplete)))
    whole = not gathered.incomplete and all(lack.worth is not None for one in found for lack in one.lacks)
    raise SystemExit(Exit.DONE if whole else Exit.INCOMPLETE)


def _gathered(
    config_file: Path | None,
    cluster_file: Path,
    rates: tuple[str, ...],
    files: tuple[Path, ...],
    asked: list[Month],
    now: datetime,
) -> Gathered:
    from central.imports.klaster_csv import BadRowsError
    from central.radar.gathering import of_books, of_files
    from central.trouble import TROUBLES, trouble_text

    with console.config_errors("nothing was done"), console.err.status("reading") as status:

        def progress(what: str) -> None:
            status.update(Text(what))

        try:
            if config_file:
                return of_books(config_file, asked, now, progress)
            return of_files(cluster_file, rates, files, asked, now, progress)
        except BadRowsError as error:
            console.fail(error.told("nothing was done"))
        except TROUBLES as error:
            console.fail(trouble_text(error))


def _wh(text: str) -> int:
    try:
        wh = Decimal(text.replace(",", ".")) * _WH_PER_KWH
    except ArithmeticError:
        raise click.UsageError(f"--within: {text[:40]!r} is not a number of kWh") from None
    if not wh.is_finite() or wh != wh.to_integral_value() or not 0 < wh <= _MOST_KWH * _WH_PER_KWH:
        raise click.UsageError(f"--within: {text[:40]!r}: expected kWh above 0, with at most three decimals")
    return int(wh)
