from __future__ import annotations

import random
import struct
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.config import MeterSettings, SunSpecChoice
from gateway.meter import Meter
from gateway.profile import profile
from gateway.protocols.sunspec import Model, SunSpecError, models, window
from tests.gateway.devices.served import Reader, polls, served
from tests.gateway.fake_central import until

Words = list[int]
NOT_THERE = {"h": -0x8000, "H": 0xFFFF, "i": -0x80000000, "I": 0xFFFFFFFF, "Q": 2**64 - 1, "f": float("nan")}


def packed(code: str, number: object) -> Words:
    raw = struct.pack(f">{code}", number)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def model(number: int, length: int, points: dict[int, tuple[str, object]], fill: int = 0xFFFF) -> Words:
    """A model: its id, L, and points by offset from the id; what isn't given holds ``fill``."""
    words = [number, length] + [fill] * length
    for offset, (code, value) in points.items():
        new = packed(code, value)
        words[offset : offset + len(new)] = new
    return words


def common(serial: str, length: int = 66) -> Words:
    texts = {2: ("32s", b"Fronius"), 18: ("32s", b"Symo 8.2-3-M"), 42: ("16s", b"3.30"), 50: ("32s", serial.encode())}
    return model(1, length, texts, fill=0)


def inverter(wh: int, factor: int = 0) -> Words:
    return model(103, 50, {14: ("h", 5000), 15: ("h", 0), 24: ("I", wh), 26: ("h", factor)})


def chain(base: int, *parts: Words, end: Words | None = None) -> dict[int, int]:
    words = packed("4s", b"SunS")
    for part in parts:
        words += part
    words += [0xFFFF, 0] if end is None else end
    return {base + i: word for i, word in enumerate(words)}


async def shown(words: dict[int, int], codes: int, **choice) -> tuple[dict[str, Decimal], Reader]:
    async with served(1, words) as port:
        reader = Reader("sunspec", port, sunspec=SunSpecChoice(**choice))
        async with reader.running():
            await until(lambda: len(reader.shown) >= codes if codes else reader.poller.meter_statuses[0].error)
            return reader.shown, reader


@pytest.mark.parametrize("base", [40000, 50000, 0])
async def test_an_inverter_is_found_wherever_its_chain_begins(base):
    vendor = model(64_110, 7, {2: ("I", 9)})
    words = chain(base, common("29301234", random.choice([65, 66])), vendor, inverter(12_345_678, factor=1))
    read, reader = await shown(words, 1)
    assert read == {"1-0:2.8.0": 123_456_780}
    fields = next(fields for name, fields in reader.kept.events if name == "sunspec_found")
    assert (fields["manufacturer"], fields["model"], fields["serial"]) == ("Fronius", "Symo 8.2-3-M", "29301234")
    assert fields["chain"] == "1 64110 103"


async def test_float_models_and_meters_and_ders_are_read():
    one = random.Random(7)
    wh, imported, exported = one.randint(1, 2**24), one.randint(1, 2**32 - 1), one.randint(1, 2**32 - 1)
    assert (await shown(chain(40000, common("1"), model(113, 60, {32: ("f", wh)})), 1))[0] == {"1-0:2.8.0": wh}
    meter = model(203, 105, {38: ("I", exported), 46: ("I", imported), 54: ("h", -1)})
    assert (await shown(chain(40000, common("1"), meter), 2))[0] == {
        "1-0:1.8.0": Decimal(imported) / 10, "1-0:2.8.0": Decimal(exported) / 10,
    }  # fmt: skip
    meter = model(213, 124, {60: ("f", 1e6), 68: ("f", 2.5e6)})
    assert (await shown(chain(40000, common("1"), meter), 2))[0] == {"1-0:1.8.0": 2_500_000, "1-0:2.8.0": 1_000_000}
    der = model(701, 153, {19: ("Q", 10**12), 23: ("Q", 7), 120: ("h", 0)})
    assert (await shown(chain(40000, common("1"), der), 2))[0] == {"1-0:1.8.0": 7, "1-0:2.8.0": 10**12}


