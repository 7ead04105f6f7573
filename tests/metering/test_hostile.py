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
    for decode in (wire.decode_receipts, wire.decode_presence, wire.decode_status, wire.decode_request):
        with pytest.raises(msgspec.DecodeError):
            decode(payload)


@given(st.binary(max_size=300) | st.text(alphabet='{}[]":,v1gatewosndqu\\0', max_size=200).map(str.encode))
@example(POISON[0])
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    assert isinstance(wire.decode_stands("g", payload), wire.Refused | tuple)
    decoders: list[Callable[[bytes], object]] = [
        wire.decode_receipts,
        wire.decode_presence,
        wire.decode_status,
        wire.decode_request,
    ]
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


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"id": ""},
        {"sequences": [[1, 2]]},
        {"held": []},
        {"outbox": "o", "sequences": [[2, 1]]},
        {"outbox": "o", "held": [[-1, 1]]},
        {"outbox": "o", "held": [[1, 2**60]]},
        {"outbox": "o", "held": [[1, 2]] * (wire.MAX_SPANS + 1)},
        {"meters": ["M1"] * (wire.MAX_SPANS + 1)},
        {"meters": ["M1; DROP TABLE stands"]},
        {"first": "2026-10-01T00:00:00"},
        {"first": "0001-01-01T00:00:00Z"},
        {"first": "2026-10-02T00:00:00Z", "last": "2026-10-01T00:00:00Z"},
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_request(msgspec.json.encode({"v": 1, "id": "r"} | fields))
