"""``klaster-central run``, ``runs``, ``verify``, ``diff``, ``approve``, ``closing`` and ``correction``."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from central.language_option import in_language
from central.settling.cli import ManyFiles
from central.span_options import MonthType, months_asked
from metering.period import Month
from runtime import console
from runtime.command_list import WholeSentences
from runtime.console import Exit
from runtime.unread import why_unread

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from central.config import CentralConfig
    from central.register.comparing import Comparison
    from central.register.keeping import Register
    from central.register.making import Asked
    from central.register.manifest import AcceptedGap, Entry
    from central.register.opening import Run

FILE = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


@click.command(cls=ManyFiles)
@click.argument("config_file", type=FILE, metavar="[CONFIG]", required=False)
@click.option("--month", type=MonthType(), help="The local month.")
@click.option("--from", "first", type=MonthType(), help="The first of several months …")
@click.option("--to", "last", type=MonthType(), help="… and the last, both inclusive.")
@click.option("--kind", type=click.Choice(["preliminary", "final", "correction"]), required=True)
@click.option("--reason", default="", help="Why; a correction needs it.")
@click.option("--by", default="", help="Who makes it; a final and a correction need it.")
@click.option("--accept-gap", "gaps", multiple=True, metavar="GAP", help="POINT/DIRECTION/FROM..TO=REASON; any number.")
@click.option("--accept-gaps", "gaps_file", type=FILE, help="A file with such a gap in each line.")
@click.option("--cluster", "cluster_file", type=FILE, help="Without CONFIG: the cluster file …")
@click.option("--rates", "rates", multiple=True, help="… rates files, or names of rates that ship …")
@click.option(
    "--readings",
    "files",
    type=FILE,
    multiple=True,
    help="… files of readings, any number (PPE=FILE where one names no point) …",
)
@click.option("--register", "folder", type=FILE, help="… and the folder of the register.")
@JSON
def run(
    *,
    config_file: Path | None,
    month: Month | None,
    first: Month | None,
    last: Month | None,
    kind: str,
    reason: str,
    by: str,
    gaps: tuple[str, ...],
    gaps_file: Path | None,
    cluster_file: Path | None,
    rates: tuple[str, ...],
    files: tuple[Path, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Make a settlement run and keep it in the register for ever: from the books of CONFIG, or from files alone.

    Exit code: 0 made; 3 made, and some hours are incomplete; 1 its conditions don't hold, 2 bad input: nothing made.
    """
    if not (asked_months := months_asked(month, first, last)):
        raise click.UsageError("give --month, or --from and --to")
    from central.register.making import Asked

    by, reason = by.strip(), reason.strip()
    if max(len(by), len(reason)) > 500 or not (by + reason).isprintable():
        raise click.UsageError("--by and --reason take printable text, at most 500 characters")
    if kind != "preliminary" and not by:
        raise click.UsageError(f"a {kind} needs --by NAME: somebody answers for it")
    if kind == "correction" and not reason:
        raise click.UsageError("a correction needs --reason TEXT")
    asked = Asked(kind=kind, by=by, reason=reason, accepted=_accepted(gaps, gaps_file))
    if config_file is not None:
        if cluster_file or rates or files or folder:
            raise click.UsageError("--cluster, --rates, --readings and --register go without CONFIG")
        made = _from_books(config_file, asked_months, asked)
    else:
        if cluster_file is None or not files or folder is None:
            raise click.UsageError("give CONFIG, or --cluster, --readings and --register")
        made = _from_files(cluster_file, rates, files, folder, asked_months, asked, quiet=as_json)
    from central.reports.register_text import made_rows, print_made

    register, entries = made
    rows = made_rows(register, entries)
    if as_json:
        console.print_json({"runs": rows})
    else:
        print_made(rows, config_file or folder)
    lacking = any(row["complete"] is False and row["kind"] == "preliminary" for row in rows)
    raise SystemExit(Exit.INCOMPLETE if lacking else Exit.DONE)


