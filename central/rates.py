"""Rates: what a component costs, for whom and when; dated records, never a guess."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec

from central.validity import first_shared_day, overlapping, validity_problems
from runtime.config import ConfigError, Problem, load


class Component(StrEnum):
    """A component of the charges that the cluster's relief touches (art. 184k)."""

    NETWORK_VARIABLE = "network_variable"
    """Składnik zmienny stawki sieciowej."""
    QUALITY = "quality"
    """Stawka jakościowa."""
    OZE = "oze"
    CHP = "chp"
    """Opłata kogeneracyjna."""


class RateStatus(StrEnum):
    """How far a rate may be trusted."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    ILLUSTRATIVE = "illustrative"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """``[[rates]]``: one component's price, net, in zł/kWh."""

    component: Component
    zl_per_kwh: str
    """An exact decimal."""
    tariff: str = ""
    """A tariff group; empty: all."""
    zone: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    status: RateStatus = RateStatus.UNVERIFIED


class _File(msgspec.Struct, frozen=True, kw_only=True):
    rates: tuple[Rate, ...] = ()


def load_rates(path: Path) -> tuple[Rate, ...]:
    """Read a file of rates.

    Raises:
        ConfigError: with every problem in it, among them two equally specific rates on one day.
    """
    rates = load(path, _File).rates
    file = str(path)
    problems = [
        Problem(
            file, f"rates[{i}].zl_per_kwh", f'"{rate.zl_per_kwh[:40]}"', 'expected a decimal in zł/kWh like "0.0073"'
        )
        for i, rate in enumerate(rates, 1)
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,12})?", rate.zl_per_kwh)
    ]
    problems += validity_problems(rates, "rates", file)
    problems += _double(rates, file)
    if problems:
        raise ConfigError(problems)
    return rates


def _double(rates: tuple[Rate, ...], file: str) -> list[Problem]:
    keyed = (((rate.component, rate.tariff, rate.zone), i, rate) for i, rate in enumerate(rates, 1))
    return [
        Problem(
            file,
            f"rates[{i}]",
            f"{rate.component} {rate.zl_per_kwh}",
            f"rates[{j}] ({other.zl_per_kwh}) applies to the same days, from {first_shared_day(rate, other)}, to the "
            f"same tariff ({rate.tariff or 'all'}): end one with valid_to",
        )
        for i, rate, j, other in overlapping(keyed)
    ]
