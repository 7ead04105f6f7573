"""What the gateway's whole program needs on a small machine: memory and processor, beside its limits.

With TLS to a real broker with nobody behind it: 32 meters every 10 s over TCP, live values too, then as many on one
saturated 9600-baud line. ``MINUTES=60`` makes it long; the default shows the order of magnitude.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from simulators.servers.modbus import Answer, answer_pdu
from simulators.servers.strict_line import strict_line
from simulators.servers.tcp import modbus_tcp
from tests.gateway.test_tls import Authority
from tests.mosquitto import Mosquitto, free_port

MINUTES = float(os.environ.get("MINUTES", "2"))
METERS = 32
BAUD = 9600
MOST_RSS_MB = 60.0
MOST_TCP_PERCENT = 3.0
MOST_LINE_PERCENT = 8.0
_SETTLE_S = 15.0


def run() -> None:
    units = dict.fromkeys(range(1, METERS + 1), _answers)
    with tempfile.TemporaryDirectory(prefix="klaster-bench-") as name:
        folder = Path(name)
        (folder / "certs").mkdir()
        authority = Authority(folder / "certs")
        cert, key = authority.issue("broker")
        tls = f"cafile {authority.ca}\ncertfile {cert}\nkeyfile {key}\nrequire_certificate true\nallow_anonymous true\n"
        (folder / "broker").mkdir()
        broker = Mosquitto(folder / "broker", tls, saves=False)
        broker.start()
        try:
            head = _head(authority, broker.port)
            with _tcp(units) as port:
                bus = f'[[buses]]\nid = "lan"\nlink = "tcp"\nhost = "127.0.0.1"\nport = {port}\n'
                _measure(folder / "tcp", head, bus, "lan", 10, MOST_TCP_PERCENT)
            with strict_line(units, BAUD) as (device, tally):
                bus = f'[[buses]]\nid = "line"\nlink = "serial"\ndevice = "{device}"\nbaud = {BAUD}\nparity = "N"\n'
                _measure(folder / "line", head, bus, "line", 1, MOST_LINE_PERCENT)
                print(f"  the line saw {tally.answered} requests, {tally.violations} in a silent interval")
        finally:
            broker.stop()


def _answers(request: bytes) -> Answer:
    return Answer(answer_pdu(request, lambda _function, _address, count: [0x4248, 0x0000] * (count // 2)))


@contextlib.contextmanager
def _tcp(units: dict[int, object]) -> Iterator[int]:
    port = free_port()

    async def serve() -> None:
        async with modbus_tcp(units, "127.0.0.1", port):
            await asyncio.Event().wait()

    process = multiprocessing.get_context("fork").Process(target=lambda: asyncio.run(serve()), daemon=True)
    process.start()
    try:
        yield port
    finally:
        process.terminate()
        process.join()


def _head(authority: Authority, port: int) -> str:
    cert, key = authority.issue("g1")
    return f'[broker]\nhost = "127.0.0.1"\nport = {port}\nca = "{authority.ca}"\ncert = "{cert}"\nkey = "{key}"\n'


def _measure(folder: Path, head: str, bus: str, name: str, every_s: int, most_percent: float) -> None:
    folder.mkdir()
    meters = "".join(
        f'[[meters]]\nid = "M{unit}"\nbus = "{name}"\nprofile = "eastron-sdm630"\nunit = {unit}\nevery_s = {every_s}\n'
        for unit in range(1, METERS + 1)
    )
    (folder / "gateway.toml").write_text(f'[gateway]\nid = "g1"\ndata_dir = "{folder}/data"\n{head}{bus}{meters}')
    program = str(Path(sys.executable).with_name("klaster-gateway"))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "run", str(folder / "gateway.toml")], stderr=log)
        try:
            time.sleep(_SETTLE_S)
            begun, used = time.monotonic(), _cpu_s(process.pid)
            time.sleep(60 * MINUTES)
            percent = 100 * (_cpu_s(process.pid) - used) / (time.monotonic() - begun)
            rss_mb = _rss_mb(process.pid)
        finally:
            process.terminate()
            process.wait(15)
    assert process.returncode == 0, (folder / "log").read_text()
    log_text = (folder / "log").read_text()
    assert "broker_connected" in log_text, log_text
    assert "meter_failed" not in log_text, log_text
    what = "every 10 s over TCP" if name == "lan" else f"as often as a {BAUD}-baud line allows"
    print(f"{METERS} meters {what}, TLS, {MINUTES:g} min:")
    print(f"  VmRSS {rss_mb:.1f} MB, {rss_mb / MOST_RSS_MB:.2f} of the limit of {MOST_RSS_MB:g} MB")
    print(f"  {percent:.2f} % of a core, {percent / most_percent:.2f} of the limit of {most_percent:g} %")


def _rss_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
