"""The demo: a simulated day of a whole cluster on real protocols, told step by step, checked against the ledger."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.progress import BarColumn, Progress, TextColumn

from metering.period import HOUR, WARSAW
from runtime.clock import SimulationClock, monotonic_s
from runtime.config import ConfigError, Problem
from runtime.console import Exit, out
from simulators.compare import Difference, Kind, compare
from simulators.configs import SITE_FILE, Store
from simulators.influxd import find_influxd
from simulators.ledger import Ledger, keep_books, true_flows
from simulators.processes import LEAD_S, Cluster, program
from simulators.scenario import Scenario
from simulators.world import World

SPEED: Final = 740
"""Simulated seconds a second: a day in two minutes, a step of one simulated minute in 81 ms."""
AFTER: Final = timedelta(minutes=5)
"""Simulated time to wait after the last hour, for its stands to arrive."""
_LAST_WAIT_S: Final = 15.0
_LOOK_S: Final = 0.25
_STORES: Final = {
    "sqlite": "central's own SQLite file",
    "influxdb": "InfluxDB 1.8 on 127.0.0.1:{port}, with authentication",
}
_SHOWN_DIFFERENCES: Final = 10
_MOST_STARTS: Final = 20
"""So often one program is started in one demo."""


class DemoError(Exception):
    """The demo can't go on; the message tells why and where to look."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Central's answers beside the simulator's own ledger."""

    differences: list[Difference]
    exact: int
    """Stands read within one step: true to the register's last digit."""
    interpolated: int
    hours: int
    """Periods compared: quarters in a cluster that balances quarters."""
    period: str = "hour"


def run_demo(
    scenario_file: Path, workdir: Path, *, speed: int, web_from: int, once: bool, store: Store = "sqlite"
) -> Exit:
    """Run the scenario from its start to its end, show balance and settlement, serve the page until Ctrl-C.

    With ``once`` it ends by itself: ``DONE`` only if central's balance equals the ledger.

    Raises:
        DemoError, StartError: a program didn't start or died.
        ConfigError: the scenario can't be used, or there is no influxd.
        OSError: a file can't be written.
    """
    if store == "influxdb" and find_influxd() is None:
        said = "there is no influxd here: deploy/build-influxd builds it (needs Go); make demo does that by itself"
        raise ConfigError([Problem("klaster-sim demo", "--store", store, said)])
    _clear(workdir)
    cluster = Cluster(scenario_file, workdir, speed=speed, web_from=web_from, lead_s=LEAD_S, store=store)
    scenario = cluster.work.scenario
    _introduce(cluster, speed)
    with cluster:
        clock = SimulationClock(cluster.work.clock)
        _let_pass(cluster, clock, scenario)
        day = scenario.first_hour.astimezone(WARSAW).date().isoformat()
        _show("balance", cluster, "--day", day)
        _show("shares", cluster, "--month", day[:7])
        checked = check(cluster, scenario)
        _tell(checked)
        _say(f"\nThe page: {cluster.web_url}/?day={day}")
        _say(f"Logs and data: {workdir}")
        if not once:
            _say("Simulated time goes on. Ctrl-C ends everything.")
            _serve(cluster)
    return Exit.DIFFERS if checked.differences else Exit.DONE


def _clear(workdir: Path) -> None:
    """Remove an earlier demo's work directory, and nothing else.

    Raises:
        ConfigError: the directory holds something that isn't an earlier demo's.
    """
    if (workdir / SITE_FILE).is_file():
        shutil.rmtree(workdir)
    elif workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
        said = "isn't empty, nor the work directory of an earlier demo: it is left as it is; name another"
        raise ConfigError([Problem(str(workdir), "", "", said)])


def check(cluster: Cluster, scenario: Scenario, until: datetime | None = None) -> Checked:
    """Ask central for what it knows and compare it with the ledger up to ``until`` (absent: the scenario's end).

    Raises:
        DemoError: central doesn't answer.
    """
    end = until or scenario.scenario.until
    flows = true_flows(scenario, World(scenario), end)
    books = keep_books(scenario, flows, end)
    stands, hours = _stands(cluster, books), _hours(cluster, books)
    differences = compare(scenario, books, flows, stands, hours)
    known = {(truth.meter, truth.register, truth.at) for truth in books.stands}
    asked = [row for row in stands if (row["meter"], row["register"], datetime.fromisoformat(row["at"])) in known]
    exact = sum(row["quality"] == "measured" for row in asked)
    return Checked(
        differences=differences,
        exact=exact,
        interpolated=len(asked) - exact,
        hours=len(books.balance),
        period=scenario.scenario.period,
    )


def _stands(cluster: Cluster, books: Ledger) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for day in _days(books):
        for row in ask(cluster, "stands", "--day", day)["stands"]:
            found[json.dumps(row, sort_keys=True)] = row
    return list(found.values())


