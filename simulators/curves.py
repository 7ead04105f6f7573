"""Load and PV power by step, from a seed and a calendar. Every curve is a function of the instant alone.

Power is whole watts, constant within a step; the value of a step is the curve at its middle. The same seed, label and
instant give the same watts however the time is cut into calls.

Loads follow the BDEW standard profiles (demandlib; German, the best that is open) by local wall clock, with Polish
holidays as Sundays. PV is pvlib's Ineichen clear sky on a tilted plane, dimmed by seeded clouds, clipped at the
inverter's rating.
"""

from __future__ import annotations

import warnings
import zlib
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from metering.period import WARSAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Watts = NDArray[np.int64]
    Shares = NDArray[np.float64]

_DAY_S: Final = 86_400
_QUARTERS: Final = 96
_PERFORMANCE_RATIO: Final = 0.85
"""AC power over DC rating times plane irradiance: temperature, cabling, soiling and the inverter together."""
_LOAD_NOISE: Final = 0.08
_HOLIDAY_SHARE: Final = 0.35
"""What a school draws in the summer holidays, as a share of its profile."""


class Building(StrEnum):
    """What kind of load it is."""

    OFFICE = "office"
    """A town hall: BDEW G1, working days 8 to 18."""
    SCHOOL = "school"
    """BDEW G1, and little in the summer holidays."""
    OWN_USE = "own_use"
    """Inverters, cameras and fans of a PV farm: BDEW G3, nearly constant."""


_PROFILE: Final = {Building.OFFICE: "g1", Building.SCHOOL: "g1", Building.OWN_USE: "g3"}


class Steps(msgspec.Struct, frozen=True):
    """``count`` steps of ``step_s`` seconds from ``start`` (aware)."""

    start: datetime
    step_s: int
    count: int

    def middles(self) -> NDArray[np.int64]:
        """The middle of each step, in whole seconds since 1970, shape (count,)."""
        first = int(self.start.timestamp()) + self.step_s // 2
        return first + self.step_s * np.arange(self.count, dtype=np.int64)


class Place(msgspec.Struct, frozen=True):
    """Where the sun shines: degrees north and east, metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float


class PvPlant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PV generator."""

    dc_w: int
    """Rated power of the modules, W."""
    ac_w: int
    """Rated power of the inverter, W: the AC power never exceeds it."""
    tilt_deg: float = 30.0
    azimuth_deg: float = 180.0
    """Degrees from north; 180 is south."""

    def __post_init__(self) -> None:
        """Refuse ratings of nothing or less."""
        if self.dc_w <= 0 or self.ac_w <= 0:
            raise ValueError("dc_w and ac_w must be positive")


def load_w(building: Building, annual_wh: int, steps: Steps, *, seed: int, label: str) -> Watts:
    """The power of a load, W, shape (steps.count,).

    Args:
        building: chooses profile and calendar.
        annual_wh: energy of a year without noise and school holidays.
        steps: the steps asked for.
        seed: of the scenario.
        label: names this load, so that two loads of one scenario differ.
    """
    middles = steps.middles()
    profile = np.array([_profile_share(building, int(second)) for second in middles], dtype=np.float64)
    noise = 1.0 + _LOAD_NOISE * _noise(middles, 300, seed, f"load {label}")
    return np.rint(profile * annual_wh * noise).astype(np.int64)


def pv_w(plant: PvPlant, place: Place, steps: Steps, *, seed: int, label: str) -> Watts:
    """The AC power of a PV plant, W, shape (steps.count,); 0 at night."""
    middles = steps.middles()
    irradiance = _plane_irradiance(plant, place, middles)
    raw = irradiance / 1000.0 * plant.dc_w * _PERFORMANCE_RATIO * _sky(middles, seed, label)
    return np.rint(np.clip(raw, 0.0, plant.ac_w)).astype(np.int64)


def _profile_share(building: Building, second: int) -> float:
    """Power in W for each Wh of a year, linear between the middles of the profile's quarters."""
    half_quarter = 450
    before = _wall(second - half_quarter)
    after = _wall(second + half_quarter)
    part = ((second - half_quarter) % 900) / 900
    share = (1 - part) * _quarter_share(building, before) + part * _quarter_share(building, after)
    if building is Building.SCHOOL and is_school_holiday(_wall(second).date()):
        share *= _HOLIDAY_SHARE
    return share


