"""``klaster-central statement``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from runtime import console
from runtime.console import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from central.register.opening import Run
    from central.statements.statement import Statement
    from central.statements.told import Told

FILE = click.Path(path_type=Path)
_NAMED = 20


@click.command()
@click.argument("place", type=FILE, metavar="[CONFIG]", required=False)
@click.option(
    "--run", "name", metavar="RUN", required=True, help="A run of the register by its name, or an exported file."
)
@click.option("--member", help="One member's, by its id.")
@click.option("--all", "everyone", is_flag=True, help="Each member's, in files of their own.")
@click.option("--out", type=FILE, required=True, help="The folder to write to.")
@click.option("--lang", "language", type=click.Choice(["pl", "en"]), default="pl", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON, with all numbers.")
def statement(
    *,
    place: Path | None,
    name: str,
    member: str | None,
    everyone: bool,
    out: Path,
    language: str,
    as_json: bool,
) -> None:
    """A member's statement of a run: PDF, and the same numbers as a workbook.

    CONFIG is central's configuration or a register's folder; an exported run needs none.

    Exit code: 0 written; 3 written, but figures are missing in it; 2 bad input, or they can't be written: none was.
    """
    if member is not None and everyone:
        raise click.UsageError("--member is one member's statement, --all is everyone's: give one of the two")
    if member is None and not everyone:
        raise click.UsageError("give --member ID for one member's statement, or --all for each member's")
    if not name:
        raise click.UsageError("--run is empty")
    from central.statements.statement import statement as of_member
    from central.statements.writing import PartlyWrittenError, write_statements

    told, corrected = _told(place, name)
    try:
        there = told.members
        if member is not None and member not in there:
            known = ", ".join(there[:_NAMED]) + (" …" if len(there) > _NAMED else "")
            console.fail(
                f"{name}: no point of a member {member[:60]!r} is in the run; members: {known}; nothing was written"
            )
        made: list[Statement] = []
        with console.err.status("writing") as status:

            def each() -> Iterator[Statement]:
                for one in there if member is None else [member]:
                    status.update(Text(f"writing {one}"))
                    made.append(of_member(told, one, corrected))
                    yield made[-1]

            files = write_statements(each(), out, language)
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        console.fail(
            f"{name}: the run's tables can't be read together: {str(error)[:200]}; verify tells what was changed"
        )
    except RuntimeError as error:
        console.fail(str(error))
    except PartlyWrittenError as error:
        console.fail(str(error), Exit.INCOMPLETE)
    except OSError as error:
        console.fail(f"{out}: can't be written: {error.strerror or error}; nothing was written")
    if as_json:
        answers = [one.answer() for one in made]
        console.print_json({"files": [str(file) for file in files], "statements": answers})
    else:
        for file in files:
            console.say(f"written: {file}")
        lacking = [one.member.id for one in made if not one.whole]
        if lacking:
            console.say(
                f"figures are missing, each with its reason, in the statements of: {', '.join(lacking[:_NAMED])}"
            )
    raise SystemExit(Exit.DONE if all(one.whole for one in made) else Exit.INCOMPLETE)


def _told(place: Path | None, name: str) -> tuple[Told, Told | None]:
    """The run, and the one that it corrects where that is at hand."""
    from central.register.cli import register_of
    from central.register.cli import told as troubles
    from central.register.opening import open_run
    from central.statements.gathering import told_of

    file = Path(name)
    before: Run | None = None
    with troubles(place or file):
        if file.exists():
            run = open_run(file)
            before = run.corrected
            if before is None and place is not None and run.manifest.corrects:
                before = register_of(place).run(run.manifest.corrects)
        elif place is None:
            console.fail(f"{name}: there is no such file; a run of a register needs CONFIG: statement CONFIG --run RUN")
        else:
            register = register_of(place)
            run = register.run(name)
            before = run.corrected
        return told_of(run), told_of(before) if before else None
