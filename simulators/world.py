"""The true energy of every meter of a scenario, step by step.

Within a step power is constant; energy is a staircase that is read at the foot of a step. A register counts whole Wh
of its own (secondary) energy: the floor of the exact integral, computed in integers. With a CT/VT multiplier the true
energy at the point is the register times the multiplier, by definition.

At a site with PV the boundary meter sees load less PV in each step: drawn is max(load - pv, 0), injected is
max(pv - load, 0). An inverter-side meter counts all that the inverter makes, as export. A storage charges from what all
sites together have too much; its power is a part of its site's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from metering.period import WARSAW, day_start
from simulators.curves import Steps, load_w, pv_w
from simulators.reading import Reading
from simulators.scenario import Meter, Scenario, Site
from simulators.storage import Storage, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_BLOCK: Final = timedelta(days=1)


class SiteCurves(msgspec.Struct, frozen=True):
    """A site's powers, W, each of shape (steps,)."""

    load_w: Integers
    pv_w: Integers
    storage_w: Integers | None = None
    """+ charging, - giving; None where there is no storage."""

    def flows(self, meter: Meter) -> tuple[Integers, Integers]:
        """The import and export power that a meter sees, primary W, each of shape (steps,)."""
        if meter.measures == "pv":
            return np.zeros_like(self.pv_w), self.pv_w
        stored = np.zeros_like(self.load_w) if self.storage_w is None else self.storage_w
        if meter.measures == "storage":
            return np.maximum(stored, 0), np.maximum(-stored, 0)
        net = self.load_w - self.pv_w + stored
        return np.maximum(net, 0), np.maximum(-net, 0)


class MeterSeries(msgspec.Struct, frozen=True):
    """What a meter sees and shows; ``n`` steps are known."""

    import_w: Integers
    """Primary power, W, shape (n,)."""
    export_w: Integers
    """Primary power, W, shape (n,)."""
    import_wh: Integers
    """The register at the foot of each step and after the last, secondary Wh, shape (n + 1,)."""
    export_wh: Integers
    """The same for the export register."""


