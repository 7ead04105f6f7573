"""How high the sun stands. Pure.

Source: NOAA Global Monitoring Laboratory, "General Solar Position Calculations" (low accuracy, within about half a
degree; refraction left out), https://gml.noaa.gov/grad/solcalc/solareqns.PDF
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from central.grid import Bools, Ints

Degrees = npt.NDArray[np.float64]

POLAND: Final = tuple((latitude, longitude) for latitude in (49.0, 54.9) for longitude in (14.1, 17.5, 21.0, 24.2))
"""Places around Poland: of any moment the sun's greatest height in the country is at its edge."""
_YEAR_S: Final = 365.2422 * 86400
_YEAR_2000_S: Final = 946684800


def elevation(at: Ints, latitude: float, longitude: float) -> Degrees:
    """Degrees above the horizon of the sun's centre; ``at`` in seconds since 1970, longitude positive in the east."""
    turn = 2 * np.pi * (((at - _YEAR_2000_S) % _YEAR_S - 43200) / _YEAR_S)
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(turn)
        - 0.032077 * np.sin(turn)
        - 0.014615 * np.cos(2 * turn)
        - 0.040849 * np.sin(2 * turn)
    )
    declination = (
        0.006918
        - 0.399912 * np.cos(turn)
        + 0.070257 * np.sin(turn)
        - 0.006758 * np.cos(2 * turn)
        + 0.000907 * np.sin(2 * turn)
        - 0.002697 * np.cos(3 * turn)
        + 0.00148 * np.sin(3 * turn)
    )
    solar_min = (at % 86400) / 60 + equation_min + 4 * longitude
    hour_angle = np.radians(solar_min / 4 - 180)
    north = np.radians(latitude)
    height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    found: Degrees = np.degrees(np.arcsin(height))
    return found


def is_night(starts: Ints, length_s: int, limit_deg: float, place: tuple[float, float] | None) -> Bools:
    """(T,) whether the sun stays below ``limit_deg`` for a whole period; without a place, in all of Poland."""
    dark: Bools = np.ones(len(starts), dtype=np.bool_)
    for latitude, longitude in POLAND if place is None else (place,):
        # At night the sun sinks and rises again: it stands highest at an end of the period.
        for at in (starts, starts + length_s):
            dark &= elevation(at, latitude, longitude) < limit_deg
    return dark
