"""The service beside a server that is down, killed or frozen: receipts go on, the store catches up by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from central.config import load_config
from metering.wire import ReceiptsMessage, Verdict, decode_receipts, digest, topic
from tests.central.stands import CLUSTER, message, stand
from tests.influx import Influxd
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.e2e
CENTRAL = str(Path(sys.executable).with_name("klaster-central"))


class Central:
    """``klaster-central serve`` with its store on a server."""

    def __init__(self, folder: Path, broker: Mosquitto, server: Influxd) -> None:
        self.config = folder / "central.toml"
        self.log = folder / "central.log"
        self.broker = broker
        (folder / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
        self.config.write_text(
            '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n'
            f"[broker]\nport = {broker.port}\n[web]\nport = {free_port()}\n[log]\njson = true\n"
            f'[store]\nkind = "influxdb"\nurl = "{server.url}"\nbucket = "{server.settings.bucket}"\n'
            f'token_file = "{server.settings.token_file}"\ntimeout_s = 5\nwrite_back_s = 1\n',
            encoding="utf-8",
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.log.open("ab") as log:
            process = subprocess.Popen([CENTRAL, "serve", str(self.config)], stdout=log, stderr=log)
        try:
            yield
            assert process.poll() is None, self.said()
        finally:
            process.terminate()
            process.wait(30)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ask(self, name: str, *options: str) -> Any:
        done = subprocess.run(
            [CENTRAL, name, str(self.config), "--json", *options], capture_output=True, text=True, check=False
        )
        return json.loads(done.stdout) if done.returncode == 0 else {"trouble": done.stderr}

    def kinds(self) -> list[str]:
        return [row["kind"] for row in self.ask("findings", "--day", "2026-06-17").get("findings", [])]

    def stands(self) -> tuple[list[tuple[str, str]], int]:
        rows = self.ask("stands", "--month", "2026-06").get("stands", [])
        return sorted({(row["at"], row["wh"]) for row in rows}), len(rows)

    def send(self, payloads: list[bytes], within_s: float = 20) -> dict[str, ReceiptsMessage]:
        """Publish messages, and give central's receipts when each has one."""

        async def exchange() -> dict[str, ReceiptsMessage]:
            wanted, found = {digest(payload) for payload in payloads}, {}
            async with aiomqtt.Client("127.0.0.1", self.broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
                await client.subscribe([(topic("g1", "receipts"), 1), ("klaster/v1/central/presence", 1)])
                async for first in client.messages:
                    if b"true" in bytes(first.payload):
                        break
                for payload in payloads:
                    await client.publish(topic("g1", "stands"), payload, qos=1)
                async for one in client.messages:
                    if not one.topic.matches(topic("g1", "receipts")):
                        continue
                    receipt = decode_receipts(bytes(one.payload))
                    found[receipt.message] = receipt
                    if wanted <= found.keys():
                        return found
            raise AssertionError("the broker closed the connection")

        return asyncio.run(asyncio.wait_for(exchange(), within_s))


def payloads(first: int, count: int) -> list[bytes]:
    return [
        message(*(stand((4 * n + i) / 4, str(4 * n + i)) for i in range(4))).payload
        for n in range(first, first + count)
    ]


def wait_for(what: Callable[[], Any], seconds: float = 40) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < give_up, "it didn't happen"
        time.sleep(0.3)
    return found


def all_stored(receipts: dict[str, ReceiptsMessage]) -> bool:
    return {one.verdict for receipt in receipts.values() for one in receipt.receipts} == {Verdict.STORED}


@pytest.fixture
def central(tmp_path: Path, broker: Mosquitto, influxd: Influxd) -> Central:
    return Central(tmp_path, broker, influxd)


def test_a_server_that_is_down_at_first_delays_no_receipt_and_is_filled_when_it_comes(
    central: Central, influxd: Influxd
) -> None:
    with central.running():
        assert all_stored(central.send(payloads(0, 20)))
        conflict = message(stand(3, "999")).payload
        (receipt,) = central.send([conflict]).values()
        assert [one.verdict for one in receipt.receipts] == [Verdict.CONFLICT], "the verdict needs no server"
        found = {row["kind"]: row for row in central.ask("findings", "--day", "2026-06-17")["findings"]}
        assert "21 journalled messages" in found["store_behind"]["text"]
        assert "Connection refused" in found["store_down"]["text"]
        assert "Connection refused" in central.ask("balance", "--day", "2026-06-17")["trouble"]
        wait_for(lambda: '"store_behind"' in central.said())
        influxd.start()
        wait_for(lambda: central.stands()[1] == 80)
        assert central.kinds().count("conflict") == 1
        assert not {"store_behind", "store_down"} & set(central.kinds())
        wait_for(lambda: '"store_reached"' in central.said())
    assert "only-for-tests" not in central.said()


def test_sigkill_of_the_server_during_intake_loses_and_doubles_nothing(central: Central, influxd: Influxd) -> None:
    influxd.start()
    with central.running():
        central.send(payloads(0, 1))
        over = threading.Event()

        def kill_again_and_again() -> None:
            while not over.wait(0.7):
                influxd.kill()
                over.wait(0.5)
                influxd.start()

        killer = threading.Thread(target=kill_again_and_again)
        killer.start()
        try:
            for part in range(6):
                assert all_stored(central.send(payloads(10 * part, 10)))
                time.sleep(0.5)
        finally:
            over.set()
            killer.join()
        wait_for(lambda: central.stands()[1] >= 240)
        found, count = central.stands()
        assert count == len(found) == 240
        assert [int(wh) for _, wh in found] == list(range(240))
    config = load_config(central.config)
    assert config.intake.is_file()


def test_a_frozen_server_delays_no_receipt(central: Central, influxd: Influxd) -> None:
    influxd.start()
    with central.running():
        central.send(payloads(0, 1))
        influxd.freeze()
        try:
            begun = time.monotonic()
            for part in range(1, 5):
                assert all_stored(central.send(payloads(part, 1)))
            assert time.monotonic() - begun < 4
        finally:
            influxd.thaw()
        wait_for(lambda: central.stands()[1] == 20)
