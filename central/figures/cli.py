"""``klaster-central figures`` and ``complaint``."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.span_options import MonthType
from metering.period import Month
from runtime import console
from runtime.command_list import WholeSentences
from runtime.console import Exit

if TYPE_CHECKING:
    from datetime import datetime

    from central.figures.comparing import Compared, Tolerance
    from central.figures.figures_file import Entered
    from central.register.keeping import Register
    from central.register.opening import Run

FILE = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
PARTY = click.Choice(["operator", "seller"])


class Amount(click.ParamType[Decimal]):
    """A number that isn't below zero: ``0.05``."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read it."""
        if isinstance(value, Decimal):
            return value
        text = str(value).replace(",", ".")
        if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 12:
            self.fail(f"{str(value)[:40]!r} isn't a number like 0.05", param, ctx)
        return Decimal(text)


@click.group(cls=WholeSentences)
def figures() -> None:
    """What the operator and the sellers charged: enter it, and compare (docs/money.md).

    CONFIG is central's configuration, or a register's folder; the figures are kept in the register's folder.
    """


@figures.command("import")
@click.argument("place", type=FILE, metavar="CONFIG")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what an import would do; change nothing.")
@click.option("--by", "who", help="Who enters them; without it the user of this machine.")
@JSON
def import_(place: Path, files: tuple[Path, ...], *, dry_run: bool, who: str | None, as_json: bool) -> None:
    """Enter files of figures (CSV or XLSX), each whole or not at all. A document of a known number takes its place.

    Exit code: 0 all is in; 3 some files are, others not; 2 nothing was entered.
    """
    import getpass

    from central.figures.entering import enter
    from central.figures.figures_file import FIGURES, FiguresFile
    from central.register.cli import told
    from central.reports.money_figures import print_reports

    by = (who or getpass.getuser()).strip()
    if not by or len(by) > 100 or not by.isprintable():
        raise click.UsageError("--by takes 1 to 100 printable characters")
    register, now = _register(place)
    with told(register.folder):
        points = _codes(place, register)
        if not dry_run:
            register.folder.mkdir(parents=True, exist_ok=True)
        book = None if dry_run else FiguresFile(register.folder / FIGURES)
        try:
            reports = [enter(file, points, book, by, now) for file in files]
        finally:
            if book is not None:
                book.close()
    if as_json:
        console.print_json({"files": reports})
    else:
        print_reports(reports)
    refused = [report for report in reports if report.state == "refused"]
    raise SystemExit(Exit.DONE if not refused else Exit.BAD_INPUT if len(refused) == len(reports) else Exit.INCOMPLETE)


@figures.command("list")
@click.argument("place", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="Documents that charge this month alone.")
@JSON
def list_(place: Path, *, month: Month | None, as_json: bool) -> None:
    """Every version of every document: what was replaced is kept, and said to be."""
    from central.reports.money_figures import list_rows, print_list

    register, _ = _register(place)
    rows = [row for row in list_rows(_entered(register)) if month is None or str(month) in row["months"]]
    if as_json:
        console.print_json({"documents": rows})
    else:
        print_list(rows, month)


@figures.command()
@click.argument("place", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), required=True, help="The local month.")
@click.option(
    "--run", "name", help="The run; without it the month's final or last correction, else its last preliminary."
)
@click.option("--party", type=PARTY, help="The operator's or the sellers' figures alone.")
@click.option("--tolerance-zl", type=Amount(), default="0", help="Differences up to so many zł are none; 0.")
@click.option("--tolerance-wh", type=Amount(), default="0", help="Differences up to so many Wh are none; 0.")
@JSON
def compare(
    place: Path,
    *,
    month: Month,
    name: str | None,
    party: str | None,
    tolerance_zl: Decimal,
    tolerance_wh: Decimal,
    as_json: bool,
) -> None:
    """A run's charges beside the figures that were entered, per member, point, zone and component, in kWh and zł.

    Exit code: 0 alike; 1 something differs; 3 nothing differs, but something couldn't be compared; 2 bad input.
    """
    from central.figures.comparing import Tolerance
    from central.reports.money_figures import compared_row, print_compared

    tolerance = Tolerance(wh=tolerance_wh, zl=tolerance_zl)
    _, found = compared(place, month, name, tolerance, party or "")
    if as_json:
        console.print_json(compared_row(found))
    else:
        print_compared(found)
    lacking = found.not_compared or found.incomplete_periods
    raise SystemExit(Exit.DIFFERS if found.differing else Exit.INCOMPLETE if lacking else Exit.DONE)