async def test_what_is_not_implemented_is_absent_and_never_a_number():
    meter = {38: ("I", 0), 46: ("I", 500), 54: ("h", 0)}
    assert (await shown(chain(40000, common("1"), model(203, 105, meter)), 1))[0] == {"1-0:1.8.0": 500}
    der = model(701, 153, {19: ("Q", 3), 23: ("Q", NOT_THERE["Q"]), 120: ("h", 2)})
    assert (await shown(chain(40000, common("1"), der), 1))[0] == {"1-0:2.8.0": 300}


def test_without_its_scale_factor_no_point_has_a_value():
    found = window(Model(103, 40072, 50), ["WH"])
    for factor in (NOT_THERE["h"], 11, -11):
        words = inverter(5000)
        words[26] = factor & 0xFFFF
        assert found.value(words, "WH") is None
    assert found.value(inverter(5000, -2), "WH").value.value == Decimal(50)


@pytest.mark.parametrize("number", sorted(models()))
def test_every_point_of_every_model_is_absent_when_its_pattern_says_so(number):
    data = models()[number]
    assert [point.offset for point in data.points[:2]] == [0, 1]
    ends = [point.offset + point.size for point in data.points]
    assert ends == sorted(ends)
    assert ends[-1] == data.length
    names = {point.name for point in data.points}
    for point in data.points:
        assert point.sf is None or isinstance(point.sf, int) or point.sf in names, point
        if isinstance(point.sf, str):
            assert data.point(point.sf).type == "sunssf"
    patterns = {"int16": "h", "uint16": "H", "uint32": "I", "int32": "i", "uint64": "Q", "float32": "f"}
    for point in (one for one in data.points[2:] if one.type in patterns and one.offset + one.size <= 125):
        code = patterns[point.type]
        words = model(number, data.length - 2, {point.offset: (code, NOT_THERE[code])}, fill=0)
        found = window(Model(number, 0, data.length - 2), [point.name])
        assert found.value(words, point.name) is None, point
        words = model(number, data.length - 2, {point.offset: (code, 1)}, fill=0)
        assert found.value(words, point.name).value.value == 1, point


def test_a_value_and_its_scale_factor_come_by_one_request():
    for number in (101, 102, 103, 201, 202, 203, 204):
        names = {"WH": "WH_SF"} if number < 200 else {"TotWhImp": "TotWh_SF", "TotWhExp": "TotWh_SF"}
        found = window(Model(number, 0, models()[number].length - 2), list(names))
        assert all(models()[number].point(factor).offset < found.count <= 125 for factor in names.values())
    assert window(Model(701, 0, 153), ["TotWhInj", "TotWhAbs"]).count == 121
    with pytest.raises(SunSpecError, match="don't fit one request"):
        window(Model(701, 0, 153), ["MnAlrmInfo"])
    with pytest.raises(SunSpecError, match="would lie outside"):
        window(Model(103, 0, 20), ["WH"])


async def test_an_inverter_and_its_meter_behind_one_unit_are_two_logical_devices():
    meter = model(203, 105, {38: ("I", 11), 46: ("I", 22), 54: ("h", 0)})
    words = chain(40000, common("INV"), inverter(33), common("MET"), meter)
    assert (await shown(words, 1, check_serial=False))[0] == {"1-0:2.8.0": 33}
    assert (await shown(words, 2, device=2))[0] == {"1-0:1.8.0": 22, "1-0:2.8.0": 11}


@pytest.mark.parametrize(
    ("words", "choice", "said"),
    [
        (chain(40000, common("2"), inverter(5)), {"check_serial": True}, "its serial number is '2', not 'M1'"),
        (chain(40000, common("2"), inverter(5)), {"device": 2}, "the chain has 1 logical devices"),
        (chain(40000, common("2"), inverter(5)), {"model": 203}, "no model 203 among"),
        (
            chain(40000, common("2"), model(124, 24, {})),
            {},
            "no AC energy among the models of logical device 1: 1, 124",
        ),
        (chain(40000, common("2"), inverter(5), model(203, 105, {})), {}, "models 103, 203 all have energies"),
        (chain(40000, inverter(5)), {}, "doesn't begin with model 1"),
        (chain(40000, common("2"), inverter(5), end=[]), {}, "the chain breaks off at 40122"),
        ({40000: 1, 40001: 2}, {}, 'no "SunS" at 40000, 50000, 0'),
    ],
)
async def test_a_chain_that_can_not_be_used_says_why(words, choice, said):
    read, reader = await shown(words, 0, **choice)
    assert said in reader.poller.meter_statuses[0].error
    assert read == {}


