"""``klaster-central explain``."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from central.language_option import in_language
from central.span_options import MonthType
from metering.period import Month
from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from central.books import Books
    from central.explaining.step import Step, View
    from central.register.opening import Run

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("config_file", type=FILE, metavar="[CONFIG]", required=False)
@click.option(
    "--run", "run_name", metavar="RUN", help="Of a run: its name in the register, its folder or exported file."
)
@click.option("--month", type=MonthType(), help="A local month.")
@click.option("--day", help="A local day, like 2026-10-05: its sums, hour by hour.")
@click.option("--hour", help="One period, like 2026-10-05T13 (local), or 2026-10-25T02+01:00.")
@click.option("--member", help="A member's id.")
@click.option("--point", help="A point (PPE).")
@click.option("--component", help="network_variable, quality, oze or chp.")
@click.option("--zone", help="Of the component's charges those of one zone.")
@click.option("--quantity", help="relief, charge, full; drawn, injected, allocated, relieved; covered, ratio, ….")
@click.option(
    "--depth",
    type=click.IntRange(0, 12),
    help="Levels below the number: 8 of an hour, 1 of a day; of a month 2 of a point, else 1.",
)
@click.option("--all", "everything", is_flag=True, help="All parts of long lists, not the largest alone.")
@click.option("--bytes", "payload", is_flag=True, help="The journal's own bytes of the messages, the stand marked.")
@in_language
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def explain(
    *,
    config_file: Path | None,
    run_name: str | None,
    month: Month | None,
    day: str | None,
    hour: str | None,
    member: str | None,
    point: str | None,
    component: str | None,
    zone: str | None,
    quantity: str | None,
    depth: int | None,
    everything: bool,
    payload: bool,
    language: str,
    as_json: bool,
) -> None:
    """Why a number is what it is: from a sum of a statement down to two stands and the bytes in which they came.

    Each number is made anew from its parts. An exported run is explained without a configuration: explain --run FILE;
    runs of a register without one: explain FOLDER --run RUN. What can be asked: docs/explain.md.

    Exit code: 0 all of it agrees with the books; 1 something doesn't add up; 2 it can't be asked.
    """
    if run_name is None and (config_file is None or config_file.is_dir()):
        raise click.UsageError("give the configuration, or --run with a run's name, folder or exported file")
    for option, value in (("run", run_name), ("hour", hour), ("member", member), ("point", point)):
        if value == "":
            raise click.UsageError(f"--{option} is empty")
    query = {"month": str(month) if month else None, "day": day, "hour": hour}
    query |= {"member": member, "point": point, "component": component, "zone": zone, "quantity": quantity}
    from central.explaining.step import View
    from central.explaining.telling import plain

    usual = 8 if hour else 1 if day else 2 if point else 1
    view = View(usual if depth is None else depth, None if everything else 5)
    step = _explained(config_file, run_name, query, view)
    wrong = bool(step.disagreements)
    if as_json:
        console.print_json({"agrees": not wrong, "step": plain(step, payload=payload)})
    else:
        from central.explaining.printed import print_explained
        from central.web.words import WORDS

        command = ["klaster-central", "explain", *([str(config_file)] if config_file else [])]
        command += ["--run", run_name] if run_name else []
        command += ["--lang", language] if language != "en" else []
        print_explained(step, WORDS[language], payload=payload, command=command)
    raise SystemExit(Exit.DIFFERS if wrong else Exit.DONE)


def _explained(config_file: Path | None, run_name: str | None, query: dict[str, str | None], view: View) -> Step:
    from central.books import Books
    from central.explaining.answer import explained
    from central.explaining.question import QuestionError
    from central.register.manifest import RunError
    from central.trouble import TROUBLES, trouble_text

    with console.config_errors("nothing was looked at"):
        try:
            register = config_file if config_file and config_file.is_dir() else None
            books = Books.open(config_file) if config_file and not register else None
            return explained(books, _run(run_name, books, register), query, view)
        except (QuestionError, RunError) as error:
            console.fail(str(error))
        except TROUBLES as error:
            console.fail(trouble_text(error))
        except (OSError, sqlite3.Error) as error:
            console.fail(f"{config_file or run_name}: {error}; run this as the user that runs klaster-central serve")


def _run(name: str | None, books: Books | None, register: Path | None) -> Run | None:
    """A run's file or folder, or its name in the register of the books or in ``register``."""
    from central.explaining.answer import run_of
    from central.register.keeping import Register
    from central.register.manifest import RunError
    from central.register.opening import open_run

    if name is None:
        return None
    if register is not None:
        return Register(register).run(name)
    if Path(name).exists():
        return open_run(Path(name))
    if books is not None:
        return run_of(books, name)
    raise RunError(f"{name}: no such file or folder; for a run of the register: explain CONFIG --run {name}")
