from __future__ import annotations

import pytest

from simulators.servers.modbus import (
    ExceptionCode,
    ModbusRefusal,
    NotModbusError,
    answer_pdu,
    crc,
    mbap_frame,
    parse_mbap,
    parse_rtu,
    rtu_frame,
    silence_s,
)


def read(function: int, address: int, count: int) -> list[int]:
    if address == 0x6B and function == 3:
        return [0x022B, 0x0000, 0x0064][:count]
    raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)


def test_the_example_of_the_specification_is_answered_as_printed_there() -> None:
    assert answer_pdu(bytes.fromhex("03006B0003"), read) == bytes.fromhex("0306022B00000064")


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("0600010003", "8601"),  # writes aren't known
        ("0300000001", "8302"),
        ("03006B0000", "8303"),
        ("03006B007E", "8303"),
        ("03FFFF0002", "8302"),
        ("0300", "8303"),
        ("0400080001", "8402"),
    ],
)
def test_a_request_that_cannot_be_served_gets_its_exception(request_hex: str, answer_hex: str) -> None:
    assert answer_pdu(bytes.fromhex(request_hex), read).hex() == answer_hex


def test_the_crc_is_the_known_one() -> None:
    assert crc(bytes.fromhex("010300000002")).hex() == "c40b"


def test_a_frame_with_one_wrong_bit_is_no_frame() -> None:
    frame = rtu_frame(17, bytes.fromhex("03006B0003"))
    assert parse_rtu(frame) == (17, bytes.fromhex("03006B0003"))
    for at in range(len(frame) * 8):
        broken = bytearray(frame)
        broken[at // 8] ^= 1 << at % 8
        assert parse_rtu(bytes(broken)) is None


def test_a_tcp_frame_says_how_long_it_is() -> None:
    frame = mbap_frame(7, 1, b"\x04\x02\x00\x01")
    assert parse_mbap(frame[:7]) == (7, 1, 4)
    with pytest.raises(NotModbusError):
        parse_mbap(b"\x00\x07\x00\x01\x00\x05\x01")
    with pytest.raises(NotModbusError):
        parse_mbap(b"\x00\x07\x00\x00\x00\x01\x01")


def test_the_silence_is_three_and_a_half_characters_and_fixed_for_fast_lines() -> None:
    assert silence_s(9600) == pytest.approx(0.004010, abs=1e-6)
    assert silence_s(38_400) == 0.00175