class World:
    """All meters of a scenario. Days are computed when they are first asked for."""

    def __init__(self, scenario: Scenario) -> None:
        """Nothing is computed yet."""
        self._scenario = scenario
        self._steps_a_block = int(_BLOCK.total_seconds()) // scenario.scenario.step_s
        self._known = 0
        self._meters = {meter.serial: meter for _, meter in scenario.meters()}
        self._series = {serial: _nothing(meter) for serial, meter in self._meters.items()}
        self._spent = dict.fromkeys(self._meters, (0, 0))
        self._site_of = {meter.serial: site for site, meter in scenario.meters()}
        self._stored = {
            site.id: np.array([site.storage.first_ws], dtype=np.int64) for site in scenario.sites if site.storage
        }

    def step_of(self, at: datetime) -> int:
        """The number of the step in which an instant lies.

        Raises:
            ValueError: it is before the scenario's start.
        """
        header = self._scenario.scenario
        step = (at - header.start) // timedelta(seconds=header.step_s)
        if step < 0:
            raise ValueError(f"{at.isoformat()} is before the scenario's start, {header.start.isoformat()}")
        return step

    def compute(self, at: datetime) -> None:
        """Compute the days up to an instant and one more, so that no reading waits for it then."""
        self._extend(self.step_of(at) + self._steps_a_block)

    def series(self, serial: str, steps: int) -> MeterSeries:
        """A meter's series, at least ``steps`` steps of it.

        Raises:
            KeyError: no such meter.
        """
        self._extend(steps)
        return self._series[serial]

    def reading(self, serial: str, at: datetime) -> Reading:
        """What a meter shows at an instant: counters at the foot of its step, power within it.

        Raises:
            KeyError: no such meter.
            ValueError: the instant is before the scenario's start.
        """
        step = self.step_of(at)
        series = self.series(serial, step + 1)
        net_w = int(series.import_w[step]) - int(series.export_w[step])
        return Reading(
            import_wh=int(series.import_wh[step]),
            export_wh=int(series.export_wh[step]),
            power_w=net_w / self._meters[serial].multiplier,
            export_today_wh=int(series.export_wh[step]) - int(series.export_wh[self._midnight_before(at)]),
            charge_permille=self._charge_permille(self._site_of[serial], step),
        )

    def _midnight_before(self, at: datetime) -> int:
        """The step with which the local day of ``at`` began, or the first one."""
        return self.step_of(max(day_start(at.astimezone(WARSAW).date()), self._scenario.scenario.start))

    def _charge_permille(self, site: Site, step: int) -> int:
        if site.storage is None:
            return 0
        return int(self._stored[site.id][step]) * 1000 // (site.storage.capacity_wh * 3600)

    def _extend(self, steps: int) -> None:
        while self._known < steps:
            self._next_block()

    def _next_block(self) -> None:
        header = self._scenario.scenario
        start = header.start + timedelta(seconds=header.step_s * self._known)
        steps = Steps(start, header.step_s, self._steps_a_block)
        all_curves = {site.id: site_curves(self._scenario, site, steps) for site in self._scenario.sites}
        surplus_w = sum((one.pv_w - one.load_w for one in all_curves.values()), np.zeros(steps.count, dtype=np.int64))
        for site in self._scenario.sites:
            curves = all_curves[site.id]
            if site.storage is not None:
                done = self._run(site, site.storage, surplus_w, steps)
                surplus_w = surplus_w - done
                curves = msgspec.structs.replace(curves, storage_w=done)
            for meter in site.meters:
                self._append(meter, *curves.flows(meter))
        self._known += self._steps_a_block

    def _run(self, site: Site, storage: Storage, surplus_w: Integers, steps: Steps) -> Integers:
        """What a site's storage does in the steps, W; another storage after it sees what is left."""
        hours = [datetime.fromtimestamp(int(at), WARSAW).hour for at in steps.middles()]
        evening = np.array([storage.evening_from <= hour < storage.evening_until for hour in hours])
        before = self._stored[site.id]
        done = run(storage, int(before[-1]), surplus_w, evening, steps.step_s)
        self._stored[site.id] = np.concatenate([before[:-1], done.stored_ws])
        return done.power_w

    def _append(self, meter: Meter, import_w: Integers, export_w: Integers) -> None:
        old = self._series[meter.serial]
        step_s = self._scenario.scenario.step_s
        spent_in, spent_out = self._spent[meter.serial]
        in_ws = spent_in + np.cumsum(import_w * step_s)
        out_ws = spent_out + np.cumsum(export_w * step_s)
        watt_seconds_a_wh = 3600 * meter.multiplier
        self._spent[meter.serial] = (int(in_ws[-1]), int(out_ws[-1]))
        self._series[meter.serial] = MeterSeries(
            import_w=np.concatenate([old.import_w, import_w]),
            export_w=np.concatenate([old.export_w, export_w]),
            import_wh=np.concatenate([old.import_wh, meter.import_wh + in_ws // watt_seconds_a_wh]),
            export_wh=np.concatenate([old.export_wh, meter.export_wh + out_ws // watt_seconds_a_wh]),
        )


def site_curves(scenario: Scenario, site: Site, steps: Steps) -> SiteCurves:
    """A site's load and PV over the steps."""
    header = scenario.scenario
    load = load_w(site.load.building, site.load.annual_wh, steps, seed=header.seed, label=site.id)
    if site.pv is None:
        return SiteCurves(load, np.zeros_like(load))
    return SiteCurves(load, pv_w(site.pv, header.place, steps, seed=header.seed, label=site.id))


def _nothing(meter: Meter) -> MeterSeries:
    none = np.zeros(0, dtype=np.int64)
    return MeterSeries(none, none, np.array([meter.import_wh]), np.array([meter.export_wh]))
