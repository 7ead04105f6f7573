"""The simulators' own devices and server, written by another hand, read by the gateway."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.config import SunSpecChoice
from simulators.devices.catalogue import KINDS
from simulators.instrument import Instrument
from simulators.reading import Reading
from simulators.servers.tcp import modbus_tcp
from tests.gateway.devices.served import Reader
from tests.gateway.fake_central import until

READING = Reading(import_wh=6_553_600 + 700, export_wh=1_234_500, power_w=-5000.0, charge_permille=500)


async def test_every_simulated_kind_is_read_by_its_profile():
    wanted = {
        "schneider-iem3155": {"1-0:1.8.0": 6_554_300, "1-0:2.8.0": 1_234_500, "1-0:3.8.0": 1_638_575, "1-0:4.8.0": 0},
        "sunspec-inverter": {"1-0:2.8.0": 1_234_500},
        "victron-gx-battery": {"1-0:1.8.0": 700, "1-0:2.8.0": 1_234_500},
    }
    for name, energies in wanted.items():
        device = KINDS[name].make("M1", 1, 9600)
        units = {1: Instrument(device, lambda _: READING, lambda: datetime(2026, 6, 17, 12, tzinfo=UTC))}
        async with modbus_tcp(units, "127.0.0.1", 0) as port:
            reader = Reader(KINDS[name].profile, port, unit=1, sunspec=SunSpecChoice(check_serial=True))
            async with reader.running():
                await until(lambda: len(reader.shown) == len(energies))  # noqa: B023 - used before the next turn
                assert reader.shown == energies


async def test_an_inverter_that_wakes_up_is_found_again_and_goes_on_in_its_life():
    sun = [READING]
    device = KINDS["sunspec-inverter"].make("M1", 1, 9600)
    units = {1: Instrument(device, lambda _: sun[0], lambda: datetime(2026, 6, 17, 12, tzinfo=UTC))}
    async with modbus_tcp(units, "127.0.0.1", 0) as port:
        reader = Reader("sunspec", port)
        async with reader.running():
            await until(lambda: reader.shown)
            sun[0] = Reading(import_wh=0, export_wh=1_234_510, power_w=0.0)
            await until(lambda: reader.poller.meter_statuses[0].error)
            sun[0] = Reading(import_wh=0, export_wh=1_234_515, power_w=-10.0)
            await until(lambda: reader.shown["1-0:2.8.0"] == 1_234_515)
    assert [name for name, _ in reader.kept.events].count("epoch_started") == 1
