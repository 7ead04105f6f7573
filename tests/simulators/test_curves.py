from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from simulators.curves import Building, Place, PvPlant, Steps, holidays_of, is_school_holiday, load_w, pv_w

PORABKA = Place(49.69, 19.19, 420.0)
PLANT = PvPlant(dc_w=10_000, ac_w=8_000)
JUNE_DAY = datetime(2026, 6, 16, 22, tzinfo=UTC)


def day(start: datetime, count: int = 1440) -> Steps:
    return Steps(start, 60, count)


def test_the_same_seed_gives_the_same_watts() -> None:
    first = load_w(Building.OFFICE, 10**8, day(JUNE_DAY), seed=1, label="a")
    again = load_w(Building.OFFICE, 10**8, day(JUNE_DAY), seed=1, label="a")
    assert np.array_equal(first, again)
    assert np.array_equal(
        pv_w(PLANT, PORABKA, day(JUNE_DAY), seed=1, label="a"), pv_w(PLANT, PORABKA, day(JUNE_DAY), seed=1, label="a")
    )


def test_another_seed_and_another_label_give_other_watts() -> None:
    one = load_w(Building.OFFICE, 10**8, day(JUNE_DAY), seed=1, label="a")
    assert not np.array_equal(one, load_w(Building.OFFICE, 10**8, day(JUNE_DAY), seed=2, label="a"))
    assert not np.array_equal(one, load_w(Building.OFFICE, 10**8, day(JUNE_DAY), seed=1, label="b"))


def test_watts_do_not_depend_on_how_the_time_is_cut() -> None:
    whole = pv_w(PLANT, PORABKA, day(JUNE_DAY), seed=7, label="a")
    middle = pv_w(PLANT, PORABKA, day(JUNE_DAY + timedelta(minutes=600), 300), seed=7, label="a")
    assert np.array_equal(whole[600:900], middle)
    load = load_w(Building.SCHOOL, 10**8, day(JUNE_DAY), seed=7, label="a")
    assert np.array_equal(
        load[600:900], load_w(Building.SCHOOL, 10**8, day(JUNE_DAY + timedelta(minutes=600), 300), seed=7, label="a")
    )


def test_pv_gives_nothing_at_night_and_never_more_than_its_inverter() -> None:
    tight = PvPlant(dc_w=10_000, ac_w=2_000)
    power = pv_w(tight, PORABKA, day(JUNE_DAY), seed=1, label="a")
    assert not power[:240].any()  # 00:00 to 04:00 local
    assert not power[-90:].any()
    assert power.max() == 2_000
    assert power.min() == 0


def test_pv_gives_more_in_june_than_in_december() -> None:
    december = datetime(2026, 12, 16, 23, tzinfo=UTC)
    june = sum(int(pv_w(PLANT, PORABKA, day(JUNE_DAY + timedelta(days=n)), seed=1, label="a").sum()) for n in range(5))
    winter = sum(
        int(pv_w(PLANT, PORABKA, day(december + timedelta(days=n)), seed=1, label="a").sum()) for n in range(5)
    )
    assert june > 2 * winter


def test_corpus_christi_on_a_thursday_loads_like_a_sunday() -> None:
    thursday = load_w(Building.OFFICE, 10**8, day(datetime(2026, 6, 10, 22, tzinfo=UTC)), seed=1, label="a").sum()
    holiday = load_w(Building.OFFICE, 10**8, day(datetime(2026, 6, 3, 22, tzinfo=UTC)), seed=1, label="a").sum()
    sunday = load_w(Building.OFFICE, 10**8, day(datetime(2026, 6, 6, 22, tzinfo=UTC)), seed=1, label="a").sum()
    assert date(2026, 6, 4) in holidays_of(2026)
    assert holiday < thursday / 3
    assert holiday == pytest.approx(sunday, rel=0.1)


def test_a_school_draws_little_in_its_summer_holidays() -> None:
    assert [is_school_holiday(date(2026, 6, n)) for n in (20, 26, 27)] == [False, False, True]
    assert is_school_holiday(date(2026, 8, 31))
    assert not is_school_holiday(date(2026, 9, 1))
    july = day(datetime(2026, 7, 7, 22, tzinfo=UTC))
    assert (
        load_w(Building.SCHOOL, 10**8, july, seed=1, label="a").sum()
        < load_w(Building.OFFICE, 10**8, july, seed=1, label="a").sum() / 2
    )


def test_a_year_draws_about_what_was_asked_for() -> None:
    quarters = Steps(datetime(2026, 1, 1, tzinfo=UTC), 900, 4 * 8760)
    energy_wh = int(load_w(Building.OFFICE, 10**8, quarters, seed=1, label="a").sum()) / 4
    assert energy_wh == pytest.approx(10**8, rel=0.02)


def test_the_autumn_hour_that_comes_twice_has_a_load_each_time() -> None:
    change = day(datetime(2026, 10, 24, 22, tzinfo=UTC), 25 * 60)
    power = load_w(Building.OWN_USE, 10**7, change, seed=1, label="a")
    assert power.min() > 0
    assert power.shape == (1500,)


def test_the_profiles_library_does_not_turn_warnings_into_errors_for_the_process() -> None:
    before = list(warnings.filters)
    load_w(Building.OFFICE, 10**8, Steps(datetime(2023, 5, 5, tzinfo=UTC), 60, 2), seed=1, label="a")
    assert list(warnings.filters) == before


def test_help_does_not_load_pandas_or_pvlib() -> None:
    code = "import sys, simulators.cli, simulators.world; print([m for m in ('pandas', 'pvlib') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
