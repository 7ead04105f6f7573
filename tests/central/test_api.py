"""The HTTP API: the books' answers, clear refusals, and only for this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import httpx
import pytest
from litestar.testing import AsyncTestClient

from central.answers import Span
from central.ask import Answer, Question, ask
from central.web.server import make_app
from tests.central.made_books import AFTER, EVENING, FARM, Made, StoppedClock, drawn, injected, make_books, served

HOST = "http://127.0.0.1:8080"
Client = AsyncTestClient


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_books(tmp_path)


@pytest.fixture
async def client(made: Made) -> AsyncIterator[Client]:
    async def ask_books(question: Question, span: Span, at: datetime) -> Answer:
        return ask(question, made.config, span, at)

    async with AsyncTestClient(make_app(ask_books, lambda: AFTER), base_url=HOST) as found:
        yield found


async def test_the_balance_of_a_day_has_every_hour_and_its_exact_sums(made: Made, client: Client) -> None:
    made.day()
    answer = (await client.get("/api/v1/balance", params={"day": "2026-06-17"})).json()
    covered = [min(drawn(h), injected(h)) for h in range(24)]
    assert [row["drawn_wh"] for row in answer["hours"]] == [drawn(h) for h in range(24)]
    assert [row["injected_res_wh"] for row in answer["hours"]] == [injected(h) for h in range(24)]
    assert [row["covered_wh"] for row in answer["hours"]] == covered
    assert answer["hours"][0]["local"] == "2026-06-17T00:00:00+02:00"
    assert (answer["periods"], answer["complete"]) == (24, 24)
    assert answer["sums"]["covered_wh"] == sum(covered)
    assert answer["sums"]["surplus_wh"] == sum(map(injected, range(24))) - sum(covered)
    assert "simulation" in answer["notes"][0]


async def test_an_incomplete_hour_is_null_and_in_no_sum(made: Made, client: Client) -> None:
    made.day(without=[("M1", 10)])
    answer = (await client.get("/api/v1/balance", params={"day": "2026-06-17"})).json()
    incomplete = [h for h, row in enumerate(answer["hours"]) if row["status"] == "incomplete"]
    assert incomplete == [9, 10]
    assert answer["hours"][9]["drawn_wh"] is None
    assert answer["sums"]["drawn_wh"] == sum(drawn(h) for h in range(24) if h not in incomplete)
    found = (await client.get("/api/v1/findings", params={"day": "2026-06-17"})).json()["findings"]
    assert [(one["kind"], one["what"], one["wh"]) for one in found] == [("missing", "A1", drawn(9) + drawn(10))]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
async def test_a_day_on_which_the_clock_changes_has_23_or_25_hours(made: Made, day: str, hours: int) -> None:
    made.day(date.fromisoformat(day))

    async def ask_books(question: Question, span: Span, at: datetime) -> Answer:
        return ask(question, made.config, span, span.month.end)

    async with AsyncTestClient(make_app(ask_books, lambda: AFTER), base_url=HOST) as client:
        answer = (await client.get("/api/v1/balance", params={"day": day})).json()
    local = [row["local"][11:13] for row in answer["hours"]]
    assert (len(local), answer["complete"]) == (hours, hours)
    assert local.count("02") == hours - 23


async def test_without_month_and_day_the_present_local_day_is_meant(made: Made, client: Client) -> None:
    made.day()
    assert (await client.get("/api/v1/balance")).json()["span"] == "2026-06-18"
    assert (await client.get("/api/v1/balance", params={"month": "2026-06"})).json()["span"] == "2026-06"


async def test_shares_gateways_and_stands_are_there_too(made: Made, client: Client) -> None:
    made.day()
    made.gateways()
    shares = (await client.get("/api/v1/shares", params={"day": "2026-06-17"})).json()
    assert [row["name"] for row in shares["members"]] == ["Town hall", FARM]
    assert sum(row["allocated_wh"] for row in shares["members"]) == sum(min(drawn(h), injected(h)) for h in range(24))
    gateways = (await client.get("/api/v1/gateways")).json()["gateways"]
    assert [(row["gateway"], row["receipted"]) for row in gateways] == [
        ("farm", None),
        ("hall", "2026-06-17T21:59:00Z"),
    ]
    stands = (await client.get("/api/v1/stands", params={"day": "2026-06-17"})).json()["stands"]
    assert len(stands) == 2 * 25


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-13"},
        {"month": "June"},
        {"day": "2026-02-30"},
        {"day": "2026-W25-3"},
        {"day": "0001-01-01"},
        {"day": "9999-12-31"},
        {"day": "2026-06-17T00:00"},
    ],
)
async def test_what_is_no_month_or_day_is_400_and_says_what_was_expected(
    made: Made, client: Client, query: dict[str, str]
) -> None:
    made.day()
    answer = await client.get("/api/v1/balance", params=query)
    assert answer.status_code == 400
    assert next(iter(query.values())) in answer.json()["detail"]
    assert "expected a month like 2026-10 or a day like 2026-10-05" in answer.json()["detail"]


async def test_month_and_day_together_are_400(made: Made, client: Client) -> None:
    made.day()
    answer = await client.get("/api/v1/balance", params={"month": "2026-06", "day": "2026-06-17"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "give month or day, not both")


@pytest.mark.parametrize("question", ["balance", "shares", "findings", "gateways", "stands"])
async def test_without_a_store_the_answer_is_503_with_a_sentence(client: Client, question: str) -> None:
    answer = await client.get(f"/api/v1/{question}")
    assert answer.status_code == 503
    assert "there is nothing yet" in answer.json()["detail"]


async def test_a_store_that_is_no_database_is_503_with_a_sentence(made: Made) -> None:
    made.readings.write_bytes(b"this is no database " * 100)
    async with served(made, StoppedClock(EVENING)) as url, httpx.AsyncClient(base_url=url) as client:
        for path in ("/api/v1/balance", "/"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert "be read: file is not a database" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9000", "localhost:8080", "LOCALHOST", "[::1]:8080"])
@pytest.mark.parametrize("path", ["/api/v1/balance", "/", "/static/page.css", "/api/openapi.json"])
async def test_names_of_this_machine_are_served_at_any_port(made: Made, client: Client, host: str, path: str) -> None:
    made.day()
    assert (await client.get(path, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:8080", "127.0.0.1:80@evil", ""]
)
@pytest.mark.parametrize("path", ["/api/v1/balance", "/", "/static/page.css", "/api/openapi.json"])
async def test_any_other_name_is_refused(made: Made, client: Client, host: str, path: str) -> None:
    made.day()
    answer = await client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "Klaster" not in answer.text


@pytest.mark.parametrize(
    "path", ["/api/v1/balance", "/", "/static/page.js", "/api/v1/balance?day=no", "/?day=no", "/none"]
)
async def test_every_answer_forbids_what_is_not_our_own(made: Made, client: Client, path: str) -> None:
    made.day()
    headers = (await client.get(path)).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_the_api_describes_itself(client: Client) -> None:
    described = (await client.get("/api/openapi.json")).json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == {
        f"/api/v1/{question}" for question in ("balance", "shares", "findings", "gateways", "stands")
    }
