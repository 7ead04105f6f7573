"""A real cable: the gateway lives in a network namespace of its own, and one veth pair leads to the broker's side.

Cut, the link is down and packets are lost. The broker listens on the pair with TLS, as gateways demand beyond loopback.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from simulators.processes import Cluster
from tests.faults.cable import rewire
from tests.gateway.test_tls import Authority
from tests.mosquitto import free_port

_BITS = 30


class Veth:
    """A namespace with one way out."""

    how = "network namespace"

    def __init__(self, folder: Path, root: list[str]) -> None:
        number = os.getpid() % 250 + 1
        self._here, self._there = f"10.213.{number}.1", f"10.213.{number}.2"
        self._name = f"klaster-{os.getpid()}"
        self._link = f"klaster{os.getpid() % 10**7}"
        self._root = root
        self._folder = folder / "certificates"
        enter = [*root, "ip", "netns", "exec", self._name]
        user = ["setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}", "--clear-groups"]
        self.before = [*enter, *user] if root else enter

    def lay(self) -> None:
        """Make namespace and pair.

        Raises:
            subprocess.CalledProcessError: it is refused.
        """
        self._ip("netns", "add", self._name)
        self._ip("link", "add", self._link, "type", "veth", "peer", "name", "uplink", "netns", self._name)
        self._ip("addr", "add", f"{self._here}/{_BITS}", "dev", self._link)
        self._ip("link", "set", self._link, "up")
        self._ip("-n", self._name, "addr", "add", f"{self._there}/{_BITS}", "dev", "uplink")
        for link in ("lo", "uplink"):
            self._ip("-n", self._name, "link", "set", link, "up")

    def plug(self, cluster: Cluster, gateway: str) -> None:
        """A gateway's broker is beyond the pair; before anything is started."""
        self._folder.mkdir()
        authority = Authority(self._folder)
        cert, key = authority.issue("broker", self._here)
        port = free_port()
        with (cluster.work.path / "mosquitto.conf").open("a", encoding="utf-8") as broker:
            broker.write(f"listener {port} {self._here}\ncafile {authority.ca}\ncertfile {cert}\nkeyfile {key}\n")
        rewire(cluster, gateway, self._here, port, f'ca = "{authority.ca}"\n')

    def cut(self) -> None:
        """Take the link down."""
        self._ip("link", "set", self._link, "down")

    def mend(self) -> None:
        """Take it up again."""
        self._ip("link", "set", self._link, "up")

    def close(self) -> None:
        """Remove namespace and pair, as far as they are there."""
        for what in (["link", "del", self._link], ["netns", "del", self._name]):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._ip(*what)

    def _ip(self, *words: str) -> None:
        subprocess.run([*self._root, "ip", *words], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def veth(folder: Path) -> Iterator[Veth | None]:
    """A laid cable; None where namespaces are refused."""
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    if shutil.which("ip") is None or (root and shutil.which("sudo") is None):
        yield None
        return
    made = Veth(folder, root)
    try:
        try:
            made.lay()
        except (OSError, subprocess.CalledProcessError):
            yield None
        else:
            yield made
    finally:
        made.close()