def compared(place: Path, month: Month, name: str | None, tolerance: Tolerance, party: str) -> tuple[Run, Compared]:
    """The run that was asked for, and its comparison; trouble ends the command with a message."""
    from central.figures.comparing import compare as beside
    from central.figures.figures_file import current
    from central.register.cli import told

    register, _ = _register(place)
    documents = [one.document for one in current(_entered(register)).values()]
    with told(register.folder):
        run = _run(register, month, name)
        return run, beside(run, documents, tolerance, party)


def _run(register: Register, month: Month, name: str | None) -> Run:
    from central.figures.run_beside import run_beside

    found = run_beside(register, month, name)
    if found is None:
        console.fail(f"{register.folder}: there is no run of {month} yet: klaster-central run makes one, then compare")
    return found


def _register(place: Path) -> tuple[Register, datetime]:
    from central.register.cli import opened
    from central.register.keeping import Register
    from runtime.clock import make_clock

    if place.is_dir():
        return Register(place), make_clock(None).now()
    config, now = opened(place)
    return Register(config.register), now


def _entered(register: Register) -> list[Entered]:
    from central.figures.figures_file import FIGURES, entered

    path = register.folder / FIGURES
    try:
        return entered(path)
    except sqlite3.Error as error:
        console.fail(f"{path}: can't be read: {error}")


def _codes(place: Path, register: Register) -> set[str]:
    """Ids and other codes of the cluster's points: of the configuration's cluster file, or of the newest run."""
    from central.cluster.loading import load_cluster
    from central.config import load_config
    from central.figures.points import all_codes

    if not place.is_dir():
        cluster = load_cluster(load_config(place).cluster_file)
        return {point.id for point in cluster.points} | {one.code for point in cluster.points for one in point.aliases}
    runs = [one.run for one in register.entries() if one.what == "run"]
    if not runs:
        console.fail(
            f"{place}: is no register with a run, which names the points: make a run first; nothing was entered"
        )
    return all_codes(register.run(runs[-1]).cluster)


@click.command()
@click.argument("place", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), required=True, help="The local month.")
@click.option("--party", type=PARTY, required=True, help="To whom the complaint goes.")
@click.option("--point", default="", help="One point (PPE); without it all that differ or couldn't be compared.")
@click.option("--run", "name", help="The run, as of figures compare.")
@click.option("--tolerance-zl", type=Amount(), default="0", help="Differences up to so many zł are none; 0.")
@click.option("--tolerance-wh", type=Amount(), default="0", help="Differences up to so many Wh are none; 0.")
@click.option("--out", type=FILE, required=True, help="A folder for all files, or a file .xlsx for the workbook alone.")
@JSON
def complaint(
    place: Path,
    *,
    month: Month,
    party: str,
    point: str,
    name: str | None,
    tolerance_zl: Decimal,
    tolerance_wh: Decimal,
    out: Path,
    as_json: bool,
) -> None:
    """The evidence of a complaint: what was charged, what klaster reckons, and all that it rests on (docs/money.md).

    Exit code: 0 written; 3 written, but something couldn't be compared; 1 nothing differs; 2 bad input. With 1 and 2
    nothing was written.
    """
    from central.figures.comparing import Tolerance
    from central.figures.complaint import evidence
    from central.figures.complaint_files import write
    from central.figures.complaint_hours import TooMuchError
    from central.figures.figures_file import current
    from central.register.cli import told
    from central.reports.money_figures import print_complaint

    if out.suffix.lower() not in {"", ".xlsx"} and not out.is_dir():
        console.fail(f"{out}: only a workbook .xlsx or a folder can be written; give one of them")
    run, found = compared(place, month, name, Tolerance(wh=tolerance_wh, zl=tolerance_zl), party)
    telling = {line.point for line in found.lines if line.state != "alike"}
    if point and all(line.point != point for line in found.lines):
        console.fail(
            f"--point {point[:40]}: {found.run} and the figures of {party} have no such point; nothing was written"
        )
    if not telling & ({point} if point else telling):
        console.fail(f"{month}, {party}: nothing differs beyond the tolerance; nothing was written", Exit.DIFFERS)
    register, _ = _register(place)
    with told(register.folder):
        entered = list(current(_entered(register)).values())
        try:
            made = evidence(run, found, entered, party, {point} if point else telling)
        except TooMuchError as error:
            console.fail(f"{error}; nothing was written")
    if not point and len(made.addressees) > 1:
        console.fail(
            f"the points have {len(made.addressees)} addressees ({', '.join(made.addressees)}), and each would read "
            f"the others' data: give --point, one of {', '.join(made.points)}; nothing was written"
        )
    try:
        written = write(made, out)
    except OSError as error:
        console.fail(f"{error.filename or out}: can't be written: {error.strerror}")
    print_complaint(made, written, as_json=as_json)
    raise SystemExit(Exit.INCOMPLETE if any(line.why for line in made.lines) or found.incomplete_periods else Exit.DONE)
