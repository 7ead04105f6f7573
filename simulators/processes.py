"""The processes of a simulated cluster: broker, site, central and one gateway for each site.

Each is a child with a log file of its own, and ends with its parent however that ends. Used by the demo and by the
end-to-end tests.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from runtime.clock import SystemClock, monotonic_s
from simulators.child import PATIENCE_S, Child, Death, StartError
from simulators.configs import HOST, Ports, Prepared, Store, clock_for, prepare
from simulators.influxd import TOKEN_FILE, answers, find_influxd, make_database
from simulators.ports import free_ports
from simulators.scenario import load_scenario

LEAD_S: Final = 8.0
"""Real seconds from the start of the processes until simulated time moves."""

_UP_WITHIN_S: Final = 30.0


class Cluster:
    """All processes of a scenario: ``broker``, ``site``, ``central``, each ``gateway-<site>``, and maybe ``influxdb``.

    A context manager: what it started has ended when it is left.
    """

    def __init__(
        self,
        scenario_file: Path,
        workdir: Path,
        *,
        speed: int,
        web_from: int | None = None,
        lead_s: float = LEAD_S,
        store: Store = "sqlite",
        before: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Write the work directory; simulated time moves ``lead_s`` real seconds from now.

        Args:
            scenario_file: the scenario.
            workdir: made if it isn't there; logs go to ``logs/`` in it.
            speed: simulated seconds per real second.
            web_from: central's page gets the first free port from here on; absent, any.
            lead_s: must be enough for the processes to come up, else the first hours are missing.
            store: where central keeps the readings; an InfluxDB server is one of the processes.
            before: words put before the command of a process, by its name, such as ``env`` and a variable.

        Raises:
            ConfigError: the scenario can't be used.
            OSError: a file can't be written or no port is free.
        """
        scenario = load_scenario(scenario_file)
        clock = clock_for(scenario, SystemClock().now() + timedelta(seconds=lead_s), speed)
        self.ports: Ports = free_ports(scenario, web_from)
        self.work: Prepared = prepare(scenario_file, workdir, self.ports, clock, store)
        self.children: dict[str, Child] = {}
        logs = self.work.path / "logs"
        logs.mkdir(exist_ok=True)
        self.store = store
        for name, command in self._commands().items():
            self.children[name] = Child(name, [*(before or {}).get(name, ()), *command], logs / f"{name}.log")

    @property
    def web_url(self) -> str:
        """Where central's page is."""
        return f"http://{HOST}:{self.ports.web}"

    def start(self) -> None:
        """Start everything, the gateways when broker and site are up.

        Raises:
            StartError: something didn't come up; what had been started is ended.
        """
        try:
            self.children["site"].start()  # draws its curves while the others come up
            self.start_child("broker")
            if self.store == "influxdb":
                self.start_child("influxdb")
            self.start_child("central")
            self._await_up("site")
            for name in self._gateways():
                self.start_child(name)
        except BaseException:
            self.stop()
            raise

    def start_child(self, name: str) -> None:
        """Start one process and wait until its port answers, if it has one.

        Raises:
            StartError: it isn't there, runs already, or didn't come up.
        """
        self.children[name].start()
        self._await_up(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End one process by a signal and wait for its end.

        Raises:
            StartError: it goes on running.
        """
        child = self.children[name]
        child.send(number)
        if not child.wait():
            raise StartError(f"{name} didn't end on {number.name} within {PATIENCE_S:g} s")

    def restart(self, name: str) -> None:
        """Start a process again, after ending it if it runs.

        Raises:
            StartError: as ``kill`` and ``start_child``.
        """
        self.kill(name, signal.SIGTERM)
        self.start_child(name)

    def deaths(self) -> list[Death]:
        """Who has ended without being asked to."""
        return [death for child in self.children.values() if (death := child.death) is not None]

    def stop(self) -> None:
        """End everything: gateways first, the broker last; whoever doesn't obey is killed."""
        for group in (self._gateways(), ["central"], [n for n in ("site", "broker", "influxdb") if n in self.children]):
            for name in group:
                self.children[name].send(signal.SIGTERM)
            for name in group:
                child = self.children[name]
                if not child.wait():
                    child.send(signal.SIGKILL)
                    child.wait()

    def __enter__(self) -> Self:
        """Start everything."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self.stop()

    def _commands(self) -> dict[str, list[str]]:
        path = self.work.path
        site = [program("klaster-sim"), "site", str(path / "scenario.toml"), "--workdir", str(path)]
        commands = {
            "broker": [_mosquitto(), "-c", str(path / "mosquitto.conf")],
            "site": site,
            "central": [program("klaster-central"), "serve", str(path / "central.toml")],
        }
        if self.store == "influxdb":
            commands["influxdb"] = [find_influxd() or "influxd", "-config", str(path / "influxdb.conf")]
        for known in self.work.scenario.sites:
            name = f"gateway-{known.id}"
            commands[name] = [program("klaster-gateway"), "run", str(path / f"{name}.toml")]
        return commands

    def _gateways(self) -> list[str]:
        return [name for name in self.children if name.startswith("gateway-")]

    def _await_up(self, name: str) -> None:
        """Wait for the ports of broker, site or InfluxDB; the others are up when they say so to the broker."""
        ports = {
            "broker": [self.ports.broker],
            "site": list(self.ports.buses.values()),
            "influxdb": [self.ports.influxdb],
        }
        for port in ports.get(name, []):
            self._await_port(self.children[name], port)
        if name == "influxdb":
            self._await_influxdb(self.children[name])

    def _await_influxdb(self, child: Child) -> None:
        """Its port opens before it answers; user and database are made the first time."""
        give_up = monotonic_s() + _UP_WITHIN_S
        while not answers(self.ports.influxdb):
            if not child.alive or monotonic_s() > give_up:
                raise StartError(f"{child.name} doesn't answer; its log ends:\n{child.tail()}")
            child.wait(0.1)
        try:
            make_database(self.ports.influxdb, (self.work.path / TOKEN_FILE).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise StartError(f"{child.name}: {error}") from error

    @staticmethod
    def _await_port(child: Child, port: int) -> None:
        give_up = monotonic_s() + _UP_WITHIN_S
        while monotonic_s() < give_up:
            if not child.alive:
                break
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
            child.wait(0.05)
        raise StartError(f"{child.name} didn't open port {port}; its log ends:\n{child.tail()}")


def program(name: str) -> str:
    """One of our commands: beside this Python, else wherever the shell would find it."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


def _mosquitto() -> str:
    """Debian puts it where only root's search path looks."""
    return shutil.which("mosquitto") or "/usr/sbin/mosquitto"
