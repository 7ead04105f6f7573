"""``klaster-central validate``, ``estimate`` and ``estimates``."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.span_options import MonthType, months_asked, must_have_begun
from metering.period import Month
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from central.config import CentralConfig
    from central.estimates.making import Asked
    from central.estimation.history import Given

FILE = click.Path(path_type=Path)
METHODS = ("linear", "like_days", "profile", "own_load_profile", "manual")
JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="A local month; the present one if not given.")
@click.option("--from", "first", type=MonthType(), help="The first of several months …")
@click.option("--to", "last", type=MonthType(), help="… and the last, both inclusive.")
@JSON
def validate(config_file: Path, *, month: Month | None, first: Month | None, last: Month | None, as_json: bool) -> None:
    """Whether measured energies can be right: the checks of docs/validation.md, of the values as they are now.

    Exit code: 0 nothing is doubted, or all of it was accepted; 1 something is.
    """
    from central.reports.findings_text import print_validated
    from central.validating import validate_months

    config, now = _opened(config_file)
    months = months_asked(month, first, last) or [Month.of(now)]
    must_have_begun(months[-1], now)
    with _told(config):
        from central.books import Books

        answer = validate_months(Books(config), months, now)
    if as_json:
        console.print_json(answer)
    else:
        print_validated(answer)
    raise SystemExit(Exit.DIFFERS if answer["findings"] else Exit.DONE)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--point", help="The point (PPE).")
@click.option("--direction", type=click.Choice(["drawn", "injected"]), help="One direction; else all that lack values.")
@click.option("--from", "first", help="A local day, or the first period's start, like 2026-10-05T14:00.")
@click.option("--to", "last", help="The last local day, or the end of the last period.")
@click.option("--method", type=click.Choice(METHODS), help="How; see docs/validation.md.")
@click.option("--wh", help="manual: the values, with commas between; profile: the sum where none is proved.")
@click.option("--csv", "csv_file", type=FILE, help="manual, own_load_profile: start,wh; profile: day,hour,weight.")
@click.option("--weeks", type=click.IntRange(1, 8), help="like_days: how many weeks before; 4 if not given.")
@click.option("--reason", help="Why.")
@click.option("--by", help="Who estimates, or takes back.")
@click.option("--undo", metavar="ID", help="Take an estimate back, with --reason and --by.")
@click.option("--dry-run", is_flag=True, help="Show it and record nothing.")
@JSON
def estimate(
    *,
    config_file: Path,
    point: str | None,
    direction: str | None,
    first: str | None,
    last: str | None,
    method: str | None,
    wh: str | None,
    csv_file: Path | None,
    weeks: int | None,
    reason: str | None,
    by: str | None,
    undo: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Estimate missing values by a named method, or take an estimate back. A measured value is never touched.

    Where two stands prove the sum of a gap, the values add up to it. Exit code: 0 done; 2 bad input, nothing recorded.
    """
    reason, by = (reason or "").strip(), (by or "").strip()
    if not reason or not by:
        raise click.UsageError("--reason TEXT and --by NAME are needed: an estimate has an author")
    if max(len(reason), len(by)) > 500 or not (reason + by).isprintable():
        raise click.UsageError("--reason and --by take printable text, at most 500 characters")
    config, now = _opened(config_file)
    if undo is not None:
        if point or direction or first or last or method or wh or csv_file or weeks or dry_run:
            raise click.UsageError("--undo ID takes --reason and --by alone")
        _undo(config, undo, by, reason, now, as_json=as_json)
        return
    if not point or not first or not last or not method:
        raise click.UsageError("give --point, --from, --to and --method")
    asked = _asked(point, direction, first, last, method, reason, by)
    if asked.last > now:
        raise click.UsageError(f"--to {last} is yet to come: only what has been can be estimated")
    with _told(config):
        from central.books import Books
        from central.estimates.file import EstimatesFile, estimates_of
        from central.estimates.making import make
        from central.reports.estimates_text import made_row, print_made

        books = Books(config)
        asked, given = _given(asked, books.cluster.period.length, wh, csv_file, weeks)
        made = make(books, estimates_of(config.estimates), asked, given, now)
        if not dry_run:
            file = EstimatesFile(config.estimates)
            try:
                recorded = file.record([one.estimate for one in made])
            finally:
                file.close()
            import msgspec

            made = [msgspec.structs.replace(one, estimate=kept) for one, kept in zip(made, recorded, strict=True)]
    rows = [made_row(one) for one in made]
    if as_json:
        console.print_json({"dry_run": dry_run, "estimates": rows})
    else:
        print_made(rows, dry_run=dry_run)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@JSON
