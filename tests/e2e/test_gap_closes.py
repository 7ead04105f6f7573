"""Central lost a span of a gateway's stands without knowing it: it finds the gap, asks, and has every value again."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metering.period import HOUR, utc_text
from simulators.processes import Cluster, program
from tests.e2e.cluster import START, complete_hours, daytime_cluster, wait_for, wait_until

pytestmark = pytest.mark.e2e
DAY = "2026-06-17"


def command(cluster: Cluster, name: str, *options: str, codes: tuple[int, ...] = (0,)) -> Any:
    words = [program("klaster-central"), name, str(cluster.work.path / "central.toml"), *options, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return json.loads(done.stdout)


def lose(data: Path, gateway: str, at: datetime) -> int:
    """Take a gateway's stands of one instant out of journal and store; what central tells to hold stays as it was."""
    lost = []
    journal = sqlite3.connect(data / "journal.sqlite")
    for number, payload in journal.execute("SELECT id, payload FROM messages WHERE gateway = ?", (gateway,)):
        instants = {datetime.fromisoformat(one["at"]) for one in json.loads(payload)["stands"]}
        if at in instants:
            assert instants == {at}
            lost.append((number,))
    store = sqlite3.connect(data / "readings.sqlite")
    with journal, store:
        journal.executemany("DELETE FROM messages WHERE id = ?", lost)
        store.executemany("DELETE FROM stands WHERE journal = ?", lost)
    journal.close()
    store.close()
    return len(lost)


def two_hours(cluster: Cluster) -> datetime | None:
    """The start of the first two complete hours that have a complete one before and after them."""
    there = complete_hours(cluster)
    return next((at for at in sorted(there) if {at - HOUR, at + HOUR, at + 2 * HOUR} <= there.keys()), None)


class Gap:
    """Two hours, and what central says of them."""

    def __init__(self, cluster: Cluster, since: datetime) -> None:
        self.cluster = cluster
        self.hours = since, since + HOUR
        self.span = utc_text(since), utc_text(since + 2 * HOUR)

    def findings(self, kind: str) -> list[dict[str, Any]]:
        """The recorded ones of just these hours."""
        rows = command(self.cluster, "findings", "--day", DAY, "--all")["findings"]
        return [
            row for row in rows if row["kind"] == kind and (row["since"], row["until"]) == self.span and row["opened"]
        ]

    def missing(self) -> list[dict[str, Any]]:
        """What completeness lacks in them."""
        told = command(self.cluster, "completeness", "--month", DAY[:7], codes=(0, 1))
        return [one for one in told["missing"] if one["since"] < self.span[1] and one["until"] > self.span[0]]

    def balance(self) -> list[dict[str, Any]]:
        """Their rows, where they are complete."""
        there = complete_hours(self.cluster)
        return [there[at] for at in self.hours if at in there]


def test_a_gap_that_somebody_estimated_meanwhile_is_asked_for_filled_and_the_estimate_undone(tmp_path: Path) -> None:
    cluster = daytime_cluster(tmp_path, lead_s=12)
    config = cluster.work.path / "central.toml"
    config.write_text(config.read_text(encoding="utf-8") + "\n[findings]\nevery_s = 1\n", encoding="utf-8")
    with cluster:
        wait_until(cluster, START + timedelta(minutes=15) + 5 * HOUR)
        since = wait_for(lambda: two_hours(cluster), 90)
        gap = Gap(cluster, since)
        # Gateways are asked an hour after a gap.
        wait_until(cluster, since + 3 * HOUR + timedelta(minutes=10))
        before = gap.balance()
        cluster.kill("gateway-school", signal.SIGTERM)
        cluster.kill("central", signal.SIGTERM)
        assert lose(cluster.work.path / "central", "school", since + HOUR)
        cluster.start_child("central")

        (found,) = wait_for(lambda: gap.findings("missing"), 90)
        point = found["what"]
        assert {one["point"] for one in gap.missing()} == {point}
        who = ("--reason", "the report is due", "--by", "Anna", "--method", "linear")
        made = command(cluster, "estimate", "--point", point, "--from", gap.span[0], "--to", gap.span[1], *who)
        assert all(one["proved_wh"] is not None for one in made["estimates"])
        opened = wait_for(lambda: gap.findings("estimated"), 90)
        assert len(opened) == len(made["estimates"])
        assert gap.missing() == []
        assert not asked_of(cluster, gap)

        cluster.start_child("gateway-school")
        wait_for(lambda: all(row["closed"] for row in gap.findings("estimated")), 90)
        assert gap.balance() == before
        assert gap.missing() == []
        (asked,) = wait_for(lambda: [one for one in asked_of(cluster, gap) if one["state"] == "done"], 90)
        assert (asked["gateway"], asked["stands"] > 0) == ("school", True)


def asked_of(cluster: Cluster, gap: Gap) -> list[dict[str, Any]]:
    return [one for one in command(cluster, "requests") if (one["first"], one["last"]) == gap.span]
