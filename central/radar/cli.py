"""``klaster-central radar``: what is missing to the next relief step, by hour of the day, and what it is worth."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click
from rich.text import Text

from central.span_options import MonthType
from metering.period import Month, months
from runtime import console
from runtime.console import Exit

_WH_PER_KWH = 1000
_MOST_KWH = 10**9


@click.command()
@click.argument("config_file", type=click.Path(path_type=Path))
@click.option("--month", type=MonthType(), help="A local month; the present one if not given.")
@click.option("--year", type=click.IntRange(2000, 2199), help="All months of a year that have begun.")
@click.option("--within", "within_kwh", help="kWh that are within reach; 5 % of each hour's draw if not given.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def radar(config_file: Path, *, month: Month | None, year: int | None, within_kwh: str | None, as_json: bool) -> None:
    """Renewable energy missing to the next relief step by hour of the day, and what the step would be worth.

    Exit code: 0 done; 3 done, but some hours are incomplete or a rate is missing; 2 bad input.
    """
    if month and year:
        raise click.UsageError("give --month or --year, not both")
    from central.books import Books
    from central.conditions.gathering import span_of
    from central.config import load_config
    from central.radar.lacks import month_lacks
    from central.radar.slots import radar_answer
    from central.reports.radar_text import print_radar
    from central.trouble import TROUBLES, trouble_text
    from runtime.clock import make_clock

    within_wh = None if within_kwh is None else _wh(within_kwh)
    with console.config_errors():
        now = make_clock(load_config(config_file).clock).now()
    present = Month.of(now)
    asked = months(Month(year, 1), min(Month(year, 12), present)) if year else [month or present]
    if not asked or asked[0] > present:
        raise click.UsageError(f"{month or year} is yet to come")
    found = []
    incomplete = 0
    with console.config_errors(), console.err.status("settling") as status:
        try:
            books = Books.open(config_file)
            span = span_of(books)
            for one in asked if span else ():
                if year and span and (span[1] < one.start or one.end < span[0]):
                    continue
                status.update(Text(f"settling {one}"))
                tables = books.settled(one).tables
                found.append(month_lacks(one, tables, books.cluster.settings))
                ended = (min(one.end, now) - one.start) // books.cluster.period.length
                incomplete += max(0, ended - sum(found[-1].complete.values()))
        except TROUBLES as error:
            console.fail(trouble_text(error))
    if not found:
        console.fail("there are no values for this time yet; start klaster-central serve or import first")
    if as_json:
        console.print_json(radar_answer(books.cluster.name, found, within_wh) | {"incomplete": incomplete})
    else:
        print_radar(books.cluster.name, found, within_wh)
        if incomplete:
            console.say(f"{incomplete} hours lack values and aren't in it.")
    whole = not incomplete and all(lack.worth is not None for one in found for lack in one.lacks)
    raise SystemExit(Exit.DONE if whole else Exit.INCOMPLETE)


def _wh(text: str) -> int:
    try:
        wh = Decimal(text.replace(",", ".")) * _WH_PER_KWH
    except ArithmeticError:
        raise click.UsageError(f"--within: {text[:40]!r} is not a number of kWh") from None
    if not wh.is_finite() or wh != wh.to_integral_value() or not 0 < wh <= _MOST_KWH * _WH_PER_KWH:
        raise click.UsageError(f"--within: {text[:40]!r}: expected kWh above 0, with at most three decimals")
    return int(wh)
