"""``klaster-central serve`` and ``rebuild``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime import console

if TYPE_CHECKING:
    from central.config import StoreKind

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
def serve(config_file: Path) -> None:
    """Run central: journal and receipts, readings, the page."""
    import asyncio
    import sqlite3

    from central.config import load_config
    from central.service import BusyError
    from central.service import serve as run
    from runtime.log import configure

    with console.config_errors("nothing was started"):
        config = load_config(config_file)
        configure(config.log)
        try:
            asyncio.run(run(config, config_file))
        except BusyError as error:
            console.fail(f"{error}; stop that one first")
        except (OSError, sqlite3.Error) as error:
            console.fail(f"central can't start: {error}")


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
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
