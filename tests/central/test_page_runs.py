"""The register on the page and in the API: the same as the commands say, files that verify, and nothing is changed."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from central.register.opening import open_run
from central.register.verifying import verify
from tests.central.made_books import Made
from tests.central.made_month import MONTH, asked, make_month, month_stands
from tests.central.served import Client, served

NOW = datetime(2026, 10, 2, 10, tzinfo=UTC)
HOLE = 50
GAP = "A1/drawn/2026-09-03T01:00..2026-09-03T03:00=<b>exchanged</b>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A month with its preliminary, final and correction."""
    found = make_month(tmp_path_factory.mktemp("month"), without=[("M1", HOLE)])
    config, month = found.config, ("--month", str(MONTH))
    asked("run", config, *month, "--kind", "preliminary", "--accept-gap", GAP, code=3)
    asked("approve", config, "2026-09-preliminary-1", "--by", "Ola <i>")
    asked("run", config, *month, "--kind", "final", "--by", "Ola")
    found.keep([month_stands()[2 * HOLE]])
    asked("run", config, *month, "--kind", "correction", "--by", "Ola", "--reason", "<script>late</script>")
    return found


@pytest.fixture
async def client(made: Made) -> AsyncIterator[Client]:
    async with served(made.config, NOW) as found:
        yield found


async def text_of(client: Client, path: str) -> str:
    answer = await client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    for hostile in ("<script>late", "<b>exchanged", "Ola <i>"):
        assert hostile not in answer.text
    return answer.text


async def test_the_api_says_of_runs_what_the_commands_say(made: Made, client: Client) -> None:
    assert (await client.get("/api/v1/runs")).json() == asked("runs", made.config)
    shown = asked("runs", "show", made.config, "2026-09-final")
    assert (await client.get("/api/v1/runs/2026-09-final")).json() == shown


async def test_the_list_tells_each_runs_state_and_which_were_recomputed(client: Client) -> None:
    page = await text_of(client, "/runs")
    rows = re.findall(r'href="/runs/(2026-09-[\w-]+)">.*?<strong>([^<]+)</strong>', page, re.DOTALL)
    assert rows == [
        ("2026-09-preliminary-1", "approved"),
        ("2026-09-final", "corrected since"),
        ("2026-09-correction-1", "in force"),
    ]
    assert page.count("?verify=1") == 3
    assert "recomputed alike" in await text_of(client, "/runs/2026-09-final?verify=1")
    page = await text_of(client, "/runs")
    assert (page.count("?verify=1"), page.count("✓ equal")) == (2, 1)


async def test_a_run_shows_its_members_and_each_number_leads_to_its_explanation_in_the_run(client: Client) -> None:
    page = await text_of(client, "/runs/2026-09-final")
    table = page[page.index('id="run-members"') :]
    numbers = re.findall(r'<a class="why" href="([^"]+)">([^<]+)</a>', table)
    assert {dict(parse_qsl(urlsplit(html.unescape(href)).query))["member"] for href, _ in numbers} == {"A", "F"}
    for href, text in numbers:
        query = dict(parse_qsl(urlsplit(html.unescape(href)).query))
        assert query["run"] == "2026-09-final"
        answer = (await client.get("/api/v1/explain", params=query)).json()
        value, wh = answer["step"]["value"], answer["step"]["unit"] == "Wh"
        assert text == (f"{int(value) // 1000:,}.{int(value) % 1000:03d}" if wh else f"{float(value):,.2f}")
    assert "&lt;b&gt;exchanged&lt;/b&gt;" in page
    assert "Ola" in page


async def test_the_difference_of_two_runs_has_the_effect_the_cause_and_the_reading(made: Made, client: Client) -> None:
    page = await text_of(client, "/runs/diff?before=2026-09-final&after=2026-09-correction-1")
    said = asked("diff", made.config, "2026-09-final", "2026-09-correction-1", code=1)
    wh = said["effect"]["drawn_wh"]
    assert f"+{wh // 1000}.{wh % 1000:03d}" in page[page.index('id="causes"') : page.index('id="members"')]
    assert ">readings</th>" in page
    assert f"2026-09-03{' '}01:00" in page[page.index('id="readings"') :]
    same = await text_of(client, "/runs/diff?before=2026-09-final&after=2026-09-final")
    assert "No number differs." in same


async def test_what_is_known_now_is_compared_and_a_month_without_a_final_says_so(client: Client) -> None:
    assert "No number differs." in await text_of(client, "/runs/correction?month=2026-09")
    assert "no final yet" in await text_of(client, "/runs/correction?month=2026-08")


async def test_the_closing_list_has_every_line_of_the_command(made: Made, client: Client) -> None:
    said = asked("closing", made.config, "--month", str(MONTH), code=0)
    page = await text_of(client, "/runs/closing?month=2026-09")
    assert len(re.findall(r'<li class="(?:done|open)">', page)) == len(said["lines"])
    assert page.count('<li class="done">') == sum(line["done"] for line in said["lines"])
    polish = (await client.get("/runs/closing?month=2026-09&lang=pl")).text
    assert "Uwagi dotyczące miesiąca" in polish


async def test_what_is_taken_along_verifies_anywhere_and_the_tables_are_the_runs(
    client: Client, tmp_path: Path
) -> None:
    answer = await client.get("/runs/2026-09-correction-1/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="2026-09-correction-1.zip"'
    file = tmp_path / "run.zip"
    file.write_bytes(answer.content)
    run = open_run(file)
    assert verify(run).equal
    charges = (await client.get("/runs/2026-09-correction-1/csv/charges")).text.splitlines()
    assert len(charges) == 1 + run.outputs()["charges"].num_rows
    assert charges[0].startswith("month,member,point,zone,component,")


@pytest.mark.parametrize(
    "path",
    ["/runs/2026-07-final", "/runs/x", "/runs/..%2f..%2fetc", "/runs/diff", "/runs/diff?before=2026-09-final&after=%3Cb%3E",
     "/runs/2026-07-final/export", "/runs/2026-09-final/csv/in", "/api/v1/runs/2026-07-final"],
)  # fmt: skip
async def test_what_is_no_run_is_a_sentence(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "<b>" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_run_that_was_changed_is_not_shown_as_if_nothing_were(made: Made, client: Client) -> None:
    file = made.folder / "data" / "register" / "runs" / "2026-09-preliminary-1" / "out" / "charges.parquet"
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        answer = await client.get("/runs/2026-09-preliminary-1?lang=en")
        assert answer.status_code == 503
        assert "was changed" in answer.text
    finally:
        file.write_bytes(kept)
