from __future__ import annotations

import asyncio
import contextlib
import json
import time
from itertools import pairwise

import pytest

from gateway import flights
from gateway.outbox import Fate, Outbox, RowState
from gateway.outbox_thread import OutboxThread
from gateway.service import together
from gateway.uplink import Uplink
from metering.wire import MAX_IN_FLIGHT, BusStatus, MeterStatus, decode_request
from runtime.broker import _RECONNECT_S, BrokerSettings
from runtime.clock import SystemClock
from tests.gateway.fake_central import central, stored, until
from tests.gateway.test_outbox import STAMP, stand


class Gateway:
    def __init__(self, port: int, path) -> None:
        self.outbox = OutboxThread.open(path)
        self.link = "down"
        self.uplink = Uplink(
            "g1", "0.1", BrokerSettings(port=port, keepalive_s=2), self.outbox, SystemClock(), self.describe, together
        )

    def describe(self):
        bus = BusStatus(id="b", link="x", connected=self.link == "up")
        return (bus,), (MeterStatus(id="M1", bus="b", profile="eastron-sdm630"),)

    async def add(self, *stands) -> None:
        await self.outbox.run(Outbox.add, stands, STAMP, {})
        self.uplink.fresh()

    async def counts(self) -> dict[str, int]:
        return (await self.outbox.run(Outbox.summary)).counts


@pytest.fixture
async def gateway(broker, tmp_path):
    made = Gateway(broker.port, tmp_path / "outbox.sqlite")
    task = asyncio.create_task(made.uplink.run())
    yield made
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=3)
    made.outbox.close()


async def test_nothing_is_sent_while_central_is_unknown_or_offline(broker, gateway):
    await gateway.add(stand(0))
    async with central(broker.port, online=None) as centre:
        await until(lambda: centre.statuses)
        await asyncio.sleep(0.6)
        assert centre.messages == []
        await centre.presence(False)
        await asyncio.sleep(0.6)
        assert centre.messages == []
        await centre.presence(True)
        await until(lambda: centre.messages)
        await centre.presence(False)
        await asyncio.sleep(0.1)
        await gateway.add(stand(1))
        await asyncio.sleep(0.6)
        assert centre.sequences == [[1]]
        await centre.raw("central/presence", b"", retain=True)
        await asyncio.sleep(0.3)
        assert centre.sequences == [[1]]
    assert await gateway.counts() == {"released": 1, "waiting": 1}


async def test_a_row_is_released_by_its_receipt_alone(broker, gateway):
    async with central(broker.port, verdicts=lambda _: None) as centre:
        await gateway.add(stand(0), stand(0, meter="M2"))
        await until(lambda: centre.messages)
        for bad in (b"", b"{", b'{"v":1}', b'{"v":1,"message":"0000"}'):
            await centre.raw("g1/receipts", bad)
        await centre.receipt(centre.payloads[0], {"receipts": [{"sequence": 1, "verdict": "stored"}]})
        await centre.receipt(centre.payloads[0] + b" ", stored(centre.messages[0]))
        await centre.raw("central/presence", b'{"online": "perhaps"}', retain=True)
        await asyncio.sleep(0.4)
        assert await gateway.counts() == {"waiting": 2}
        await centre.receipt(centre.payloads[0], stored(centre.messages[0]))
        deadline = time.monotonic() + 5
        while await gateway.counts() != {"released": 2}:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


async def test_the_newest_hour_first_then_the_backlog_oldest_first(broker, gateway):
    await gateway.add(*(stand(hour) for hour in range(100)))
    async with central(broker.port) as centre:
        await until(lambda: sum(map(len, centre.sequences)) >= 100)
        assert centre.sequences[0] == [100]
        assert [number for message in centre.sequences[1:] for number in message] == list(range(1, 100))
        assert max(map(len, centre.sequences)) == 20
        await until(lambda: centre.statuses[-1].backlog == 0)


async def test_what_central_refuses_is_set_aside_and_shown_and_the_rest_goes_on(broker, gateway):
    def verdicts(message):
        body = stored(message)
        for one, verdict in zip(body["receipts"], ["stored", "held", "conflict", "refused"], strict=True):
            one |= {"verdict": verdict, "reason": f"because {verdict}"}
        return body

    async with central(broker.port, verdicts=verdicts) as centre:
        await gateway.add(*(stand(0, meter=f"M{n}") for n in range(4)))
        await until(lambda: centre.statuses and centre.statuses[-1].aside == 1)
        assert centre.statuses[-1].backlog == 0
        assert len(centre.messages) == 1
    summary = await gateway.outbox.run(Outbox.summary)
    assert summary.counts == {"released": 1, "held": 1, "conflict": 1, "aside": 1}
    assert [(row.meter, row.reason) for row in summary.aside] == [("M3", "because refused")]


