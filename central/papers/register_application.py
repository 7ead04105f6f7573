"""The application to enter the cluster in the URE register (art. 38ac ust. 4 to 6)."""

from __future__ import annotations

from datetime import date
from typing import Final

from central.papers.entry import Entry, devices_sheet, head_sheet, members_sheet, points_sheet, powers_sheet
from central.papers.paper import Paper, Sheet

STATEMENT: Final = (
    "Świadomy odpowiedzialności karnej za złożenie fałszywego oświadczenia wynikającej z art. 233 § 6 Kodeksu "
    "karnego oświadczam, że dane zawarte we wniosku są kompletne i zgodne z prawdą."
)


def register_application(entry: Entry, day: date) -> Paper:
    """All fields of art. 38ac ust. 5 as they are on ``day``."""
    head = head_sheet(
        entry,
        [
            ("Adresat", "Prezes Urzędu Regulacji Energetyki"),
            ("Wniosek", "o wpis klastra energii do rejestru klastrów energii"),
        ],
    )
    sheets = head, members_sheet(entry, addresses=True), devices_sheet(entry), powers_sheet(entry), points_sheet(entry)
    return Paper(
        name="wniosek-o-wpis-do-rejestru",
        title="Wniosek o wpis do rejestru klastrów energii",
        basis="art. 38ac ust. 4–6 ustawy o OZE (t.j. Dz.U. 2024 poz. 1361)",
        day=day,
        sheets=(*sheets, statement_sheet(("kopia porozumienia o ustanowieniu klastra energii",))),
    )


def statement_sheet(enclosed: tuple[str, ...]) -> Sheet:
    """The statement under penalty, what is enclosed, and where to sign."""
    rows = [("Oświadczenie", STATEMENT), *(("Załącznik", one) for one in enclosed), ("Data i podpis", "")]
    return Sheet("Oświadczenie", ("Pole", "Treść"), rows)
