from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from gateway.config import MeterSettings
from gateway.failure import Failure, FailureKind
from gateway.identity import Identity
from gateway.meter import Findings, Meter
from gateway.observation import Answer, Event
from gateway.poller import Poller
from gateway.profile import Block, profile
from metering.wire import ClockState
from runtime.timebase import Timebase

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SILENT = Failure(FailureKind.NO_ANSWER)
REFUSED = Failure(FailureKind.EXCEPTION, "code 2", 2)
STAND = 0x0048
SERIAL = 0xFC00


@dataclass
class Device:
    """An SDM630 of one serial number whose energies all show ``wh``; a bus of its own and a recorder of what is found."""

    serial: int | Failure = 1001
    wh: float = 5_000_000
    name: str = "b"
    at: datetime = NOON
    asked: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    stands: list[object] = field(default_factory=list)
    glitches: list[float] = field(default_factory=list)
    silent: bool = False

    async def read(self, _unit: int, block: Block) -> Answer | Failure:
        self.asked.append(block.address)
        if self.silent:
            return SILENT
        if block.address == SERIAL:
            if isinstance(self.serial, Failure):
                return self.serial
            return self._answer(struct.unpack(">2H", self.serial.to_bytes(4, "big")))
        wh = self.glitches.pop(0) if self.glitches else self.wh
        return self._answer(struct.unpack(">2H", struct.pack(">f", wh / 1000)) * (block.count // 2))

    def _answer(self, words: tuple[int, ...]) -> Answer:
        return Answer(words, self.at, self.at, Timebase(ClockState.SYNCHRONISED, NOON))

    async def keep(self, _meter: Meter, found: Findings) -> None:
        self.events += found.events
        self.stands += found.stands

    async def poll(self, meter: Meter, after_s: float = 10) -> Failure | None:
        """One poll by the gateway's own poller; the time and what the device was asked are this one's."""
        self.at += timedelta(seconds=after_s)
        self.asked.clear()
        self.events.clear()
        poller = Poller(self, [meter], self, None)  # type: ignore[arg-type]
        return await poller._ask(meter)

    async def begin(self, meter: Meter) -> None:
        """Two polls: a life that rests on one reading isn't remembered."""
        await self.poll(meter)
        await self.poll(meter)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]


def made(remembered: dict | None = None, serial: str = "") -> Meter:
    return Meter(
        MeterSettings(id="M", bus="b", profile="eastron-sdm630", serial=serial),
        profile("eastron-sdm630"),
        remembered or {},
    )


async def test_the_serial_number_is_read_first_and_then_every_hour():
    device, meter = Device(), made()
    assert await device.poll(meter) is None
    assert device.asked == [SERIAL, STAND]
    assert device.names[0] == "serial_read"
    await device.poll(meter)
    assert {last.epoch.partition("#")[2] for last in meter.memory().values()} == {"1001"}
    asked = []
    for _ in range(730):
        await device.poll(meter)
        asked += device.asked
    assert asked.count(SERIAL) == 2
    assert asked.count(STAND) == 730


async def test_after_any_silence_who_answers_is_asked_again():
    device, meter = Device(), made()
    await device.begin(meter)
    device.silent = True
    await device.poll(meter)
    assert device.asked == [STAND]
    device.silent = False
    await device.poll(meter)
    assert device.asked == [SERIAL, STAND]


async def test_an_exchange_begins_new_lives_before_the_new_meter_is_read_though_its_values_fit():
    device, meter = Device(), made()
    await device.begin(meter)
    old = meter.memory()
    device.silent = True
    await device.poll(meter)
    device.silent, device.serial, device.wh = False, 2002, 5_000_010
    assert await device.poll(meter) is None
    assert device.asked == [SERIAL, SERIAL, STAND]
    told = next(event for event in device.events if event.name == "meter_exchanged")
    await device.poll(meter)
    new = meter.memory()
    assert all(new[obis].epoch != old[obis].epoch for obis in old)
    assert all(last.epoch.endswith("#2002") for last in new.values())
    numbers = {"last_serial": "1001", "serial": "2002", "last_wh": "5000000", "wh": "5000010"}
    assert numbers.items() <= told.fields.items()


async def test_an_exchange_while_the_gateway_was_away_is_told_by_the_remembered_serial_number():
    device, meter = Device(), made()
    await device.begin(meter)
    device.serial = 2002
    again = made(meter.memory())
    await device.poll(again)
    assert "meter_exchanged" in device.names
    await device.poll(again)
    assert not {last.epoch for last in again.memory().values()} & {last.epoch for last in meter.memory().values()}


async def test_a_serial_number_that_is_misread_once_is_no_exchange():
    identity = Identity("", "1001")
    assert identity.begin()
    assert identity.take("1009").again
    assert not identity.take("1001").again
    assert identity.serial == "1001"


async def test_a_wrong_meter_is_a_named_problem_and_nothing_is_read_of_it():
    device, meter = Device(serial=2002), made(serial="1001")
    for _ in range(3):
        failure = await device.poll(meter)
        assert str(failure) == "wrong answer: its serial number is 2002, not 1001: nothing is read of it"
        assert device.asked == [SERIAL]
    assert meter.memory() == {}
    device.serial = 1001
    assert await device.poll(meter) is None
    await device.poll(meter)
    assert len(meter.memory()) == 4


async def test_a_wrong_meter_in_the_place_of_the_right_one_is_not_read_either():
    device, meter = Device(), made(serial="1001")
    await device.begin(meter)
    device.silent = True
    await device.poll(meter)
    device.silent, device.serial = False, 2002
    for _ in range(3):
        assert (await device.poll(meter)).kind is FailureKind.WRONG_ANSWER
        assert STAND not in device.asked
    assert {last.wh for last in meter.memory().values()} == {5_000_000}


@pytest.mark.parametrize("answer", [REFUSED, SILENT, 0])
async def test_a_device_that_says_nothing_to_the_question_is_read_all_the_same(answer):
    device, meter = Device(serial=answer), made()
    polls = [await device.poll(meter) for _ in range(4)]
    assert polls[1:] == [None, None, None]
    assert len(meter.memory()) == 4
    asked, unread = [], []
    for _ in range(720):
        await device.poll(meter)
        asked += device.asked
        unread += device.names
    assert asked.count(SERIAL) <= 4
    assert "serial_unread" not in unread


async def test_a_device_that_was_silent_for_long_is_asked_for_its_number_before_its_stands():
    device, meter = Device(), made()
    await device.begin(meter)
    device.silent = True
    for _ in range(50):
        await device.poll(meter)
    device.silent, device.serial, device.wh = False, 2002, 5_000_010
    while await device.poll(meter) is not None:
        pass
    assert device.asked[0] == SERIAL or "meter_exchanged" not in device.names


async def test_what_is_not_believed_is_read_again_in_the_same_poll_and_who_answers_in_the_next():
    device, meter = Device(), made()
    await device.begin(meter)
    device.glitches = [0.0]
    await device.poll(meter)
    assert device.asked == [STAND, STAND]
    assert device.names == ["value_rejected"] * 4 + ["value_plausible_again"] * 4
    assert {last.wh for last in meter.memory().values()} == {5_000_000}
    assert {last.received for last in meter.memory().values()} == {device.at}
    await device.poll(meter)
    assert device.asked == [SERIAL, STAND]


async def test_only_the_first_of_many_values_that_are_not_believed_is_read_again():
    device, meter = Device(), made()
    await device.begin(meter)
    device.wh = 0
    await device.poll(meter)
    assert device.asked == [STAND, STAND]
    for _ in range(5):
        await device.poll(meter)
        assert device.asked.count(STAND) == 1


async def test_a_stuck_register_that_goes_on_is_believed_in_one_poll():
    device, meter = Device(), made()
    await device.begin(meter)
    for _ in range(360):
        await device.poll(meter)
    device.wh = 5_000_000 + 60_000
    await device.poll(meter)
    assert {last.wh for last in meter.memory().values()} == {5_060_000}
    assert "epoch_started" not in device.names
