"""What a gateway's status tells of values that were not believed."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from gateway.config import MeterSettings
from gateway.counter import Counter
from gateway.meter import Meter
from gateway.observation import Answer, Observation
from gateway.profile import Block, profile
from gateway.rejections import Rejections
from metering.wire import MAX_REJECTED, GatewayStatus, MeterStatus, Rejected, decode_status, encode

T0 = datetime(2026, 6, 17, 10, tzinfo=UTC)
IMPORT = "1-0:1.8.0"


def seen(second: int, wh: str | None) -> Observation:
    at = T0 + timedelta(seconds=second)
    return Observation(None if wh is None else Decimal(wh), Decimal(1), at, at)


def told(*observations: Observation, register: str = IMPORT) -> tuple[Rejected, ...]:
    rejections, counter = Rejections(), Counter(72_000)
    counter, _ = counter.observe(observations[0])  # a life that rests on one reading alone is believed against none
    for one in observations:
        before = counter
        counter, judged = before.observe(one)
        rejections.note(register, before, one, judged)
    return rejections.told() or ()


def test_nothing_is_told_while_every_value_is_believed():
    rejections = Rejections()
    assert rejections.told() is msgspec.UNSET
    assert told(seen(0, "5"), seen(10, "6")) == ()


def test_a_fall_is_told_with_both_values_and_counted_as_long_as_it_goes_on():
    (one,) = told(seen(0, "1000"), seen(10, "3"), seen(20, "2"))
    assert (one.register, one.problem, one.value, one.last_value) == (IMPORT, "falls", "3", "1000")
    assert (one.at, one.until, one.count) == (T0 + timedelta(seconds=10), None, 2)


def test_it_is_over_when_a_value_is_believed_again_and_a_later_one_takes_its_place():
    observations = [seen(0, "1000"), seen(10, None), seen(20, "1001")]
    (one,) = told(*observations)
    assert (one.value, one.problem, one.until) == ("", "not a number", T0 + timedelta(seconds=20))
    (other,) = told(*observations, seen(30, "7"))
    assert (other.value, other.until) == ("7", None)


def test_a_new_life_ends_the_rejection_that_it_began_with():
    (one,) = told(seen(0, "1000"), seen(10, "1"), seen(30, "2"), seen(60, "3"))
    assert (one.count, one.until) == (2, T0 + timedelta(seconds=60))


def test_what_a_second_reading_shows_too_was_no_wrong_value():
    still = [seen(10 * i, "1000") for i in range(400)]
    assert told(*still, seen(4000, "5000"), seen(4000, "5000")) == ()
    (one,) = told(*still, seen(4000, "5000"), seen(4000, "1000"))
    assert (one.value, one.problem) == ("5000", "rises too fast")


def test_a_turn_of_the_counter_is_no_wrong_value_and_a_false_zero_at_its_end_is_one():
    def near_its_end(second: int, wh: str) -> Observation:
        return replace(seen(second, wh), modulus=Decimal(10_000))

    assert told(near_its_end(0, "9990"), near_its_end(10, "3"), near_its_end(10, "3")) == ()
    (one,) = told(near_its_end(0, "9990"), near_its_end(10, "0"), near_its_end(10, "9991"))
    assert (one.value, one.until) == ("0", T0 + timedelta(seconds=10))


def test_a_number_of_hundreds_of_digits_fits_the_wire():
    (one,) = told(seen(0, "1000"), seen(10, "1e300"))
    status = GatewayStatus(online=True, meters=(MeterStatus(id="M", bus="b", profile="p", rejected=(one,)),))
    assert decode_status(encode(status)) == status
    assert one.value == "1.000000000e+300"


def test_no_more_are_told_than_a_status_may_hold_and_the_newest_are():
    rejections = Rejections()
    for i in range(MAX_REJECTED + 5):
        counter = Counter(72_000)
        _, judged = counter.observe(seen(i, None))
        rejections.note(f"1-0:{i}.8.0", counter, seen(i, None), judged)
    found = rejections.told() or ()
    assert [one.register for one in found] == [f"1-0:{i}.8.0" for i in range(5, MAX_REJECTED + 5)]


@pytest.mark.parametrize(
    "hostile",
    [
        {"problem": "x" * 65},
        {"problem": ""},
        {"value": "1" * 65},
        {"register": "no code"},
        {"count": 0},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"at": None},
    ],
)
def test_a_status_with_what_no_gateway_sends_is_refused(hostile: dict[str, object]):
    one = {"register": IMPORT, "problem": "falls", "at": "2026-06-17T10:00:00Z"}
    meter = {"id": "M", "bus": "b", "profile": "p"}
    good = msgspec.json.encode({"v": 1, "online": True, "meters": [{**meter, "rejected": [one]}]})
    assert decode_status(good).meters[0].rejected
    bad = msgspec.json.encode({"v": 1, "online": True, "meters": [{**meter, "rejected": [{**one, **hostile}]}]})
    with pytest.raises(msgspec.DecodeError):
        decode_status(bad)
    many = msgspec.json.encode({"v": 1, "online": True, "meters": [{**meter, "rejected": [one] * (MAX_REJECTED + 1)}]})
    with pytest.raises(msgspec.DecodeError):
        decode_status(many)


def test_a_meter_tells_what_its_register_was_not_believed_to_say():
    model = profile("eastron-sdm630")
    meter = Meter(MeterSettings(id="M1", bus="b", profile=model.id), model, {})

    def poll(second: int, kwh: float) -> None:
        at = T0 + timedelta(seconds=second)
        block: Block | None = meter.first_block()
        while block is not None:
            words = struct.unpack(">HH", struct.pack(">f", kwh)) * block.count
            counts = any(register.obis == IMPORT for register in block.registers)
            # What isn't a register of energy is refused: it may be the serial number.
            block = meter.take(block, Answer(words[: block.count], at, at) if counts else None).next

    poll(-10, 5000.0)
    poll(0, 5000.0)
    assert meter.rejections.told() is msgspec.UNSET
    poll(10, 3.0)
    found = {one.register: one for one in meter.rejections.told() or ()}
    assert (found[IMPORT].last_value, found[IMPORT].value, found[IMPORT].problem) == ("5000000", "3000", "falls")
    poll(20, 5000.0)
    assert all(one.until is not None for one in meter.rejections.told() or ())
