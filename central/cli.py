"""``klaster-central``: settle from files, serve, and ask the books."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from central.cluster.cli import cluster
from central.estimates.cli import estimate, estimates, validate
from central.span_options import DayType, MonthType, months_asked
from metering.period import Month
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from central.ask import Question
    from central.books import Books
    from central.config import CentralConfig, StoreKind


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


FILE = click.Path(path_type=Path)


@click.group()
@click.version_option(version("klaster"), prog_name="klaster-central")
def main() -> None:
    """The books of an energy cluster: readings, hourly balance, settlement."""


for command in (cluster, validate, estimate, estimates):
    main.add_command(command)


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
    if not (asked := months_asked(month, first, last)):
        raise click.UsageError("give --month, or --from and --to")
    from central.imports.klaster_csv import BadRowsError
    from central.master import load_master
    from central.reports.settlement_text import print_settlement
    from central.settle_files import settle_files

    with console.config_errors():
        cluster, rates = load_master(cluster_file, rates_file)
    try:
        with console.err.status("settling") as status:
            settled = settle_files(cluster, rates, asked, files, out, lambda what: status.update(Text(what)))
    except BadRowsError as error:
        count = len(error.rows)
        console.fail(f"{count} bad row{'s' if count > 1 else ''}; nothing was written:\n{error}")
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}; what was there is unchanged")
    print_settlement(settled, as_json=as_json)
    complete = settled.summary.complete == settled.summary.periods
    raise SystemExit(Exit.DONE if complete else Exit.INCOMPLETE)


@main.command()
@click.argument("config_file", type=FILE)
def serve(config_file: Path) -> None:
    """Run central: journal and receipts, readings, the page."""
    import asyncio
    import sqlite3

    from central.config import load_config
    from central.service import BusyError
    from central.service import serve as run
    from runtime.log import configure

    with console.config_errors():
        config = load_config(config_file)
        configure(config.log)
        try:
            asyncio.run(run(config, config_file))
        except BusyError as error:
            console.fail(f"{error}; stop that one first")
        except (OSError, sqlite3.Error) as error:
            console.fail(f"central can't start: {error}")


@main.command()
@click.argument("config_file", type=FILE)
@click.option(
    "--store", "kind", type=click.Choice(["sqlite", "influxdb"]), help="Another store than the configured one."
)
def rebuild(config_file: Path, kind: StoreKind | None) -> None:
    """Make the readings store again from journal and archived files: the configured, or with --store another one."""
    import sqlite3

    from central.config import load_config
    from central.readings import StoreDownError
    from central.rebuild import rebuild_readings
    from central.service import BusyError

    with console.config_errors():
        config = load_config(config_file)
        try:
            with console.err.status("reading the journal") as status:
                count, files = rebuild_readings(
                    config, lambda done, of, what: status.update(f"{done} of {of} {what}"), kind
                )
        except BusyError as error:
            console.fail(f"{error}; stop it first, then rebuild")
        except (OSError, sqlite3.Error, StoreDownError) as error:
            console.fail(f"the readings of {config.data_dir} can't be rebuilt: {error}; what was there is unchanged")
    chosen = kind or config.store.kind
    where = str(config.readings) if chosen == "sqlite" else f"{config.store.url}, bucket {config.store.bucket}"
    and_files = f" and {files.files} files" if files.files else ""
    console.out.print(f"{where}: rebuilt from {count} messages{and_files}", markup=False, soft_wrap=True)
    for unreadable in files.unreadable:
        console.say(f"not read: {unreadable}")
    if chosen != config.store.kind:
        console.out.print(
            f'{config_file} still says [store] kind = "{config.store.kind}"', markup=False, soft_wrap=True
        )


def _question(name: Question, text: str, show: str) -> None:
    """A command that asks the books and prints the answer by ``central.reports.answers_text.<show>``."""

    @main.command(name, help=text)
    @click.argument("config_file", type=FILE)
    @click.option("--month", type=MonthType(), help="A local month; without --month and --day: the present one.")
    @click.option("--day", type=DayType(), help="One local day.")
    @click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
    def command(config_file: Path, month: Month | None, day: date | None, *, as_json: bool) -> None:
        if month and day:
            raise click.UsageError("give --month or --day, not both")
        from central.answers import Span
        from central.ask import ask
        from central.config import load_config
        from central.reports import answers_text
        from runtime.clock import make_clock

        with console.config_errors():
            now = make_clock(load_config(config_file).clock).now()
        span = Span.of_day(day) if day else Span(month=month or Month.of(now))
        answer = ask(name, config_file, span, now)
        if answer.value is None:
            console.fail(answer.trouble)
        if as_json:
            console.print_json(answer.value)
        else:
            getattr(answers_text, show)(answer.value)


_question("balance", "The hourly balance, as the store knows it now.", "print_balance")
_question("shares", "Members' shares; for a month their relief too.", "print_shares")
_question("gateways", "Every gateway: last heard, last receipt, backlog.", "print_gateways")
_question("stands", "The stands as gateways sent them.", "print_stands")


@main.command()
@click.argument("config_file", type=FILE)
@click.option("--month", type=MonthType(), help="A local month; without --month and --day: all that is open.")
@click.option("--day", type=DayType(), help="One local day.")
@click.option("--all", "ever", is_flag=True, help="Closed ones too.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.option("--acknowledge", "id_", metavar="ID", help="Close one that no data can repair, with --reason and --by.")
@click.option("--reason", help="Why it is closed.")
@click.option("--by", help="Who closes it.")
def findings(
    *,
    config_file: Path,
    month: Month | None,
    day: date | None,
    ever: bool,
    as_json: bool,
    id_: str | None,
    reason: str | None,
    by: str | None,
) -> None:
    """What isn't as it should be, heaviest first, with the way out."""
    if month and day:
        raise click.UsageError("give --month or --day, not both")
    if id_ is None and (reason or by):
        raise click.UsageError("--reason and --by go with --acknowledge")
    if id_ is not None and (month or day or ever or not (reason or "").strip() or not (by or "").strip()):
        raise click.UsageError("--acknowledge ID takes --reason TEXT and --by NAME, and neither span nor --all")
    from central.answers import Span
    from central.ask import ask
    from central.config import load_config
    from central.reports.findings_text import print_findings
    from runtime.clock import make_clock

    with console.config_errors():
        config = load_config(config_file)
    now = make_clock(config.clock).now()
    if id_ is not None:
        _acknowledge(config, id_, (by or "").strip(), (reason or "").strip(), now, as_json=as_json)
        return
    span = Span.of_day(day) if day else Span(month=month or Month.of(now))
    if month or day:
        answer = ask("findings_ever" if ever else "findings", config_file, span, now)
    else:
        answer = ask("findings_ever_everywhere" if ever else "findings_everywhere", config_file, span, now)
    if answer.value is None:
        console.fail(answer.trouble)
    if as_json:
        console.print_json(answer.value)
    else:
        print_findings(answer.value)


