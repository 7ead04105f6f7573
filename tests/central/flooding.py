"""A gateway gone wild, in a process of its own: a bare MQTT connection that sends stands as fast as the broker reads.

``python -m tests.central.flooding PORT QOS BYTES``: until it is ended; it reads nothing but what makes room, and says
at last how many messages it sent.
"""

from __future__ import annotations

import itertools
import json
import selectors
import signal
import socket
import struct
import sys
from typing import Final

GATEWAY: Final = "wild"
_TOPIC: Final = f"klaster/v1/{GATEWAY}/stands".encode()
_BURST: Final = 100


def flood(port: int, qos: int, size: int) -> int:
    """Send until SIGTERM; gives how many messages."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_packet(0x10, _text(b"MQTT") + b"\x05\x02" + struct.pack(">H", 60) + b"\x00" + _text(b"w")))
        connection.recv(100)
        connection.setblocking(False)
        waiting = selectors.DefaultSelector()
        waiting.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        numbers, pending, acknowledged = itertools.count(1), b"", 0
        sent = 0
        while not ended:
            room = qos == 0 or sent - acknowledged < 200
            if not pending and room:
                pending = b"".join(_publish(next(numbers), qos, size) for _ in range(_BURST))
                sent += _BURST
            for _, ready in waiting.select(0.1):
                if ready & selectors.EVENT_READ:
                    # A PUBACK of version 5 has 4 bytes where all is well, and 6 with a reason.
                    acknowledged += len(connection.recv(1 << 16)) // 4
                if pending and ready & selectors.EVENT_WRITE:
                    pending = pending[connection.send(pending) :]
        return sent


def _publish(number: int, qos: int, size: int) -> bytes:
    body = json.dumps({"v": 1, "gateway": GATEWAY, "outbox": "w", "stands": [{"sequence": number}]}).encode()
    name = struct.pack(">H", number % 65_535 + 1) if qos else b""
    return _packet(0x30 | qos << 1, _text(_TOPIC) + name + b"\x00" + body.ljust(size))


def _text(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def _packet(head: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([head]) + length + body


if __name__ == "__main__":
    print(flood(*map(int, sys.argv[1:4])))
