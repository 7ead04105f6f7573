"""No value is booked under another register or unit, however late a slave answers."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.bus import Bus
from gateway.failure import Failure, FailureKind
from gateway.profile import Block
from tests.gateway.virtual import Slave, VirtualClock, VirtualLine, in_virtual_time

SEQUENCES = 10_000
TIMEOUT_S = 0.3
ADDRESSES = (0, 10, 20, 30)
READS = 6


class Tally:
    def __init__(self) -> None:
        self.booked = self.wrong = self.failures = self.late = 0


async def a_sequence(seed: int, manner: str, tally: Tally, *, is_connection: bool) -> None:
    chance = random.Random(seed)

    def late() -> float:
        if chance.random() > 0.25:
            return 0.0
        delay = chance.uniform(0.2, 3.0) * TIMEOUT_S
        tally.late += delay > TIMEOUT_S
        return delay

    slaves = {unit: Slave(manner, late) for unit in (1, 2)}
    bus = Bus("b", VirtualLine(slaves, TIMEOUT_S, is_connection=is_connection), "here", VirtualClock())
    loop = asyncio.get_running_loop()
    for _ in range(READS):
        unit, address = chance.choice((1, 2)), chance.choice(ADDRESSES)
        answer = await bus.read(unit, Block(4, address, 2, ()))
        if isinstance(answer, Failure):
            tally.failures += 1
            if answer.kind is FailureKind.RESTING and chance.random() < 0.7:
                await asyncio.sleep(max(0.0, bus.rests_until_s(unit) - loop.time()))
        else:
            tally.booked += 1
            tally.wrong += answer.words != ((unit << 8) + address, (unit << 8) + address + 1)
        if chance.random() < 0.3:
            await asyncio.sleep(chance.uniform(0, TIMEOUT_S))


@pytest.mark.parametrize("is_connection", [False, True], ids=["rtu", "rtu-over-tcp"])
def test_ten_thousand_random_sequences_book_nothing_under_another_register_or_unit(is_connection):
    tally = Tally()

    async def all_of_them():
        for seed in range(SEQUENCES):
            manner = ("at once", "in turn", "drops")[seed % 3]
            await a_sequence(seed, manner, tally, is_connection=is_connection)

    in_virtual_time(all_of_them)
    assert tally.wrong == 0
    # It is no art where nothing comes late or nothing is booked.
    assert tally.late > SEQUENCES / 2
    assert tally.booked > 2 * SEQUENCES


def test_without_the_guard_the_same_sequences_book_wrong_values(monkeypatch):
    tally = Tally()
    monkeypatch.setattr("gateway.guard.Guard.doubts", lambda *_: False)
    monkeypatch.setattr("gateway.guard.Guard.rests_until_s", lambda *_: 0.0)

    async def some_of_them():
        for seed in range(300):
            await a_sequence(seed, "at once", tally, is_connection=False)

    in_virtual_time(some_of_them)
    assert tally.wrong > 0


def test_an_answer_later_than_any_rest_is_found_by_its_length_where_a_device_answers_in_turn():
    tally = Tally()

    async def late_by_seconds():
        for seed in range(1000):
            chance = random.Random(seed)
            delays = iter([chance.uniform(4.0, 9.0) * TIMEOUT_S])
            slaves = {1: Slave("in turn", lambda delays=delays: next(delays, 0.0))}
            bus = Bus("b", VirtualLine(slaves, TIMEOUT_S), "here", VirtualClock())
            loop = asyncio.get_running_loop()
            for address in (0, 10, 20, 30, 0, 10):
                answer = await bus.read(1, Block(4, address, 2, ()))
                if not isinstance(answer, Failure):
                    tally.booked += 1
                    tally.wrong += answer.words[0] != 256 + address
                await asyncio.sleep(max(0.0, bus.rests_until_s(1) - loop.time()) + chance.uniform(0, 0.1))

    in_virtual_time(late_by_seconds)
    assert tally.wrong == 0
    assert tally.booked > 1000
