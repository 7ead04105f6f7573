"""``klaster-central backup``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from runtime import console

FILE = click.Path(path_type=Path)
_MIB = 1 << 20


@click.command()
@click.argument("config_file", type=FILE, metavar="CONFIG")
@click.argument("out", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def backup(config_file: Path, out: Path, *, as_json: bool) -> None:
    """Write a cluster's books into OUT, a tar, while the service goes on (docs/install.md: how to restore it).

    Whatever had its receipt, or was recorded, before the command began is in it. No key, certificate or password is.

    Exit code: 0 done; 2 bad input, or something is damaged: nothing is written.
    """
    import sqlite3

    from central.backup.packing import pack
    from central.backup.snapshot import DamagedError
    from central.config import load_config
    from central.register.manifest import RunError

    with console.config_errors("nothing was written"):
        config = load_config(config_file)
    if not config.data_dir.is_dir():
        console.fail(f"{config.data_dir}: there are no books yet; nothing was written")
    try:
        made = pack(config, config_file, out, datetime.now(UTC))
    except FileExistsError:
        console.fail(f"{out}: is there already; nothing was written. Give another name")
    except (DamagedError, RunError) as error:
        console.fail(f"{error}; nothing was written. Restore it from an earlier backup")
    except (OSError, sqlite3.Error) as error:
        console.fail(f"{out}: no backup was written: {getattr(error, 'strerror', None) or error}")
    if as_json:
        console.print_json(made)
        return
    console.say(f"{made.file}: {made.files} files, {made.bytes / _MIB:.1f} MiB, {made.runs} settlement runs")
    console.say(f"SHA-256 {made.sha256}")