def _accepted(gaps: tuple[str, ...], file: Path | None) -> tuple[AcceptedGap, ...]:
    from central.register.accepted import accepted_gap

    texts = list(gaps)
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            console.fail(f"{file}: {why_unread(error)}")
        except UnicodeDecodeError:
            console.fail(f"{file}: isn't UTF-8")
        texts += [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    try:
        return tuple(accepted_gap(text) for text in texts)
    except ValueError as error:
        raise click.UsageError(f"--accept-gap: {error}") from error


def _from_books(config_file: Path, months: list[Month], asked: Asked) -> tuple[Register, list[Entry]]:
    from central.books import Books
    from central.register.closing import closing_reasons
    from central.register.from_books import run_from_books
    from central.register.keeping import Register
    from central.register.making import NotYetError
    from central.register.memory import keep_memory

    keep_memory()
    config, now = opened(config_file)
    register = Register(config.register)
    made: list[Entry] = []
    with told(config.register), _kept_before(made):
        books = Books(config)
        for month in months:
            reasons = closing_reasons(books, register, month, asked, now) if asked.kind == "final" else []
            if reasons:
                raise NotYetError(f"{month}-final: nothing was made", reasons)
            made.append(run_from_books(books, register, month, asked, now))
    return register, made


def _from_files(
    cluster_file: Path,
    rates: tuple[str, ...],
    files: tuple[Path, ...],
    folder: Path,
    months: list[Month],
    asked: Asked,
    *,
    quiet: bool,
) -> tuple[Register, list[Entry]]:
    from central.imports.klaster_csv import BadRowsError
    from central.master import load_master
    from central.rates import rates_path
    from central.register.from_files import FromFiles, runs_from_files
    from central.register.keeping import Register
    from central.register.memory import keep_memory
    from central.reports.files_read_text import print_files_read
    from runtime.clock import make_clock

    keep_memory()
    register = Register(folder)
    with console.config_errors("nothing was made"):
        cluster, pricing = load_master(cluster_file, [rates_path(word, Path()) for word in rates])
    made: list[Entry] = []
    given = FromFiles(cluster, pricing, files, register, told=lambda read: None if quiet else print_files_read(read))
    try:
        with told(folder), _kept_before(made), console.err.status("settling") as status:
            now = make_clock(None).now()
            made.extend(runs_from_files(given, months, asked, now, lambda what: status.update(Text(what))))
            return register, made
    except BadRowsError as error:
        console.fail(error.told("nothing was made"))


@contextlib.contextmanager
def _kept_before(made: list[Entry]) -> Iterator[None]:
    """Say which runs of earlier months are made and stay where a later one isn't."""
    try:
        yield
    except Exception:
        if made:
            names = ", ".join(one.run for one in made)
            console.err.print(Text(console.plain(f"made before that, and kept: {names}")), soft_wrap=True)
        raise


class Listing(WholeSentences):
    """A group whose name alone, with a configuration, lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``runs CONFIG`` as ``runs list CONFIG``."""
        lists = bool(args) and args[0] not in self.commands and not args[0].startswith("-")
        return super().parse_args(ctx, ["list", *args] if lists else args)


@click.group(cls=Listing)
def runs() -> None:
    """The runs of a register: list, show, export. CONFIG is central's configuration, or a register's folder."""


@runs.command("list")
@click.argument("place", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), help="Of this month alone.")
@JSON
def list_(place: Path, *, month: Month | None, as_json: bool) -> None:
    """Every run: kind, when and by whom made, complete or not, approved by whom, sums, digest."""
    from central.reports.register_text import print_runs, run_rows

    register = register_of(place)
    with told(register.folder):
        rows = [row for row in run_rows(register) if month is None or row["month"] == str(month)]
    if as_json:
        console.print_json({"runs": rows})
    else:
        print_runs(rows, register.folder, month)


@runs.command()
@click.argument("place", type=FILE, metavar="CONFIG")
@click.argument("name", metavar="RUN")
@JSON
def show(place: Path, name: str, *, as_json: bool) -> None:
    """One run: what it was made of, with what, its sums, accepted gaps and digests."""
    from central.reports.register_text import print_shown, shown

    register = register_of(place)
    with told(register.folder):
        answer = shown(register.run(name))
    if as_json:
        console.print_json(answer)
    else:
        print_shown(answer)


@runs.command()
@click.argument("place", type=FILE, metavar="CONFIG")
@click.argument("name", metavar="RUN")
@click.option("--out", type=FILE, required=True, help="The file to write.")
@click.option("--alone", is_flag=True, help="A correction without the run that it corrects.")
@JSON
def export(place: Path, name: str, *, out: Path, alone: bool, as_json: bool) -> None:
    """Write a run as one file, which klaster-central verify checks anywhere.

    A correction takes along the run that it corrects, and that one too the run before it: diff tells what changed.
    """
    from central.register.exporting import export as write
    from central.register.lineage import lineage

    register = register_of(place)
    with told(register.folder):
        opened_run = register.run(name)
        size = write(opened_run, out, alone=alone)
        within = [] if alone else [one.id for one in lineage(opened_run)][1:]
    if as_json:
        console.print_json(
            {"run": name, "file": str(out), "bytes": size, "digest": opened_run.row.manifest, "with": within}
        )
    else:
        console.say(f"{out}: {name}, {size} bytes; digest {opened_run.row.manifest}")
        if within:
            console.say(f"with what it corrects: {', '.join(within)}; klaster-central diff {out} tells what changed")
        console.say(f"check it anywhere: klaster-central verify {out}")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[CONFIG] RUN|FILE")
