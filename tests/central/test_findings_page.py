"""The page of findings, with everything that can be found: in Polish it is Polish, records of an older klaster included."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from central.finding import CONDITIONS, WEIGHTS, Finding
from central.findings_file import FindingsFile
from tests.central.desk import Desk, full
from tests.central.every_finding import every_finding
from tests.central.made_month import MONTH

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
OLD = Finding(kind="estimated", what="OLD", since=MONTH.start, until=MONTH.end, first="48200", second="48200", unit="Wh",
              text="an old <text>", way_out="-")  # fmt: skip


async def test_every_finding_is_on_the_page_in_its_language(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    full(desk)
    kept: dict[str, Finding] = {}
    for i, one in enumerate([*every_finding(tmp_path_factory.mktemp("month")), OLD]):
        # Each kind once, all in one month, so that the page lists all of them.
        name = one.kind if one.notes else "old"
        kept.setdefault(name, msgspec.structs.replace(one, since=OLD.since, until=OLD.until, identity=(str(i),)))
    file = FindingsFile(desk.made.folder / "data" / "findings.sqlite")
    file.looked(CONDITIONS, list(kept.values()), datetime(2026, 10, 1, tzinfo=UTC))
    file.close()
    async with httpx.AsyncClient(timeout=60) as client:
        for language in ("pl", "en"):
            opened = await desk.open(f"/findings?month={MONTH}&lang={language}")
            await opened.wait_for_selector("main[data-page^=findings]")
            page = (await client.get(f"{desk.url}/findings?month={MONTH}&lang={language}")).text
            main = page[page.index("<main") : page.index("</main>")]
            assert set(re.findall(r'data-kind="([a-z_]+)"', main)) == {k for kinds in WEIGHTS.values() for k in kinds}
            assert "an old &lt;text&gt;" in main
            assert re.findall(r'lang="en">([^<]*)', main) == (["an old &lt;text&gt;"] if language == "pl" else [])
            assert {"pl": "48\u00a0200 Wh", "en": "48,200 Wh"}[language] in main
            assert {"pl": "Z 48", "en": "From 48"}[language] not in main
