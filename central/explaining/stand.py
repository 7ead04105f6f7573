"""A stand: when and how it was read, and the message of the journal in which it came."""

from __future__ import annotations

from central.explaining.case import Case, Row, at_text
from central.explaining.step import Fact, Raw, Said, Step, View
from metering.period import utc_text

SHOWN_DIGITS = 32
"""How much of a message's SHA-256 is its name in receipts."""


def stand(case: Case, row: Row, multiplier: str, multiplied: int, view: View) -> Step:
    """A row of STANDS as it counts: times the multiplier, in whole Wh."""
    facts: dict[str, Fact] = {
        "meter": row["meter"],
        "register": row["register"],
        "at_at": utc_text(row["at"]),
        "wh_num": row["wh"],
        "multiplier_num": multiplier,
        "resolution_num": row["resolution"],
    }
    polled: dict[str, Fact] = {
        "quality_key": f"quality.{row['quality']}",
        "before_at": row["before"].isoformat(),
        "after_at": row["after"].isoformat(),
        "clock_key": f"clock.{row['clock']}",
        "gateway": row["gateway"],
        "epoch": row["epoch"],
    }
    raw = case.evidence.message(row["journal"], row) if view.depth > 0 else None
    how = [Said("rule.stand", facts), Said("rule.polled", polled)]
    if view.depth > 0:
        how.append(_journal(case, row, raw))
    return Step(what=Said("energy.stand", facts), value=str(multiplied), unit="Wh", how=tuple(how), raw=raw)


def _journal(case: Case, row: Row, raw: Raw | None) -> Said:
    if raw is None:
        return Said(case.evidence.ends or "end.not_in_journal", {"row_n": row["journal"]})
    facts: dict[str, Fact] = {
        "row_n": raw.row,
        "digest": raw.digest[:SHOWN_DIGITS],
        "received_at": raw.received,
        "size_n": len(raw.payload),
        "sequence_n": raw.sequence,
        "first_n": raw.first,
        "last_n": raw.last,
    }
    if raw.first < 0:
        return Said("end.not_in_message", facts)
    return Said("rule.journal", facts)


def entered(wh: str, meter: Row, multiplied: int, kind: str, at: int) -> Step:
    """A stand that people read at an exchange and entered into the cluster file."""
    facts: dict[str, Fact] = {"meter": meter["serial"], "wh_num": wh, "multiplier_num": meter["multiplier"]}
    facts |= {"at_at": at_text(at)}
    return Step(
        what=Said(f"energy.{kind}", facts), value=str(multiplied), unit="Wh", how=(Said("rule.entered", facts),)
    )
