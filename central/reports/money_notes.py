"""What must be read with the CSVs of a settlement: they are copied without what the terminal said beside them."""

from __future__ import annotations

from central.reports.summary import Summary


def notes_text(summary: Summary) -> str:
    """The text of ``notes.txt``: what was settled, how complete it is, and every note; a paragraph each."""
    months = " to ".join(dict.fromkeys([*summary.months[:1], *summary.months[-1:]]))
    lacking = summary.periods - summary.complete
    name = "quarters" if summary.period == "quarter" else "hours"
    whole = f"All {summary.periods} {name} are complete." if not lacking else ""
    said = whole or f"{lacking} of {summary.periods} {name} are incomplete and in no sum."
    doubtful = [f"{count} {status}" for status, count in sorted(summary.rates.items()) if status != "verified"]
    rates = [f"Rows of charges.csv whose rate is not verified: {', '.join(doubtful)}."] if doubtful else []
    return "\n\n".join([f"{summary.cluster}, {months}: {summary.regime_status}", said, *rates, *summary.notes]) + "\n"
