"""The public part of the register's data: without the members' seats and addresses (art. 38ac ust. 8)."""

from __future__ import annotations

from datetime import date

from central.papers.entry import Entry, members_sheet, operators, points_sheet
from central.papers.paper import Paper, Sheet, filled


def public_extract(entry: Entry, day: date) -> Paper:
    """Area, activity, members by name, operator and points."""
    cluster = entry.cluster
    head = Sheet(
        "Pismo",
        ("Pole", "Treść"),
        [
            ("Nazwa klastra energii", cluster.name),
            ("Numer w rejestrze", filled(cluster.register_number, f"[cluster] register_number w {entry.file}")),
            ("Obszar działania klastra", filled(cluster.area, f"[cluster] area w {entry.file}")),
            ("Przedmiot działalności klastra", filled(cluster.activity, f"[cluster] activity w {entry.file}")),
            ("Operator systemu dystrybucyjnego", operators(entry)),
        ],
    )
    return Paper(
        name="wyciag-publiczny",
        title="Wyciąg publiczny z danych rejestrowych klastra energii",
        basis="art. 38ac ust. 8 ustawy o OZE",
        day=day,
        sheets=(head, members_sheet(entry, addresses=False), points_sheet(entry)),
    )