def _hours(cluster: Cluster, books: Ledger) -> list[dict[str, Any]]:
    return [row for day in _days(books) for row in ask(cluster, "balance", "--day", day)["hours"]]


def _days(books: Ledger) -> Iterator[str]:
    """The local days that the ledger touches."""
    day, last = books.since.astimezone(WARSAW).date(), (books.until - HOUR).astimezone(WARSAW).date()
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def ask(cluster: Cluster, *question: str) -> dict[str, Any]:
    """What ``klaster-central`` answers, as JSON.

    Raises:
        DemoError: it doesn't.
    """
    command = [
        program("klaster-central"),
        question[0],
        str(cluster.work.path / "central.toml"),
        *question[1:],
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise DemoError(f"klaster-central {question[0]} ended with {done.returncode}: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _introduce(cluster: Cluster, speed: int) -> None:
    scenario = cluster.work.scenario
    buses = [bus for site in scenario.sites for bus in site.buses]
    serial = sum(bus.link == "serial" for bus in buses)
    meters = len(scenario.meters())
    _say(f"klaster demo: {scenario.scenario.name}")
    _say(
        f"  {len(scenario.sites)} sites with {meters} meters: {serial} on Modbus RTU (ptys), "
        f"{len(buses) - serial} lines on Modbus TCP"
    )
    _say(f"  a gateway for each site, mosquitto on 127.0.0.1:{cluster.ports.broker}, central")
    _say(f"  readings in {_STORES[cluster.store].format(port=cluster.ports.influxdb)}")
    _say(f"  one simulated day, {speed} times as fast as a real one\n")


def _let_pass(cluster: Cluster, clock: SimulationClock, scenario: Scenario) -> None:
    """Wait for the scenario's end with progress on screen."""
    start, end = scenario.scenario.start, scenario.scenario.until + AFTER
    columns = (TextColumn("{task.description}"), BarColumn(40), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=out) as progress:
        task = progress.add_task("starting", total=(end - start).total_seconds())
        while (now := clock.now()) < end:
            moment = now.astimezone(WARSAW).isoformat(sep=" ", timespec="minutes")
            what = "starting" if now == start else moment
            progress.update(task, completed=(now - start).total_seconds(), description=what)
            _look(cluster)
            time.sleep(_LOOK_S)
        progress.update(task, completed=(end - start).total_seconds(), description="the day has passed")
    _await_last(cluster, scenario)


def _await_last(cluster: Cluster, scenario: Scenario) -> None:
    """The last hour may still be on its way; what is missing then is told by the comparison."""
    day = scenario.first_hour.astimezone(WARSAW).date().isoformat()
    give_up = monotonic_s() + _LAST_WAIT_S
    while monotonic_s() < give_up:
        hours = {datetime.fromisoformat(row["start"]): row for row in ask(cluster, "balance", "--day", day)["hours"]}
        told = [row for start, row in hours.items() if scenario.first_hour <= start < scenario.scenario.until]
        if all(row["status"] == "complete" for row in told):
            return
        _look(cluster)


def _look(cluster: Cluster) -> None:
    """Start again what has died, as systemd would, but not for ever.

    Raises:
        DemoError: a program dies again and again.
        StartError: it can't be started again.
    """
    for death in cluster.deaths():
        child = cluster.children[death.name]
        if child.starts > _MOST_STARTS:
            said = f"{death.name} ended with {death.code} again and again; the end of {death.log}:"
            raise DemoError(f"{said}\n{child.tail()}")
        _say(f"{death.name} ended with {death.code} and is started again")
        cluster.start_child(death.name)


def _show(name: str, cluster: Cluster, *options: str) -> None:
    """One of central's own tables, printed by its own command."""
    command = [program("klaster-central"), name, str(cluster.work.path / "central.toml"), *options]
    done = subprocess.run(command, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise DemoError(f"klaster-central {name} ended with {done.returncode}")
    _say("")


def _tell(checked: Checked) -> None:
    periods = f"{checked.hours} {checked.period}s"
    read = f"{checked.exact} stands read exactly, {checked.interpolated} interpolated, {periods}"
    if not checked.differences:
        _say(f"Checked: central's balance equals the simulator's own ledger ({read}).")
        return
    lacking = sum(difference.kind in {Kind.STAND_MISSING, Kind.HOUR_MISSING} for difference in checked.differences)
    wrong = len(checked.differences) - lacking
    _say(f"Checked: central's balance differs from the simulator's own ledger ({read}):")
    _say(f"  {lacking} stands and hours are missing, {wrong} are wrong")
    for difference in checked.differences[:_SHOWN_DIFFERENCES]:
        _say(f"  {difference}")


def _serve(cluster: Cluster) -> None:
    """Until Ctrl-C or SIGTERM; a program that dies meanwhile is started again."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        while True:
            _look(cluster)
            time.sleep(1.0)
    except KeyboardInterrupt:
        _say("ending")


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)
