from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.failure import Failure, FailureKind
from gateway.guard import Guard
from gateway.profile import Block

SILENT = Failure(FailureKind.NO_ANSWER)
BLOCK = Block(4, 0, 2, ())
EVENTS = st.one_of(
    st.tuples(st.just("answered"), st.floats(0, 2)),
    st.tuples(st.sampled_from([FailureKind.NO_ANSWER, FailureKind.WRONG_ANSWER, FailureKind.DAMAGED]), st.just(0.0)),
)


def a_guard(timeout_s: float = 1.0, *, numbered: bool = False, units: int = 2) -> Guard:
    guard = Guard(timeout_s, numbered=numbered)
    for unit in range(1, units + 1):
        guard.answered(unit, 0.03)
    return guard


@given(st.lists(st.tuples(st.integers(1, 3), EVENTS), max_size=40))
def test_no_limit_is_longer_than_the_configured_one_or_too_short_for_the_slowest_answer(events):
    guard, slowest = a_guard(), {1: 0.03, 2: 0.03, 3: 0.0}
    for unit, (what, took_s) in events:
        if what == "answered":
            guard.answered(unit, took_s)
            slowest[unit] = max(took_s, 0.99 * slowest[unit])
        else:
            guard.failed(unit, BLOCK, 0.0, Failure(what))
        assert min(1.0, 2 * slowest[unit]) <= guard.limit_s(unit) <= 1.0


@given(st.lists(st.integers(1, 125), max_size=30), st.integers(1, 125))
def test_a_confirming_request_is_told_by_its_length_from_the_block_and_from_what_is_owed(owed, count):
    guard = a_guard()
    for each in owed:
        guard.failed(1, Block(4, 0, each, ()), 100.0, SILENT)
    other = guard.other(1, Block(4, 0, count, ()), 101.0)
    assert other.count != count
    assert 1 <= other.count <= 125
    assert other.count % 2 == count % 2 or set(owed) >= {count - 2, count + 2} - {0, -1, 126, 127}
    near = {count + more for more in (-6, -4, -2, 2, 4, 6, 8, 10)} & set(range(1, 126))
    assert other.count not in owed or near <= set(owed)


def test_a_lone_unit_is_waited_for_as_long_as_the_configuration_allows():
    assert a_guard(10.0, units=1).limit_s(1) == 10.0
    assert a_guard(10.0, units=2).limit_s(1) == 0.5


def test_a_unit_that_became_slower_is_learned_anew():
    guard = a_guard(5.0)
    guard.failed(1, BLOCK, 100.0, SILENT)
    assert guard.limit_s(1) == 5.0
    guard.answered(1, 2.0)
    guard.confirmed(1)
    assert guard.limit_s(1) == 5.0
    for _ in range(150):
        guard.answered(1, 0.3)
    assert 1.2 <= guard.limit_s(1) < 2.5


def test_what_is_owed_is_counted_and_a_rest_ends_when_all_of_it_was_heard():
    guard = a_guard()
    guard.failed(1, BLOCK, 100.0, SILENT)
    guard.failed(1, Block(4, 0, 4, ()), 105.0, SILENT)
    assert guard.rests_until_s(1) == 109.0
    guard.heard(1, 2)
    assert guard.rests_until_s(1) == 109.0
    guard.heard(1, 4)
    assert (guard.rests_until_s(1), guard.doubts(1), guard.doubts(2)) == (0.0, True, False)
    guard.confirmed(1)
    assert not guard.doubts(1)


def test_answers_that_carry_numbers_are_never_doubted():
    guard = a_guard(numbered=True)
    guard.failed(1, BLOCK, 100.0, SILENT)
    guard.stray(1)
    assert (guard.rests_until_s(1), guard.doubts(1)) == (0.0, False)


def test_a_refusal_is_an_answer_and_a_lost_line_is_no_units_fault():
    guard = a_guard()
    for kind in (FailureKind.EXCEPTION, FailureKind.LINK_DOWN):
        guard.failed(1, BLOCK, 100.0, Failure(kind))
    assert (guard.rests_until_s(1), guard.doubts(1)) == (0.0, False)
