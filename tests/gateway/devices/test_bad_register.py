"""A register that a device doesn't know never silences its meter."""

from __future__ import annotations

from gateway.profile import profile
from tests.gateway.devices.served import Reader, served, words_of
from tests.gateway.fake_central import until

KNOWN = {0x48: ("f", 1.0), 0x4C: ("f", 3.0), 0x4E: ("f", 4.0)}
CODES = {one.address: one.obis for one in profile("eastron-sdm630").stands}


async def test_the_other_registers_are_read_on_and_the_bad_one_is_told_once():
    async with served(1, words_of(KNOWN)) as port:
        reader = Reader("eastron-sdm630", port)
        async with reader.running():
            await until(lambda: len(reader.shown) == 3)
            await until(lambda: reader.kept.polls >= 8)
            assert reader.poller.meter_statuses[0].error == ""
        assert reader.shown == {CODES[address]: 1000 * int(kwh) for address, (_, kwh) in KNOWN.items()}
        refused = [fields for name, fields in reader.kept.events if name == "register_refused"]
        assert [(one["register"], one["address"]) for one in refused] == [("1-0:2.8.0", str(0x4A))]


async def test_a_device_that_refuses_everything_has_failed():
    async with served(1, {0: 0}) as port:
        reader = Reader("eastron-sdm630", port)
        async with reader.running():
            await until(lambda: reader.poller.meter_statuses[0].error)
            assert "exception" in reader.poller.meter_statuses[0].error
        assert reader.shown == {}
