from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.plan import Plan
from gateway.profile import Limits, Register, RegisterRole, blocks
from gateway.words import WordType

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def registers(*addresses: int, kind: str = "float32") -> tuple[Register, ...]:
    role, obis = RegisterRole.STAND, "1-0:1.8.0"
    return tuple(
        Register(name=f"r{at}", role=role, obis=obis, function=4, address=at, type=WordType(kind), unit="kWh")
        for at in addresses
    )


def poll(plan: Plan, unknown: set[int], at: datetime = NOON) -> tuple[set[int], int, list[str]]:
    """Addresses that were brought, requests, and the events."""
    brought, requests, events = set(), 0, []
    block = plan.begin()
    while block is not None:
        requests += 1
        refused = unknown & set(range(block.address, block.address + block.count))
        block, new = plan.refused(block) if refused else _answered(plan, block, at, brought)
        events += [event.name for event in new]
    return brought, requests, events


def _answered(plan, block, at, brought):
    brought.update(register.address for register in block.registers)
    return plan.answered(block, at)


maps = st.sets(st.integers(0, 150), min_size=1, max_size=40).map(lambda found: [2 * one for one in sorted(found)])


@given(maps, st.integers(2, 60), st.booleans())
def test_every_register_is_asked_for_once_in_legal_blocks_and_no_plan_has_fewer(addresses, most, holes):
    made = blocks(registers(*addresses), Limits(registers=most, holes=holes))
    asked = [register.address for block in made for register in block.registers]
    assert asked == addresses
    for block in made:
        covered = {word for register in block.registers for word in (register.address, register.address + 1)}
        assert block.count <= most
        assert holes or covered == set(range(block.address, block.address + block.count))
    # The fewest: no block's first register could have been the block before's last.
    for before, after in itertools.pairwise(made):
        joined = after.registers[0].address + 2 - before.address
        hole = after.address > before.address + before.count
        assert joined > most or (hole and not holes)


@given(maps, st.data())
def test_bad_registers_never_silence_the_others_and_are_not_asked_for_again_at_once(addresses, data):
    bad = set(data.draw(st.lists(st.sampled_from(addresses), max_size=3)))
    plan = Plan(registers(*addresses), Limits(registers=60, holes=True))
    good = set(addresses) - bad
    assert poll(plan, bad)[0] == good
    if good:
        brought, requests, events = poll(plan, bad)
        assert (brought, events) == (good, [])
        assert requests <= len(good)
        assert {one.address for one in plan.left_out} == bad


def test_a_split_is_tried_again_after_an_hour_and_forgotten_when_the_block_answers():
    plan = Plan(registers(0, 2, 4, 6), Limits(registers=60))
    assert poll(plan, {4}) == ({0, 2, 6}, 5, ["register_refused"])
    assert poll(plan, {4}) == ({0, 2, 6}, 2, [])
    later = NOON + timedelta(hours=1)
    poll(plan, {4}, later)
    assert poll(plan, {4}, later) == ({0, 2, 6}, 4, [])
    assert poll(plan, {4}, later) == ({0, 2, 6}, 2, [])
    poll(plan, set(), later + timedelta(hours=1))
    assert poll(plan, set(), later + timedelta(hours=1)) == ({0, 2, 4, 6}, 1, ["register_answers_again"])
    assert poll(plan, set()) == ({0, 2, 4, 6}, 1, [])


def test_a_device_that_refuses_everything_for_a_while_is_asked_for_everything_again():
    plan = Plan(registers(0, 2), Limits(registers=60))
    assert poll(plan, {0, 2})[0] == set()
    assert poll(plan, set())[:2] == ({0, 2}, 1)


def test_a_block_that_is_refused_for_its_hole_is_split_there():
    plan = Plan(registers(0, 2, 10, 12), Limits(registers=60, holes=True))
    assert poll(plan, {5}) == ({0, 2, 10, 12}, 3, [])
    assert poll(plan, {5}) == ({0, 2, 10, 12}, 2, [])


def test_two_registers_that_share_words_are_read_by_one_block():
    shared = registers(0, kind="u64") + registers(2, 4)
    assert [(one.address, one.count) for one in blocks(shared, Limits(registers=60))] == [(0, 6)]