@click.option("--digest", help="The run's digest as it was told on another way: it must be this one.")
@JSON
def verify(words: tuple[str, ...], *, digest: str | None, as_json: bool) -> None:
    """Recompute a run from its own inputs and compare; check every digest. RUN needs CONFIG, an exported FILE nothing.

    Of a correction the runs that it corrects are verified too, and what it changed is told.

    Exit code: 0 equal; 1 it differs or was changed; 2 it isn't a run that can be read.
    """
    from central.register.lineage import verify_lineage
    from central.reports.lineage_text import lineage_row, print_lineage

    found = opened_run(words, Exit.DIFFERS)
    with told(Path(words[0]), Exit.DIFFERS, Exit.DIFFERS):
        verified = verify_lineage(found)
        answer = lineage_row(verified)
    if digest is not None and digest != answer["digest"]:
        console.fail(f"{words[-1]}: its digest is {answer['digest']}, not {digest}: it is another run", Exit.DIFFERS)
    if as_json:
        console.print_json(answer)
    else:
        print_lineage(verified, words)
    raise SystemExit(Exit.DONE if answer["equal"] else Exit.DIFFERS)


@click.command()
@click.argument("place", type=FILE, metavar="CONFIG")
@click.argument("name", metavar="RUN")
@click.option("--by", required=True, help="Who approves it.")
@click.option("--note", default="", help="What is to be said of it.")
@JSON
def approve(place: Path, name: str, *, by: str, note: str, as_json: bool) -> None:
    """Approve a preliminary run, so that the month's final may be made of it; or a correction.

    Exit code: 0 recorded; 1 its conditions don't hold: what is missing is said; 2 bad input. Nothing is recorded then.
    """
    by, note = by.strip(), note.strip()
    if not by or max(len(by), len(note)) > 500 or not (by + note).isprintable():
        raise click.UsageError("--by and --note take printable text, at most 500 characters")
    from central.books import Books
    from central.register.approving import approve_run
    from central.reports.register_text import approved_text
    from runtime.clock import make_clock

    register = register_of(place)
    with told(register.folder):
        found = register.run(name)
        if place.is_dir():
            books, now = None, make_clock(None).now()
        else:
            config, now = opened(place)
            books = Books(config) if found.manifest.source == "books" else None
        entry = approve_run(register, found, books, by, note, now)
    if as_json:
        console.print_json(entry)
    else:
        console.say(approved_text(entry))


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[CONFIG] [RUN|FILE] RUN|FILE")
@in_language
@JSON
def diff(words: tuple[str, ...], *, language: str, as_json: bool) -> None:
    """What changed from one run to another: every number, its cause, and its money by member.

    One run alone is a correction: it is compared with the run that it corrects.

    Exit code: 0 no number changed; 1 some did; 2 they can't be compared.
    """
    from central.register.comparing import compare_sides, side_of

    sides = []
    for found in _two_runs(words):
        with told(Path(words[0])):
            sides.append((side_of(found), found.period.length))
    with told(Path(words[0])):
        try:
            answer = compare_sides(sides[0][0], sides[1][0])
        except ValueError as error:
            console.fail(str(error))
    show_difference(answer, sides[0][1], as_json=as_json, language=language)
    raise SystemExit(Exit.DONE if answer.equal else Exit.DIFFERS)


def _two_runs(words: tuple[str, ...]) -> Iterator[Run]:
    """Those that ``diff`` is given; of one run alone the one that it corrects, and itself."""
    from central.register.manifest import RUN_ID

    if len(words) > 3:
        raise click.UsageError("give two runs: CONFIG RUN RUN, or two exported files; or a correction alone")
    if len(words) == 1 or (len(words) == 2 and RUN_ID.fullmatch(words[1]) and not Path(words[1]).is_file()):
        found = opened_run(words)
        with told(Path(words[0])):
            before = found.corrected
        if before is None and not found.manifest.corrects:
            console.fail(
                f"{words[-1]}: is a {found.manifest.kind} run, which corrects none: name the run to compare with"
            )
        if before is None:
            console.fail(
                f"{words[-1]}: {found.manifest.corrects}, which it corrects, isn't in the file: export the correction "
                "again, or name that run's file too"
            )
        yield before
        yield found
        return
    # With CONFIG a run may be named, or be a file all the same.
    for one in words[-2:]:
        yield opened_run((one,) if len(words) == 2 or Path(one).is_file() else (words[0], one))


