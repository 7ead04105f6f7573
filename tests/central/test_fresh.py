"""Kept answers: current ones at once, old ones while newer are made, first ones when they are there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from central.answers import Span
from central.ask import Answer, Question
from central.config import load_config
from central.marks import Marks, all_marks, books_marks
from central.standing import Standing
from central.web.fresh import Fresh
from tests.central.made_books import AFTER, DAY, Made, drawn, make_books

SPAN = Span.of_day(DAY)


class Making:
    """Makes answers when it is let, and counts them."""

    def __init__(self) -> None:
        self.count = 0
        self.marks: Marks = ()
        self.let = asyncio.Event()
        self.let.set()

    async def compute(self, question: Question, span: Span, at: datetime) -> Answer:
        self.count += 1
        number = self.count
        await self.let.wait()
        if question == "gateways":
            raise RuntimeError("a fault")
        return Answer({"number": number, "at": at})


@contextlib.asynccontextmanager
async def running(making: Making) -> AsyncIterator[Fresh]:
    fresh = Fresh(making.compute, lambda: making.marks)
    task = asyncio.create_task(fresh.run())
    try:
        yield fresh
        assert not task.done()
    finally:
        task.cancel()


async def number(fresh: Fresh, at: datetime = AFTER, question: Question = "day") -> tuple[int | None, bool]:
    seen = await fresh.look(question, SPAN, at, wait=False)
    assert seen.answer is None or seen.answer.value is not None
    return (seen.answer.value["number"] if seen.answer and seen.answer.value else None), seen.newer


async def test_as_long_as_nothing_has_changed_an_answer_is_made_once() -> None:
    making = Making()
    async with running(making) as fresh:
        assert [await number(fresh) for _ in range(5)] == [(1, False)] * 5
        assert await number(fresh, question="month") == (2, False)
        assert making.count == 2


async def test_when_a_file_has_changed_or_a_quarter_has_ended_it_is_made_anew() -> None:
    making = Making()
    async with running(making) as fresh:
        assert await number(fresh) == (1, False)
        making.marks = (("readings.sqlite", 1, 2, 3),)
        await asyncio.sleep(0.05)
        assert await number(fresh) == (2, False)
        await asyncio.sleep(0.05)
        assert await number(fresh, AFTER + timedelta(minutes=15)) == (3, False)


async def test_a_first_answer_that_takes_long_is_told_and_a_newer_one_never_waited_for_long() -> None:
    making = Making()
    making.let.clear()
    async with running(making) as fresh:
        assert await number(fresh) == (None, True)
        making.let.set()
        assert await number(fresh) == (1, False)
        making.let.clear()
        making.marks = (("readings.sqlite", 1, 2, 3),)
        async with asyncio.timeout(30):
            while await number(fresh) != (1, True) or making.count < 2:
                await asyncio.sleep(0.05)
        assert [await number(fresh) for _ in range(2)] == [(1, True)] * 2
        assert making.count == 2
        making.let.set()
        async with asyncio.timeout(30):
            while await number(fresh) != (2, False):
                await asyncio.sleep(0.05)


async def test_who_waits_gets_the_first_answer_however_long_it_takes() -> None:
    making = Making()
    making.let.clear()
    async with running(making) as fresh:
        waiting = asyncio.create_task(fresh.look("balance", SPAN, AFTER, wait=True))
        await asyncio.sleep(0.6)
        assert not waiting.done()
        making.let.set()
        assert (await waiting).answer == Answer({"number": 1, "at": AFTER})


async def test_a_fault_in_one_answer_is_said_and_ends_nothing() -> None:
    making = Making()
    async with running(making) as fresh:
        seen = await fresh.look("gateways", SPAN, AFTER, wait=True)
        assert seen.answer is not None
        assert seen.answer.value is None
        assert "a fault" in seen.answer.trouble
        assert await number(fresh) == (2, False)
        await asyncio.sleep(0.05)
        await fresh.look("gateways", SPAN, AFTER, wait=True)
        assert making.count == 3  # trouble is asked about again


async def test_only_so_many_answers_are_kept() -> None:
    making = Making()
    async with running(making) as fresh:
        for days in range(70):
            await fresh.look("day", Span.of_day(DAY + timedelta(days=days)), AFTER, wait=True)
        assert making.count == 70
        await fresh.look("day", Span.of_day(DAY + timedelta(days=69)), AFTER, wait=True)
        assert making.count == 70
        await fresh.look("day", SPAN, AFTER, wait=True)
        assert making.count == 71


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make_books(tmp_path)
    made.day(without=[("M1", 10)])
    return made


def test_books_stay_open_until_stands_or_the_cluster_file_change(made: Made) -> None:
    standing = Standing()
    first = standing.books(made.config)
    assert first.settled(SPAN.month).summary.complete == 22
    assert standing.books(made.config) is first
    made.gateways()
    assert standing.books(made.config) is first
    made.keep([made.missing_stand(10)])
    second = standing.books(made.config)
    assert second is not first
    assert second.settled(SPAN.month).summary.energies_wh["drawn_wh"] == sum(map(drawn, range(24)))
    cluster = made.folder / "cluster.toml"
    cluster.write_text(cluster.read_text(encoding="utf-8").replace("Klaster", "Another"), encoding="utf-8")
    assert standing.books(made.config).cluster.name == "Another <Test>"


def test_reading_is_no_change_and_gateways_change_only_what_is_said_of_them(made: Made) -> None:
    config = load_config(made.config)
    before = books_marks(config, made.config), all_marks(config, made.config)
    Standing().books(made.config).settled(SPAN.month)
    assert (books_marks(config, made.config), all_marks(config, made.config)) == before
    made.gateways()
    assert books_marks(config, made.config) == before[0]
    assert all_marks(config, made.config) != before[1]


async def test_a_peek_gives_what_is_kept_and_current_and_never_makes_anything() -> None:
    making = Making()
    async with running(making) as fresh:
        assert fresh.peek("day", SPAN, AFTER) is None
        assert await number(fresh) == (1, False)
        kept = fresh.peek("day", SPAN, AFTER)
        assert kept is not None
        assert kept.value == {"number": 1, "at": AFTER}
        making.marks = (("readings.sqlite", 1, 2, 3),)
        assert fresh.peek("day", SPAN, AFTER) is None
        assert making.count == 1


async def test_marks_that_cannot_be_looked_at_are_told_and_the_next_answer_is_made() -> None:
    making = Making()

    def gone() -> Marks:
        raise FileNotFoundError("a folder that went while it was listed")

    async with running(making) as fresh:
        whole, fresh._marks = fresh._marks, gone
        seen = await fresh.look("day", SPAN, AFTER, wait=True)
        assert seen.answer is not None
        assert "a folder that went" in seen.answer.trouble
        fresh._marks = whole
        await asyncio.sleep(0.1)
        assert await number(fresh) == (1, False)