async def test_a_message_refused_as_a_whole_is_taken_apart_and_only_the_offender_set_aside(broker, gateway):
    def verdicts(message):
        if any(one["meter"] == "M2" for one in message["stands"]):
            return {"verdict": "refused", "reason": "can't be read"}
        return stored(message)

    async with central(broker.port, verdicts=verdicts) as centre:
        await gateway.add(*(stand(0, meter=f"M{n}") for n in range(5)))
        await until(lambda: centre.statuses and centre.statuses[-1].aside == 1 and centre.statuses[-1].backlog == 0)
        assert centre.sequences == [[1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]
    assert [row.meter for row in (await gateway.outbox.run(Outbox.summary)).aside] == ["M2"]


async def test_a_message_without_a_receipt_is_sent_again_as_it_was(broker, gateway, monkeypatch):
    monkeypatch.setattr(flights, "FIRST_RESEND_S", 0.2)
    async with central(broker.port, verdicts=lambda _: None) as centre:
        await gateway.add(stand(0))
        await until(lambda: len(centre.messages) == 4)
        assert len(set(centre.payloads)) == 1
        pauses = [later - sooner for sooner, later in pairwise(centre.times)]
        assert pauses == pytest.approx([0.2, 0.4, 0.8], abs=0.15)
        await centre.receipt(centre.payloads[0], stored(centre.messages[0]))
        await until(lambda: centre.statuses[-1].backlog == 0)


async def test_all_that_is_in_flight_goes_again_at_once_when_central_is_back(broker, gateway):
    async with central(broker.port, verdicts=lambda _: None) as centre:
        await gateway.add(stand(0))
        await until(lambda: centre.messages)
        await centre.presence(False)
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        await centre.presence(True)
        await until(lambda: len(centre.messages) == 2)
        assert time.monotonic() - begun < 1


async def test_at_most_200_messages_are_without_a_receipt_and_new_stands_always_find_room(broker, gateway, monkeypatch):
    monkeypatch.setattr(flights, "STANDS_A_MESSAGE", 1)
    most = MAX_IN_FLIGHT - MAX_IN_FLIGHT // 10
    await gateway.add(*(stand(hour) for hour in range(MAX_IN_FLIGHT + 100)))
    async with central(broker.port, verdicts=lambda _: None) as centre:
        await until(lambda: len(centre.messages) >= most)
        await asyncio.sleep(0.5)
        assert len(set(centre.payloads)) == most
        await gateway.add(stand(1000))
        await until(lambda: centre.messages[-1]["stands"][0]["sequence"] == MAX_IN_FLIGHT + 101, 2)
        for payload, message in list(zip(centre.payloads, centre.messages, strict=True)):
            await centre.receipt(payload, stored(message))
        await until(lambda: len(set(centre.payloads)) == MAX_IN_FLIGHT + 101)


def request(**fields) -> bytes:
    return json.dumps({"v": 1, "id": "r1", **fields}).encode()


async def test_central_can_ask_for_stands_again_by_time_meter_and_sequence(broker, gateway):
    await gateway.add(*(stand(hour, meter=meter) for hour in range(50) for meter in ("M1", "M2")))
    async with central(broker.port) as centre:
        await until(lambda: centre.statuses and centre.statuses[-1].backlog == 0)
        box = centre.statuses[-1].outbox.id

        async def again(**fields) -> list[int]:
            before = len(centre.messages)
            await centre.raw("g1/requests", request(**fields))
            await until(lambda: any(one.id == fields["id"] and one.done for one in centre.statuses[-1].outbox.requests))
            return [number for message in centre.sequences[before:] for number in message]

        hours = {"first": "2026-10-01T20:00:00Z", "last": "2026-10-01T22:00:00+00:00"}
        assert await again(id="a", **hours) == [17, 18, 19, 20, 21, 22]
        assert await again(id="b", meters=["M2", "none"], **hours) == [18, 20, 22]
        assert await again(id="c", outbox=box, sequences=[[99, 120], [3, 4]]) == [3, 4, 99, 100]
        assert sorted(await again(id="d")) == list(range(1, 101))
        assert await again(id="e", meters=["none"]) == []
        counts = {one.id: one.stands for one in centre.statuses[-1].outbox.requests}
        assert counts == {"a": 6, "b": 3, "c": 4, "d": 100, "e": 0}
        sent = len(centre.messages)
        for bad in (b"", b"{", request(v=2), request(sequences=[[1, 2]]), request(outbox="other", sequences=[[1, 2]])):
            await centre.raw("g1/requests", bad)
        await centre.raw("g1/requests", request(id="a"))
        await asyncio.sleep(0.5)
        assert len(centre.messages) == sent
    assert await gateway.counts() == {"released": 100}


async def test_what_central_does_not_hold_is_sent_again_unasked(broker, gateway):
    await gateway.add(*(stand(hour) for hour in range(60)))
    async with central(broker.port) as centre:
        await until(lambda: centre.statuses and centre.statuses[-1].backlog == 0)
        box = centre.statuses[-1].outbox.id
        await gateway.outbox.run(Outbox.settle, [Fate(60, RowState.ASIDE, "broken")])

        async def again(held: list[list[int]], expected: int) -> list[int]:
            before = len(centre.messages)
            await centre.raw("g1/requests", request(id="held", outbox=box, held=held))
            await until(lambda: sum(map(len, centre.sequences[before:])) >= expected)
            await asyncio.sleep(0.3)
            return [number for message in centre.sequences[before:] for number in message]

        # What central says may be older than its newest receipts; but not when it has come anew.
        assert await again([], 0) == []
        for held, wanted in (
            ([[1, 60]], []),
            ([[11, 49], [3, 4]], [1, 2, *range(5, 11), *range(50, 60)]),
            ([], list(range(1, 60))),
        ):
            await centre.presence(False)
            await centre.presence(True)
            await asyncio.sleep(0.3)
            assert await again(held, len(wanted)) == wanted


async def test_a_request_outlives_a_restart_and_a_message_refused_as_a_whole(broker, tmp_path):
    first = Gateway(broker.port, tmp_path / "outbox.sqlite")
    await first.add(*(stand(hour) for hour in range(5)))
    await first.outbox.run(Outbox.settle, [Fate(number, RowState.RELEASED, "") for number in range(1, 6)])
    await first.outbox.run(Outbox.ask, decode_request(request(id="kept")))
    first.outbox.close()
    made = Gateway(broker.port, tmp_path / "outbox.sqlite")
    task = asyncio.create_task(made.uplink.run())

    def verdicts(message):
        poison = any(one["sequence"] == 3 for one in message["stands"])
        return {"verdict": "refused", "reason": "can't be read"} if poison else stored(message)

    async with central(broker.port, verdicts=verdicts) as centre:
        await until(lambda: centre.statuses and centre.statuses[-1].outbox.requests)
        await until(lambda: centre.statuses[-1].outbox.requests[0].done)
        assert centre.sequences == [[1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]
    assert await made.counts() == {"released": 4, "aside": 1}
    assert await made.outbox.run(Outbox.requests) == []
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=3)
    made.outbox.close()


async def test_a_killed_broker_costs_nothing(broker, gateway):
    async with central(broker.port) as centre:
        await gateway.add(stand(0))
        await until(lambda: centre.messages)
    broker.kill()
    await gateway.add(*(stand(hour) for hour in range(1, 50)))
    await asyncio.sleep(0.3)
    broker.start()
    async with central(broker.port) as centre:
        await until(lambda: sum(map(len, centre.sequences)) >= 49, 15)
        await until(lambda: centre.statuses[-1].backlog == 0)
        assert sorted({number for message in centre.sequences for number in message} | {1}) == list(range(1, 51))
    assert await gateway.counts() == {"released": 50}


async def test_without_a_broker_stands_are_kept_and_one_that_comes_is_found_within_five_seconds(broker, tmp_path):
    assert max(_RECONNECT_S) <= 4
    broker.kill()
    made = Gateway(broker.port, tmp_path / "outbox.sqlite")
    task = asyncio.create_task(made.uplink.run())
    await made.add(stand(0))
    # By now it waits the longest between two attempts.
    await asyncio.sleep(sum(_RECONNECT_S) + 0.5)
    await made.add(stand(1))
    assert await made.counts() == {"waiting": 2}
    broker.start()
    begun = time.monotonic()
    async with central(broker.port) as centre:
        await until(lambda: centre.statuses and centre.statuses[-1].backlog == 0, 30)
        print(f"connected, sent and receipted {time.monotonic() - begun:.1f} s after the broker was back")
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=3)
    made.outbox.close()


async def test_the_status_tells_of_the_gateway_and_changes_when_it_changes(broker, gateway):
    async with central(broker.port) as centre:
        await until(lambda: centre.statuses)
        first = centre.statuses[-1]
        assert (first.online, first.version, first.buses[0].connected, first.meters[0].id) == (True, "0.1", False, "M1")
        gateway.link = "up"
        await until(lambda: centre.statuses[-1].buses[0].connected, 3)


async def test_the_status_says_offline_after_a_clean_end(broker, tmp_path):
    made = Gateway(broker.port, tmp_path / "outbox.sqlite")
    task = asyncio.create_task(made.uplink.run())
    async with central(broker.port) as centre:
        await until(lambda: centre.statuses and centre.statuses[-1].online)
        task.cancel()
        await until(lambda: not centre.statuses[-1].online, 2)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    made.outbox.close()


async def test_rows_already_receipted_are_not_sent_again(broker, gateway):
    await gateway.add(stand(0), stand(1))
    await gateway.outbox.run(Outbox.settle, [Fate(1, RowState.HELD, "")])
    async with central(broker.port) as centre:
        await until(lambda: centre.messages)
        await asyncio.sleep(0.3)
        assert centre.sequences == [[2]]