def show_difference(found: Comparison, length: timedelta, *, as_json: bool, language: str = "en") -> None:
    """Print a comparison."""
    from central.reports.diff_text import diff_row, print_diff
    from central.reports.spoken import Spoken

    if as_json:
        console.print_json(diff_row(found, length))
    else:
        print_diff(found, length, Spoken(language))


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), required=True, help="The local month.")
@in_language
@JSON
def closing(config_file: Path, *, month: Month, language: str, as_json: bool) -> None:
    """The list that must hold before a month's final: files in, findings answered, rates, runs, approval.

    Exit code: 0 all is done; 1 something isn't.
    """
    from central.books import Books
    from central.register.closing import closing as look
    from central.register.keeping import Register
    from central.reports.register_text import closing_row, print_closing
    from central.reports.spoken import Spoken

    config, now = opened(config_file)
    with told(config.register):
        lines = look(Books(config), Register(config.register), month, now)
    answer = closing_row(month, lines)
    if as_json:
        console.print_json(answer)
    else:
        print_closing(month, lines, Spoken(language))
    raise SystemExit(Exit.DONE if answer["done"] else Exit.DIFFERS)


@click.group(cls=WholeSentences)
def correction() -> None:
    """Late data against the run that stands for a month."""


@correction.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.option("--month", type=MonthType(), required=True, help="The local month.")
@in_language
@JSON
def propose(config_file: Path, *, month: Month, language: str, as_json: bool) -> None:
    """What the books know now against the month's final or its last correction, in kWh and zł by member.

    Exit code: 0 nothing to correct; 1 a correction is due: run --kind correction makes it; 2 there is no final.
    """
    from central.books import Books
    from central.register.corrections import propose as compare
    from central.register.keeping import Register

    config, _ = opened(config_file)
    with told(config.register):
        books = Books(config)
        answer = compare(books, Register(config.register), month)
    if answer is None:
        console.fail(f"{month}: there is no final yet that could be corrected")
    show_difference(answer, books.cluster.period.length, as_json=as_json, language=language)
    if not answer.equal and not as_json:
        from central.reports.spoken import Spoken

        console.say(Spoken(language)("difference.to_make", config=config_file, month=month))
    raise SystemExit(Exit.DONE if answer.equal else Exit.DIFFERS)


def opened(config_file: Path) -> tuple[CentralConfig, datetime]:
    """A configuration, and the present moment by its clock."""
    from central.config import load_config
    from runtime.clock import make_clock

    if config_file.is_dir():
        console.fail(f"{config_file}: is a folder; this command needs the books: give central's configuration")
    with console.config_errors("nothing was done"):
        config = load_config(config_file)
        return config, make_clock(config.clock).now()


def register_of(place: Path) -> Register:
    """The register of a configuration, or in a folder."""
    from central.register.keeping import Register

    if place.is_dir():
        return Register(place)
    config, _ = opened(place)
    return Register(config.register)


def opened_run(words: tuple[str, ...], changed: Exit = Exit.BAD_INPUT) -> Run:
    """The run that ``CONFIG RUN`` or ``FILE`` names; ``changed``: the exit code where a byte of it was."""
    from central.register.opening import open_run

    if len(words) > 2:
        raise click.UsageError("give CONFIG RUN, or FILE")
    if len(words) == 2:
        register = register_of(Path(words[0]))
        with told(register.folder, changed=changed):
            return register.run(words[1])
    with told(Path(words[0]), changed=changed):
        return open_run(Path(words[0]))


@contextlib.contextmanager
def told(place: Path, code: Exit = Exit.BAD_INPUT, changed: Exit = Exit.BAD_INPUT) -> Iterator[None]:
    """Anticipated trouble as one message; ``code`` where a run can't be used, ``changed`` where it was changed."""
    from central.readings import StoreDownError
    from central.register.making import NotYetError
    from central.register.manifest import ChangedError, RunError
    from central.trouble import trouble_text

    with console.config_errors("nothing was made"):
        try:
            yield
        except NotYetError as error:
            console.fail(str(error), Exit.DIFFERS)
        except RunError as error:
            console.fail(str(error), changed if isinstance(error, ChangedError) else code)
        except StoreDownError as error:
            console.fail(trouble_text(error))
        except OSError as error:
            if isinstance(error, FileNotFoundError) and error.errno is None:
                console.fail(trouble_text(error))  # the books' own word for what was never written
            console.fail(f"{error.filename or place}: {error.strerror or error}; nothing was made")
        except sqlite3.Error as error:
            console.fail(f"{place}: {error}; nothing was made")
