"""Messages of 20 stands to durable receipts: central's writer alone, and over a real broker; beside bare commits."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho

from central.config import load_config
from central.journal import Message
from central.keeper import Keeper
from metering.period import utc_text
from metering.wire import PRESENCE_TOPIC, ROOT, Verdict, decode_presence, decode_receipts, digest, topic
from tests.mosquitto import Mosquitto, free_port

GOAL = 2000
"""Messages a second."""
MESSAGES, STANDS, BATCH = 20_000, 20, 200
GATEWAYS = 20
IN_FLIGHT = 200
"""Of one gateway, as gateways do."""
LIMITS = "allow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 5000\n"
"""As in deploy/mosquitto/klaster.conf."""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> None:
    messages = [_message(number) for number in range(MESSAGES)]
    size = sum(len(payload) for _, payload in messages) / len(messages)
    print(f"intake: {MESSAGES:,} messages of {STANDS} stands ({size:,.0f} bytes each), goal {GOAL:,} messages/s")
    with tempfile.TemporaryDirectory(prefix="klaster-bench-", dir=".") as folder:
        bare = _bare(Path(folder), messages)
        writer = _writer(Path(folder) / "writer", messages)
        whole = _whole_way(Path(folder) / "whole", messages)
    print(f"  bare SQLite commits (FULL) of the same bytes: {bare:,.0f} messages/s")
    print(f"  journalled, admitted, receipts made:          {writer:,.0f} messages/s = {writer / GOAL:.2f} of the goal")
    print(f"    {writer / bare:.2f} of the bare commits")
    print(f"  broker, central, receipt at the sender:       {whole:,.0f} messages/s = {whole / GOAL:.2f} of the goal")
    print("    (sender, broker and central share this machine)")


def _message(number: int) -> tuple[str, bytes]:
    """One gateway's message: 10 meters with two registers, at an hour of its own."""
    gateway = f"gw{number % GATEWAYS:02}"
    at = utc_text(FIRST + timedelta(hours=number // GATEWAYS))
    stands = [
        {
            "sequence": number * STANDS + i + 1,
            "meter": f"{gateway}-{i // 2:02}",
            "register": ("1-0:1.8.0", "1-0:2.8.0")[i % 2],
            "wh": str(1_000_000 + number * 100 + i),
            "resolution": "10",
            "at": at,
            "before": at,
            "after": at,
            "quality": "measured",
            "epoch": "2026-01-01T00:00:00Z",
            "boot": "11111111-2222-3333-4444-555555555555",
            "monotonic_ms": number,
            "clock": "synchronised",
        }
        for i in range(STANDS)
    ]
    message = {"v": 1, "gateway": gateway, "outbox": "0123456789abcdef", "stands": stands}
    return gateway, json.dumps(message, separators=(",", ":")).encode()


def _bare(folder: Path, messages: list[tuple[str, bytes]]) -> float:
    db = sqlite3.connect(folder / "bare.sqlite")
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE m (i INTEGER PRIMARY KEY, b BLOB)")
    begun = time.perf_counter()
    for first in range(0, len(messages), BATCH):
        with db:
            db.executemany("INSERT INTO m (b) VALUES (?)", [(load,) for _, load in messages[first : first + BATCH]])
    took = time.perf_counter() - begun
    db.close()
    return len(messages) / took


def _files(folder: Path, broker: int) -> Path:
    folder.mkdir()
    meters = "".join(
        f'[[meters]]\nserial = "gw{g:02}-{m:02}"\npoint = "p{g:02}-{m:02}"\nrole = "settlement"\n'
        for g in range(GATEWAYS)
        for m in range(STANDS // 2)
    )
    points = "".join(
        f'[[points]]\nid = "p{g:02}-{m:02}"\nmember = "town"\ndirections = ["drawn", "injected"]\nsource = "pv"\n'
        for g in range(GATEWAYS)
        for m in range(STANDS // 2)
    )
    (folder / "cluster.toml").write_text(
        '[cluster]\nname = "bench"\nregistered_from = 2026-01-01\n[[members]]\nid = "town"\n' + points + meters,
        encoding="utf-8",
    )
    config = folder / "central.toml"
    config.write_text(
        f'[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n[broker]\nport = {broker}\n'
        f"[web]\nport = {free_port()}\n",
        encoding="utf-8",
    )
    return config


def _writer(folder: Path, messages: list[tuple[str, bytes]]) -> float:
    keeper = Keeper(load_config(_files(folder, free_port())))
    stored = 0
    begun = time.perf_counter()
    for first in range(0, len(messages), BATCH):
        now = FIRST
        batch = [Message(received=now, gateway=name, payload=load) for name, load in messages[first : first + BATCH]]
        stored += sum(one.verdict is Verdict.STORED for made in keeper.take(batch, now) for one in made.receipts)
    took = time.perf_counter() - begun
    keeper.close()
    assert stored == MESSAGES * STANDS, f"{stored} stands stored"
    return len(messages) / took


def _whole_way(folder: Path, messages: list[tuple[str, bytes]]) -> float:
    broker_folder = folder.parent / "broker"
    broker_folder.mkdir()
    broker = Mosquitto(broker_folder, LIMITS, saves=False)
    broker.start()
    program = str(Path(sys.executable).with_name("klaster-central"))
    config = _files(folder, broker.port)
    with (folder / "central.log").open("wb") as log:
        central = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        try:
            return len(messages) / _Senders(broker.port, messages).send()
        finally:
            central.terminate()
            central.wait(30)
            broker.stop()


class _Senders:
    """All gateways over one connection: each has so many messages without a receipt."""

    def __init__(self, port: int, messages: list[tuple[str, bytes]]) -> None:
        self._waiting = {f"gw{g:02}": threading.Semaphore(IN_FLIGHT) for g in range(GATEWAYS)}
        self._messages = messages
        self._open = {digest(payload) for _, payload in messages}
        self._online, self._done = threading.Event(), threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.max_inflight_messages_set(65_535)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._receipt
        self._client.connect("127.0.0.1", port)

    def send(self) -> float:
        """Seconds from the first message to the last receipt."""
        self._client.loop_start()
        assert self._online.wait(30), "central didn't come"
        begun = time.perf_counter()
        for gateway, payload in self._messages:
            self._waiting[gateway].acquire()
            self._client.publish(topic(gateway, "stands"), payload, qos=1)
        assert self._done.wait(300), f"{len(self._open)} messages without a receipt"
        took = time.perf_counter() - begun
        self._client.disconnect()
        self._client.loop_stop()
        return took

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(topics, paho.SubscribeOptions(1)) for topics in (f"{ROOT}/+/receipts", PRESENCE_TOPIC)])

    def _receipt(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/presence"):
            if decode_presence(message.payload).online:
                self._online.set()
            return
        found = decode_receipts(message.payload)
        assert all(one.verdict is Verdict.STORED for one in found.receipts)
        self._open.discard(found.message)
        self._waiting[message.topic.split("/")[2]].release()
        if not self._open:
            self._done.set()
