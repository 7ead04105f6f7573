"""``klaster-central cluster``: check, export, import, compare and follow the cluster's data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from runtime import console
from runtime.console import Exit

FILE = click.Path(path_type=Path)


@click.group()
def cluster() -> None:
    """The cluster's data: members, points, meters and papers, valid in time (docs/cluster.md)."""


@cluster.command()
@click.argument("cluster_file", type=FILE)
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which terms are reckoned; today if not given."
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def check(cluster_file: Path, *, day: datetime | None, as_json: bool) -> None:
    """Whether the cluster is as the law asks, from its data alone: met, not met or not known, with articles.

    Exit code: 0 nothing is unmet; 1 something is; 2 the file can't be used.
    """
    from central.cluster.loading import load_cluster
    from central.cluster.statutory import verdicts
    from central.cluster.verdict import State
    from central.reports.cluster_text import print_verdicts
    from metering.period import day_start

    with console.config_errors():
        read = load_cluster(cluster_file)
    now = day_start(date(day.year, day.month, day.day)) if day else datetime.now(UTC)
    found = verdicts(read, now)
    if as_json:
        console.print_json({"cluster": read.name, "verdicts": [one.answer() for one in found]})
    else:
        print_verdicts(read.name, found)
    unmet = any(one.state is State.NOT_MET for one in found)
    raise SystemExit(Exit.DIFFERS if unmet else Exit.DONE)
