"""All pages of a made cluster, crawled: every number in kWh, zł or % leads to its explanation, which is of that number."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from tests.central.made_books import Made
from tests.central.made_month import MONTH, asked, hour, make_month, month_stands
from tests.central.served import Client, served

NOW = datetime(2026, 10, 2, 10, tzinfo=UTC)
HOLE, OPEN = 50, 300
OF = f"?month={MONTH}"
DAY, TODAY, MONTHLY, RADAR = "/?day=2026-09-05", "/?day=2026-09-13", f"/month{OF}", f"/radar{OF}&hour=8"
PAGES = (
    *(DAY, TODAY, MONTHLY, f"/members{OF}", f"/completeness{OF}", f"/findings{OF}", f"/figures{OF}", RADAR),
    *("/gateways", "/conditions", "/deadlines", "/runs", "/runs/2026-09-preliminary-1", "/runs/2026-09-preliminary-2"),
    *(f"/runs/closing{OF}", "/runs/diff?before=2026-09-preliminary-1&after=2026-09-preliminary-2"),
)
LEADS_NOWHERE = ("/gateways", "/deadlines", f"/findings{OF}", *PAGES[-2:])
"""Pages without numbers of the settlement, and the differences of two runs, made of the rows below them."""
SAID_OTHERWISE = {
    "rates": "a price, beside its source",
    "rates-title": "the same",
    "lines": "what a document charges, and the difference",
    "by-member": "the same",
    "by-component": "the same",
    "beside": "the same",
    "documents": "the same",
    "causes": "a difference of two runs, made of the rows below it",
    "members": "the same",
    "readings": "the reading itself",
    "results-title": "a row of the two runs",
    "ranked": "zł for each kWh, of the two numbers beside it",
}
"""Where a number in a table leads nowhere, and what it is."""
FIGURES = (
    "party,document,month,point,component,quantity_kwh,net_zl\n"
    "operator,FV/1,2026-09,A1,network_variable,700,150.00\n"
    "operator,FV/1,2026-09,A1,oze,252,1.84\n"
)
_DECIMAL = re.compile(r"[−+]?\d[\d,]*\.\d{2,}")


class Numbers(HTMLParser):
    """Every text of a page's tables and tiles with where it leads, and the nearest id above it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.found: list[tuple[str, str | None, str]] = []
        self.ids: set[str] = set()
        self.feed(page[page.index("<main") : page.index("</main>")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if said.get("id"):
            self.ids.add(str(said["id"]))
        if tag not in {"br", "img", "input", "rect"}:
            self.open.append((tag, said))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        text, tags = data.strip(), [tag for tag, _ in self.open]
        if text and ("td" in tags or "dd" in tags):
            href = next((said.get("href") for tag, said in reversed(self.open) if tag == "a"), None)
            names = (said.get("id") or said.get("aria-labelledby") for _, said in reversed(self.open))
            self.found.append((next(filter(None, names), "").removesuffix("-body"), href, text))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A month of which two values are missing, with two runs and what the operator charged."""
    found = make_month(tmp_path_factory.mktemp("month"), without=[("M1", HOLE), ("M1", OPEN)])
    month = ("--month", str(MONTH), "--kind", "preliminary", "--by", "Ola")
    asked("run", found.config, *month, code=3)
    found.keep([month_stands()[2 * HOLE]])
    asked("run", found.config, *month, code=3)
    file = found.config.parent / "invoices.csv"
    file.write_text(FIGURES, encoding="utf-8")
    asked("figures", "import", found.config, file)
    return found


@pytest.fixture
async def client(made: Made) -> AsyncIterator[Client]:
    async with served(made.config, NOW) as found:
        yield found


async def page_of(client: Client, path: str) -> Numbers:
    answer = await client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, (path, answer.text)
    return Numbers(answer.text)


def query_of(href: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(html.unescape(href)).query))


def written(step: dict[str, Any], quantity: str) -> str:
    """An explained value as the English pages write it."""
    value = Decimal(step["value"])
    if quantity == "multiplier":
        off = round(100 - 100 * value)
        return f"−{off}\u00a0%" if off else "0\u00a0%"
    if step["unit"] == "Wh":
        return f"{value / 1000:,.3f}"
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


@pytest.mark.parametrize("path", PAGES)
async def test_every_number_leads_on_and_what_it_leads_to_ends_in_that_number(client: Client, path: str) -> None:
    page = await page_of(client, path)
    bare = [(near, text) for near, href, text in page.found if href is None and _DECIMAL.fullmatch(text)]
    assert [one for one in bare if one[0] not in SAID_OTHERWISE] == []
    tried: set[tuple[str, ...]] = set()
    for near, href, text in page.found:
        if href is None or not href.startswith(("/explain", "#", "/radar", "/?day")):
            continue
        kind = near, re.sub(r"\d+", "", href)
        if kind in tried and "hour=2026-09-05T09" not in href:
            # Of numbers of one kind the first one, and those of an hour in which there is sun.
            continue
        tried.add(kind)
        if not href.startswith("/explain"):
            whole, _, place = href.partition("#")
            there = page if not whole else await page_of(client, urljoin(path, html.unescape(whole)))
            assert place in there.ids, href
            continue
        query = query_of(href)
        answer = await client.get("/api/v1/explain", params=query)
        assert answer.status_code == 200, (query, answer.text)
        assert answer.json()["agrees"], query
        if near == "missing":
            # Where nothing is known the explanation says why, and tells the stands around.
            assert answer.json()["step"]["value"] is None
            continue
        # A column of one source has a part of what is injected.
        of_source = query["quantity"] == "injected" and not query.keys() & {"member", "point", "run"}
        if not of_source and " " not in text:
            assert text == written(answer.json()["step"], query["quantity"]), query
    assert bool(tried) == (path not in LEADS_NOWHERE), tried


async def test_what_single_hours_lack_and_are_worth_is_the_radars_own_number(client: Client) -> None:
    answer = (await client.get(f"/api/v1{RADAR}")).json()
    slot = next(one for one in answer["slots"] if one["hour"] == 8)
    assert sum(one["missing_wh"] for one in answer["of_hour"]) == slot["missing_wh"] > 0
    assert len(answer["of_hour"]) == slot["lacking"]
    rows = [*answer["of_hour"][:3], *answer["hours"][:12]]
    assert len(rows) >= 12
    for row in rows:
        for quantity, name in (("to_next", "missing_wh"), ("less_drawn", "less_drawn_wh"), ("step_worth", "worth_zl")):
            query = {"hour": row["local"], "quantity": quantity}
            step = (await client.get("/api/v1/explain", params=query)).json()["step"]
            assert step["value"] == (None if row[name] is None else str(row[name])), (query, row)


async def test_a_day_is_the_sum_of_its_hours_and_names_those_that_are_left_out(client: Client) -> None:
    day = hour(OPEN).date().isoformat()
    for of in ({}, {"member": "A"}, {"point": "A1"}):
        query = {"day": day, "quantity": "drawn", **of}
        step = (await client.get("/api/v1/explain", params=query)).json()["step"]
        assert len(step["parts"]) == 22
        assert int(step["value"]) == sum(int(part["value"]) for part in step["parts"])
        assert [note["key"] for note in step["notes"]] == ["note.not_summed"]
    refused = await client.get("/api/v1/explain", params={"day": day, "quantity": "relief"})
    assert (refused.status_code, "is not a day's" in refused.json()["detail"]) == (400, True)
    strange = await client.get("/api/v1/explain", params={"day": "2026-W37"})
    assert strange.status_code == 400
