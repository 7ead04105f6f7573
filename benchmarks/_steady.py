"""A sender at a steady pace; measures from each publish to its receipt. Begins when central is online."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from metering.wire import PRESENCE_TOPIC, ROOT, Verdict, decode_presence, decode_receipts, digest, topic

_LATE_S = 60.0
"""How long a receipt may take before it counts as lost."""


class Sender:
    """All gateways over one connection; ``messages`` are (gateway, payload), each with bytes of its own."""

    def __init__(self, port: int, messages: Iterator[tuple[str, bytes]], per_second: float) -> None:
        """Connect, and wait for central."""
        self._messages = messages
        self._pause_s = 1 / per_second
        self._sent: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._phases: dict[str, list[str]] = {}
        self.receipts: Counter[str] = Counter()
        """How many receipts came for each message."""
        self.verdicts: Counter[Verdict] = Counter()
        self.late_s = 0.0
        """How far the sender fell behind its own pace, at most."""
        self._online = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._receipt
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._online.wait(60), "central didn't come"

    def send_while(self, phase: str, going_on: threading.Event) -> list[float]:
        """Send until ``going_on`` is cleared, then wait for the receipts; gives the seconds each took."""
        due, of_phase = time.perf_counter(), self._phases.setdefault(phase, [])
        while going_on.is_set():
            time.sleep(max(0.0, due - time.perf_counter()))
            gateway, payload = next(self._messages)
            name = digest(payload)
            now = self._sent[name] = time.perf_counter()
            self.late_s = max(self.late_s, now - due)
            self._client.publish(topic(gateway, "stands"), payload, qos=1)
            of_phase.append(name)
            due += self._pause_s
        until = time.monotonic() + _LATE_S
        while any(name not in self._took for name in of_phase) and time.monotonic() < until:
            time.sleep(0.05)
        return [self._took[name] for name in of_phase if name in self._took]

    @property
    def sent(self) -> int:
        """Messages in all."""
        return len(self._sent)

    @property
    def lost(self) -> int:
        """Messages without a receipt."""
        return len(self._sent.keys() - self._took.keys())

    @property
    def doubled(self) -> int:
        """Receipts beyond each message's first, and those of messages that were never sent."""
        return sum(count - (name in self._sent) for name, count in self.receipts.items())

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(topics, SubscribeOptions(1)) for topics in (f"{ROOT}/+/receipts", PRESENCE_TOPIC)])

    def _receipt(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        now = time.perf_counter()
        if message.topic.endswith("/presence"):
            if decode_presence(bytes(message.payload)).online:
                self._online.set()
            return
        found = decode_receipts(bytes(message.payload))
        self.receipts[found.message] += 1
        self.verdicts.update(one.verdict for one in found.receipts)
        if found.message in self._sent:
            self._took.setdefault(found.message, now - self._sent[found.message])
