"""One figure of a document of the operator or a seller: what it charged for one component at one point in one month."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from central.rates import Component


class Party(StrEnum):
    """Whose document it is."""

    OPERATOR = "operator"
    SELLER = "seller"


RECKONED = tuple(sorted(component.value for component in Component))
"""Components that klaster reckons too: those that the cluster's relief touches (art. 184k)."""
OTHERS = ("capacity", "energy", "excise", "network_fixed", "other", "subscription", "transition")
"""Components of an invoice that a cluster changes nothing of; they are kept, and not compared."""
WORDS = {
    "składnik zmienny": "network_variable",
    "sieciowa zmienna": "network_variable",
    "jakościowa": "quality",
    "oze": "oze",
    "kogeneracyjna": "chp",
    "mocowa": "capacity",
    "energia czynna": "energy",
    "energia": "energy",
    "akcyza": "excise",
    "składnik stały": "network_fixed",
    "sieciowa stała": "network_fixed",
    "abonamentowa": "subscription",
    "handlowa": "other",
    "przejściowa": "transition",
    "inna": "other",
    "inne": "other",
}
"""Components as Polish invoices call them; ``opłata`` or ``stawka`` may stand before, ``stawki sieciowej`` behind."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a document; energies in Wh, money in zł."""

    month: str
    """``2026-10``, the local month that is charged."""
    point: str
    zone: str = ""
    component: str
    """One of ``RECKONED`` or ``OTHERS``."""
    quantity_wh: Decimal | None = None
    """The energy that was charged; None: the document doesn't say it."""
    net_zl: Decimal | None = None
    vat_zl: Decimal | None = None
    gross_zl: Decimal | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is about; a document says it once."""
        return self.month, self.point, self.zone, self.component


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice, a correction of one, or another statement of what is charged."""

    party: Party
    issuer: str = ""
    """Which operator or seller, where several may give their documents the same number."""
    document: str
    """Its number."""
    corrects: str = ""
    """The number of the document that it corrects: its rows are differences to it, and may be below zero."""
    figures: tuple[Figure, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """The document's name: a newer one of the same name takes its place."""
        return self.party.value, self.issuer, self.document