def estimates(config_file: Path, *, as_json: bool) -> None:
    """Every estimate as it was recorded, and who took which back."""
    from central.estimates.file import estimates_of
    from central.reports.estimates_text import estimate_row, print_estimates

    config, _ = _opened(config_file)
    with _told(config):
        rows = [estimate_row(one) for one in estimates_of(config.estimates)]
    if as_json:
        console.print_json(rows)
    else:
        print_estimates(rows)


def _undo(config: CentralConfig, id_: str, by: str, reason: str, now: datetime, *, as_json: bool) -> None:
    from central.estimates.file import EstimatesFile
    from central.reports.estimates_text import estimate_row, print_estimates

    if not config.estimates.is_file():
        console.fail("nothing has been estimated here yet")
    number = id_.removeprefix("E")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise click.UsageError(f"{id_!r} is not an estimate's id like E12")
    with _told(config):
        file = EstimatesFile(config.estimates)
        try:
            row = estimate_row(file.undo(int(number), by, reason, now))
        finally:
            file.close()
    if as_json:
        console.print_json(row)
    else:
        print_estimates([row])


def _opened(config_file: Path) -> tuple[CentralConfig, datetime]:
    from central.config import load_config
    from runtime.clock import make_clock

    with console.config_errors():
        config = load_config(config_file)
    return config, make_clock(config.clock).now()


@contextlib.contextmanager
def _told(config: CentralConfig) -> Iterator[None]:
    """Anticipated trouble as one message; nothing was recorded then."""
    from central.estimates.file import NotRecordedError
    from central.estimates.given_files import BadFileError
    from central.estimation.history import NotEstimatedError
    from central.readings import StoreDownError
    from central.trouble import trouble_text

    with console.config_errors():
        try:
            yield
        except (NotEstimatedError, NotRecordedError, BadFileError) as error:
            console.fail(str(error))
        except (StoreDownError, FileNotFoundError) as error:
            console.fail(trouble_text(error))
        except (OSError, sqlite3.Error) as error:
            console.fail(f"{config.data_dir}: {error}; run this as the user that runs klaster-central serve")


def _asked(point: str, direction: str | None, first: str, last: str, method: str, reason: str, by: str) -> Asked:
    from central.estimates.asked import instant_of
    from central.estimates.making import Asked
    from metering.point import Direction

    try:
        begin, end = instant_of(first, end=False), instant_of(last, end=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if end <= begin:
        raise click.UsageError(f"--to {last} is not after --from {first}")
    way = Direction(direction) if direction else None
    return Asked(point=point, direction=way, first=begin, last=end, method=method, reason=reason, by=by)


def _given(
    asked: Asked, length: timedelta, wh: str | None, csv_file: Path | None, weeks: int | None
) -> tuple[Asked, Given]:
    """What the method takes; what it doesn't take is a mistake."""
    import msgspec

    from central.estimates.given_files import values_of, weights_of
    from central.estimation.history import Given

    method = asked.method
    if weeks is not None and method != "like_days":
        raise click.UsageError("--weeks goes with --method like_days")
    if csv_file is None and method in {"profile", "own_load_profile"}:
        raise click.UsageError(f"--method {method} needs --csv FILE")
    if csv_file is not None and method in {"linear", "like_days"}:
        raise click.UsageError(f"--method {method} takes no --csv")
    if wh is not None and method not in {"manual", "profile"}:
        raise click.UsageError(f"--method {method} takes no --wh")
    if method == "manual" and (wh is None) == (csv_file is None):
        raise click.UsageError("--method manual takes --wh with a value for each period, or --csv FILE")
    parameters = {"csv": str(csv_file)} if csv_file else {}
    parameters |= {"wh": wh} if wh else {}
    numbers = _numbers(wh) if wh is not None else []
    given = Given()
    if method == "like_days":
        given = Given(weeks=weeks or given.weeks)
        parameters["weeks"] = str(given.weeks)
    elif method == "profile" and csv_file:
        if len(numbers) > 1:
            raise click.UsageError("--method profile takes one --wh: the sum")
        given = Given(weights=weights_of(csv_file), total_wh=numbers[0] if numbers else None)
    elif csv_file:
        given = Given(values=values_of(csv_file, length))
    elif method == "manual":
        starts = [int(asked.first.timestamp()) + i * int(length.total_seconds()) for i in range(len(numbers))]
        periods = (asked.last - asked.first) / length
        if len(numbers) != periods:
            raise click.UsageError(f"--wh has {len(numbers)} values, and --from to --to are {periods:g} periods")
        given = Given(values=dict(zip(starts, numbers, strict=True)))
    return msgspec.structs.replace(asked, parameters=parameters), given


def _numbers(text: str) -> list[int]:
    from metering.energy import MAX_READING_WH

    found = []
    for part in text.split(","):
        word = part.strip()
        if not (word.isascii() and word.isdigit()) or len(word) > 15 or int(word) > MAX_READING_WH:
            raise click.UsageError(f"--wh: {word!r} is no energy in whole Wh")
        found.append(int(word))
    return found
