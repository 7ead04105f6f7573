"""A cable that can be pulled where network namespaces are refused: a relay to the broker that stops forwarding.

Cut, nothing gets through and no one is told: connections stay open, as with a pulled cable, until a keepalive ends them.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from simulators.processes import Cluster


def rewire(cluster: Cluster, gateway: str, host: str, port: int, more: str = "") -> None:
    """Give a gateway another way to the broker; before it is started."""
    file = cluster.work.path / f"{gateway}.toml"
    old = f'host = "127.0.0.1"\nport = {cluster.ports.broker}\n'
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, f'host = "{host}"\nport = {port}\nkeepalive_s = 3\n{more}'), encoding="utf-8")


class Relay:
    """Relays TCP connections from a port of its own to another; one thread for each direction."""

    how = "relay"
    before: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._to_port = 0
        self._whole = threading.Event()
        self._whole.set()
        self._ended = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def plug(self, cluster: Cluster, gateway: str) -> None:
        """A gateway's broker is behind the relay; before anything is started."""
        self._to_port = cluster.ports.broker
        rewire(cluster, gateway, "127.0.0.1", self.port)

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self._ended = True
        self._whole.set()
        self._server.close()

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._whole.wait()  # a connection begun while the cable is cut gets no answer
        try:
            far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                target.sendall(data)
        # The end of a connection is news too: a cut cable doesn't bring it.
        self._whole.wait()
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
