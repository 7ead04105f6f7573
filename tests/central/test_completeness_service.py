"""The service asks gateways by itself for what is missing; command, API, CSV and page say what is there and what isn't."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import msgspec
import pytest
from click.testing import CliRunner

from central.cli import main
from central.config import load_config
from central.gaps_asked import gaps_asked
from metering.period import utc_text
from metering.wire import HELD, GatewayStatus, OutboxStatus, RequestStatus, ResendRequest, encode, topic
from tests.central.made_books import AFTER, DAY, StoppedClock, make_books, served
from tests.central.stands import T0
from tests.central.test_findings_service import CENTRAL, Central, both
from tests.mosquitto import Mosquitto

HOUR = timedelta(hours=1)


@pytest.fixture
def central(tmp_path: Path, broker: Mosquitto) -> Central:
    return Central(tmp_path, broker)


async def _answers(central: Central) -> ResendRequest:
    """Be the gateway g1: wait for a request, and say that it is done."""
    async with aiomqtt.Client("127.0.0.1", central.ports.broker, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(topic("g1", "requests"), qos=1)
        online = GatewayStatus(online=True, at=T0, outbox=OutboxStatus(id="o"))
        await client.publish(topic("g1", "status"), encode(online), qos=1, retain=True)
        async for message in client.messages:
            request = msgspec.json.decode(bytes(message.payload), type=ResendRequest)
            if request.id != HELD:
                done = OutboxStatus(id="o", requests=(RequestStatus(id=request.id, stands=0, done=True),))
                await client.publish(
                    topic("g1", "status"), encode(GatewayStatus(online=True, at=T0, outbox=done)), qos=1
                )
                return request
    raise AssertionError("the broker closed the connection")


def completeness(central: Central) -> tuple[int, dict[str, Any]]:
    words = [CENTRAL, "completeness", str(central.config), "--month", "2026-06", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.e2e
def test_a_gateway_is_asked_for_a_gap_once_a_restart_doesnt_repeat_it_and_the_gap_closes(central: Central) -> None:
    with central.running():
        central.send(*both(-2, -1, 0, 2, 3))
        request = asyncio.run(asyncio.wait_for(_answers(central), 60))
        assert (request.first, request.last, request.meters) == (T0, T0 + 2 * HOUR, ("M1", "M2"))
        found = central.wait_for(
            lambda: [row for row in central.findings("--day", "2026-06-17") if "was asked again at" in row["text"]]
        )
        assert {row["what"] for row in found} == {"A1", "F1"}
        code, told = completeness(central)
        assert code == 1
        assert {one["point"]: [asked["times"] for asked in one["asked"]] for one in told["missing"]} == {
            "A1": [1],
            "F1": [1],
        }
    with central.running():
        central.wait_for(lambda: central.ask_api(day="2026-06-17"))
        central.send(*both(1))
        central.wait_for(lambda: central.findings("--day", "2026-06-17") == [])
        assert completeness(central)[0] == 0
    assert [one.times for one in gaps_asked(load_config(central.config).gaps)] == [1, 1]


CONFIG = "[clock]\nstart = {start}\nreal_start = 2200-01-01T00:00:00Z\nspeed = 1\nstep_s = 1\n"


def test_the_command_draws_a_matrix_and_its_exit_code_tells_whether_all_is_there(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    cluster = tmp_path / "cluster.toml"
    text = cluster.read_text(encoding="utf-8")
    for point in ("A1", "F1"):
        text = text.replace(f'[[points]]\nid = "{point}"', f'[[points]]\nid = "{point}"\nvalid_from = {DAY}')
    cluster.write_text(text, encoding="utf-8")
    with made.config.open("a", encoding="utf-8") as config:
        config.write(CONFIG.format(start=utc_text(AFTER)))
    made.day(without=[("M1", 10)])
    words = ["completeness", str(made.config), "--month", "2026-06"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[3].split() == ["A1", "drawn", "+", "22/24"]
    assert lines[3].index("+") == lines[2].index("1234567890") + DAY.day - 1
    assert all(len(line) <= 100 for line in lines[:6])
    assert CliRunner().invoke(main, [*words, "--point", "F1"]).exit_code == 0
    assert CliRunner().invoke(main, [*words, "--point", "X"]).exit_code == 2
    made.keep([made.missing_stand(10)])
    answer = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert (answer["complete"], answer["present"], answer["own"], answer["missing"]) == (True, 48, 48, [])


@pytest.mark.asyncio
async def test_api_csv_and_page_in_both_languages_tell_the_same(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    made.day(without=[("M1", 10)])
    made.gateways()
    async with served(made, StoppedClock(AFTER)) as url, httpx.AsyncClient(timeout=30) as client:
        answer = (await client.get(f"{url}/api/v1/completeness?month=2026-06")).json()
        a1 = next(one for one in answer["points"] if one["point"] == "A1")
        assert a1["by_day"]["present"][DAY.day - 1] == 22
        rows = (await client.get(f"{url}/csv/completeness?month=2026-06")).text.splitlines()
        assert rows[0] == "point,direction,day,expected,own,operator,estimated,absent,proved,present"
        assert "A1,drawn,2026-06-17,24,22,0,0,2,2,22" in rows
        assert len((await client.get(f"{url}/csv/missing?month=2026-06")).text.splitlines()) == 4
        for language, heading in (("pl", "Kompletność"), ("en", "Completeness")):
            page = await client.get(f"{url}/completeness?month=2026-06&lang={language}")
            assert page.status_code == 200
            assert f"<h1>{heading}" in page.text
            assert '<td class="partly" data-state="partly">22/24</td>' in page.text
        assert (await client.get(f"{url}/completeness?month=x")).status_code == 400
        assert 'href="/completeness?month=2026-06"' in (await client.get(f"{url}/month?month=2026-06")).text
