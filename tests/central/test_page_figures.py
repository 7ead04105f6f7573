"""The operator's and the seller's figures on the page and in the API: as the commands say, and ours lead on."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from central.figures import comparing, ours
from central.web.page_figures import WHY
from tests.central.made_books import Made
from tests.central.made_month import MONTH, asked, make_month
from tests.central.served import Client, served

NOW = datetime(2026, 10, 2, 10, tzinfo=UTC)
MONTHS = f"/figures?month={MONTH}"
HEAD = "party,document,corrects,month,point,zone,component,quantity_kwh,net_zl"
ROWS = (
    "operator,<b>FV</b>/1,,2026-09,A1,,network_variable,777.960,155.59",
    "operator,<b>FV</b>/1,,2026-09,A1,,oze,460.470,3.36",
    "operator,<b>FV</b>/1,,2026-09,A1,,capacity,777.960,9.99",
    "operator,FV/2,,2026-09,A1,,quality,777.960,",
    "operator,FV/3,FV/0,2026-09,A1,,chp,10,-0.03",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A month with its preliminary run, and what the operator charges of it: as without the cluster, and half of it."""
    found = make_month(tmp_path_factory.mktemp("month"))
    file = found.config.parent / "invoices.csv"
    file.write_text("\n".join([HEAD, *ROWS]) + "\n", encoding="utf-8")
    asked("run", found.config, "--month", str(MONTH), "--kind", "preliminary", "--by", "Ola")
    asked("figures", "import", found.config, file, "--by", "Ola <i>")
    return found


@pytest.fixture
async def client(made: Made) -> AsyncIterator[Client]:
    async with served(made.config, NOW) as found:
        yield found


async def test_the_api_says_of_figures_what_the_commands_say(made: Made, client: Client) -> None:
    answer = (await client.get(f"/api/v1{MONTHS}")).json()
    assert answer["compared"] == asked("figures", "compare", made.config, "--month", str(MONTH), code=1)
    listed = asked("figures", "list", made.config, "--month", str(MONTH))["documents"]
    assert [one["document"] for one in answer["documents"]] == [one["document"] for one in listed]
    of_run = (await client.get("/api/v1/figures?run=2026-09-preliminary-1")).json()
    assert of_run["compared"] == answer["compared"]


@pytest.mark.parametrize("language", ["en", "pl"])
async def test_our_figures_lead_to_their_explanation_in_the_run_and_it_is_of_the_same_number(
    client: Client, language: str
) -> None:
    page = (await client.get(f"{MONTHS}&lang={language}")).text
    numbers = re.findall(r'<a class="why" href="([^"]+)">([^<]+)</a>', page)
    quantities = set()
    for href, text in numbers:
        query = dict(parse_qsl(urlsplit(html.unescape(href)).query))
        quantities.add(query["quantity"])
        answer = (await client.get("/api/v1/explain", params=query)).json()
        step: dict[str, Any] = answer["step"]
        assert answer["agrees"], query
        said = Decimal(re.sub(r"[^\d.]", "", text.replace(",", ".") if language == "pl" else text))
        assert said == (Decimal(step["value"]) / 1000 if step["unit"] == "Wh" else Decimal(step["value"])), query
    assert quantities == {"charged", "charge", "full"}
    assert "<b>FV" not in page
    assert "Ola <i>" not in page


async def test_the_page_says_what_differs_what_it_looks_like_and_the_way_to_a_complaint(client: Client) -> None:
    page = (await client.get(f"{MONTHS}&lang=en")).text
    table = page[page.index('id="lines"') : page.index('id="by-member"')]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in table.split("<tr>")[2:]]
    assert "Theirs is what it would be without the cluster: 155.59 zł" in " ".join(rows[0].split())
    assert any("A document doesn&#39;t say net zł." in row and "Not compared." in row for row in rows)
    assert any("The corrected document FV/0 wasn&#39;t entered." in row for row in rows)
    assert "klaster-central complaint central.toml --month 2026-09 --party operator" in page
    assert "capacity charge" in page[page.index('id="beside"') :]


async def test_figures_are_reached_from_the_month_and_the_run_and_a_month_without_them_says_so(client: Client) -> None:
    assert 'href="/figures?month=2026-09"' in (await client.get("/month?month=2026-09")).text
    assert 'href="/figures?run=2026-09-preliminary-1"' in (await client.get("/runs/2026-09-preliminary-1")).text
    empty = (await client.get("/figures?month=2026-08&lang=en")).text
    assert "There is no run of this month yet" in empty
    assert "No document that charges this month was entered yet." in empty
    assert (await client.get("/figures?run=2026-08-final")).status_code == 404
    assert (await client.get("/figures?month=2026-13")).status_code == 400


def test_every_reason_why_something_is_not_compared_has_its_sentence() -> None:
    texts = (Path(comparing.__file__).read_text(encoding="utf-8"), Path(ours.__file__).read_text(encoding="utf-8"))
    said = set(re.findall(r'why\.append\("([^"]+)"\)', texts[0]))
    said |= {f"not known to klaster: {one}" for one in re.findall(r'one\.why = [^"\n]*"([^"]+)"', texts[1])}
    assert len(said) == len(WHY)
    assert said == set(WHY)
