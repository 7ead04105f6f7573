"""What a cluster file holds of its coordinator and of what went to and came from URE, the operator and the sellers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

import msgspec


class FilingKind(StrEnum):
    """What was sent."""

    REGISTER_APPLICATION = "register_application"
    """To URE: entry in the register (art. 38ac ust. 4)."""
    REGISTER_CHANGE = "register_change"
    """To URE: change of the register's data (art. 38ac ust. 10)."""
    OPERATOR_APPLICATION = "operator_application"
    """To the operator: the cluster's settlement (art. 184l ust. 3)."""
    SELLER_APPLICATION = "seller_application"
    """To one seller: the same."""
    ANNUAL_REPORT = "annual_report"
    """To URE (art. 38ad ust. 1)."""


class Coordinator(msgspec.Struct, frozen=True, kw_only=True):
    """``[coordinator]``: who represents the cluster before URE, the operator and the sellers."""

    name: str = ""
    address: str = ""
    nip: str = ""
    krs: str = ""
    """Number in the court register: ten digits; empty: none, or not known."""
    email: str = ""
    representative: str = ""
    """Who signs."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """``[[calls]]``: a call of URE to complete an application or a report, due 14 days after it was served."""

    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    """The letter's number."""
    served: date
    subject: str = ""
    """What is to be completed."""
    filing: str = ""
    """The id of the filing that it is about."""
    answered: date | None = None


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """``[[filings]]``: what was sent, when and to whom."""

    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    kind: FilingKind
    sent: date
    addressee: str = ""
    """Of an application to a seller the seller, as the points name it."""
    complete_since: date | None = None
    """The day from which it was complete: a seller's 60 days begin (art. 184l ust. 5)."""
    year: int | None = None
    """Of an annual report: the year that it is about."""
    up_to: date | None = None
    """Of a change: the last day whose changes it tells; None: the day on which it was sent."""
    note: str = ""
