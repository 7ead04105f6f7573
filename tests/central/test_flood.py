"""A gateway that floods: it is put off and told, the journal's disk is safe, and an honest one beside it goes on."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks._steady import Sender
from metering.wire import StandsMessage, encode
from tests.central.serving import CENTRAL, serving
from tests.central.stands import CLUSTER, stand
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.e2e
BROKER = "allow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 5000\n"
"""As in deploy/mosquitto/klaster.conf."""
RATE, QUIET_S, BESIDE_S, PHASES = 10.0, 3.0, 5.0, 10
MESSAGES = 400
"""What an hour adds, and nothing more is saved."""


@contextlib.contextmanager
def central_of(folder: Path, port: int) -> Iterator[Path]:
    config = folder / "central.toml"
    (folder / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    config.write_text(
        '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[findings]\nevery_s = 1\n'
        f"[intake]\ngateway_mb_per_hour = 1\ngateway_messages_per_hour = {MESSAGES}\nsaved_hours = 1\n"
        f"[broker]\nport = {port}\n[web]\nport = {free_port()}\n",
        encoding="utf-8",
    )
    with serving(config):
        yield config


@contextlib.contextmanager
def flooding(port: int, qos: int) -> Iterator[list[int]]:
    """Gives, after its end, how many messages were sent."""
    words = [sys.executable, "-m", "tests.central.flooding", str(port), str(qos), "300"]
    process, sent = subprocess.Popen(words, stdout=subprocess.PIPE, text=True), []
    try:
        yield sent
    finally:
        process.terminate()
        sent.append(int(process.communicate(timeout=20)[0]))


def rows(gateway: str) -> Iterator[tuple[str, bytes]]:
    for i in range(10**6):
        row = stand(i % 10_000, str(i), sequence=i + 1, meter=gateway)
        yield gateway, encode(StandsMessage(gateway=gateway, outbox="o", stands=(row,)))


def sends(sender: Sender, phase: str, seconds: float) -> list[float]:
    """The seconds that each receipt took, sorted."""
    going_on = threading.Event()
    going_on.set()
    threading.Timer(seconds, going_on.clear).start()
    return sorted(sender.send_while(phase, going_on))


def answered(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run([CENTRAL, *map(str, words), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def recorded(config: Path, gateway: str) -> dict[str, Any]:
    """The finding of a gateway that sends too much, once the service has recorded it."""
    give_up = time.monotonic() + 60
    while True:
        found = [one for one in answered("findings", config)["findings"] if one["kind"] == "over_budget"]
        if mine := [one for one in found if one["what"] == gateway and one["opened"]]:
            return dict(mine[0])
        assert time.monotonic() < give_up, found
        time.sleep(0.5)


def journalled(folder: Path) -> dict[str, int]:
    db = sqlite3.connect(folder / "data" / "journal.sqlite")
    try:
        return dict(db.execute("SELECT gateway, count(*) FROM messages GROUP BY gateway"))
    finally:
        db.close()


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mosquitto]:
    monkeypatch.setattr("benchmarks._steady._LATE_S", 5.0)
    (tmp_path / "broker").mkdir()
    broker = Mosquitto(tmp_path / "broker", BROKER, saves=False)
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.parametrize("qos", [1])
def test_beside_a_flooding_gateway_an_honest_one_has_all_its_receipts(
    deployed: Mosquitto, tmp_path: Path, qos: int
) -> None:
    with central_of(tmp_path, deployed.port) as config:
        sender = Sender(deployed.port, rows("g1"), RATE)
        sends(sender, "quiet", QUIET_S)
        with flooding(deployed.port, qos) as sent:
            # Until the flood is seen it fills the broker's queue: a gateway sends again what got no receipt then.
            for _ in range(PHASES):
                before = sender.sent
                times = sends(sender, f"beside it, from {before}", BESIDE_S)
                if len(times) == sender.sent - before:
                    break
            else:
                pytest.fail(f"of {sender.sent - before} honest messages {len(times)} got receipts beside the flood")
            told, gateways = recorded(config, "wild"), answered("gateways", config)["gateways"]
        sender.close()
    print(f"QoS {qos}: {sent[0]} messages of the wild one; {len(times)} honest: most {times[-1]:.3f} s")
    assert sent[0] > 10_000
    assert journalled(tmp_path)["wild"] <= MESSAGES * 1.1
    over = {row["gateway"]: row["over_budget"] for row in gateways}
    assert over["g1"] is None
    assert told["unit"] == "messages" or over["wild"]["shut_until"] == told["second"]


def test_what_is_beyond_a_gateways_budget_gets_no_receipt_and_another_gateway_goes_on(
    deployed: Mosquitto, tmp_path: Path
) -> None:
    with central_of(tmp_path, deployed.port) as config:
        chatty, honest = Sender(deployed.port, rows("chatty"), 100.0), Sender(deployed.port, rows("g1"), RATE)
        sends(chatty, "too much", 1.3 * MESSAGES / 100)
        assert len(sends(honest, "after it", 1.0)) == honest.sent
        told, gateways = recorded(config, "chatty"), answered("gateways", config)["gateways"]
        chatty.close()
        honest.close()
    assert (told["second"], told["unit"]) == (str(MESSAGES), "messages")
    assert chatty.sent > 1.1 * MESSAGES
    assert MESSAGES <= chatty.sent - chatty.lost == journalled(tmp_path)["chatty"] <= MESSAGES * 1.05
    over = {row["gateway"]: row["over_budget"] for row in gateways}
    assert over["g1"] is None
    assert over["chatty"]["put_off"] > 0
