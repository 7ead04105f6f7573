"""Live values beside stands: rate-limited, newest wins, never in the way; off means no traffic at all."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bus import Bus
from gateway.config import MeterSettings
from gateway.failure import Failure, FailureKind
from gateway.live import LiveBoard, with_sum
from gateway.live_round import LiveRound
from gateway.meter import Meter
from gateway.observation import Answer
from gateway.profile import Register, RegisterRole, profile
from gateway.turns import Turns
from gateway.words import WordType
from metering.live import MAX_METERS, live_value
from metering.wire import decode_live
from runtime.clock import SimulationClock
from tests.gateway.fake_central import central, until
from tests.gateway.lines import Sdm630, float_words, tcp_meters
from tests.gateway.test_service import START, Running, running, simulation, stands_of, tcp_bus, write_config

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
TEN = timedelta(seconds=10)


def value(name: str, number: object, at: datetime = NOON):
    made = live_value(name, Decimal(str(number)), at)
    assert made is not None
    return made


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 30))
def test_no_two_messages_are_nearer_than_the_limit_and_each_has_the_newest_of_each_value(
    waits: list[int], every: int
) -> None:
    board, now, told, last = LiveBoard("g", timedelta(seconds=every)), NOON, [], 0
    for number, wait in enumerate(waits, 1):
        now += timedelta(seconds=wait)
        board.put("M1", (value("power_w", number, now),))
        for message in board.take(now):
            told.append(message)
            assert [one.value for one in message.meters[0].values] == [str(number)]
            last = number
    times = [message.at for message in told]
    assert all(later - sooner >= timedelta(seconds=every) for sooner, later in itertools.pairwise(times))
    rest = board.take(now + timedelta(seconds=every))
    assert [one.meters[0].values[0].value for one in rest] == ([str(len(waits))] if last < len(waits) else [])


def test_a_clock_set_back_doesnt_silence_live_values() -> None:
    board = LiveBoard("g", TEN)
    board.put("M1", (value("power_w", 1),))
    assert board.take(NOON)
    board.begun("M1", NOON)
    board.put("M1", (value("power_w", 2),))
    assert board.wants("M1", NOON - timedelta(days=365))
    assert board.take(NOON - timedelta(days=365))


def test_a_gateway_with_many_meters_tells_them_in_several_messages() -> None:
    board = LiveBoard("g", TEN)
    for number in range(MAX_METERS + 1):
        board.put(f"M{number}", (value("power_w", number),))
    assert [len(one.meters) for one in board.take(NOON)] == [MAX_METERS, 1]


def test_the_sum_of_the_phases_is_told_only_where_all_are_known() -> None:
    phases = [value(f"power_l{i}_w", 100 * i) for i in (1, 2, 3)]
    assert with_sum(phases)[0] == value("power_w", 600)
    assert with_sum(phases[:2]) == tuple(phases[:2])
    assert with_sum([value("power_w", 5), *phases])[0] == value("power_w", 5)


class Still:
    """A clock that stands at one instant, as fast as real time."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def real_seconds_until(self, at: datetime) -> float:
        return max(0.0, (at - self.at).total_seconds())


class Line(Bus):
    """A bus without a line: gives what it is told to, and counts."""

    def __init__(self, *answers: object) -> None:
        self.name = "b"
        self.answers = list(answers)
        self.asked = 0

    async def read(self, unit: int, block) -> Answer | Failure:
        self.asked += 1
        given = self.answers.pop(0) if self.answers else None
        return given if isinstance(given, Failure) else Answer((0,) * block.count, NOON, NOON)


def a_meter() -> Meter:
    return Meter(MeterSettings(id="M1", bus="b", profile="eastron-sdm630"), profile("eastron-sdm630"), {})


@pytest.mark.parametrize(
    ("second", "asked"),
    [(-1795.0, 3), (0.0, 0), (-1790.0, 0), (-0.9, 0)],
    ids=[
        "between polls",
        "a poll is due now",
        "the bus is behind its grid",
        "the next stand is nearer than a time limit",
    ],
)
async def test_live_blocks_are_asked_for_only_in_the_time_that_the_stands_leave(second: float, asked: int) -> None:
    now = NOON + timedelta(seconds=second)
    line, clock, meter = Line(), Still(now), a_meter()
    turns = Turns([TEN], NOON - timedelta(seconds=1800))
    turns.done(turns.take(NOON - timedelta(seconds=1800), 0.0), NOON - timedelta(seconds=1800))
    if second == -0.9:
        turns.done(turns.take(now, 0.0), now)
    live = LiveRound(line, LiveBoard("g", TEN), clock, 1.0, {timedelta(hours=1)})
    live.polled(meter, answered=True)
    await live.read(turns)
    assert line.asked == asked


