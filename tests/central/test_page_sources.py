"""Where values are from, on the pages: own stands, an operator's file, estimates; what is estimated is always marked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from central.answers import Span
from central.ask import Answer, Question, ask
from central.explaining.answer import Asking, explain_standing
from central.reports.rows_csv import RowsTable
from central.web.fresh import Seen
from central.web.server import make_app
from tests.central.made_books import AFTER
from tests.central.test_estimation_books import service
from tests.central.test_looking import Service
from tests.central.test_value_sources import three

__all__ = ["service", "three"]
Client = AsyncTestClient[Litestar]


@pytest.fixture
async def client(three: tuple[Service, Path]) -> AsyncIterator[Client]:
    config = three[0].config_file

    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        return Seen(ask(question, config, span, at))

    async def rows_file(table: RowsTable, span: Span, at: datetime, out: Path) -> str:
        raise NotImplementedError

    async def why(asking: Asking) -> Answer:
        return explain_standing(config, asking)

    async with AsyncTestClient(make_app(look, rows_file, lambda: AFTER, why=why), base_url="http://127.0.0.1") as found:
        yield found


def cells(row: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r'<td class="from">(.*?)</td>', row, re.DOTALL)]


async def test_each_hour_of_the_day_counts_its_values_by_source_and_marks_the_estimated(client: Client) -> None:
    page = (await client.get("/?day=2026-06-17&lang=en")).text
    rows = (await client.get("/api/v1/balance?day=2026-06-17")).json()["hours"]
    shown = [cells(row) for row in re.findall(r'<tr class="\w+" data-status.*?</tr>', page, re.DOTALL)]
    assert len(shown) == 24
    for row, (own, operator, estimated) in zip(rows, shown, strict=False):
        assert (own, operator) == (str(row["own"]), str(row["operator"]))
        assert estimated == (f"≈ {row['estimated']}" if row["estimated"] else "0")
    assert [row for row in shown if row[2].startswith("≈")]
    assert any(row[1] == "1" for row in shown)
    sums = cells(page[page.index('id="hours-foot"') :])
    assert sums == [str(sum(row[name] for row in rows)) for name in ("own", "operator")] + ["≈ 3"]
    assert "≈ estimated values: 3" in page[page.index('id="shares-body"') :]


async def test_month_and_completeness_count_by_day_and_the_heat_map_marks_the_hour(client: Client) -> None:
    month = (await client.get("/month?month=2026-06&lang=en")).text
    row = month[month.index('<time datetime="2026-06-17">17 June</time>') :]
    assert cells(row)[2] == "≈ 3"
    assert month.count('data-estimated="1">') == month.count("<small>≈</small>") > 0
    completeness = (await client.get("/completeness?month=2026-06&lang=en")).text
    answer = (await client.get("/api/v1/completeness?month=2026-06")).json()
    place = answer["days"].index("2026-06-17")
    row = completeness[completeness.index('href="/?day=2026-06-17#hours-title"') :]
    counts = [sum(one["by_day"][name][place] for one in answer["points"]) for name in ("own", "operator", "estimated")]
    assert cells(row)[:3] == [str(counts[0]), str(counts[1]), f"≈ {counts[2]}"]


async def test_an_estimate_is_marked_in_the_explanation_too(client: Client) -> None:
    query = {"hour": "2026-06-17T04:00+02:00", "point": "A1", "quantity": "drawn"}
    page = (await client.get("/explain", params=query | {"lang": "pl"})).text
    assert "≈ oszacowane" in page
    page = (await client.get("/explain", params=query | {"hour": "2026-06-17T02:00+02:00", "lang": "pl"})).text
    assert "≈" not in page
