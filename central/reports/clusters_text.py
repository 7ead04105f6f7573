"""The clusters of a machine as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from central.clusters.clashes import Clash
from central.clusters.states import ClusterState
from metering.period import local_text
from runtime import console

_COLUMNS = ("cluster", "topics", "page", "service", "month", "last reading", "online", "blocks", "doubt", "watch")


def print_clusters(states: Sequence[ClusterState], found: Sequence[Clash]) -> None:
    """A row for each cluster, then what couldn't be read, then what two share."""
    rows = [
        (
            state.cluster or "?",
            state.topics or "?",
            state.page or "?",
            {True: "runs", False: "stopped", None: "?"}[state.running],
            state.month or "?",
            local_text(state.last_reading) if state.last_reading else "none",
            "?" if state.gateways is None else f"{state.online} of {state.gateways}",
            *(state.findings.get(weight, "?") for weight in ("blocks", "doubt", "watch")),
        )
        for state in states
    ]
    console.table("Clusters, and their open findings", _COLUMNS, rows, right=("blocks", "doubt", "watch"))
    for state in states:
        if state.trouble:
            console.say(f"{state.file} can't be used:")
            for line in state.trouble.split("\n"):
                console.say(f"  {line}")
    for clash in found:
        console.say(f"SHARED: {clash.what} {clash.value} is named by {' and '.join(clash.files)}; {clash.way_out}.")
    if not found:
        console.say("Nothing is shared between them." if len(states) > 1 else "One cluster.")
