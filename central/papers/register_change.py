"""The application to change the register's data: what differs between two instants (art. 38ac ust. 10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from central.papers.entry import Entry, head_sheet
from central.papers.facts import Changed, changed
from central.papers.paper import Cell, Paper, Sheet, filled
from central.papers.register_application import statement_sheet

TERM: Final = timedelta(days=14)
"""From the day of each change."""


def register_change(before: Entry, after: Entry, since: date, day: date, origin: str) -> Paper:
    """Every fact that differs; ``since`` is the day of the earlier data, ``origin`` where they are from."""
    number = filled(after.cluster.register_number, f"[cluster] register_number w {after.file}")
    head = head_sheet(
        after,
        [
            ("Adresat", "Prezes Urzędu Regulacji Energetyki"),
            ("Wniosek", "o zmianę danych w rejestrze klastrów energii"),
            ("Numer w rejestrze", number),
            ("Stan poprzedni", f"{since.isoformat()} ({origin})"),
            ("Stan nowy", day),
        ],
    )
    note = f"Termin: {TERM.days} dni od dnia każdej zmiany; dni zmian podaje kalendarz terminów (deadlines)."
    sheet = Sheet(
        "Zmiany", ("Lp.", "Część", "Czego dotyczy", "Dane", "Było", "Jest"), _rows(changed(before, after)), (note,)
    )
    return Paper(
        name="wniosek-o-zmiane-danych",
        title="Wniosek o zmianę danych w rejestrze klastrów energii",
        basis="art. 38ac ust. 10 ustawy o OZE",
        day=day,
        sheets=(head, sheet, statement_sheet(("kopia zmiany porozumienia, jeżeli zmiana go dotyczy",))),
    )


def _rows(found: Sequence[Changed]) -> list[tuple[Cell, ...]]:
    absent = "(brak wpisu)"
    return [
        (
            i,
            one.fact.section,
            one.fact.subject,
            one.fact.field,
            absent if one.before is None else one.before,
            absent if one.after is None else one.after,
        )
        for i, one in enumerate(found, 1)
    ]
