"""The pages for everyone: both languages, keyboard, contrast, a phone, paper."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.central.desk import PATHS, Desk, full
from tests.central.made_books import DAY, drawn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NAMELESS = """() => [...document.querySelectorAll("a, button, input, select, [tabindex='0'], table, nav, svg, img")]
  .filter(one => !one.closest("[hidden]") && one.getAttribute("aria-hidden") !== "true")
  .filter(one => !(one.textContent.trim() || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")
    || one.labels?.length || one.getAttribute("alt") !== null))
  .map(one => one.outerHTML.slice(0, 120))"""
CONTRASTS = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || one.closest("[hidden], noscript, option") || !one.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${one.outerHTML.slice(0, 100)}`);
  }
  return found;
}"""


async def test_the_language_is_asked_for_kept_preferred_or_polish(desk: Desk) -> None:
    desk.made.day()
    async with httpx.AsyncClient(base_url=desk.url) as client:

        async def language(path: str = "/", **headers: str) -> str:
            answer = await client.get(path, headers=headers)
            found = re.search(r'<html lang="(\w+)">', answer.text)
            assert found
            assert answer.headers["Content-Language"] == found[1]
            return found[1]

        assert await language() == "pl"
        assert await language(**{"Accept-Language": "de, en-GB;q=0.8, pl;q=0.5"}) == "en"
        assert await language(**{"Accept-Language": "en;q=0, *"}) == "pl"
        assert await language(**{"Accept-Language": "en;q=x;;,,\x7f" + "a" * 5000}) == "pl"
        assert await language("/?lang=de", **{"Accept-Language": "en"}) == "en"
        assert await language("/?lang=en") == "en"
        assert await language(**{"Accept-Language": "pl"}) == "en"  # kept
        assert await language("/?lang=pl") == "pl"
        assert await language(**{"Accept-Language": "en"}) == "pl"


async def test_the_switch_changes_the_language_and_stays_on_the_day(desk: Desk) -> None:
    desk.made.day()
    page = await desk.open("/?day=2026-06-17", locale="pl-PL")
    assert await page.inner_text("h1 + p") == "Bilans doby: środa, 17 czerwca 2026"
    assert (await page.locator("#hours-body [data-col=drawn]").first.inner_text()) == "2,000"
    await page.get_by_role("link", name="English").click()
    await page.wait_for_url("**lang=en")
    assert await page.inner_text("h1 + p") == "Balance of Wednesday, 17 June 2026"
    assert (await page.locator("#hours-body [data-col=drawn]").first.inner_text()) == "2.000"
    await page.goto(f"{desk.url}/gateways")
    assert await page.get_attribute("html", "lang") == "en"
    assert desk.troubles == []


async def test_a_finding_is_said_in_polish_with_its_numbers_as_poles_write_them(desk: Desk) -> None:
    full(desk)
    page = await desk.open("/findings?day=2026-06-17", locale="pl-PL")
    missing = page.locator("#findings li[data-kind=missing]")
    assert (await missing.locator("h3").inner_text()) == "Brak wartości: A1"
    wh = f"{drawn(9) + drawn(10):,}".replace(",", "\N{NO-BREAK SPACE}")
    assert f"2 okresy bez wartości: pobór łącznie dokładnie {wh} Wh." in await missing.inner_text()
    assert await missing.locator("[lang=en]").count() == 0


@pytest.mark.parametrize("locale", ["pl-PL", "en-GB"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_and_named_by_everyone(desk: Desk, locale: str, scheme: str) -> None:
    full(desk)
    for path in PATHS:
        page = await desk.open(path, locale=locale, color_scheme=scheme)
        assert await page.locator("h1").count() == 1, path
        assert await page.evaluate(NAMELESS) == [], path
        assert await page.evaluate(CONTRASTS) == [], path
        assert await page.locator("table:not(:has(caption))").count() == 0, path
        assert await page.locator("th:not([scope])").count() == 0, path
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip", path
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.tagName") == "MAIN", path
        await page.close()
    assert desk.troubles == []


@pytest.mark.parametrize("locale", ["pl-PL", "en-GB"])
async def test_no_page_scrolls_sideways_on_a_phone(desk: Desk, locale: str) -> None:
    full(desk)
    for path in PATHS:
        page = await desk.open(path, width=360, locale=locale, has_touch=True, is_mobile=True)
        assert await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [360, 360], path
        await page.close()
    assert desk.troubles == []


async def test_on_paper_there_is_no_navigation_and_no_table_is_cut(desk: Desk) -> None:
    full(desk)
    page = await desk.open(f"/?day={DAY}")
    await page.emulate_media(media="print")
    assert await page.locator("nav:visible").count() == 0
    assert await page.locator("#hours").is_visible()
    assert await page.locator(".scroll").first.evaluate("one => getComputedStyle(one).overflowX") == "visible"
