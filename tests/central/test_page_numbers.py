"""Settled numbers on the pages lead to their explanation, and it is of the very number that is shown."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.central.explained_books import CLUSTER, Explained, explained_books
from tests.central.served import Client, served

NOW = datetime(2026, 6, 20, 10, tzinfo=UTC)
DAY, MONTH, MEMBERS = "/?day=2026-06-17", "/month?month=2026-06", "/members?month=2026-06"
SUMS = {"drawn", "injected", "injected_res", "covered", "share", "deficit", "surplus", "from_grid", "to_grid"}
QUANTITIES = {
    DAY: {*SUMS, "ratio", "multiplier", "to_next", "allocated", "part", "relieved"},
    MONTH: {*SUMS, "allocated", "part", "relieved", "full", "relief", "charge"},
    MEMBERS: {"drawn", "injected", "allocated", "relieved", "relief", "charge"},
}


SOLD = CLUSTER.replace(
    """id = "A2"
member = "A"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-17
valid_to = 2026-06-19
""",
    """id = "A2"
member = "A"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-17
valid_to = 2026-06-18
[[points]]
id = "A2"
member = "F"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-18
valid_to = 2026-06-19
""",
)


@pytest.fixture
def made(tmp_path: Path) -> Explained:
    found = explained_books(tmp_path)
    found.take(found.stands())
    return found


@pytest.fixture
async def client(made: Explained) -> AsyncIterator[Client]:
    async with served(made.config_file, NOW) as found:
        yield found


def links(page: str) -> Iterator[tuple[dict[str, str], str]]:
    """Each number that leads to an explanation: its question, and its text."""
    for href, text in re.findall(r'<a class="why" href="(/explain[^"]*)">([^<]*)</a>', page):
        yield dict(parse_qsl(urlsplit(html.unescape(href)).query)), html.unescape(text)


def shown(step: dict[str, Any], quantity: str) -> str:
    """An explained value as the English pages write it."""
    value = step["value"]
    if step["unit"] == "Wh":
        return f"{int(value) // 1000:,}.{int(value) % 1000:03d}"
    if quantity == "multiplier":
        off = round(100 - 100 * float(value))
        return f"−{off}\u00a0%" if off else "0\u00a0%"
    return f"{Decimal(value).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


@pytest.mark.parametrize("path", [DAY, MONTH, MEMBERS])
async def test_the_explanation_that_a_number_leads_to_gives_the_number(client: Client, path: str) -> None:
    page = (await client.get(f"{path}&lang=en")).text
    found = list(links(page))
    assert {query["quantity"] for query, _ in found} == QUANTITIES[path]
    # Of the hours those of some: night, and around noon.
    for query, text in [one for one in found if one[0].get("hour", "T11")[-14:-12] in {"03", "11", "13", ""}]:
        answer = await client.get("/api/v1/explain", params=query)
        assert answer.status_code == 200, (query, answer.text)
        assert answer.json()["agrees"], query
        # A column of one source has a part of what is injected.
        if query["quantity"] != "injected" or query.keys() & {"member", "point"}:
            assert text == shown(answer.json()["step"], query["quantity"]), query


async def test_sub_numbers_of_an_explanation_are_links_down_to_the_two_stands(client: Client) -> None:
    query = {"month": "2026-06", "quantity": "relief", "member": "A"}
    seen: list[str] = []
    while True:
        page = (await client.get("/explain", params=query | {"lang": "en"})).text
        seen.append(page)
        below = [
            dict(parse_qsl(urlsplit(html.unescape(href)).query))
            for href in re.findall(r'<strong><a href="([^"]+)"', page)
        ]
        if not below or below[-1] == query:
            break
        query = below[-1]
        assert len(seen) < 12, query
    # A deeper one each time: from the member's month to one point's hour.
    assert "hour" in query
    assert len(re.findall(r"Stand of meter M\d", seen[-1])) >= 2
    assert "of the journal" in seen[-1]


async def test_a_point_that_changed_hands_is_explained_for_the_owner_of_its_row(tmp_path: Path) -> None:
    made = explained_books(tmp_path, SOLD)
    made.take(made.stands())
    async with served(made.config_file, NOW) as client:
        page = (await client.get(f"{MEMBERS}&lang=en")).text
        drawn = {
            query.get("member", ""): (query, text)
            for query, text in links(page)
            if query.get("point") == "A2" and query["quantity"] == "drawn"
        }
        assert set(drawn) == {"A", "F"}
        for query, text in drawn.values():
            step = (await client.get("/api/v1/explain", params=query)).json()["step"]
            assert text == shown(step, "drawn")
        assert "member" not in next(query for query, _ in links(page) if query.get("point") == "A1")
