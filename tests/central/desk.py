"""A desk to look at the page from: books, a clock, the service's own server and a real headless browser."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.central.made_books import AFTER, Made, StoppedClock, make_books, served

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
URL_OF_DAY = "/?day=2026-06-17"
PATHS = [
    "/",
    "/?day=2026-06-17",
    "/month?month=2026-06",
    "/members?month=2026-06",
    "/gateways",
    "/findings",
    "/completeness?month=2026-06",
    "/runs",
    "/conditions",
    "/radar?month=2026-06",
    "/deadlines",
    "/runs/closing?month=2026-06",
]
PAST_A_REFRESH_MS = 10_500
INKED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Map();
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] !== 255) continue;
    const colour = [pixels[i], pixels[i + 1], pixels[i + 2]].join();
    colours.set(colour, (colours.get(colour) ?? 0) + 1);
  }
  return Object.fromEntries(colours);
}"""
PV, FROM_GRID, TO_GRID, COVERED, HATCH = "184,119,0", "102,114,125", "0,114,178", "0,127,95", "154,154,154"


@dataclass
class Desk:
    """Books, the clock, the address and the browser."""

    made: Made
    clock: StoppedClock
    url: str
    browser: Browser
    slow_s: float = 0.0
    """How long each answer takes from now on."""
    troubles: list[str] = field(default_factory=list)
    """What the console, the page or a request to elsewhere said."""

    async def open(self, path: str = URL_OF_DAY, *, width: int = 1280, **context: Any) -> Page:
        made = await self.browser.new_context(viewport={"width": width, "height": 800}, **context)
        page = await made.new_page()
        # The test's own look at a canvas, more than once, makes Chromium speak: that is no trouble of the page.
        own = "Canvas2D: Multiple readback"
        page.on("console", lambda message: message.text.startswith(own) or self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(self.url + "/") or self.troubles.append(asked.url))
        page.on("requestfailed", lambda asked: self.troubles.append(f"failed: {asked.url}"))
        await page.goto(self.url + path)
        return page


@pytest.fixture(scope="module")
def chromium() -> Path:
    if not CHROMIUM.exists():
        said = f"{CHROMIUM} is missing: the page can't be looked at"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    return CHROMIUM


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    made, clock = make_books(tmp_path), StoppedClock(AFTER)
    found = Desk(made, clock, "", browser)

    async def compute(work: Callable[..., Any], *arguments: object) -> Any:
        await asyncio.sleep(found.slow_s)
        return work(*arguments)

    async with served(made, clock, compute) as found.url:
        yield found
        for context in browser.contexts:
            await context.close()


def kwh(wh: int) -> str:
    """As the English page writes it."""
    return f"{wh // 1000:,}.{wh % 1000:03d}"


async def colours(page: Page, chart: str) -> dict[str, int]:
    return await page.locator(f"figure[data-chart={chart}] canvas").evaluate(INKED)


def full(desk: Desk) -> None:
    """A day with a gap, and gateways."""
    desk.made.day(without=[("M1", 10)])
    desk.made.gateways()
