"""``klaster-central request`` and ``requests``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from central.span_options import DayType, MonthType
from metering.period import Month
from runtime import console
from runtime.console import Exit

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.argument("gateway")
@click.option("--month", type=MonthType(), help="All stands of a local month, its first and last instant too.")
@click.option("--day", type=DayType(), help="All stands of a local day.")
@click.option("--from", "first", type=DayType(), help="From this local day …")
@click.option("--to", "last", type=DayType(), help="… to this one, both inclusive.")
@click.option("--meter", "meters", multiple=True, help="Of this meter alone; may be given more than once.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(0, 3600), default=10.0, help="Seconds to wait; 10 if not given."
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def request(
    *,
    config_file: Path,
    gateway: str,
    month: Month | None,
    day: date | None,
    first: date | None,
    last: date | None,
    meters: tuple[str, ...],
    wait_s: float,
    as_json: bool,
) -> None:
    """Ask a gateway to send stands again, through the running service. What is there already stays as it is.

    Exit code: 0 all were sent again and receipted; 3 asked, but not done yet (the gateway is told when it is there);
    2 bad input, nothing asked.
    """
    import re
    import sqlite3

    from central.ask_again import UnknownGatewayError, ask_again
    from central.config import load_config
    from central.reports.requests_text import print_request
    from metering.point import METER_PATTERN
    from metering.wire import MAX_SPANS
    from runtime.clock import make_clock

    start, end = _instants(month, day, first, last)
    if unfit := next((meter for meter in meters if not re.fullmatch(METER_PATTERN, meter)), None):
        raise click.UsageError(f"--meter {unfit!r} can't be a meter's id")
    if len(meters) > MAX_SPANS:
        raise click.UsageError(f"{len(meters)} times --meter; at most {MAX_SPANS}")
    with console.config_errors():
        config = load_config(config_file)
    try:
        now = make_clock(config.clock).now()
        if start > now:
            raise click.UsageError(f"{month or day or first} is yet to come: there are no stands of it to send again")
        answer = ask_again(config, gateway, start, end, meters, now, wait_s)
    except UnknownGatewayError as error:
        console.fail(str(error))
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{config.requests}: nothing was asked: {error}")
    if as_json:
        console.print_json(answer)
    else:
        print_request(answer)
    raise SystemExit(Exit.DONE if answer.state == "done" else Exit.INCOMPLETE)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def requests(config_file: Path, *, as_json: bool) -> None:
    """What gateways were asked to send again, newest first, and how far they are."""
    import sqlite3

    from central.ask_again import asked
    from central.config import load_config
    from central.reports.requests_text import print_requests

    with console.config_errors():
        config = load_config(config_file)
    try:
        answers = asked(config)
    except sqlite3.Error as error:
        console.fail(f"{config.requests}: can't be read: {error}")
    if as_json:
        console.print_json(answers)
    else:
        print_requests(answers)


def _instants(
    month: Month | None, day: date | None, first: date | None, last: date | None
) -> tuple[datetime, datetime]:
    """The first and last instant (UTC) of what is asked for."""
    from central.answers import Span

    if (month is not None) + (day is not None) + (first is not None or last is not None) != 1:
        raise click.UsageError("give --month, or --day, or --from and --to")
    if month is not None:
        return month.start, month.end
    begin, end = (day, day) if day else (first, last)
    if begin is None or end is None:
        raise click.UsageError("--from and --to go together")
    if end < begin:
        raise click.UsageError(f"--to {end} is before --from {begin}")
    return Span.of_day(begin).start, Span.of_day(end).end
