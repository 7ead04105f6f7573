"""Month, members, gateways and findings in a real headless browser, in both languages, and for everyone."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import httpx
import pytest
from playwright.async_api import Page

from metering.period import day_start
from tests.central.desk import PAST_A_REFRESH_MS, PATHS, PV, Desk, colours, full, kwh
from tests.central.made_books import EVENING, FARM, IMPORT, drawn, injected, stand

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def reading(page: Page) -> str:
    return (await page.locator("#map-reading p:visible").inner_text()).replace("\n", " ").replace("\u00a0", " ")


async def test_the_heat_map_has_a_cell_for_every_hour_with_its_step(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/month?month=2026-06")
    async with httpx.AsyncClient() as client:
        rows = (await client.get(f"{desk.url}/api/v1/balance?day=2026-06-17")).json()["hours"]
    said = [round(100 - 100 * float(row["multiplier"])) if row["multiplier"] else "?" for row in rows]
    assert await page.locator("#map tbody tr").count() == 24
    assert await page.locator("#map tbody td").count() == 24 * 30
    assert await page.locator("#map tbody tr td:nth-child(18)").all_text_contents() == [str(one) for one in said]
    assert await page.locator("#days-body tr").count() == 17
    assert (await page.locator("#days-body tr").last.locator("[data-col=state]").inner_text()) == "22 of 24"
    assert (await colours(page, "energy")).get(PV, 0) > 100
    assert desk.troubles == []


@pytest.mark.parametrize(("day", "lines", "absent"), [(date(2026, 3, 29), 24, 1), (date(2026, 10, 25), 25, 30)])
async def test_the_hour_that_is_skipped_has_no_cell_and_the_one_that_comes_twice_has_two(
    desk: Desk, day: date, lines: int, absent: int
) -> None:
    desk.clock.at = day_start(day + timedelta(days=1))
    desk.made.day(day)
    page = await desk.open(f"/month?month={day:%Y-%m}")
    heads = await page.locator("#map tbody th").all_inner_texts()
    assert len(heads) == lines
    assert [head for head in heads if head.startswith("02")] == ["02", "02*"][: lines - 23]
    assert await page.locator("#map tbody td.absent").count() == absent
    column = page.locator(f"#map tbody tr td:nth-child({day.day + 1})")
    assert await column.count() == lines
    whens = [await cell.get_attribute("data-when") for cell in await column.all()]
    ends = [when[-6:] for when in whens if when and ", 02:00" in when]
    assert ends == ([] if lines == 24 else ["+02:00", "+01:00"])


async def test_arrow_keys_read_the_heat_map_hour_by_hour(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/month?month=2026-06")
    await page.locator("#map td[tabindex]").focus()
    for _ in range(16):
        await page.keyboard.press("ArrowRight")
    assert re.match(
        r"17 June, 00:00\+02:00: ratio [\d.]+ %, relief step 0 %\. Missing to −5 %: [\d.]+ kWh\.", await reading(page)
    )
    missing = kwh(drawn(0) * 6 // 10 + 1 - injected(0))
    assert missing in await reading(page)
    for _ in range(9):
        await page.keyboard.press("ArrowDown")
    assert await reading(page) == "17 June, 09:00+02:00: incomplete, a value is missing."
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowLeft")
    assert (await reading(page)).startswith("16 June, 08:00+02:00")
    assert await page.locator("#map td[tabindex]").count() == 1


async def test_enter_and_a_click_on_the_heat_map_explain_the_step_of_the_hour(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/month?month=2026-06")
    cell = page.locator("#map tbody tr:nth-child(13) td:nth-child(18)")
    await cell.click()
    await page.wait_for_url("**/explain?hour=2026-06-17T12%3A00%3A00%2B02%3A00&quantity=multiplier")
    assert "Multiplier of the charges" in await page.locator(".explained").inner_text()
    await page.go_back()
    await page.locator("#map td[tabindex]").focus()
    for _ in range(16):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/explain?hour=2026-06-17T00%3A00%3A00%2B02%3A00&quantity=multiplier")
    assert desk.troubles == []


async def test_a_number_is_reached_by_the_keyboard_and_shows_that_it_leads_on(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/members?month=2026-06")
    link = page.locator("table.points a.why").first
    line = "one => getComputedStyle(one).textDecorationLine"
    assert await link.evaluate(line) == "none"
    await link.focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    assert await link.evaluate("one => one === document.activeElement")
    assert await link.evaluate(line) == "underline"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/explain?*")
    assert await page.locator(".explained strong").first.inner_text() != ""


async def test_gateways_show_their_receipt_backlog_and_meters_and_offline_is_not_zero(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/gateways")
    farm, hall = [
        [cell.strip() for cell in await row.locator("td").all_text_contents()]
        for row in await page.locator("#gateways-body tr").all()
    ]
    assert hall[:6] == ["● online", *["2026-06-17 23:59\u00a0+02:00"] * 2, "5", "0", ""]
    assert farm[0] == "○ offline"
    assert farm[3:5] == ["", ""]
    meter = await page.locator("#meters tbody tr").inner_text()
    assert "M1" in meter
    assert "no answer" in meter


async def test_a_gateways_clock_is_what_its_newest_stands_say(desk: Desk) -> None:
    full(desk)
    desk.made.keep([stand("M9", IMPORT, EVENING.replace(minute=0), 1)], gateway="hall")
    page = await desk.open("/gateways", locale="pl-PL")
    assert (await page.locator("#gateways-body tr").last.locator("td").nth(5).inner_text()) == "symulowany"


async def test_members_have_their_points_and_hostile_names_are_only_names(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/members?month=2026-06")
    assert await page.locator("main h2").all_inner_texts() == ["Town hall A", f"{FARM} F"]
    assert await page.locator("main script").count() == 0
    farm = page.locator("table.points").last
    assert await farm.locator("tbody td").first.inner_text() == "photovoltaics"
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{desk.url}/csv/points?month=2026-06")).text
    point = next(row for row in csv.DictReader(io.StringIO(text)) if row["point"] == "F1")
    assert (await farm.locator("tbody td").nth(3).inner_text()) == kwh(int(point["injected_wh"]))
    assert desk.troubles == []


async def test_every_link_to_a_csv_gives_one(desk: Desk) -> None:
    full(desk)
    links = set()
    # Of the books: what is of the register, the conditions and the calendar is in the API and has files of its own.
    for path in (one for one in PATHS if not one.startswith(("/runs", "/conditions", "/radar", "/deadlines"))):
        page = await desk.open(path)
        links |= set(await page.eval_on_selector_all("a[download]", "all => all.map(one => one.href)"))
        assert await page.locator("table").count() <= await page.locator("a[download]").count() or path.startswith(
            "/members"
        )
        await page.close()
    assert len(links) >= 12
    async with httpx.AsyncClient() as client:
        for link in links:
            answer = await client.get(link)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), link


async def test_what_gateways_tell_now_is_shown_and_vanishes_when_it_is_not_heard(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open("/gateways")
    at = "2026-06-17T21:59:50Z"
    told = [("M1", "settlement", "power_w", "W", "12500"), ("M2", "settlement", "power_w", "W", "-8240"),
            ("B1", "storage", "soc_pct", "%", "61.5"), ("G1", "generation", "power_w", "W", "-9000")]  # fmt: skip
    meters = [
        {"gateway": "g", "meter": m, "role": r, "at": at, "values": [{"name": n, "unit": u, "value": v}]}
        for m, r, n, u, v in told
    ]
    answers = [meters, meters, []]
    await page.clock.install()
    await page.route(
        "**/api/v1/live", lambda route: route.fulfill(json={"now": at, "meters": answers.pop(0) if answers else []})
    )
    await page.goto(desk.url)
    live = page.locator("#live")
    await live.wait_for(state="visible")
    tiles = {
        await one.get_attribute("data-live-tile"): await one.locator("[data-value]").inner_text()
        for one in await live.locator("[data-live-tile]:visible").all()
    }
    assert tiles == {"drawn": "12.5", "injected": "8.2", "charge": "62", "meters": "4"}
    assert "23:59:50" in await live.inner_text()
    for _ in range(3):
        await page.clock.run_for(PAST_A_REFRESH_MS)
    await live.wait_for(state="hidden")


async def test_a_first_settlement_that_takes_long_is_said_and_then_shown(desk: Desk) -> None:
    desk.made.day()
    desk.slow_s = 1.0
    page = await desk.open("/month?month=2026-06")
    assert await page.inner_text("h1") == "The settlement is being computed"
    await page.locator("#map").wait_for(timeout=30_000)
    assert await page.locator("#map tbody tr").count() == 24
    assert desk.troubles == []


async def test_while_newer_figures_are_computed_the_last_ones_are_shown_at_once(desk: Desk) -> None:
    desk.made.day(without=[("M1", 10)])
    page = await desk.open("/?day=2026-06-17")
    assert await page.locator("#hours-body tr.incomplete").count() == 2
    desk.slow_s = 2.0
    desk.made.keep([desk.made.missing_stand(10)])
    await page.reload()
    assert await page.locator("#hours-body tr.incomplete").count() == 2
    assert "Newer figures are being computed" in await page.inner_text("#head")
    await page.locator("#hours-body tr.incomplete").first.wait_for(state="detached", timeout=30_000)
    assert "Newer figures" not in await page.inner_text("#head")