def _wall(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC).astimezone(WARSAW)


def _quarter_share(building: Building, at: datetime) -> float:
    quarter = (at.timetuple().tm_yday - 1) * _QUARTERS + at.hour * 4 + at.minute // 15
    return float(_profile_of_year(_PROFILE[building], at.year)[quarter])


@cache
def _profile_of_year(name: str, year: int) -> Shares:
    """Mean power by local quarter in W for each Wh of the year, shape (35 040 or 35 136,)."""
    with warnings.catch_warnings():
        # demandlib turns every later warning of the process into an error unless it is held back here.
        from demandlib import bdew  # noqa: PLC0415 - pandas takes a second: only who draws curves pays

        profiles = bdew.ElecSlp(year, holidays=sorted(holidays_of(year))).get_profiles(name)
    return np.asarray(profiles[name].to_numpy(), dtype=np.float64) * 4.0


@cache
def holidays_of(year: int) -> frozenset[date]:
    """The public holidays of Poland in a year."""
    import holidays  # noqa: PLC0415 - see _profile_of_year

    return frozenset(holidays.country_holidays("PL", years=[year]))


def is_school_holiday(day: date) -> bool:
    """Whether a local day is in the summer holidays of Polish schools.

    They begin on the day after the first Friday after 20 June and end on 31 August (regulation on the organisation of
    the school year, § 2).
    """
    after_20_june = date(day.year, 6, 21)
    last_friday = after_20_june + timedelta(days=(4 - after_20_june.weekday()) % 7)
    return last_friday < day < date(day.year, 9, 1)


def _plane_irradiance(plant: PvPlant, place: Place, middles: NDArray[np.int64]) -> Shares:
    """Clear-sky irradiance on the modules, W/m², shape (len(middles),)."""
    import pandas as pd  # noqa: PLC0415 - see _profile_of_year
    import pvlib  # noqa: PLC0415

    times = pd.to_datetime(middles, unit="s", utc=True)
    location = pvlib.location.Location(place.latitude, place.longitude, altitude=place.altitude_m)
    sun = location.get_solarposition(times)
    sky = location.get_clearsky(times, model="ineichen", solar_position=sun)
    plane = pvlib.irradiance.get_total_irradiance(
        plant.tilt_deg, plant.azimuth_deg, sun["apparent_zenith"], sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"]
    )
    return np.nan_to_num(np.asarray(plane["poa_global"].to_numpy(), dtype=np.float64))


def _sky(middles: NDArray[np.int64], seed: int, label: str) -> Shares:
    """Share of the clear-sky irradiance that the clouds let through, 0.1 to 1.

    The day's weather and its large clouds are the county's; small clouds are each plant's own.
    """
    days = np.unique(middles // _DAY_S)
    cover_of = {int(day): _generator(seed, "weather", int(day)).beta(1.2, 1.6) for day in days}
    cover = np.array([cover_of[int(day)] for day in middles // _DAY_S])
    large = (1.0 + _noise(middles, 2400, seed, "clouds")) / 2.0
    small = (1.0 + _noise(middles, 480, seed, f"clouds {label}")) / 2.0
    return np.clip(1.0 - cover * (0.65 * large + 0.25 * small), 0.1, 1.0)


def _noise(seconds: NDArray[np.int64], knot_s: int, seed: int, label: str) -> Shares:
    """Seeded noise from -1 to 1, linear between knots ``knot_s`` apart (a divisor of a day)."""
    first, last = int(seconds[0]) // _DAY_S, int(seconds[-1]) // _DAY_S
    knots = [_generator(seed, label, day).uniform(-1.0, 1.0, _DAY_S // knot_s) for day in range(first, last + 2)]
    at = (seconds - first * _DAY_S) / knot_s
    values = np.concatenate(knots)
    return np.interp(at, np.arange(len(values)), values)


def _generator(seed: int, label: str, day: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(label.encode()), day])
