"""No page, file or answer of the API tells a place on the machine's disk, whatever is broken."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.places import told
from tests.central.made_month import MONTH, asked, make_month
from tests.central.served import served

NOW = datetime(2026, 10, 2, 10, tzinfo=UTC)
OF_MONTH = ("month", "members", "findings", "completeness", "runs/closing", "runs/correction", "radar", "figures")
OF_API = ("month", "shares", "findings", "completeness", "radar", "figures")
RUN, NO_RUN = "2026-09-final", "2026-01-final"
PATHS = (
    "/?day=2026-09-03",
    *(f"/{one}?month={MONTH}" for one in OF_MONTH),
    *(f"/api/v1/{one}?month={MONTH}&all=1" for one in OF_API),
    *("/gateways", "/runs", "/conditions", "/deadlines", "/deadlines.ics"),
    *("/api/v1/runs", "/api/v1/conditions", "/api/v1/deadlines", "/api/v1/gateways"),
    *(f"{path}/{run}" for path in ("/runs", "/api/v1/runs") for run in (RUN, NO_RUN)),
    *(f"/runs/{run}/export" for run in (RUN, NO_RUN)),
    f"/runs/diff?before={NO_RUN}&after={RUN}",
    f"/figures?run={NO_RUN}",
    *(f"{path}?month={MONTH}&run={run}" for path in ("/explain", "/api/v1/explain") for run in (RUN, NO_RUN)),
    *(f"/csv/{table}?month={MONTH}" for table in ("findings", "shares")),
)
BROKEN = {
    "nothing": None,
    "the register": "data/register/register.sqlite",
    "the rates": "rates.toml",
    "the cluster file": "cluster.toml",
    "the store": "data/readings.sqlite",
    "the figures": "data/register/figures.sqlite",
    "a run": f"data/register/runs/{RUN}/out/charges.parquet",
    "the configuration": "central.toml",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a month with its final."""
    found = make_month(tmp_path_factory.mktemp("month"))
    asked("run", found.config, "--month", str(MONTH), "--kind", "preliminary")
    asked("approve", found.config, "2026-09-preliminary-1", "--by", "Ola")
    asked("run", found.config, "--month", str(MONTH), "--kind", "final", "--by", "Ola")
    return found.config.parent


@pytest.mark.parametrize("what", BROKEN)
async def test_whatever_is_broken_no_answer_tells_where_a_file_lies(made: Path, tmp_path: Path, what: str) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "my own" / "folder"))
    if file := BROKEN[what]:
        (folder / file).write_text("[[junk", encoding="utf-8")
    statuses = set()
    async with served(folder / "central.toml", NOW) as client:
        for path in PATHS:
            answer = await client.get(path)
            statuses.add(answer.status_code)
            if answer.headers["content-type"] != "application/zip":
                assert str(tmp_path) not in answer.text, path
                assert "my own" not in answer.text, path
    assert statuses <= {200, 400, 404, 503}
    assert (503 in statuses) == (what != "nothing")


async def test_a_run_that_is_not_there_is_404_and_says_which_are(made: Path) -> None:
    async with served(made / "central.toml", NOW) as client:
        answer = await client.get(f"/api/v1/runs/{NO_RUN}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "register: there is no run '2026-01-final'; there are: 2026-09-preliminary-1, 2026-09-final"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/etc/klaster/central.toml: line 3", "central.toml: line 3"),
        ("/srv/my own/k/data/x.sqlite: is damaged", "data/x.sqlite: is damaged"),
        ("can't open '/var/lib/other/y.sqlite'", "can't open 'y.sqlite'"),
        ("http://127.0.0.1:8086/query: no answer", "http://127.0.0.1:8086/query: no answer"),
        ("A1/drawn/2026-09-03T01:00, 5/6 of it", "A1/drawn/2026-09-03T01:00, 5/6 of it"),
    ],
)
def test_a_message_keeps_the_files_name_and_loses_its_folder(text: str, shown: str) -> None:
    assert told(text, ("/srv/my own/k",)) == shown
