"""Runs killed while they are being stored, beside a service at work: no half run, and receipts go on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import httpx
import pytest

from central.config import load_config
from central.register.keeping import Register
from central.register.verifying import verify
from metering.wire import StandsMessage, Verdict, decode_receipts, digest, encode, topic
from simulators.processes import program
from tests.central.made_month import asked, make_month
from tests.central.serving import serving
from tests.central.stands import stand
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.e2e
KILLS = 4
AGAIN_S = 5
"""After so long without a receipt a gateway sends again."""
SEPTEMBER = "2026-09"


class Sender(threading.Thread):
    """A gateway that sends a message, again and again until its receipt is there, and then the next."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.receipts = 0
        self.ended = threading.Event()
        self.trouble: BaseException | None = None

    def wait_for(self, receipts: int) -> None:
        """Wait until there are so many, a minute at most."""
        give_up = time.monotonic() + 60
        while self.receipts < receipts:
            assert self.trouble is None, self.trouble
            assert time.monotonic() < give_up, f"{self.receipts} receipts"
            time.sleep(0.01)

    def run(self) -> None:
        try:
            asyncio.run(self._send())
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.trouble = error

    async def _send(self) -> None:
        async with aiomqtt.Client("127.0.0.1", self._port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            await client.subscribe(topic("steady", "receipts"), qos=1)
            while not self.ended.is_set():
                row = stand(self.receipts / 4, str(self.receipts), sequence=self.receipts + 1, meter="M1", epoch="s")
                payload = encode(StandsMessage(gateway="steady", outbox="o", stands=(row,)))
                verdict = None
                while verdict is None:
                    await client.publish(topic("steady", "stands"), payload, qos=1)
                    with contextlib.suppress(TimeoutError):
                        verdict = await asyncio.wait_for(self._verdict(client, digest(payload)), AGAIN_S)
                assert verdict is Verdict.STORED
                self.receipts += 1
                await asyncio.sleep(0.05)

    async def _verdict(self, client: aiomqtt.Client, name: str) -> Verdict | None:
        async for message in client.messages:
            receipt = decode_receipts(bytes(message.payload))
            if receipt.message == name:
                return receipt.receipts[0].verdict
        return None


@contextlib.contextmanager
def served(config: Path, broker: int) -> Iterator[int]:
    """The service; gives its page's port."""
    web = free_port()
    with config.open("a", encoding="utf-8") as file:
        file.write(f"[broker]\nport = {broker}\n[web]\nport = {web}\n[findings]\nevery_s = 1\n")
    with serving(config):
        yield web


def page_says(web: int) -> set[str]:
    """The kinds of findings that the service's API shows."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(f"http://127.0.0.1:{web}/api/v1/findings", params={"month": SEPTEMBER}, timeout=60)
            if answer.status_code == 200:
                return {one["kind"] for one in answer.json()["findings"]}
        time.sleep(0.3)
    raise AssertionError("the page doesn't answer")


def being_stored(register: Path, child: subprocess.Popen[bytes]) -> None:
    """Wait until the files of the child's run are being written."""
    begun = time.time_ns()
    while child.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if any(path.stat().st_ctime_ns >= begun for path in (register / "making").iterdir()):
                return
        time.sleep(0.005)


def test_runs_killed_beside_a_service_leave_no_half_run_and_receipts_go_on(broker: Mosquitto, tmp_path: Path) -> None:
    config = make_month(tmp_path).config
    command = [program("klaster-central"), "run", str(config), "--month", SEPTEMBER, "--kind", "preliminary"]
    chance = random.Random(11)
    register = Register(load_config(config).register)
    with served(config, broker.port) as web:
        sender = Sender(broker.port)
        sender.start()
        page_says(web)
        sender.wait_for(1)
        killed = 0
        for _ in range(KILLS):
            receipts = sender.receipts
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            being_stored(register.folder, child)
            time.sleep(chance.uniform(0, 0.3))
            child.send_signal(signal.SIGKILL)
            killed += child.wait(30) == -signal.SIGKILL
            sender.wait_for(receipts + 1)
            assert all(verify(register.run(one.run)).equal for one in register.entries())
            assert "register_broken" not in page_says(web)
        assert killed
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        sender.ended.set()
        sender.join(30)
        assert sender.trouble is None
        assert not sender.is_alive()
        recorded = asked("findings", config, "--all")["findings"]
        assert "register_broken" not in {one["kind"] for one in recorded}
    names = [one["run"] for one in asked("runs", config)["runs"]]
    assert names == [f"{SEPTEMBER}-preliminary-{number + 1}" for number in range(len(names))]
    assert {path.name for path in (register.folder / "runs").iterdir()} == set(names)
