"""The service asks gateways by itself for what is missing; command, API, CSV and page say what is there and what isn't."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import datetime, timedelta
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
from metering.period import day_periods, utc_text
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


def test_an_operator_whose_file_is_short_is_late_until_the_rest_is_imported(tmp_path: Path) -> None:
    made = make_books(tmp_path)
    cluster = tmp_path / "cluster.toml"
    text = cluster.read_text(encoding="utf-8").split('[[meters]]\nserial = "M2"')[0]
    text = text.replace('id = "F1"', f'id = "F1"\noperator = "PGE"\nvalid_from = {DAY}\nvalid_to = 2026-06-18')
    cluster.write_text(text.replace('id = "A1"', f'id = "A1"\nvalid_from = {DAY}'), encoding="utf-8")
    plain = made.config.read_text(encoding="utf-8")

    def at(now: datetime) -> None:
        made.config.write_text(plain + CONFIG.format(start=utc_text(now)), encoding="utf-8")

    def operator() -> dict[str, Any]:
        words = ["completeness", str(made.config), "--month", "2026-06", "--json"]
        done = CliRunner().invoke(main, words)
        (found,) = json.loads(done.output)["operators"]
        return {one["deadline"]: one["state"] for one in found["days"][0]["deadlines"]} | {"late": found["late"]}

    def take(first: int, last: int) -> None:
        rows = [f"F1,injected,{utc_text(one.start)},100\n" for one in day_periods(DAY)[first:last]]
        file = tmp_path / f"pge-{first}.csv"
        file.write_text("point,direction,start,wh\n" + "".join(rows), encoding="utf-8")
        done = CliRunner().invoke(main, ["import", str(made.config), str(file), "--by", "Anna"])
        assert done.exit_code == 0, done.output

    made.day()
    at(AFTER + timedelta(hours=1))
    assert operator() == {"n+1": "due", "n+3": "due", "n+7": "due", "30 days": "due", "late": 0}
    take(0, 22)
    at(AFTER + timedelta(days=4))
    assert operator() == {"n+1": "met", "n+3": "late", "n+7": "due", "30 days": "due", "late": 1}
    shown = CliRunner().invoke(main, ["completeness", str(made.config), "--month", "2026-06"]).output
    assert "PGE: LATE since 2026-06-20 12:00+02:00" in shown
    assert "file late: PGE's data of 2026-06-17 were due 2026-06-20 12:00+02:00 (94 %)" in shown
    take(22, 24)
    assert operator() == {"n+1": "met", "n+3": "met_late", "n+7": "met", "30 days": "met", "late": 0}


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
