"""Live values at central: the newest only, bounded, of one's own meters; a flood of them delays no receipt."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aiomqtt
import httpx
import msgspec
import pytest

from central.cluster import Cluster, load_cluster
from central.live import MAX_A_SECOND, MAX_IN_ALL, MAX_METERS, OLDEST, LiveValues
from metering.live import MAX_METERS as MAX_IN_ONE
from metering.live import LiveMessage, LiveMeter, live_value
from metering.wire import decode_receipts, digest, encode
from tests.central.stands import CLUSTER, message, stand
from tests.gateway.fake_central import until
from tests.mosquitto import Mosquitto, free_port

NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    file = tmp_path / "cluster.toml"
    file.write_text(CLUSTER, encoding="utf-8")
    return load_cluster(file)


def payload(gateway: str, *meters: str, power: int = 500, at: datetime = NOW, name: str = "power_w") -> bytes:
    one = live_value(name, Decimal(power), at)
    assert one is not None
    shown = tuple(LiveMeter(meter=meter, values=(one,)) for meter in meters)
    return encode(LiveMessage(gateway=gateway, at=at, meters=shown))


def test_the_newest_value_is_told_with_point_and_role_and_power_at_the_point(cluster: Cluster) -> None:
    values = LiveValues(cluster)
    values.heard("g1", payload("g1", "M1", "M2", "X9", power=400), NOW, 1.0)
    values.heard("g1", payload("g1", "M1", "M2", power=-500), NOW, 1.1)
    values.heard("g1", payload("g1", "X9", power=230, name="voltage_l1_v"), NOW, 1.2)
    assert values.answer(NOW) == {
        "now": "2026-06-18T12:00:00Z",
        "meters": [
            {"gateway": "g1", "meter": "M1", "point": "A1", "role": "settlement", "at": "2026-06-18T12:00:00Z",
             "values": [{"name": "power_w", "unit": "W", "value": "-500"}]},
            {"gateway": "g1", "meter": "M2", "point": "F1", "role": "settlement", "at": "2026-06-18T12:00:00Z",
             "values": [{"name": "power_w", "unit": "W", "value": "-5000"}]},
            {"gateway": "g1", "meter": "X9", "point": "", "role": "", "at": "2026-06-18T12:00:00Z",
             "values": [{"name": "voltage_l1_v", "unit": "V", "value": "230.0"}]},
        ],
    }  # fmt: skip


def test_a_meter_that_is_another_gateways_by_the_cluster_file_has_no_point(cluster: Cluster) -> None:
    meters = tuple(msgspec.structs.replace(meter, gateway="g1") for meter in cluster.meters)
    values = LiveValues(msgspec.structs.replace(cluster, meters=meters))
    values.heard("g2", payload("g2", "M1"), NOW, 1.0)
    assert [(one["gateway"], one["point"]) for one in values.answer(NOW)["meters"]] == [("g2", "")]
    values.know(cluster)
    assert [one["point"] for one in values.answer(NOW)["meters"]] == ["A1"]


def test_what_is_old_or_from_a_clock_far_ahead_is_not_told(cluster: Cluster) -> None:
    values = LiveValues(cluster)
    values.heard("g1", payload("g1", "M1"), NOW, 1.0)
    assert values.answer(NOW + OLDEST)["meters"]
    assert values.answer(NOW + OLDEST + timedelta(seconds=1))["meters"] == []
    values.heard("g1", payload("g1", "M2", at=NOW + timedelta(days=1)), NOW, 1.0)
    assert [one["meter"] for one in values.answer(NOW)["meters"]] == ["M1"]


def test_another_gateways_message_is_refused(cluster: Cluster) -> None:
    values = LiveValues(cluster)
    with pytest.raises(msgspec.DecodeError):
        values.heard("g2", payload("g1", "M1"), NOW, 1.0)
    assert values.answer(NOW)["meters"] == []


def test_meters_and_messages_are_bounded(cluster: Cluster) -> None:
    values = LiveValues(cluster)
    for second in range(MAX_METERS // MAX_IN_ONE + 2):
        meters = [f"N{second}-{number}" for number in range(MAX_IN_ONE)]
        values.heard("g1", payload("g1", *meters), NOW, float(second))
    assert len(values.answer(NOW)["meters"]) == MAX_METERS
    for other in range(2, 12):
        for second in range(MAX_METERS // MAX_IN_ONE):
            meters = [f"N{second}-{number}" for number in range(MAX_IN_ONE)]
            values.heard(f"g{other}", payload(f"g{other}", *meters), NOW, float(second))
    assert len(values.answer(NOW)["meters"]) == MAX_IN_ALL
    later = NOW + 2 * OLDEST
    values.heard("g1", payload("g1", "M1", at=later), later, 500.0)
    assert [one["meter"] for one in values.answer(later)["meters"]] == ["M1"]
    for number in range(MAX_A_SECOND):
        values.heard("g1", payload("g1", "M1", power=number, at=later), later, 600.0)
    values.heard("g1", payload("g1", "M1", power=99, at=later), later, 600.9)
    values.heard("g1", b"not looked at", later, 600.9)
    shown = values.answer(later)["meters"][0]["values"][0]["value"]
    assert shown == str(MAX_A_SECOND - 1)


@contextlib.asynccontextmanager
async def service(folder: Path, broker: Mosquitto):
    """The real central, in a process of its own."""
    port = free_port()
    (folder / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    file = folder / "central.toml"
    file.write_text(
        f'[central]\ndata_dir = "{folder}/data"\ncluster = "cluster.toml"\n'
        f"[broker]\nport = {broker.port}\n[web]\nport = {port}\n",
        encoding="utf-8",
    )
    program = str(Path(sys.executable).with_name("klaster-central"))
    child = subprocess.Popen([program, "serve", str(file)], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        await asyncio.to_thread(child.wait, 20)


async def test_live_values_reach_the_api_and_a_flood_of_them_delays_no_receipt(
    broker: Mosquitto, tmp_path: Path
) -> None:
    presence: list[bool] = []
    receipts: list[str] = []
    address = ("127.0.0.1", broker.port)
    async with (
        service(tmp_path, broker) as url,
        aiomqtt.Client(*address, protocol=aiomqtt.ProtocolVersion.V5) as gateway,
        aiomqtt.Client(*address, protocol=aiomqtt.ProtocolVersion.V5) as flooder,
    ):
        await gateway.subscribe([("klaster/v1/central/presence", 1), ("klaster/v1/g1/receipts", 1)])

        async def listen() -> None:
            async for one in gateway.messages:
                if one.topic.value.endswith("/receipts"):
                    receipts.append(decode_receipts(one.payload).message)
                else:
                    presence.append(json.loads(one.payload)["online"])

        listener = asyncio.ensure_future(listen())
        await until(lambda: presence[-1:] == [True], 30)

        sent = 0
        flooding = True

        async def flood() -> None:
            nonlocal sent
            while flooding:
                junk = payload("g2", *(f"N{n}" for n in range(20)), power=sent % 1000, at=datetime.now(UTC))
                await flooder.publish("klaster/v1/g2/live", junk, qos=0)
                sent += 1

        flooder_task = asyncio.ensure_future(flood())
        await until(lambda: sent > 300, 30)
        wanted = []
        for number in range(20):
            made = message(stand(number, str(100 + number), sequence=number + 1))
            wanted.append(digest(made.payload))
            await gateway.publish("klaster/v1/g1/stands", made.payload, qos=1)
        # All of them come while the flood goes on.
        await until(lambda: set(wanted) <= set(receipts), 30)
        assert not flooder_task.done()
        flooding = False
        await flooder_task

        async with httpx.AsyncClient() as client:

            async def shown() -> list[dict]:
                await gateway.publish("klaster/v1/g1/live", payload("g1", "M2", power=7, at=datetime.now(UTC)), qos=0)
                answer = (await client.get(f"{url}/api/v1/live")).json()
                assert set(answer) == {"now", "meters"}
                return [one for one in answer["meters"] if one["gateway"] == "g1"]

            for _ in range(100):
                if found := await shown():
                    break
                await asyncio.sleep(0.1)
        [one] = found
        assert (one["meter"], one["point"], one["role"]) == ("M2", "F1", "settlement")
        assert one["values"] == [{"name": "power_w", "unit": "W", "value": "70"}]
        listener.cancel()
