from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.words import Value, WordOrder, WordType, decode, energy, plain, to_multiple

FORMATS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "float32": "f", "float64": "d"}
WIRE = r"^[0-9]{1,18}(\.[0-9]{1,12})?$"


def encode(kind: str, number: float, order: WordOrder) -> list[int]:
    """A device's own encoding, by struct alone."""
    raw = struct.pack(">" + FORMATS[kind], number)
    words = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
    return words if order == "big" else words[::-1]


def whole_numbers():
    return st.one_of(
        *(
            st.tuples(st.just(kind), st.integers(low, high))
            for kind, low, high in [
                ("u16", 0, 2**16 - 1),
                ("s16", -(2**15), 2**15 - 1),
                ("u32", 0, 2**32 - 1),
                ("s32", -(2**31), 2**31 - 1),
                ("u64", 0, 2**64 - 1),
                ("s64", -(2**63), 2**63 - 1),
            ]
        )
    )


@given(whole_numbers(), st.sampled_from(WordOrder))
def test_whole_numbers_come_back_exactly(number, order):
    kind, value = number
    assert decode(encode(kind, value, order), WordType(kind), order) == Value(Decimal(value), Decimal(1))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(WordOrder))
def test_float32_comes_back_exactly_with_its_step(number, order):
    found = decode(encode("float32", number, order), WordType.FLOAT32, order)
    assert found is not None
    assert Fraction(found.value) == Fraction(number)
    (bits,) = struct.unpack(">I", struct.pack(">f", abs(number)))
    (above,) = struct.unpack(">f", struct.pack(">I", bits + 1))
    if above != float("inf"):
        assert Fraction(found.step) == Fraction(above) - Fraction(abs(number))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(WordOrder))
def test_float64_comes_back_exactly(number, order):
    found = decode(encode("float64", number, order), WordType.FLOAT64, order)
    assert found is not None
    assert Fraction(found.value) == Fraction(number)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_none(kind, number):
    assert decode(encode(kind, number, WordOrder.BIG), WordType(kind)) is None


def test_the_wrong_number_of_words_is_refused():
    with pytest.raises(ValueError, match="2 words, not 1"):
        decode([1], WordType.U32)


@given(st.integers(0, 16_384_000 - 1))
def test_float32_kwh_below_16384_gives_back_the_watt_hours_counted(wh):
    raw = decode(encode("float32", wh / 1000, WordOrder.BIG), WordType.FLOAT32)
    found = energy(raw, Decimal(1000), Decimal(1))
    assert found == Value(Decimal(wh), Decimal(1))
    assert plain(found.value) == str(wh)


@given(st.integers(16_384_000, 99_999_999_999))
def test_float32_kwh_above_16384_stays_as_decoded_and_is_fit_for_the_wire(wh):
    kwh = struct.unpack(">f", struct.pack(">f", wh / 1000))[0]
    found = energy(decode(encode("float32", kwh, WordOrder.BIG), WordType.FLOAT32), Decimal(1000), Decimal(1))
    assert Fraction(found.value) == Fraction(kwh) * 1000
    assert found.step >= 1
    assert Fraction(plain(found.value)) == Fraction(kwh) * 1000
    assert abs(found.value - wh) <= found.step / 2
    import re

    assert re.match(WIRE, plain(found.value))
    assert re.match(WIRE, plain(found.step))


def test_40000_kwh_in_a_float32_is_written_in_full():
    raw = decode(encode("float32", 40000.00390625, WordOrder.BIG), WordType.FLOAT32)
    found = energy(raw, Decimal(1000), Decimal(1))
    assert (plain(found.value), plain(found.step)) == ("40000003.90625", "3.90625")


def test_a_float64_of_kwh_is_rounded_half_up_to_the_meters_own_step():
    raw = decode(encode("float64", 0.0625, WordOrder.BIG), WordType.FLOAT64)
    assert energy(raw, Decimal(1000), Decimal(1)) == Value(Decimal(63), Decimal(1))


def test_plain_never_writes_an_exponent():
    assert [plain(Decimal(text)) for text in ("1E+3", "0E-9", "100", "1.50", "1E-12")] == [
        "1000",
        "0",
        "100",
        "1.5",
        "0.000000000001",
    ]


@given(st.decimals(0, 10**12, places=6), st.sampled_from([Decimal(1), Decimal("3.90625"), Decimal("0.1")]))
def test_the_nearest_multiple_is_at_most_half_a_step_away(value, step):
    found = to_multiple(value, step)
    assert Fraction(found) % Fraction(step) == 0
    assert abs(Fraction(found) - Fraction(value)) <= Fraction(step) / 2