def _acknowledge(config: CentralConfig, id_: str, by: str, reason: str, now: datetime, *, as_json: bool) -> None:
    import sqlite3

    from central.acknowledging import acknowledge
    from central.findings import Known, finding_row
    from central.findings_file import NotAcknowledgedError

    try:
        record = acknowledge(config, id_, by, reason, now)
    except NotAcknowledgedError as error:
        console.fail(str(error))
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{config.findings_file} can't be written: {error}; nothing was changed")
    if as_json:
        console.print_json(finding_row(Known(record.finding, record)))
    else:
        console.say(f"{record.id}  {record.finding.kind}  {record.finding.what}: closed by {by}: {reason}")


@main.command()
@click.argument("config_file", type=FILE)
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


@main.command()
@click.argument("config_file", type=FILE)
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


@main.command()
@click.argument("config_file", type=FILE)
@click.option("--month", type=MonthType(), help="A local month; without it the present one.")
@click.option("--point", "points", multiple=True, help="This point alone; may be given more than once.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def completeness(config_file: Path, month: Month | None, points: tuple[str, ...], *, as_json: bool) -> None:
    """What is there of what is expected, by point and day; why the rest is missing and what hangs on it.

    Exit code: 0 all that is due is there; 1 some is missing; 2 bad input.
    """
    from central.answers import Span
    from central.ask import ask
    from central.completeness_now import of_points
    from central.config import load_config
    from central.reports.completeness_text import print_completeness
    from runtime.clock import make_clock

    with console.config_errors():
        now = make_clock(load_config(config_file).clock).now()
    answer = ask("completeness", config_file, Span(month=month or Month.of(now)), now)
    if answer.value is None:
        console.fail(answer.trouble)
    known = {one["point"] for one in answer.value["points"]}
    if unknown := [point for point in points if point not in known]:
        console.fail(f"no point {', '.join(unknown)} in the cluster file")
    shown = of_points(answer.value, points) if points else answer.value
    if as_json:
        console.print_json(shown)
    else:
        print_completeness(shown)
    raise SystemExit(Exit.DONE if shown["complete"] else Exit.DIFFERS)


@main.command(name="import")
@click.argument("config_file", type=FILE)
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

    Exit code: 0 all is in; 3 some of it isn't in, or doesn't count yet; 2 bad input, nothing was changed.
    """
    import getpass
    import sqlite3

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
    try:
        with console.err.status("importing") as status, contextlib.ExitStack() as stack:
            alone = None if dry_run else stack.enter_context(writing(config))
            importer = Importer(config, cluster, alone=alone, progress=lambda what: status.update(Text(what)))
            for file in files:
                if dry_run:
                    reports.append(importer.look(file, given))
                else:
                    by = who or getpass.getuser()
                    reports.append(importer.take(file, given, who=by, now=now, accept_rest=accept_rest))
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{config.data_dir} can't be written: {error}; files reported before are in, this one isn't")
    if as_json:
        console.print_json(reports)
    else:
        for report in reports:
            print_import(report)
    taken, lacking = exit_states(reports)
    raise SystemExit(Exit.BAD_INPUT if not taken else Exit.INCOMPLETE if lacking else Exit.DONE)


@main.command()
@click.argument("config_file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def files(config_file: Path, *, as_json: bool) -> None:
    """Imported files in the order in which they count, and of how many periods each one's values count now."""
    import sqlite3

    from central.config import load_config
    from central.importing import archived
    from central.reports.imports_text import print_files

    with console.config_errors():
        config = load_config(config_file)
    try:
        answer = archived(config)
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{config.files} can't be read: {error}")
    if as_json:
        console.print_json(answer)
    else:
        print_files(answer)


@main.command()
@click.argument("config_file", type=FILE)
@click.option("--month", type=MonthType(), help="A local month; without it the present one.")
@click.option("--tolerance-wh", type=click.IntRange(0), default=1, help="Differences up to so many Wh are none; 1.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def compare(config_file: Path, month: Month | None, tolerance_wh: int, *, as_json: bool) -> None:
    """The cluster's own stands and the operator's values side by side. Exit code: 0 alike; 1 they differ."""
    from central.comparison import compare as compared
    from central.config import load_config
    from central.reports.imports_text import print_comparison
    from runtime.clock import make_clock

    with console.config_errors():
        now = make_clock(load_config(config_file).clock).now()
    answer = _of_books(config_file, lambda books: compared(books.settled(month or Month.of(now)), tolerance_wh))
    if as_json:
        console.print_json(answer)
    else:
        print_comparison(answer)
    raise SystemExit(Exit.DIFFERS if answer["differing"] else Exit.DONE)


def _of_books(config_file: Path, answer: Callable[[Books], dict[str, Any]]) -> dict[str, Any]:
    """An answer of the books; trouble that was anticipated ends the command with a message."""
    from central.books import Books
    from central.trouble import TROUBLES, trouble_text

    try:
        with console.config_errors():
            return answer(Books.open(config_file))
    except TROUBLES as error:
        console.fail(trouble_text(error))


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
