"""What a rates file holds: prices of components, VAT, calendars of zones. Dated records, never a guess."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from central.zones import Calendar


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
    """A zone of the tariff's calendar; empty: all hours."""
    dso: str = ""
    """The operator's name as in the cluster file; empty: any."""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    status: RateStatus = RateStatus.UNVERIFIED
    decision_no: str = ""
    """Of the decision of the URE's President that set it, or approved the tariff."""


class Vat(msgspec.Struct, frozen=True, kw_only=True):
    """``[[vat]]``: the rate of VAT on what is charged, in percent."""

    pct: str
    """An exact decimal."""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    status: RateStatus = RateStatus.UNVERIFIED


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    """All that prices energy, of all files; nothing in it contradicts itself."""

    rates: tuple[Rate, ...] = ()
    vat: tuple[Vat, ...] = ()
    zones: tuple[Calendar, ...] = ()
