"""``klaster-central balance``, ``shares``, ``gateways``, ``stands``, ``findings`` and ``completeness``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.language_option import in_language
from central.span_options import DayType, MonthType, must_have_begun
from metering.period import Month
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from central.ask import Question
    from central.config import CentralConfig

FILE = click.Path(path_type=Path)
_NAMED = 8
"""So many points are named where an unknown one was asked for."""


def _question(name: Question, text: str, show: str) -> click.Command:
    """A command that asks the books and prints the answer by ``central.reports.answers_text.<show>``."""

    @click.command(name, help=text)
    @click.argument("config_file", type=FILE, metavar="CONFIG")
    @click.option("--month", type=MonthType(), help="A local month; without --month and --day: the present one.")
    @click.option("--day", type=DayType(), help="One local day.")
    @click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
    def command(config_file: Path, month: Month | None, day: date | None, *, as_json: bool) -> None:
        if month and day:
            raise click.UsageError("give --month or --day, not both")
        from central.answers import Span
        from central.ask import ask
        from central.present import now_by
        from central.reports import answers_text

        now = now_by(config_file)
        if name in {"balance", "shares"}:
            must_have_begun(day or month or Month.of(now), now)
        span = Span.of_day(day) if day else Span(month=month or Month.of(now))
        answer = ask(name, config_file, span, now)
        if answer.value is None:
            console.fail(answer.trouble)
        if as_json:
            console.print_json(answer.value)
        else:
            getattr(answers_text, show)(answer.value)

    return command


balance = _question("balance", "The hourly balance, as the store knows it now.", "print_balance")
shares = _question("shares", "Members' shares; for a month their relief too.", "print_shares")
gateways = _question("gateways", "Every gateway: last heard, last receipt, backlog.", "print_gateways")
stands = _question("stands", "The stands as gateways sent them.", "print_stands")


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="A local month; without --month and --day: all that is open.")
@click.option("--day", type=DayType(), help="One local day.")
@click.option("--all", "ever", is_flag=True, help="Closed ones too.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.option("--acknowledge", "id_", metavar="ID", help="Close one that no data can repair, with --reason and --by.")
@click.option("--reason", help="Why it is closed.")
@click.option("--by", help="Who closes it.")
@in_language
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
    language: str,
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
        print_findings(answer.value, language)


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


def _unknown_point(point: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(point, known, n=3, cutoff=0.75)
    if near:
        return f"no point {point} in the cluster file; like it: {', '.join(near)}"
    some = sorted(known)[:_NAMED]
    more = f", … ({len(known)} in all)" if len(known) > len(some) else ""
    return f"no point {point} in the cluster file; it has {', '.join(some) + more if some else 'none in this month'}"


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="A local month; without it the present one.")
@click.option("--point", "points", multiple=True, help="This point alone; may be given more than once.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@in_language
def completeness(
    config_file: Path, month: Month | None, points: tuple[str, ...], language: str, *, as_json: bool
) -> None:
    """What is there of what is expected, by point and day; why the rest is missing and what hangs on it.

    Exit code: 0 all that is due is there; 1 some is missing; 2 bad input.
    """
    from central.answers import Span
    from central.ask import ask
    from central.completeness_now import of_points
    from central.present import now_by
    from central.reports.completeness_text import print_completeness

    now = now_by(config_file)
    must_have_begun(month or Month.of(now), now)
    answer = ask("completeness", config_file, Span(month=month or Month.of(now)), now)
    if answer.value is None:
        console.fail(answer.trouble)
    known = {one["point"] for one in answer.value["points"]}
    if unknown := [point for point in points if point not in known]:
        console.fail("\n".join(_unknown_point(point, known) for point in unknown))
    shown = of_points(answer.value, points) if points else answer.value
    if as_json:
        console.print_json(shown)
    else:
        print_completeness(shown, language)
    raise SystemExit(Exit.DONE if shown["complete"] else Exit.DIFFERS)
