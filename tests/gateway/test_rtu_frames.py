from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.rtu_frames import crc, frame_size, is_damaged, strays
from simulators.faults import damaged
from simulators.servers.modbus import crc as another_crc
from tests.gateway.lines import answer

UNITS = st.integers(1, 247)
WORDS = st.lists(st.integers(0, 65535), min_size=1, max_size=60)


def awaited(unit: int, words: list[int]) -> bytes:
    return bytes((unit, 4, 2 * len(words)))


@given(st.binary(max_size=260))
def test_the_check_is_another_implementations(data):
    assert crc(data) == another_crc(data)


@given(st.lists(st.tuples(UNITS, WORDS), max_size=4), UNITS, WORDS, st.integers(0, 130))
def test_answers_of_others_before_ours_are_told_apart_from_it(others, unit, words, cut):
    others = [(whose, what) for whose, what in others if whose != unit]
    before = b"".join(answer(whose, what) for whose, what in others)
    ours = answer(unit, words)[:cut]
    end, found = strays(before + ours, unit)
    assert end == len(before)
    assert found == [(whose, len(what)) for whose, what in others]


@given(UNITS, WORDS, st.integers(0, 10**6))
def test_an_answer_with_one_or_two_wrong_bits_is_damaged_and_one_cut_off_behind_its_head_too(unit, words, seed):
    good = answer(unit, words)
    assert frame_size(good) == len(good)
    assert not is_damaged(good, awaited(unit, words), whole=False)
    bad = damaged(random.Random(seed), good, len(good))
    assert frame_size(bad) == 0
    assert is_damaged(bad, awaited(unit, words), whole=True) == (len(bad) == len(good))
    assert is_damaged(bad, awaited(unit, words), whole=False) == (len(bad) >= 2)


@given(st.binary(max_size=4))
def test_what_is_shorter_than_any_answer_is_none(data):
    assert frame_size(data) == 0
    assert strays(data, None) == (0, [])
