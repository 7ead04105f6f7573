"""What documents say of one month, added up per party, point, component and zone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from central.figures.figure import Document, Figure

Key = tuple[str, str, str, str]
"""Party, point, component, zone."""


@dataclass(slots=True)
class Theirs:
    """The sum of what documents say of one thing; None where one of them doesn't say it."""

    charged_wh: Decimal | None = Decimal(0)
    net_zl: Decimal | None = Decimal(0)
    vat_zl: Decimal | None = Decimal(0)
    gross_zl: Decimal | None = Decimal(0)
    documents: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    """Those of them that correct none: with several, one may stand in place of another."""
    dangling: list[str] = field(default_factory=list)
    """Documents that are corrected, and weren't entered."""

    def add(self, figure: Figure, document: Document, *, there: bool) -> None:
        """Add a figure; ``there``: the document that its document corrects was entered."""
        self.charged_wh = _plus(self.charged_wh, figure.quantity_wh)
        self.net_zl = _plus(self.net_zl, figure.net_zl)
        gross = figure.gross_zl
        if gross is None and figure.net_zl is not None and figure.vat_zl is not None:
            gross = figure.net_zl + figure.vat_zl
        self.gross_zl = _plus(self.gross_zl, gross)
        vat = figure.vat_zl
        if vat is None and gross is not None and figure.net_zl is not None:
            vat = gross - figure.net_zl
        self.vat_zl = _plus(self.vat_zl, vat)
        self.documents.append(document.document)
        if not document.corrects:
            self.whole.append(document.document)
        elif not there:
            self.dangling.append(document.corrects)


def theirs_of(
    documents: Iterable[Document], month: str, codes: Mapping[str, str], party: str = ""
) -> dict[Key, Theirs]:
    """The sums of a month; ``codes``: a point's other codes to its id. Without ``party`` of both."""
    documents = list(documents)
    names = {one.key for one in documents}
    found: dict[Key, Theirs] = {}
    for one in documents:
        if party and one.party.value != party:
            continue
        there = not one.corrects or (one.party.value, one.issuer, one.corrects) in names
        for figure in one.figures:
            if figure.month == month:
                point = codes.get(figure.point, figure.point)
                key = (one.party.value, point, figure.component, figure.zone)
                found.setdefault(key, Theirs()).add(figure, one, there=there)
    return found


def all_zones(parts: list[Theirs]) -> Theirs:
    """The sum over the zones of a point's component."""
    whole = Theirs()
    for one in parts:
        for name in ("charged_wh", "net_zl", "vat_zl", "gross_zl"):
            setattr(whole, name, _plus(getattr(whole, name), getattr(one, name)))
        for name in ("documents", "whole", "dangling"):
            mine: list[str] = getattr(whole, name)
            mine += [text for text in getattr(one, name) if text not in mine]
    return whole


def _plus(before: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if before is None or more is None else before + more
