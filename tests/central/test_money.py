"""Money worked out by hand: zones by month, day and hour, rates over one another, VAT once, and what sums rest on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.master import load_master
from central.money import groszy, plain, scaled, with_pct
from central.rates import load_pricing
from central.settle_files import settle_files
from metering.period import Month, utc_text
from runtime.config import ConfigError
from tests.central.made_money import CLUSTER, FREE, NOT_FREE, PEAK, VERIFIED, charges, rate, settled

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
ZONED = rate("network_variable", "0.31", 'zone = "peak"') + rate("network_variable", "0.1234", 'zone = "off_peak"')
REST = rate("oze", "0.0073") + rate("chp", "0.003") + rate("quality", "0.0331")


def by_zone(result) -> dict[str, tuple[int, str]]:
    rows = charges(result, "component", "zone", "drawn_wh", "full_zl")
    return {zone: (wh, zl) for component, zone, wh, zl in rows if component == "network_variable"}


def test_a_month_is_split_into_the_hours_of_each_zone(tmp_path: Path) -> None:
    # October 2026 begins on a Thursday: 22 days are Monday to Friday, none of them is free. 22 x 3 h = 66 h peak.
    # It has 31 x 24 + 1 = 745 hours, so 679 off peak. At 1 kWh an hour: 66 x 0.31 = 20.46; 679 x 0.1234 = 83.7886.
    found = settled(tmp_path, OCTOBER, 1000, 0, FREE + ZONED + REST)
    assert by_zone(found) == {"peak": (66_000, "20.46"), "off_peak": (679_000, "83.79")}


def test_days_free_from_work_count_only_where_the_calendar_names_them(tmp_path: Path) -> None:
    # November 2026: 21 days are Monday to Friday, one of them (Wednesday the 11th) is free by law.
    named = by_zone(settled(tmp_path, NOVEMBER, 1000, 0, FREE + ZONED + REST))
    assert (named["peak"][0], named["off_peak"][0]) == (60_000, 660_000)
    as_weekday = by_zone(settled(tmp_path, NOVEMBER, 1000, 0, NOT_FREE + ZONED + REST))
    assert as_weekday["peak"][0] == 63_000


def test_both_hours_of_the_autumn_change_are_in_the_zone_of_the_night(tmp_path: Path) -> None:
    night = '[[zones]]\ntariff = "C12a"\n' + "".join(
        f'[[zones.windows]]\nzone = "{zone}"\nhours = ["{hours}"]\n'
        for zone, hours in (("night", "22-6"), ("day", "6-22"))
    )
    prices = rate("network_variable", "0.1", 'zone = "night"') + rate("network_variable", "0.2", 'zone = "day"')
    # 31 nights of 8 h and the doubled hour; 31 days of 16 h.
    found = by_zone(settled(tmp_path, OCTOBER, 1000, 0, night + prices + REST))
    assert found == {"night": (249_000, "24.90"), "day": (496_000, "99.20")}


def test_a_calendar_of_the_operator_beats_the_one_of_any_and_is_only_valid_on_its_days(tmp_path: Path) -> None:
    flat = '[[zones]]\ntariff = "C12a"\ndso = "SIEĆ"\nvalid_from = 2026-11-01\n[[zones.windows]]\nzone = "off_peak"\n'
    # The operator is written "Sieć S.A." in the cluster file: the form of the company doesn't matter.
    before, after = (
        by_zone(settled(tmp_path, month, 1000, 0, FREE + flat + ZONED + REST)) for month in (OCTOBER, NOVEMBER)
    )
    assert before["peak"][0] == 66_000
    assert after == {"off_peak": (720_000, "88.85")}  # 720 x 0.1234 = 88.848


def test_relief_is_rounded_once_from_its_exact_sum_and_charge_is_the_difference(tmp_path: Path) -> None:
    # Each hour draws 1 kWh, and 0.65 kWh are injected: 65 % is over 60 %, so 5 % off on 0.65 kWh, and no OZE on them.
    found = settled(tmp_path, NOVEMBER, 1000, 650, rate("network_variable", "0.2") + REST)
    rows = {row[0]: row[1:] for row in charges(found, "component", "full_zl", "relief_zl", "charge_zl")}
    # network: 720 x 0.2 = 144; 468 kWh x 0.2 x 0.05 = 4.68. quality: 720 x 0.0331 = 23.832; 468 x 0.0331 x 0.05 = 0.77454.
    assert rows["network_variable"] == ("144.00", "4.68", "139.32")
    assert rows["quality"] == ("23.83", "0.77", "23.06")
    # oze: 720 x 0.0073 = 5.256; 468 x 0.0073 = 3.4164. chp: 2.16; 468 x 0.003 = 1.404.
    assert rows["oze"] == ("5.26", "3.42", "1.84")
    assert rows["chp"] == ("2.16", "1.40", "0.76")


def test_vat_is_rounded_once_for_a_point_and_month_and_totals_compare_with_no_cluster(tmp_path: Path) -> None:
    found = settled(tmp_path, NOVEMBER, 1000, 650, rate("network_variable", "0.2") + REST)["totals"].to_pylist()[0]
    # Net: 144.00 + 23.83 + 5.26 + 2.16 = 175.25; relief 4.68 + 0.77 + 3.42 + 1.40 = 10.27; charge 164.98.
    assert (found["full_zl"], found["relief_zl"], found["charge_zl"]) == ("175.25", "10.27", "164.98")
    # VAT: 175.25 x 0.23 = 40.3075; 164.98 x 0.23 = 37.9454. By rows it would be 33.12 + 5.48 + 1.21 + 0.50 = 40.31.
    assert (found["vat_pct"], found["full_vat_zl"], found["charge_vat_zl"]) == ("23", "40.31", "37.95")
    assert (found["full_gross_zl"], found["charge_gross_zl"]) == ("215.56", "202.93")
    assert found["relief_gross_zl"] == "12.63"
    assert found["status"] == "verified"


def test_the_vat_of_a_later_file_replaces_the_one_that_ships(tmp_path: Path) -> None:
    prices = rate("network_variable", "0.2") + REST
    five = '[[vat]]\npct = "5"\nvalid_from = 2026-11-01\n'
    found = settled(tmp_path, NOVEMBER, 1000, 0, prices + five)["totals"].to_pylist()[0]
    # 175.25 x 0.05 = 8.7625. Nobody verified the five per cent.
    assert (found["vat_pct"], found["full_vat_zl"], found["status"]) == ("5", "8.76", "unverified")
    assert settled(tmp_path, OCTOBER, 1000, 0, prices + five)["totals"]["vat_pct"].to_pylist() == ["23"]


def test_a_month_before_any_rate_of_vat_has_no_gross_sums(tmp_path: Path) -> None:
    found = load_pricing([])
    assert {(one.pct, str(one.valid_from), one.status.value) for one in found.vat} == {("23", "2023-01-01", "verified")}


@pytest.mark.parametrize(
    ("network", "calendar", "status"),
    [
        (VERIFIED, "verified", "verified"),
        (VERIFIED, "illustrative", "illustrative"),
        ("", "verified", "unverified"),
        ('status = "illustrative"\n', "unverified", "illustrative"),
    ],
)
def test_a_total_is_no_better_than_the_worst_rate_or_calendar_it_rests_on(
    tmp_path: Path, network: str, calendar: str, status: str
) -> None:
    zones = PEAK.format(more="", status=calendar, weekend='"weekend"')
    prices = rate("network_variable", "0.3", 'zone = "peak"', network)
    prices += rate("network_variable", "0.1", 'zone = "off_peak"', network)
    found = settled(tmp_path, OCTOBER, 1000, 0, zones + prices + REST)["totals"]
    assert found["status"].to_pylist() == [status]


def test_a_missing_rate_of_one_zone_leaves_the_sum_empty_and_never_zero(tmp_path: Path) -> None:
    found = settled(tmp_path, OCTOBER, 1000, 0, FREE + rate("network_variable", "0.31", 'zone = "peak"') + REST)
    rows = charges(found, "component", "zone", "drawn_wh", "full_zl", "rate_status")
    assert ("network_variable", "off_peak", 679_000, None, "missing") in rows
    total = found["totals"].to_pylist()[0]
    assert (total["status"], total["full_zl"], total["charge_gross_zl"]) == ("missing", None, None)


def test_a_later_file_counts_on_its_days_and_the_earlier_on_the_others(tmp_path: Path) -> None:
    year = rate("network_variable", "0.2", "valid_from = 2026-01-01\nvalid_to = 2027-01-01")
    later = rate("network_variable", "0.3", "valid_from = 2026-11-21")
    found = settled(tmp_path, NOVEMBER, 1000, 0, year + REST, later)
    # 20 days at 0.2: 480 kWh, 96 zł; 10 days at 0.3: 240 kWh, 72 zł.
    rows = [
        row[1:] for row in charges(found, "component", "drawn_wh", "rate", "full_zl") if row[0] == "network_variable"
    ]
    assert rows == [(480_000, "0.2", "96.00"), (240_000, "0.3", "72.00")]


def test_another_record_of_the_same_price_is_no_change_of_the_rate_and_splits_no_month(tmp_path: Path) -> None:
    old = rate("oze", "0.0073", "valid_from = 2026-01-01\nvalid_to = 2026-11-16")
    new = rate("oze", "0.00730", "valid_from = 2026-11-16", status='status = "unverified"\n')
    found = settled(tmp_path, NOVEMBER, 1, 0, old + new)
    # 720 Wh x 0.0073 = 0.005256, so 0.01 zł; two halves of 0.002628 would be 0.00 each.
    rows = [row[1:] for row in charges(found, "component", "drawn_wh", "rate", "rate_status", "full_zl") if row[2]]
    assert rows == [(720, "0.0073", "unverified", "0.01")]


def test_a_rate_of_the_tariff_beats_the_operators_and_that_one_the_general(tmp_path: Path) -> None:
    general, of_operator = rate("quality", "0.01"), rate("quality", "0.02", 'dso = "Sieć S.A."')
    of_another = rate("quality", "0.09", 'dso = "Inna"')
    others = rate("network_variable", "0.2") + rate("oze", "0") + rate("chp", "0")
    of_tariff = rate("quality", "0.03", 'tariff = "C12a"')

    def quality(text: str) -> str:
        found = settled(tmp_path, NOVEMBER, 1000, 0, text + others)
        return next(row[1] for row in charges(found, "component", "rate") if row[0] == "quality")

    assert quality(general + of_another) == "0.01"
    assert quality(general + of_another + of_operator) == "0.02"
    assert quality(general + of_operator + of_tariff) == "0.03"


def test_the_notes_beside_the_csvs_say_simulation_what_is_complete_and_what_isnt_verified(tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    (tmp_path / "rates.toml").write_text(REST + rate("network_variable", "0.2", status=""), encoding="utf-8")
    rows = [f"{point},{way},{utc_text(NOVEMBER.start)},1000" for point, way in (("A1", "drawn"), ("F1", "injected"))]
    (tmp_path / "readings.csv").write_text("\n".join(["point,direction,start,wh", *rows]) + "\n", encoding="utf-8")
    cluster, pricing = load_master(tmp_path / "cluster.toml", [tmp_path / "rates.toml"])
    settle_files(cluster, pricing, [NOVEMBER], [tmp_path / "readings.csv"], tmp_path / "out", lambda _: None)
    said = (tmp_path / "out" / "notes.txt").read_text(encoding="utf-8")
    for sentence in ("This is a simulation", "719 of 720 hours are incomplete", "not verified: 1 unverified."):
        assert sentence in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rate("oze", "NaN"), 'rates[1].zl_per_kwh = "NaN"'),
        (rate("oze", "-0.1"), 'rates[1].zl_per_kwh = "-0.1"'),
        (rate("oze", "1e30"), 'rates[1].zl_per_kwh = "1e30"'),
        (rate("oze", "1" + "0" * 30), "rates[1].zl_per_kwh"),
        (rate("oze", "0.1") + rate("oze", "0.2", "valid_from = 2026-01-01"), "applies to the same days"),
        ('[[vat]]\npct = "-23"\n', "vat[1].pct"),
        (
            '[[zones]]\ntariff = "X"\n[[zones.windows]]\nzone = "a"\nhours = ["0-23"]\n',
            "month 1, mon, 23-24 is in no zone",
        ),
        (
            '[[zones]]\ntariff = "X"\n[[zones.windows]]\nzone = "a"\n[[zones.windows]]\nzone = "b"\nhours = ["1-2"]\n',
            "month 1, mon, 1-2 is in two zones",
        ),
    ],
)
def test_what_no_price_or_calendar_can_be_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rates.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_pricing([tmp_path / "rates.toml"])
    assert said in str(error.value)


@given(st.lists(st.integers(0, 2**61), min_size=1, max_size=5), st.decimals(0, 999_999, places=9), st.integers(0, 99))
def test_groszy_are_the_exact_products_rounded_half_up_however_large(wh: list[int], price: Decimal, pct: int) -> None:
    value, digits = scaled(np.array(wh, dtype=np.int64), price, 1)
    exact = [Fraction(one) * Fraction(price) / 1000 for one in wh]
    assert [Fraction(text) for text in plain(value, digits).to_pylist()] == exact
    rounded = groszy(value, digits)
    wanted = [(one * 100 + Fraction(1, 2)) // 1 for one in exact]
    assert [int(one) for one in rounded] == wanted
    vat = [(Fraction(one * pct, 100) + Fraction(1, 2)) // 1 for one in wanted]
    assert [int(one) for one in with_pct(rounded, Decimal(pct))] == vat
