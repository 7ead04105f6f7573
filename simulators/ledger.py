"""The simulator's own books: true stands, hourly energies and balance, in plain integers.

The sums are made here once more, step by step and without the arrays that feed the registers, so that an error in
either shows. Nothing of central's arithmetic is used.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from metering.period import floor_to, on_grid
from metering.point import Direction, Role, Source
from simulators.devices.catalogue import KINDS
from simulators.scenario import Meter, Scenario
from simulators.world import World

NEAR_HOUR: Final = timedelta(seconds=300)
_DIRECTION_OF: Final = {ACTIVE_IMPORT: Direction.DRAWN, ACTIVE_EXPORT: Direction.INJECTED}


class TrueStand(msgspec.Struct, frozen=True, kw_only=True):
    """What a register truly shows at a full hour, or quarter."""

    site: str
    meter: str
    register: str
    """OBIS code."""
    at: datetime
    wh: int
    """The register, Wh."""
    multiplier: int
    point_wh: int
    """Register times multiplier, Wh."""
    power_before_w: int
    """Primary power of this register's direction in the step before the hour, W."""
    power_after_w: int
    """The same in the step that begins with the hour."""
    step_wh: int = 1
    """What one count of the register is: a meter shows no single Wh where it is more."""
    change_w: int
    """Largest less smallest primary power within 300 s before and after the hour, W."""


class TrueEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """The energy of one period at one point."""

    start: datetime
    point: str
    direction: Direction
    wh: int


class TrueHour(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster's balance of one period (an hour, or a quarter in a cluster that balances quarters), Wh."""

    start: datetime
    drawn_wh: int
    injected_res_wh: int
    covered_wh: int


class Flow(msgspec.Struct, frozen=True):
    """One register's primary power by step, W, from ``start`` on."""

    start: datetime
    step_s: int
    watts: list[int]

    def change_w(self, since: datetime, until: datetime) -> int:
        """Largest less smallest power of the steps that touch the time from ``since`` to ``until``."""
        seen = self._touched(since, until)
        return max(seen) - min(seen) if seen else 0

    def runs(self, since: datetime, until: datetime) -> bool:
        """Whether there is power in every step that touches the time from ``since`` to ``until``."""
        return all(self._touched(since, until))

    def _touched(self, since: datetime, until: datetime) -> list[int]:
        step = timedelta(seconds=self.step_s)
        first = max(0, (since - self.start) // step)
        last = max(first + 1, -((self.start - until) // step))
        return self.watts[first:last]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a scenario from its first full hour to ``until``."""

    scenario: str
    since: datetime
    until: datetime
    stands: list[TrueStand]
    """Every meter and its active registers at every full hour (quarter, where its gateway makes quarters), both ends
    included; of a device that sleeps only those around which it is awake.
    """
    energies: list[TrueEnergy]
    """Every point and declared direction in every period."""
    balance: list[TrueHour]


Flows = dict[tuple[str, str], Flow]
"""Power by meter and register."""


def true_flows(scenario: Scenario, world: World, until: datetime) -> Flows:
    """The power of every meter and register from the start until a little after ``until``."""
    header = scenario.scenario
    steps = world.step_of(until + NEAR_HOUR) + 1
    flows: Flows = {}
    for _, meter in scenario.meters():
        series = world.series(meter.serial, steps)
        for register, watts in ((ACTIVE_IMPORT, series.import_w), (ACTIVE_EXPORT, series.export_w)):
            flows[meter.serial, register] = Flow(header.start, header.step_s, [int(w) for w in watts[:steps]])
    return flows


def keep_books(scenario: Scenario, flows: Flows, until: datetime | None = None) -> Ledger:
    """The books from the first full hour to the last period's end at or before ``until`` (absent: the scenario's)."""
    length = scenario.scenario.length
    since = scenario.first_hour
    end = floor_to(until or scenario.scenario.until, length)
    stands = [
        stand
        for site, meter in scenario.meters()
        for register in KINDS[meter.device].registers
        for stand in _stands(
            site.id, meter, register, flows[meter.serial, register], _instants(since, end, site.length)
        )
    ]
    energies = _energies(scenario, stands)
    return Ledger(
        scenario=scenario.scenario.name,
        since=since,
        until=end,
        stands=stands,
        energies=energies,
        balance=[_balance(scenario, energies, start) for start in _instants(since, end, length)[:-1]],
    )


def _instants(since: datetime, end: datetime, length: timedelta) -> list[datetime]:
    return [since + length * i for i in range((end - since) // length + 1)]


def _stands(site: str, meter: Meter, register: str, flow: Flow, hours: list[datetime]) -> list[TrueStand]:
    begun_with = meter.import_wh if register == ACTIVE_IMPORT else meter.export_wh
    stands: list[TrueStand] = []
    watt_seconds = 0
    step = 0
    for hour in hours:
        foot = (hour - flow.start) // timedelta(seconds=flow.step_s)
        for watts in flow.watts[step:foot]:
            watt_seconds += watts * flow.step_s
        step = foot
        wh = begun_with + watt_seconds // (3600 * meter.multiplier)
        if KINDS[meter.device].sleeps and not flow.runs(hour - NEAR_HOUR, hour + NEAR_HOUR):
            continue
        stands.append(
            TrueStand(
                site=site,
                meter=meter.serial,
                register=register,
                at=hour,
                wh=wh,
                step_wh=KINDS[meter.device].step_wh,
                multiplier=meter.multiplier,
                point_wh=wh * meter.multiplier,
                power_before_w=flow.watts[foot - 1] if foot else flow.watts[0],
                power_after_w=flow.watts[foot],
                change_w=flow.change_w(hour - NEAR_HOUR, hour + NEAR_HOUR),
            )
        )
    return stands


def _energies(scenario: Scenario, stands: list[TrueStand]) -> list[TrueEnergy]:
    length = scenario.scenario.length
    at_hour = {(stand.meter, stand.register, stand.at): stand.point_wh for stand in stands}
    energies: list[TrueEnergy] = []
    for site, meter in scenario.meters():
        if meter.role is not Role.SETTLEMENT:
            continue
        for (serial, register, at), wh in at_hour.items():
            direction = _DIRECTION_OF[register]
            later = at_hour.get((serial, register, at + length))
            if not on_grid(at, length):
                continue
            if serial == meter.serial and direction in site.directions and later is not None:
                energies.append(TrueEnergy(start=at, point=site.point, direction=direction, wh=later - wh))
    return energies


def _balance(scenario: Scenario, energies: list[TrueEnergy], start: datetime) -> TrueHour:
    renewable = {site.point for site in scenario.sites if site.source is not None and site.source.is_res}
    storages = {site.point for site in scenario.sites if site.source is Source.STORAGE}
    drawn = 0
    injected = 0
    for energy in energies:
        if energy.start != start:
            continue
        if energy.direction is Direction.DRAWN:
            # Charging isn't drawn "w celu jej zużycia" (art. 184k): central's default leaves a storage's point out.
            drawn += 0 if energy.point in storages else energy.wh
        elif energy.point in renewable:
            injected += energy.wh
    return TrueHour(start=start, drawn_wh=drawn, injected_res_wh=injected, covered_wh=min(drawn, injected))
