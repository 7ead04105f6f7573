"""The page of a day in a real headless browser: what a person sees, on a desk, on a phone, without JavaScript."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import httpx
import pytest
from playwright.async_api import Page, expect

from metering.period import day_start
from tests.central.desk import COVERED, FROM_GRID, HATCH, PAST_A_REFRESH_MS, PV, TO_GRID, URL_OF_DAY, Desk, colours, kwh
from tests.central.made_books import EVENING, FARM, drawn, injected

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def columns(page: Page, name: str) -> list[str]:
    return [text.strip() for text in await page.locator(f"#hours-body [data-col={name}]").all_text_contents()]


def percent(text: str) -> str:
    return str(Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP))


async def test_the_charts_are_drawn_and_nothing_comes_from_elsewhere(desk: Desk) -> None:
    desk.made.day()
    desk.made.gateways()
    page = await desk.open()
    energy, share = await colours(page, "energy"), await colours(page, "share")
    for colour in (PV, FROM_GRID, TO_GRID):
        assert energy.get(colour, 0) > 1000
    assert share.get(COVERED, 0) > 1000
    assert HATCH not in energy
    assert desk.troubles == []


async def test_the_table_has_24_rows_with_the_values_of_the_answer(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open()
    covered = [min(drawn(h), injected(h)) for h in range(24)]
    assert await columns(page, "time") == [f"{h:02d}:00+02:00" for h in range(24)]
    assert await columns(page, "drawn") == [kwh(drawn(h)) for h in range(24)]
    assert await columns(page, "pv") == [kwh(injected(h)) for h in range(24)]
    assert await columns(page, "covered") == [kwh(wh) for wh in covered]
    assert await columns(page, "from_grid") == [kwh(drawn(h) - covered[h]) for h in range(24)]
    assert await columns(page, "rest") == ["0.000"] * 24
    assert await columns(page, "surplus") == [kwh(injected(h) - covered[h]) for h in range(24)]
    async with httpx.AsyncClient() as client:
        rows = (await client.get(f"{desk.url}/api/v1/balance?day=2026-06-17")).json()["hours"]
    assert await columns(page, "ratio") == [f"{Decimal(percent(row['ratio_pct'])):,}" for row in rows]
    off = [round(100 - 100 * float(row["multiplier"])) for row in rows]
    assert await columns(page, "step") == [f"−{percent}\u00a0%" if percent else "0\u00a0%" for percent in off]
    assert await columns(page, "next") == ["" if row["to_next_wh"] is None else kwh(row["to_next_wh"]) for row in rows]
    foot = await page.locator("#hours-foot td").all_text_contents()
    assert foot[0] == kwh(sum(map(drawn, range(24))))
    assert foot[-1] == "24 of 24"


async def test_an_incomplete_hour_is_marked_empty_and_a_gap(desk: Desk) -> None:
    desk.made.day(without=[("M1", 10)])
    page = await desk.open()
    rows = page.locator("#hours-body tr")
    for hour in (9, 10):
        cells = await rows.nth(hour).locator("td").all_text_contents()
        assert [cell.strip() for cell in cells] == [""] * 11 + ["1", "0", "0", "incomplete"]
    assert await columns(page, "state") == ["incomplete" if h in {9, 10} else "complete" for h in range(24)]
    assert (await colours(page, "energy")).get(HATCH, 0) > 100
    assert (await colours(page, "share")).get(HATCH, 0) > 100
    assert "2 of 24 hours that have ended are incomplete" in await page.inner_text("#sums")
    assert "1 finding on this day" in await page.inner_text("#state")
    await page.get_by_role("link", name="the findings").click()
    missing = page.locator("#findings li[data-kind=missing]")
    assert f"exactly {drawn(9) + drawn(10):,} Wh" in await missing.inner_text()
    assert desk.troubles == []


async def test_before_anything_is_complete_sums_and_shares_are_empty_not_zero(desk: Desk) -> None:
    desk.made.keep([])
    page = await desk.open()
    assert "there is nothing to sum" in await page.inner_text("#sums")
    tiles = await page.locator("#sums .tiles dd").all_inner_texts()
    assert [tile.strip() for tile in tiles] == [""] * 8 + ["0 of 24 ended"]
    assert await page.locator("#shares-body td").all_text_contents() == [""] * 10
    assert desk.troubles == []


async def test_hours_that_have_not_ended_are_empty_and_not_called_incomplete(desk: Desk) -> None:
    desk.clock.at = EVENING - timedelta(hours=11)
    desk.made.day()
    page = await desk.open("/")
    assert await columns(page, "state") == ["complete"] * 12 + ["not ended"] * 12
    assert (await columns(page, "drawn"))[12:] == [""] * 12
    assert HATCH not in await colours(page, "energy")
    assert await page.locator("a[rel=next]").count() == 0


async def test_the_page_shows_new_figures_by_itself_and_keeps_its_charts(desk: Desk) -> None:
    desk.made.day(without=[("M1", 10)])
    page = await desk.open("/")
    await page.wait_for_load_state("networkidle")  # what the next page would cut off is no trouble of this one
    await page.clock.install()
    await page.goto(desk.url + URL_OF_DAY)
    await page.evaluate("window.canvas = document.querySelector('canvas')")
    desk.made.keep([desk.made.missing_stand(10)])
    await page.clock.run_for(PAST_A_REFRESH_MS)
    await page.locator("#hours-body tr.incomplete").first.wait_for(state="detached")
    assert await columns(page, "drawn") == [kwh(drawn(h)) for h in range(24)]
    # The chart is drawn anew a moment after the table that it reads.
    for _ in range(50):
        if HATCH not in await colours(page, "energy"):
            break
        await page.clock.run_for(20)
    assert HATCH not in await colours(page, "energy")
    assert await page.evaluate("window.canvas.isConnected")
    assert await page.locator("#stale").is_hidden()
    assert desk.troubles == []


async def test_a_central_that_does_not_answer_is_said_and_the_figures_stay(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open()
    await page.clock.install()
    await page.goto(desk.url + URL_OF_DAY)
    await page.route("**/*", lambda route: route.abort())
    await page.clock.run_for(PAST_A_REFRESH_MS)
    await page.locator("#stale").wait_for(state="visible")
    assert len(await columns(page, "drawn")) == 24
    await page.unroute("**/*")
    await page.clock.run_for(PAST_A_REFRESH_MS)
    await page.locator("#stale").wait_for(state="hidden")


async def test_trouble_is_a_sentence_and_the_page_comes_back_by_itself(desk: Desk) -> None:
    page = await desk.open()
    assert "there is nothing yet" in await page.inner_text("main")
    await page.clock.install()
    await page.goto(desk.url + URL_OF_DAY)
    desk.made.day()
    await page.clock.run_for(PAST_A_REFRESH_MS)
    await page.locator("#hours-body").wait_for()
    assert (await colours(page, "energy")).get(PV, 0) > 1000
    assert await page.title() == "2026-06-17 · Klaster <Test>"


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "9999-12-31", "<b>x</b>"])
async def test_what_is_no_day_is_a_sentence_with_the_way_out(desk: Desk, day: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(desk.url, params={"day": day, "lang": "en"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "is not a day. A day is written like 2026-10-05" in answer.text
    assert 'href="/"' in answer.text
    assert "<b>x" not in answer.text


async def test_on_a_phone_the_page_does_not_scroll_sideways_and_everything_is_there(desk: Desk) -> None:
    desk.made.day(without=[("M1", 10)])
    desk.made.gateways()
    page = await desk.open(width=360, has_touch=True, is_mobile=True)
    assert await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [360, 360]
    canvas = await page.locator("canvas").first.bounding_box()
    assert canvas is not None
    assert canvas["x"] >= 0
    assert canvas["x"] + canvas["width"] <= 360
    assert (await colours(page, "energy")).get(PV, 0) > 500
    await page.locator(".scroll").first.evaluate("region => region.scrollTo(9999, 0)")
    assert await page.locator("#hours-body [data-col=state]").first.is_visible()
    assert desk.troubles == []


async def test_without_javascript_the_tables_and_the_choice_of_a_day_work(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open("/?day=2026-06-18", java_script_enabled=False)
    await page.locator("input[name=day]").fill("2026-06-17")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("#hours-body tr")).to_have_count(24)
    await expect(page.locator("h1 + p")).to_contain_text("Wednesday, 17 June 2026")
    assert (await columns(page, "drawn"))[5] == kwh(drawn(5))
    assert await page.locator("figure").first.is_hidden()
    await page.locator("a[rel=prev]").click()
    await expect(page.locator("h1 + p")).to_contain_text("Tuesday, 16 June 2026")


async def test_the_arrow_keys_read_the_chart_hour_by_hour(desk: Desk) -> None:
    desk.made.day(without=[("M1", 2)])
    page = await desk.open()
    figure = page.locator("figure[data-chart=energy]")
    await figure.locator(".plot").focus()
    await page.keyboard.press("ArrowRight")
    reading = figure.locator(".reading p:visible")
    assert (await reading.inner_text()).startswith(f"00:00+02:00: drawn {kwh(drawn(0))} kWh")
    await page.keyboard.press("ArrowRight")
    assert await reading.inner_text() == "01:00+02:00: incomplete, a value is missing."
    await page.keyboard.press("ArrowLeft")
    assert (await reading.inner_text()).startswith("00:00+02:00")
    await page.keyboard.press("Tab")
    assert (await reading.inner_text()).startswith("Point at an hour")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
async def test_on_the_days_of_23_and_25_hours_each_hour_has_its_row(desk: Desk, day: date, hours: int) -> None:
    desk.clock.at = day_start(day + timedelta(days=1))
    desk.made.day(day)
    page = await desk.open(f"/?day={day}")
    times = await columns(page, "time")
    assert len(times) == hours
    assert [time for time in times if time.startswith("02")] == ["02:00+02:00", "02:00+01:00"][: 2 * (hours == 25)]
    assert await columns(page, "state") == ["complete"] * hours
    assert desk.troubles == []


async def test_members_are_listed_and_what_is_not_measured_is_empty(desk: Desk) -> None:
    desk.made.day()
    desk.made.gateways()
    page = await desk.open()
    covered = kwh(sum(min(drawn(h), injected(h)) for h in range(24)))
    rows = [
        [cell.strip() for cell in await row.locator("td").all_text_contents()]
        for row in await page.locator("#shares-body tr").all()
    ]
    assert rows[0] == [kwh(sum(map(drawn, range(24)))), "", covered, "100.00", covered]
    assert rows[1][:2] == ["", kwh(sum(map(injected, range(24))))]
    assert "1 of 2 gateways are online" in await page.inner_text("#state")


async def test_names_are_shown_as_they_are_and_never_run(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open()
    assert FARM in await page.inner_text("#shares-body")
    assert await page.inner_text("h1") == "Klaster <Test>"
    assert await page.locator("main script").count() == 0
    assert await page.get_attribute("html", "lang") == "en"


async def test_a_simulation_says_so_and_the_api_is_linked(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open()
    assert "This is a simulation" in await page.inner_text("#notes")
    assert await page.locator("footer a").get_attribute("href") == "/api/openapi.json"


async def test_all_figures_of_a_page_are_of_one_instant_however_fast_the_clock_runs(desk: Desk) -> None:
    desk.made.day()
    desk.clock.at, desk.clock.step = day_start(date(2026, 6, 17)), timedelta(hours=1)
    page = await desk.open()
    count = (await columns(page, "state")).count("complete")
    drawn_wh = kwh(sum(map(drawn, range(count))))
    assert 0 < count < 24
    assert (await page.locator("#hours-foot td").all_text_contents())[0] == drawn_wh
    assert (await page.locator("#shares-body td").all_text_contents())[0] == drawn_wh
