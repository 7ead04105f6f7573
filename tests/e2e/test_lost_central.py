"""Central loses its journal, or part of it, and has it again from its gateways, unasked."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metering.period import HOUR, utc_text
from simulators.demo import DemoError, ask
from simulators.processes import Cluster, program
from tests.e2e.cluster import START, complete_hours, daytime_cluster, wait_for, wait_until

pytestmark = pytest.mark.e2e
FIRST = START + timedelta(minutes=10)
DAY = "2026-06-17"


def books(cluster: Cluster, until: datetime) -> tuple[set[tuple[Any, ...]], list[dict[str, Any]]]:
    """Every stand up to an instant, and the balance of the hours before it."""
    stands = ask(cluster, "stands", "--day", DAY)["stands"]
    key = ("gateway", "meter", "register", "epoch", "at", "wh", "before", "after", "quality")
    hours = complete_hours(cluster)
    return (
        {tuple(row[name] for name in key) for row in stands if row["at"] <= utc_text(until)},
        [hours[at] for at in sorted(hours) if at < until],
    )


def stands_are_back(cluster: Cluster, until: datetime, before: set[tuple[Any, ...]]) -> bool:
    try:
        return books(cluster, until)[0] >= before
    except DemoError:  # central has just been started: there is nothing yet
        return False


def back_up(cluster: Cluster, out: Path) -> None:
    """Beside the running service."""
    command = [program("klaster-central"), "backup", str(cluster.work.path / "central.toml"), str(out)]
    subprocess.run(command, check=True, capture_output=True)


def request(cluster: Cluster, *options: str) -> tuple[int, Any]:
    done = subprocess.run(
        [program("klaster-central"), "request", str(cluster.work.path / "central.toml"), *options, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def requests(cluster: Cluster) -> Any:
    command = [program("klaster-central"), "requests", str(cluster.work.path / "central.toml"), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_lost_and_a_restored_central_have_all_stands_again_and_the_same_balance(tmp_path: Path) -> None:
    cluster = daytime_cluster(tmp_path, lead_s=12)
    with cluster:
        wait_until(cluster, FIRST + HOUR + timedelta(minutes=5))
        # On a busy machine the first hours may be missing.
        until = wait_for(lambda: min(complete_hours(cluster), default=None), 60) + 3 * HOUR
        data = cluster.work.path / "central"
        back_up(cluster, tmp_path / "backup.tar")
        wait_until(cluster, until + timedelta(minutes=5))
        before = books(cluster, until)
        assert before[1]

        cluster.kill("central")
        shutil.rmtree(data)
        cluster.start_child("central")
        wait_for(lambda: stands_are_back(cluster, until, before[0]), 60)
        assert books(cluster, until)[1] == before[1]

        cluster.kill("central")
        shutil.rmtree(data)
        (tmp_path / "backup").mkdir()
        subprocess.run(["tar", "-xf", tmp_path / "backup.tar", "-C", tmp_path / "backup"], check=True)
        shutil.copytree(tmp_path / "backup" / "data", data)
        cluster.start_child("central")
        wait_for(lambda: stands_are_back(cluster, until, before[0]), 60)
        assert books(cluster, until)[1] == before[1]

        code, answer = request(cluster, "school", "--day", DAY, "--wait", "30")
        assert (code, answer["state"], answer["online"]) == (0, "done", True)
        whole = answer["stands"]
        assert whole >= sum(row[0] == "school" for row in before[0])
        meter = next(row[1] for row in before[0] if row[0] == "school")
        code, answer = request(cluster, "school", "--day", DAY, "--meter", meter, "--wait", "30")
        assert code == 0
        assert 0 < answer["stands"] < whole
        cluster.kill("gateway-school", signal.SIGTERM)
        wait_for(
            lambda: (
                not next(g for g in ask(cluster, "gateways")["gateways"] if g["gateway"] == "school")["status"][
                    "online"
                ]
            )
        )
        code, answer = request(cluster, "school", "--day", DAY)
        assert (code, answer["state"], answer["online"]) == (3, "asked", False)
        cluster.start_child("gateway-school")
        wait_for(lambda: all(one["state"] == "done" for one in requests(cluster)), 30)
        code, said = request(cluster, "nobody", "--day", DAY)
        assert code == 2
        assert "no gateway 'nobody' has ever been heard; nothing was asked. Heard were: " in said
        assert request(cluster, "school", "--day", DAY, "--month", "2026-06")[0] == 2
        assert books(cluster, until)[1] == before[1]
