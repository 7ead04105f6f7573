"""A finding: what isn't as it should be, where and since when, with both numbers and the way out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from central.reports.note import Note
from metering.obis import REACTIVE_EXPORT, REACTIVE_IMPORT
from metering.period import WARSAW, Month

VALIDATED: Final = (
    "over_power",
    "stuck",
    "spike",
    "both_ways",
    "no_source",
    "pv_at_night",
    "long_day",
    "quarters_hours",
    "operator_differs",
    "submeters",
    "generation",
)
"""Kinds of ``central.validation``: they close by themselves, and a false alarm can be accepted with a reason."""

WEIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "blocks": (
        "another_central",
        "store_down",
        "incomplete_month",
        "missing",
        "unknown_meter",
        "two_values",
        "fall",
        "refused",
        "rate_missing",
        "register_broken",
    ),
    "doubt": (
        "conflict",
        "clock",
        "new_life",
        "glitch",
        "file_doubt",
        "correction_due",
        "no_authorisation",
        *VALIDATED,
        "condition_not_met",
    ),
    "watch": (
        "estimated",
        "gateway_silent",
        "outbox_trouble",
        "meter_failing",
        "put_off",
        "over_budget",
        "store_behind",
        "unknown_point",
        "condition_soon",
        "agreement_ends",
        "deadline_missed",
        "deadline_near",
        "price_moved",
    ),
}
"""Kinds by weight, heaviest first: what keeps a month from being settled, what puts figures in doubt, what may soon."""

FINAL: Final = frozenset({"conflict", "refused", "clock", "new_life", "file_doubt"})
"""Kinds that no later data can repair: they stay open until somebody acknowledges them."""

ACCEPTABLE: Final = FINAL | frozenset({*VALIDATED, "price_moved", "no_authorisation"})
"""Kinds that somebody may close for ever by a word: beyond repair, maybe a false alarm, or answered for by somebody."""

INTAKE, STORE, CONDITIONS, DEADLINES = "intake", "store", "conditions", "deadlines"
"""The scopes that aren't a month: what is looked at together."""

_RANKS: Final = {kind: rank for rank, kind in enumerate(kind for kinds in WEIGHTS.values() for kind in kinds)}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that isn't as it should be."""

    kind: str
    """One of ``WEIGHTS``; docs/central.md says what each means."""
    what: str
    """The point, meter, gateway, month or rate it is about."""
    where: str = ""
    """The gateway, meter or file in which it is found or put right."""
    since: datetime | None = None
    until: datetime | None = None
    first: str | None = None
    """The one number: exact, or an instant in UTC."""
    second: str | None = None
    """The other number."""
    unit: str = ""
    """Of both: Wh, varh, hours, quarters, days, stands, messages, %, kW, zł/kWh or instant."""
    text: str
    """What was found, with its numbers."""
    way_out: str
    notes: dict[str, Note] = {}
    """``text``, ``way_out`` and, where they are words, ``what`` and ``where``, for any language; old ones lack it."""
    wh: int | None = None
    """The proved energy of a gap, in Wh."""
    identity: tuple[str, ...] = ()
    """What makes it the same finding at the next look; empty: ``what`` and the beginning, so a stretch may grow."""
    over: bool = False
    """It was, and is no more: it is recorded, and not open."""

    @property
    def key(self) -> str:
        """The finding's name for ever: of its kind and identity."""
        named = self.identity or (self.what, "" if self.since is None else self.since.isoformat())
        return hashlib.blake2b("\n".join((self.kind, *named)).encode(), digest_size=5).hexdigest()

    @property
    def weight(self) -> str:
        """A key of ``WEIGHTS``; a kind that it doesn't name is to be watched."""
        return next((weight for weight, kinds in WEIGHTS.items() if self.kind in kinds), "watch")

    @property
    def order(self) -> tuple[int, str, str]:
        """Heaviest first, then by what and time."""
        since = "" if self.since is None else self.since.isoformat()
        return _RANKS.get(self.kind, len(_RANKS)), self.what, since


def when(at: datetime) -> str:
    """An instant as a person in Poland reads it: ``2026-10-01 00:00+02:00``, to the second where need be."""
    there = at.astimezone(WARSAW)
    return there.isoformat(sep=" ", timespec="seconds" if there.second or there.microsecond else "minutes")


def unit_of(register: str) -> str:
    """In what a register counts: Wh or varh."""
    return "varh" if register in {REACTIVE_IMPORT, REACTIVE_EXPORT} else "Wh"


def scope_of(month: Month) -> str:
    """The scope of a month's own findings."""
    return f"month {month}"


def month_of(scope: str) -> Month | None:
    """The month whose scope it is; None for another scope."""
    return Month.parse(scope.removeprefix("month ")) if scope.startswith("month ") else None


def of_this_month(finding: Finding, month: Month) -> bool:
    """Whether a finding of a month's evidence is recorded with it: gaps and lives reach its neighbours' evidence too.

    A stretch is its last period's month's.
    """
    if finding.since is None or finding.until is None:
        return True
    if finding.since == finding.until:
        return month.start <= finding.until < month.end
    return month.start < finding.until <= month.end
