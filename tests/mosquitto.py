"""A real mosquitto of a test's own: free port, own folder, can be killed and comes back with what it had saved."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    """A TCP port of this machine that nothing listens on; never 1883, which may be the system's own broker."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port != 1883:
            return port


class Mosquitto:
    """One broker process; ``extra`` are further lines of its configuration (by default it takes anyone on loopback).

    With ``saves`` it writes every change to its file, so that much survives a kill; without, it does as Debian's does.
    """

    def __init__(self, folder: Path, extra: str = "allow_anonymous true\n", *, saves: bool = True) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"persistence true\npersistence_location {folder}/\n"
            + ("autosave_on_changes true\nautosave_interval 1\nlog_type all\n" if saves else "log_type error\n")
            + f"user root\nlog_dest file {folder}/mosquitto.log\n{extra}",
            encoding="utf-8",
        )

    @property
    def log(self) -> str:
        """What the broker has logged so far."""
        return (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it and return when its port answers."""
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        assert program, "mosquitto is not installed (deploy/system-packages mosquitto)"
        self._process = subprocess.Popen(
            [program, "-c", str(self.folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, f"mosquitto ended at once:\n{self.log}"
            time.sleep(0.02)
        raise AssertionError(f"mosquitto doesn't answer on port {self.port}:\n{self.log}")

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it with SIGTERM; it saves what it has."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None
