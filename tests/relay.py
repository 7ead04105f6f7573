"""A TCP relay that is cut at will: connections through it end, or freeze as behind a pulled cable."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class Relay:
    """Forwards connections from a port of its own to another."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._open = threading.Event()
        self._open.set()
        self._refusing = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections by a reset, and refuse new ones."""
        self._refusing = True
        for pair in list(self._pairs):
            for one in pair:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Let nothing through, and tell nobody."""
        self._open.clear()

    def mend(self) -> None:
        self._refusing = False
        self._open.set()

    def close(self) -> None:
        self.mend()
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                if self._refusing:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
            except OSError:
                if self._server.fileno() == -1:
                    return
                near.close()
                continue
            far.settimeout(None)
            pair = (near, far)
            self._pairs.add(pair)
            for source, target in (pair, pair[::-1]):
                threading.Thread(target=self._forward, args=(source, target, pair), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                target.sendall(data)
        self._open.wait()
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._pairs.discard(pair)
        source.close()
