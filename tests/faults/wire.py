"""An ear on the broker: every stand that was sent and every receipt that central gave, as they passed."""

from __future__ import annotations

import threading

import msgspec
import paho.mqtt.client as paho

from metering.wire import ReceiptsMessage, StandOnWire, StandsMessage, Verdict, decode_receipts, digest
from tests.faults.account import Fact

_HAS = {Verdict.STORED, Verdict.HELD, Verdict.CONFLICT}


class Ear:
    """Listens in a thread of its own, and again after the broker was away."""

    def __init__(self, port: int) -> None:
        self._lock = threading.Lock()
        self._messages: dict[str, tuple[StandOnWire, ...]] = {}
        self._receipts: list[ReceiptsMessage] = []
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, "ear", clean_session=False, reconnect_on_failure=True
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", port, keepalive=5)
        self._client.loop_start()

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe([("klaster/v1/+/stands", 1), ("klaster/v1/+/receipts", 1)])

    def _heard(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            if message.topic.endswith("/receipts"):
                self._receipts.append(decode_receipts(message.payload))
            else:
                read = msgspec.json.decode(message.payload, type=StandsMessage)
                self._messages[digest(message.payload)] = read.stands

    def sent(self) -> set[Fact]:
        with self._lock:
            return {_fact(stand) for stands in self._messages.values() for stand in stands}

    def receipted(self) -> set[Fact]:
        """Stands whose message was heard, and a receipt that says central has them."""
        with self._lock:
            found = set()
            for receipts in self._receipts:
                by_sequence = {stand.sequence: stand for stand in self._messages.get(receipts.message, ())}
                for one in receipts.receipts:
                    if one.verdict in _HAS and one.sequence in by_sequence:
                        found.add(_fact(by_sequence[one.sequence]))
            return found

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _fact(stand: StandOnWire) -> Fact:
    return Fact.of(
        {"meter": stand.meter, "register": stand.register, "at": stand.at, "epoch": stand.epoch, "wh": stand.wh}
    )
