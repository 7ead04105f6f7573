"""Whatever a network sends, reading it ends in a value or a named refusal; nothing else is ever raised."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metering import wire

DEEP = b"[" * 50_000
POISON = [
    b'{"v":1,"gateway":"g","outbox":"o","stands":[' + DEEP,
    b'{"v":1,"gateway":"g","outbox":"o","x":' + DEEP,
    b'{"v":1,"gateway":"g","outbox":"o","stands":[{"sequence":' + DEEP,
    b'{"v":1,"gateway":"g","outbox":"\xff","stands":[{}]}',
    b'{"v":1,"online":' + DEEP,
]


@pytest.mark.parametrize("payload", POISON)
def test_nesting_that_exhausts_the_stack_is_refused(payload: bytes) -> None:
    assert isinstance(wire.decode_stands("g", payload), wire.Refused)
    for decode in (wire.decode_receipts, wire.decode_presence, wire.decode_status):
        with pytest.raises(msgspec.DecodeError):
            decode(payload)


@given(st.binary(max_size=300) | st.text(alphabet='{}[]":,v1gatewosndqu\\0', max_size=200).map(str.encode))
@example(POISON[0])
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    assert isinstance(wire.decode_stands("g", payload), wire.Refused | tuple)
    decoders: list[Callable[[bytes], object]] = [wire.decode_receipts, wire.decode_presence, wire.decode_status]
    for decode in decoders:
        try:
            decode(payload)
        except msgspec.DecodeError:
            continue


@pytest.mark.parametrize("field", ["meter", "register", "wh", "resolution"])
def test_a_line_feed_at_the_end_is_not_passed_over(field: str) -> None:
    good = {
        "sequence": 1,
        "meter": "M1",
        "register": "1-0:1.8.0",
        "wh": "5",
        "resolution": "1",
        "at": "2026-06-17T00:00:00Z",
        "before": "2026-06-17T00:00:00Z",
        "after": "2026-06-17T00:00:00Z",
        "quality": "measured",
        "epoch": "e",
        "boot": "b",
        "monotonic_ms": 1,
        "clock": "simulated",
    }
    bad = good | {field: str(good[field]) + "\n"}
    payload = msgspec.json.encode({"v": 1, "gateway": "g", "outbox": "o", "stands": [good, bad]})
    found = wire.decode_stands("g", payload)
    assert isinstance(found, tuple)
    assert [type(one).__name__ for one in found[1]] == ["StandOnWire", "Refused"]
