"""The HTTP API: the books' answers, clear refusals, and only for this machine."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from central.answers import Span
from central.ask import Question, ask
from central.reports.rows_csv import RowsTable, write_rows
from central.reports.settlement_csv import COLUMNS
from central.web.csv_files import LARGE, SMALL, WriteRows, csv_text
from central.web.csv_headers import HEADERS
from central.web.fresh import Seen
from central.web.server import make_app
from metering.period import day_start
from tests.central.made_books import (
    AFTER,
    DAY,
    EVENING,
    EXPORT,
    FARM,
    Made,
    StoppedClock,
    drawn,
    injected,
    make_books,
    served,
    stand,
)

HOST = "http://127.0.0.1:8080"
Client = AsyncTestClient


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_books(tmp_path)


def rows_of(made: Made) -> WriteRows:
    async def written(table: RowsTable, span: Span, at: datetime, out: Path) -> str:
        return write_rows(table, made.config, span, at, out)

    return written


@pytest.fixture
async def client(made: Made) -> AsyncIterator[Client]:
    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        return Seen(ask(question, made.config, span, at))

    async with AsyncTestClient(make_app(look, rows_of(made), lambda: AFTER), base_url=HOST) as found:
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

    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        return Seen(ask(question, made.config, span, span.month.end))

    async with AsyncTestClient(make_app(look, rows_of(made), lambda: AFTER), base_url=HOST) as client:
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
    questions = ("balance", "shares", "month", "findings", "gateways", "stands")
    assert {f"/api/v1/{question}" for question in questions} | {"/csv/{table}"} <= set(described["paths"])


async def test_a_month_has_its_days_steps_and_money_and_the_rows_of_its_shares_are_a_file(
    made: Made, client: Client
) -> None:
    made.day(without=[("M1", 10)])
    month = (await client.get("/api/v1/month", params={"month": "2026-06"})).json()
    assert [(row["day"], row["complete"]) for row in month["days"] if row["complete"]] == [("2026-06-17", 22)]
    assert sum(month["steps"].values()) == 22
    assert month["money"]["members"] == [{"member": "A", "full_zl": None, "relief_zl": None, "charge_zl": None}]
    shares = (await client.get("/api/v1/shares", params={"month": "2026-06"})).json()
    assert "rows" not in shares
    rows = list(csv.DictReader(io.StringIO((await client.get("/csv/shares", params={"month": "2026-06"})).text)))
    mine = [int(row["allocated_wh"]) for row in rows if row["member"] == "A" and row["status"] == "complete"]
    assert sum(mine) == next(row["allocated_wh"] for row in shares["members"] if row["member"] == "A")


async def test_what_is_missing_to_the_next_step_stands_beside_each_hour(made: Made, client: Client) -> None:
    made.day()
    rows = (await client.get("/api/v1/balance", params={"day": "2026-06-17"})).json()["hours"]
    night, noon = rows[0], rows[12]
    assert (night["multiplier"], night["next_multiplier"]) == ("1.00", "0.95")
    assert night["to_next_wh"] == drawn(0) * 6 // 10 + 1 - injected(0)
    assert (noon["multiplier"], noon["next_multiplier"], noon["to_next_wh"]) == ("0.75", None, None)


async def test_what_is_missing_is_reckoned_of_what_is_used_where_the_ratio_is(made: Made, client: Client) -> None:
    own_use = 500
    file = made.folder / "cluster.toml"
    text = file.read_text(encoding="utf-8").replace(
        "[[members]]", '[settings]\nratio_denominator = "gross"\n[[members]]', 1
    )
    file.write_text(text + '[[meters]]\nserial = "M3"\npoint = "F1"\nrole = "generation"\n', encoding="utf-8")
    made.day()
    starts = [day_start(DAY) + timedelta(hours=h) for h in range(25)]
    made.keep(stand("M3", EXPORT, at, sum(injected(i) + own_use for i in range(h))) for h, at in enumerate(starts))
    rows = (await client.get("/api/v1/balance", params={"day": "2026-06-17"})).json()["hours"]
    assert [row["status"] for row in rows] == ["complete"] * 24
    for h, row in enumerate(rows):
        if row["multiplier"] == "1.00":
            assert row["to_next_wh"] == (drawn(h) + own_use) * 6 // 10 + 1 - injected(h)
    assert rows[0]["next_multiplier"] == "0.95"


@pytest.mark.parametrize("table", [*SMALL, *LARGE])
async def test_every_table_is_a_csv_with_its_field_names(made: Made, client: Client, table: str) -> None:
    made.day(without=[("M1", 10)])
    made.gateways()
    answer = await client.get(f"/csv/{table}", params={"month": "2026-06"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{table}' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    if table in HEADERS:
        own = tuple(HEADERS[table])
        assert tuple(rows[0])[: len(own)] == own, "the header of an empty table is that of a full one"
    if table in {"rates", "buses", "deadlines"}:
        assert len(rows) == 1  # none are given: a header without rows
        return
    assert len(rows) > 1
    assert all(len(row) == len(rows[0]) for row in rows)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in rows[0])


async def test_the_csv_of_the_hours_begins_with_the_columns_of_the_settlement(made: Made, client: Client) -> None:
    made.day(without=[("M1", 10)])
    answer = await client.get("/csv/hours", params={"day": "2026-06-17"})
    lines = answer.text.splitlines()
    assert lines[0].startswith(",".join(COLUMNS["hours"]) + ",")
    assert len(lines) == 25
    assert lines[10].startswith("2026-06-17T07:00:00Z,2026-06-17T09:00:00+02:00,,,,,")


async def test_there_is_no_other_table_and_no_month_of_a_word(made: Made, client: Client) -> None:
    made.day()
    assert (await client.get("/csv/..%2fcluster.toml")).status_code == 404
    unknown = await client.get("/csv/passwords")
    assert unknown.status_code == 404
    assert "there are buses, charges" in unknown.json()["detail"]
    assert (await client.get("/csv/hours", params={"month": "June"})).status_code == 400
    assert (await client.get("/csv/shares", params={"day": "June"})).status_code == 400


async def test_a_text_that_a_spreadsheet_would_run_is_only_text() -> None:
    rows = [{"name": "=cmd|'/C calc'!A0", "wh": -5, "text": 'a "quoted", cell'}]
    assert csv_text(rows) == 'name,wh,text\n\'=cmd|\'/C calc\'!A0,-5,"a ""quoted"", cell"\n'


async def test_a_file_without_a_store_is_503_with_a_sentence_and_leaves_nothing(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = await client.get("/csv/shares", params={"day": "2026-06-17"})
    assert answer.status_code == 503
    assert "there is nothing yet" in answer.json()["detail"]
    assert list(tmp_path.glob("klaster-csv-*")) == []


async def test_a_page_that_breaks_is_told_in_the_log_with_its_path_and_a_refusal_isnt(made: Made) -> None:
    async def look(question: Question, span: Span, at: datetime, *, wait: bool) -> Seen:
        raise ValueError("a number that nobody expected")

    app = make_app(look, rows_of(made), lambda: AFTER)
    async with AsyncTestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        with capture_logs() as told:
            assert (await client.get("/month?month=2026-06")).status_code == 500
            assert (await client.get("/month?month=nonsense")).status_code == 400
    assert [(one["event"], one["path"], str(one["exc_info"])) for one in told] == [
        ("page_broken", "/month", "a number that nobody expected")
    ]
