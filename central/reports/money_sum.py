"""What members pay with the cluster and would pay without it, added up over months; and what the sums rest on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pyarrow as pa

from central.reports.note import Note
from central.totals import STATUSES

NET = ("full_zl", "relief_zl", "charge_zl")
GROSS = ("full_gross_zl", "relief_gross_zl", "charge_gross_zl")
VAT = ("charge_vat_zl",)
SUMS = (*NET, *VAT, *GROSS)

WITHOUT = (
    "Against no cluster: what the components that a cluster touches (variable network charge, quality, OZE and "
    "cogeneration) would cost without it, and cost with it. Fixed charges, the capacity charge, energy and excise are "
    "in neither."
)
DOUBT = {
    "unverified": "rates or zones that nobody has verified",
    "illustrative": "rates or zones that are illustrative, not an operator's",
}


class MoneySum(msgspec.Struct, frozen=True, kw_only=True):
    """Sums in zł, None where a rate is missing or nothing is known; gross ones None without a rate of VAT too."""

    full_zl: str | None = None
    """Net, without the cluster."""
    relief_zl: str | None = None
    charge_zl: str | None = None
    """Net, with the cluster: full - relief."""
    charge_vat_zl: str | None = None
    full_gross_zl: str | None = None
    relief_gross_zl: str | None = None
    charge_gross_zl: str | None = None
    rests_on: str = "unknown"
    """The worst status of what the sums rest on: verified, unverified, illustrative, missing, unknown."""


_WORST = ("unknown", *(status for status in STATUSES if status != "unknown"))
"""The best first; what isn't known has no sum, so beside a sum that is it counts for nothing."""


class MoneySums:
    """Adds up tables ``totals`` by member, and names the rates that are missing."""

    def __init__(self, tariffs: Mapping[str, str]) -> None:
        """``tariffs``: each point's tariff."""
        self._tariffs = tariffs
        self._sums: dict[str, dict[str, Decimal | None]] = {}
        self._rests_on: dict[str, str] = {}
        self._missing: dict[tuple[str, str, str], set[str]] = {}

    def add(self, totals: pa.Table, charges: pa.Table) -> None:
        """Add a month."""
        for row in totals.to_pylist():
            if row["status"] == "unknown":
                continue
            member = row["member"]
            before = self._rests_on.get(member, "unknown")
            self._rests_on[member] = max(before, row["status"], key=_WORST.index)
            sums = self._sums.setdefault(member, dict.fromkeys(SUMS, Decimal(0)))
            for name in SUMS:
                held = sums[name]
                sums[name] = None if held is None or row[name] is None else held + Decimal(row[name])
        if charges["rate"].null_count:
            lacking = charges.select(["component", "zone", "point", "rate", "drawn_wh"]).to_pylist()
            for row in lacking:
                if row["rate"] is None and row["drawn_wh"] is not None:
                    key = row["component"], self._tariffs.get(row["point"], ""), row["zone"]
                    self._missing.setdefault(key, set()).add(row["point"])

    def of(self, member: str) -> MoneySum:
        """A member's sums."""
        return _sum(self._sums.get(member), self._rests_on.get(member, "unknown"))

    def whole(self) -> MoneySum:
        """The cluster's sums."""
        if not self._sums:
            return MoneySum()
        whole: dict[str, Decimal | None] = dict.fromkeys(SUMS, Decimal(0))
        for sums in self._sums.values():
            for name, value in sums.items():
                held = whole[name]
                whole[name] = None if held is None or value is None else held + value
        return _sum(whole, max(self._rests_on.values(), key=_WORST.index))

    def missing(self) -> list[str]:
        """The rates that are missing, by component, tariff and zone."""
        return [one.text for one in self._lacking()]

    def _lacking(self) -> list[Note]:
        found = []
        for (component, tariff, zone), points in sorted(self._missing.items()):
            of = Note("of_tariff", f"tariff {tariff}", {"tariff": tariff})
            if not tariff:
                of = Note("no_tariff", "points without a tariff")
            where = [Note("of_zone", f", zone {zone}", {"zone": zone})] if zone else []
            count = len(points)
            text = f"{component}, {of.text}{''.join(one.text for one in where)} ({count} point{'s' * (count > 1)})"
            named = [Note(f"component_{component}", component)]
            found.append(Note("rate_lacking", text, {"n": count, "component": named, "of": [of], "where": where}))
        return found

    def notes(self) -> list[Note]:
        """What must be said beside the sums."""
        found = [Note("without", WITHOUT)] if self._sums else []
        if self._missing:
            text = f"Rates that are missing, so that sums are not known: {'; '.join(self.missing())}."
            found.append(Note("rates_missing", text, {"rates": self._lacking()}))
        rests_on = set(self._rests_on.values())
        said = {status: text for status, text in DOUBT.items() if status in rests_on}
        if said:
            named = " and on ".join(said.values())
            text = f"Sums in zł rest on {named}: see rests_on, and the rates' source and status."
            found.append(Note(f"rests_on_{'_'.join(said)}", text))
        return found


def of_money(note: Note) -> bool:
    """Whether a note is about sums in zł: it says nothing to who sees energies alone."""
    return note.key in {"without", "rates_missing"} or note.key.startswith("rests_on_")


def _sum(sums: Mapping[str, Decimal | None] | None, rests_on: str) -> MoneySum:
    if sums is None:
        return MoneySum(rests_on=rests_on)
    texts = {name: None if value is None else f"{value:.2f}" for name, value in sums.items()}
    return MoneySum(**texts, rests_on=rests_on)
