"""Conditions of art. 184l, the radar and the deadlines on the page and in the API: the same as the commands say."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from central.answers import Span
from central.ask import Answer, Question
from central.conditions.assessing import assess
from central.conditions.enquiry import Conditions
from central.enquiry import Enquiry, enquire, write_file
from central.reports.rows_csv import RowsTable
from central.web.fresh import Seen
from central.web.server import make_app
from tests.central.condition_cases import cluster, example_sums
from tests.central.made_books import Made
from tests.central.made_month import MONTH, asked, make_month
from tests.central.test_conditions import DAY

Client = AsyncTestClient[Litestar]
NOW = datetime(2026, 10, 2, 10, tzinfo=UTC)


class Asks:
    """Answers at once; ``made`` are answers that are given instead."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.made: dict[Enquiry, Answer] = {}

    async def __call__(self, enquiry: Enquiry, at: datetime, *, wait: bool) -> Seen:
        return Seen(self.made.get(enquiry) or enquire(enquiry, self.config, at))

    def peek(self, enquiry: Enquiry, at: datetime) -> Answer | None:
        return None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_month(tmp_path_factory.mktemp("month"), without=[("M1", 50)])


@pytest.fixture
def asks(made: Made) -> Asks:
    return Asks(made.config)


@pytest.fixture
async def client(made: Made, asks: Asks) -> AsyncIterator[Client]:
    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        raise NotImplementedError

    async def rows_file(table: RowsTable, span: Span, at: datetime, out: Path) -> str:
        raise NotImplementedError

    async def write(work: Callable[[Path, Path], None], out: Path) -> str:
        return write_file(work, made.config, out)

    app = make_app(look, rows_file, lambda: NOW, asks=asks, write=write)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as found:
        yield found


def row(page: str, table: str, name: str) -> list[str]:
    """The cells of the row of a table that begins with a name."""
    part = page[page.index(f'<table id="{table}"') :]
    found = next(one for one in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL) if name in one)
    texts = (re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<td[^>]*>(.*?)</td>", found, re.DOTALL))
    return [re.sub(r"\s+", " ", html.unescape(text)).strip() for text in texts]


async def test_the_api_says_what_the_commands_say(made: Made, client: Client) -> None:
    assert (await client.get("/api/v1/conditions")).json() == asked("conditions", made.config, code=3)
    radar = (await client.get("/api/v1/radar?month=2026-09")).json()
    assert radar == asked("radar", made.config, "--month", str(MONTH), code=3)
    assert (await client.get("/api/v1/deadlines")).json() == asked("deadlines", made.config, code=1)


async def test_the_examples_numbers_of_both_periods_stand_on_the_page_with_the_readings_side_by_side(
    client: Client, asks: Asks
) -> None:
    said = assess(cluster(), example_sums(), DAY).answer()
    asks.made[Conditions()] = Answer({"now": "2026-12-01T00:00:00Z", **said})
    page = (await client.get("/conditions?lang=en")).text
    assert row(page, "conditions", "art. 184l ust. 1 pkt 1")[:3] == ["✓ met", "48.72 %", "≥ 30 %"]
    assert row(page, "conditions", "art. 184l ust. 1 pkt 3")[:3] == ["✓ met", "2.5 %", "≥ 2 %"]
    assert row(page, "dry_run_from_2027", "art. 184l ust. 2 pkt 1")[:3] == ["✗ not met", "48.72 %", "≥ 50 %"]
    assert row(page, "dry_run_from_2027", "coverage of each hour")[0] == "? not known"
    readings = page[page.index('<table class="readings">') :]
    lines = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", readings, re.DOTALL)
    cells = {
        name: [re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<td>(.*?)</td>", line, re.DOTALL)]
        for name, line in lines[:4]
    }
    assert cells["verdict"] == ["✓ met", "✗ not met", "? not known"]
    assert cells["value"][:2] == ["125 %", "35.71 %"]
    failing = next(one for one in said["dry_run_from_2027"] if one["rule"] == "coverage_hour")["readings"][1]["failing"]
    assert cells["failing hours"][1] == f"{failing['hours']} of {failing['of']:,}"
    polish = (await client.get("/conditions?lang=pl")).text
    assert "✗ niespełniony" in polish


async def test_the_radar_has_each_hour_of_the_day_and_what_it_is_worth(made: Made, client: Client) -> None:
    said = asked("radar", made.config, "--month", str(MONTH), code=3)
    page = (await client.get("/radar?month=2026-09&lang=en")).text
    for slot in said["slots"]:
        cells = row(page, "slots", f"{slot['hour']:02d}:00")
        wh = slot["missing_wh"]
        assert cells[:2] == [str(slot["complete"]), str(slot["lacking"])]
        assert cells[3] == f"{wh // 1000}.{wh % 1000:03d}"
        assert abs(float(cells[4]) - float(slot["worth_zl"])) <= 0.005
    assert "aren't in it: 2." in html.unescape(page)
    assert (await client.get("/radar?month=2026-11")).status_code == 404
    assert (await client.get("/radar?month=x")).status_code == 400


async def test_deadlines_are_listed_and_taken_along_as_a_calendar(made: Made, client: Client) -> None:
    said = asked("deadlines", made.config, code=1)["deadlines"]
    page = (await client.get("/deadlines?lang=pl")).text
    assert re.findall(r'<time class="together" datetime="([\d-]+)"', page) == [one["due"] for one in said]
    assert page.count("! po terminie") == sum(one["state"] == "late" for one in said) > 0
    file = await client.get("/deadlines.ics?lang=pl")
    assert file.headers["Content-Type"].startswith("text/calendar")
    assert file.text.startswith("BEGIN:VCALENDAR\r\n")
    assert file.text.count("BEGIN:VEVENT") == len(said)


async def test_a_cluster_file_that_cant_be_read_is_said_and_no_page_fails(made: Made, client: Client) -> None:
    file = made.folder / "cluster.toml"
    kept = file.read_text(encoding="utf-8")
    file.write_text("[cluster", encoding="utf-8")
    try:
        for path in ("/conditions", "/radar?month=2026-09", "/deadlines", "/api/v1/deadlines", "/deadlines.ics"):
            answer = await client.get(path)
            assert answer.status_code == 503, path
            assert "cluster.toml" in answer.text
    finally:
        file.write_text(kept, encoding="utf-8")