def test_the_right_serial_number_is_read_and_an_acc32_wraps_at_its_weight():
    meter = Meter(
        MeterSettings(id="77", bus="b", profile="sunspec", sunspec=SunSpecChoice(check_serial=True)),
        profile("sunspec"),
        {},
    )
    found = polls(
        meter, lambda n: chain(40000, common("77"), inverter((2**32 - 20 + 7 * n) % 2**32, 1)), 60, timedelta(minutes=1)
    )
    last = meter.memory()["1-0:2.8.0"]
    assert last.wh == 10 * (2**32 - 20 + 7 * 59)
    assert (last.wraps, last.scale) == (1, 10)
    assert [e.name for f in found for e in f.events].count("epoch_started") == 1


def test_a_changed_scale_factor_begins_a_new_epoch_and_never_changes_a_stand():
    meter = Meter(MeterSettings(id="M1", bus="b", profile="sunspec"), profile("sunspec"), {})

    def words(poll: int) -> dict[int, int]:
        return chain(40000, common("M1"), inverter(5_000_000) if poll < 5 else inverter(500_000 + poll, 1))

    found = polls(meter, words, 9, timedelta(minutes=1))
    events = [event for one in found for event in one.events]
    assert [e.fields.get("cause") for e in events if e.name == "epoch_started"] == [
        "first seen",
        "the weight of a count changed",
    ]
    assert meter.memory()["1-0:2.8.0"].wh == 10 * (500_000 + 8)


def test_a_device_that_changes_its_models_is_walked_again():
    meter = Meter(MeterSettings(id="M1", bus="b", profile="sunspec"), profile("sunspec"), {})

    def words(poll: int) -> dict[int, int]:
        read = inverter(5000 + poll) if poll < 3 else model(113, 60, {32: ("f", 5000 + poll)})
        return dict.fromkeys(range(40000, 40200), 0) | chain(40000, common("M1"), read)

    found = polls(meter, words, 6, timedelta(minutes=1))
    assert [one.problem for one in found if one.problem] == [
        "model 103 is no longer at 40070: the chain is walked again"
    ]
    assert meter.memory()["1-0:2.8.0"].wh == 5005


def test_model_1_tells_an_exchange_at_the_next_hours_reading_and_at_a_restart():
    model_of = profile("sunspec")
    meter = Meter(MeterSettings(id="M", bus="b", profile="sunspec"), model_of, {})
    old, new = chain(40000, common("A1"), inverter(5000)), chain(40000, common("B2"), inverter(5001))
    found = polls(meter, lambda n: old if n < 10 else new, 80, timedelta(minutes=1))
    told = [event for one in found for event in one.events]
    exchange = next(event for event in told if event.name == "meter_exchanged")
    assert (exchange.fields["last_serial"], exchange.fields["serial"]) == ("A1", "B2")
    again = Meter(MeterSettings(id="M", bus="b", profile="sunspec"), model_of, meter.memory())
    told = [event.name for one in polls(again, lambda _: old, 2, timedelta(minutes=1)) for event in one.events]
    assert "meter_exchanged" in told
    assert told.index("meter_exchanged") < told.index("epoch_started")


def test_model_1_of_another_serial_number_than_the_configured_one_is_not_read():
    meter = Meter(MeterSettings(id="M", bus="b", profile="sunspec", serial="A1"), profile("sunspec"), {})
    words = chain(40000, common("B2"), inverter(5000))
    found = polls(meter, lambda _: words, 3, timedelta(minutes=1))
    assert [one.problem for one in found if one.problem] == [
        "its serial number is B2, not A1: nothing is read of it"
    ] * 3
    assert not [event for one in found for event in one.events if event.name == "epoch_started"]
