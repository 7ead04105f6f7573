"""Live values on the wire: signs, steps and limits; whatever comes is read or refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metering.live import MAX_METERS, MAX_VALUES, LiveMessage, LiveMeter, live_value
from metering.wire import MAX_BYTES, decode_live, encode

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("power_w", "-1234.5", "-1235"),
        ("power_w", "-0.4", "0"),
        ("voltage_l1_v", "231.1999969482421875", "231.2"),
        ("current_l3_a", "0.005", "0.01"),
        ("soc_pct", "0", "0.0"),
    ],
)
def test_a_value_is_rounded_to_its_step_and_zero_has_no_sign(name: str, value: str, shown: str) -> None:
    made = live_value(name, Decimal(value), AT)
    assert made is not None
    assert made.value == shown


@pytest.mark.parametrize("value", ["1e12", "-3.4e38"])
def test_what_no_device_can_mean_is_absent(value: str) -> None:
    assert live_value("power_w", Decimal(value), AT) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_what_is_made_is_read(value: Decimal) -> None:
    made = live_value("frequency_hz", value, AT)
    if made is not None:
        message = LiveMessage(gateway="g", at=AT, meters=(LiveMeter(meter="M1", values=(made,)),))
        assert decode_live("g", encode(message)) == message


def test_the_fullest_message_is_not_too_long() -> None:
    one = live_value("battery_voltage_v", Decimal("-99999999999.9"), AT + timedelta(microseconds=1))
    assert one is not None
    meters = tuple(LiveMeter(meter=f"{n:035d}", values=(one,) * MAX_VALUES) for n in range(MAX_METERS))
    payload = encode(LiveMessage(gateway="g" * 35, at=AT, meters=meters))
    assert len(payload) <= MAX_BYTES
    assert len(decode_live("g" * 35, payload).meters) == MAX_METERS


def value(**other: object) -> dict[str, object]:
    return {"name": "power_w", "unit": "W", "value": "5", "at": "2026-10-01T12:00:00Z"} | other


def payload(*values: dict[str, object], count: int = 1, **other: object) -> bytes:
    meters = [{"meter": "M1", "values": list(values)}] * count
    return json.dumps({"v": 1, "gateway": "g", "at": "2026-10-01T12:00:00Z", "meters": meters} | other).encode()


@pytest.mark.parametrize(
    "wrong",
    [
        payload(value(value=5)),
        payload(value(value="1e5")),
        payload(value(value="NaN")),
        payload(value(value="5\n")),
        payload(value(value="1" * 13)),
        payload(value(name="<b>")),
        payload(value(name="power_w\n")),
        payload(value(unit="x" * 9)),
        payload(value(at="2026-10-01T12:00:00")),
        payload(value(at="1970-01-01T00:00:00Z")),
        payload(*[value()] * (MAX_VALUES + 1)),
        payload(value(), count=MAX_METERS + 1),
        payload(value(), v=2),
        payload(value(), gateway="h"),
        payload(value()) + b" " * MAX_BYTES,
        b'{"v":1,"meters":' + b"[" * 50_000,
        b"\xff",
        b"",
    ],
)
def test_a_message_beyond_its_limits_is_refused(wrong: bytes) -> None:
    assert decode_live("g", payload(value())).meters[0].values[0].value == "5"
    with pytest.raises(msgspec.DecodeError):
        decode_live("g", wrong)


@given(st.binary(max_size=300) | st.text(alphabet='{}[]":,v1gatewmrsnul\\0', max_size=200).map(str.encode))
@example(b'{"v":1,"gateway":"g","at":"2026-10-01T12:00:00Z","meters":[]}')
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        decode_live("g", raw)
    except msgspec.DecodeError:
        return