async def test_what_fails_is_left_alone_for_a_while_and_a_meter_that_failed_isnt_asked() -> None:
    now = NOON - timedelta(seconds=1795)
    line, clock, meter = Line(Failure(FailureKind.NO_ANSWER)), Still(now), a_meter()
    turns = Turns([TEN], now)
    turns.done(turns.take(now, 0.0), now)
    live = LiveRound(line, LiveBoard("g", TEN), clock, 1.0, {timedelta(hours=1)})
    live.polled(meter, answered=False)
    await live.read(turns)
    assert line.asked == 0
    for _ in range(3):
        live.polled(meter, answered=True)
        await live.read(turns)
        clock.at += TEN
        turns.done(turns.take(clock.at, 0.0), clock.at)
    assert line.asked == 1


def _told_every(seconds: int, file: Path) -> Path:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('id = "g1"', f'id = "g1"\nlive_every_s = {seconds}'), encoding="utf-8")
    return file


class Lively(Running):
    """A meter whose power is a number that tells when it was read."""

    def device(self):
        made = super().device()
        act = made.action

        async def with_power(function, start, address, count, registers, values):
            await act(function, start, address, count, registers, values)
            minutes = (self.clock.now() - START) // timedelta(minutes=1)
            registers[0x34 - start : 0x36 - start] = float_words(float(minutes))

        made.action = with_power
        return made


async def test_live_values_come_beside_exact_stands_and_no_oftener_than_the_clock_says(broker, tmp_path) -> None:
    settings = simulation(speed=240)
    meter = Lively(SimulationClock(settings))
    told: list[bytes] = []
    async with (
        tcp_meters(meter) as port,
        central(broker.port) as centre,
        aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client,
    ):
        await client.subscribe("klaster/v1/+/live", qos=0)

        async def listen() -> None:
            async for message in client.messages:
                assert (message.qos, message.retain) == (0, False)
                told.append(message.payload)

        listener = asyncio.ensure_future(listen())
        file = _told_every(120, write_config(tmp_path, broker.port, tcp_bus(port), settings))
        async with running(file):
            wanted = ("M1", "1-0:1.8.0", "2026-10-01T12:00:00Z")
            await until(lambda: wanted in stands_of(centre), 15)
            await until(lambda: len(told) >= 3, 15)
        listener.cancel()
        assert stands_of(centre)[wanted]["quality"] == "measured"
        assert stands_of(centre)[wanted]["wh"] == str(meter.true_wh(NOON))
    messages = [decode_live("g1", payload) for payload in told]
    assert all(b.at - a.at >= timedelta(seconds=120) for a, b in itertools.pairwise(messages))
    for message in messages:
        [one] = [one for one in message.meters[0].values if one.name == "power_w"]
        assert abs(int(one.value) - (one.at - START) // timedelta(minutes=1)) <= 1


async def test_with_live_off_there_is_no_live_traffic_at_all(broker, tmp_path) -> None:
    meter = Sdm630()
    async with tcp_meters(meter) as port, central(broker.port) as centre:
        await centre.client.subscribe("klaster/v1/+/live", qos=0)
        file = _told_every(0, write_config(tmp_path, broker.port, tcp_bus(port, every=1), None))
        async with running(file):
            await until(lambda: meter.reads >= 3, 15)
    assert centre.messages == []
    assert "klaster/v1/g1/live" not in broker.log


async def test_nothing_live_is_told_while_central_is_away_and_nothing_of_it_waits_in_the_outbox(
    broker, tmp_path
) -> None:
    meter = Sdm630()
    async with tcp_meters(meter) as port, central(broker.port, online=False) as centre:
        await centre.client.subscribe("klaster/v1/+/live", qos=0)
        file = _told_every(1, write_config(tmp_path, broker.port, tcp_bus(port, every=1), None))
        async with running(file):
            await until(lambda: meter.reads >= 8, 15)
            assert centre.messages == []
            await centre.presence(True)
            await until(lambda: centre.messages, 15)
    assert json.loads(centre.payloads[0])["meters"][0]["meter"] == "M1"
    assert all(status.backlog == 0 for status in centre.statuses)


@pytest.mark.parametrize(
    "wrong",
    [{"name": "speed_kmh"}, {"unit": "kW"}, {"scale": Decimal(0)}, {"role": RegisterRole.STAND, "scale": Decimal(-1)}],
)
def test_a_live_register_has_a_known_name_and_its_unit_and_a_stand_is_never_turned_round(wrong: dict) -> None:
    good = {
        "name": "power_w",
        "role": RegisterRole.LIVE,
        "function": 3,
        "address": 1,
        "type": WordType.S16,
        "unit": "W",
    }
    assert Register(**good, scale=Decimal(-1)).scale == -1
    energy = {"obis": "1-0:1.8.0", "unit": "kWh"} if wrong.get("role") else {}
    with pytest.raises(ValueError, match=r"live value|more than 0"):
        Register(**(good | energy | wrong))
