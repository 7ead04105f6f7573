"""``klaster-central clusters``: all clusters of a machine, and what they must not share."""

from __future__ import annotations

from pathlib import Path

import click

from runtime import console
from runtime.console import Exit


@click.command()
@click.argument("places", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def clusters(*, places: tuple[Path, ...], as_json: bool) -> None:
    """How each cluster of this machine is, and whether two share what each must have for itself.

    PLACES are configurations, or folders: of a folder every CLUSTER/central.toml in it, such as of /etc/klaster.

    Exit code: 0 they are apart; 1 two share something; 2 a configuration can't be used, or there is none.
    """
    from central.clusters.clashes import clashes
    from central.clusters.states import ClusterState, cluster_state
    from central.config import load_config
    from central.reports.clusters_text import print_clusters
    from runtime.clock import make_clock
    from runtime.config import ConfigError

    read, states = [], []
    for file in _files(places):
        try:
            config = load_config(file)
        except ConfigError as error:
            states.append(ClusterState(file=str(file), trouble=str(error)))
            continue
        read.append((str(file), config))
        states.append(cluster_state(file, config, make_clock(config.clock).now()))
    found = clashes(read)
    if as_json:
        console.print_json({"clusters": states, "clashes": found})
    else:
        print_clusters(states, found)
    bad = any(state.trouble for state in states)
    raise SystemExit(Exit.BAD_INPUT if bad else Exit.DIFFERS if found else Exit.DONE)


def _files(places: tuple[Path, ...]) -> list[Path]:
    files: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            files[place] = None
            continue
        try:
            there = [*place.glob("central.toml"), *sorted(place.glob("*/central.toml"))]
        except OSError as error:
            console.fail(f"{place}: can't be read: {error.strerror}")
        if not there:
            console.fail(f"{place}: there is no CLUSTER/central.toml in it")
        files |= dict.fromkeys(there)
    return list(files)
