"""The annual report to URE (art. 38ad ust. 1): energy generated, energy settled by art. 184k, installed power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from central.papers.entry import Entry, devices_sheet, head_sheet, powers_sheet
from central.papers.paper import Cell, Gap, Paper, Sheet, filled, kwh

BASES: Final = {
    "generation": "liczniki wytwarzania",
    "injected_only": "licznik rozliczeniowy; punkt tylko wprowadza",
    "injected_part": "tylko energia wprowadzona do sieci – dolne oszacowanie, brak liczników wytwarzania",
    "incomplete": "dane niepełne – suma godzin znanych",
    "none": "brak danych",
}


@dataclass(frozen=True, slots=True)
class Generated:
    """What one point's installations generated in the year."""

    point: str
    member: str
    res: bool
    wh: int | None
    basis: str
    """One of ``BASES``."""


@dataclass(frozen=True, slots=True)
class Relieved:
    """The energy of one member to which art. 184k was applied."""

    member: str
    name: str
    wh: int | None
    hours: int
    """Complete periods that the sums rest on."""
    simulated_wh: int = 0
    """Energy of months that are a simulation: art. 184k was not applied to it (art. 48 of the Act of 17.08.2023)."""


@dataclass(frozen=True, slots=True)
class Year:
    """A year as the register of settlements, or the books, know it."""

    year: int
    generated: Sequence[Generated]
    relieved: Sequence[Relieved]
    sources: Sequence[tuple[str, str, bool]]
    """Each month: its name, where its numbers are from, and whether they are final and complete."""
    simulated: Sequence[str] = ()
    """Months that are a simulation."""

    @property
    def open_months(self) -> list[str]:
        """Months that aren't settled finally."""
        return [name for name, _, final in self.sources if not final]


def annual_report(entry: Entry, day: date, year: Year) -> Paper:
    """The report of a year, due on 30 June of the next."""
    number = filled(entry.cluster.register_number, f"[cluster] register_number w {entry.file}")
    months = ", ".join(year.open_months)
    unsettled: Cell = Gap(f"ostateczne rozliczenie miesięcy: {months}") if months else "wszystkie"
    head = head_sheet(
        entry,
        [
            ("Adresat", "Prezes Urzędu Regulacji Energetyki"),
            ("Pismo", f"Sprawozdanie roczne klastra energii za rok {year.year}"),
            ("Numer w rejestrze", number),
            ("Termin złożenia", date(year.year + 1, 6, 30)),
            ("Miesiące rozliczone ostatecznie", unsettled),
            ("Miesiące, w których stosowano art. 184k ust. 1", _applied(entry, year)),
        ],
    )
    return Paper(
        name=f"sprawozdanie-roczne-{year.year}",
        title=f"Sprawozdanie roczne klastra energii za rok {year.year}",
        basis="art. 38ad ust. 1 ustawy o OZE",
        day=day,
        sheets=(
            head,
            *_generated(entry, year),
            _relieved(year),
            powers_sheet(entry),
            devices_sheet(entry),
            _sources(year),
        ),
    )


def _generated(entry: Entry, year: Year) -> tuple[Sheet, Sheet]:
    rows: list[tuple[Cell, ...]] = []
    for i, one in enumerate(year.generated, 1):
        amount: Cell = kwh(one.wh) if one.wh is not None else Gap(f"dane wytwarzania punktu {one.point}")
        rows.append((i, one.point, one.member, "tak" if one.res else "nie", amount, BASES[one.basis]))
    columns = ("Lp.", "Punkt", "Członek", "OZE", "Energia wytworzona [kWh]", "Podstawa")
    known = all(one.wh is not None for one in year.generated)
    exact = all(one.basis in {"generation", "injected_only"} for one in year.generated)
    doubt = "" if exact else "wartość niepełna: patrz arkusz Wytwarzanie"
    gap = Gap(f"liczniki wytwarzania ([[meters]] role = generation w {entry.file})")

    def summed(*, res: bool) -> Cell:
        wanted = [one.wh or 0 for one in year.generated if one.res or not res]
        return kwh(sum(wanted)) if known else gap

    totals = [
        ("Energia wytworzona łącznie przez członków klastra [kWh]", summed(res=False), doubt),
        ("w tym z odnawialnych źródeł energii [kWh]", summed(res=True), doubt),
        ("Dokładność", "pełna" if exact and known else gap, ""),
    ]
    return (
        Sheet("Energia wytworzona", ("Pozycja", "Wartość", "Uwagi"), totals),
        Sheet("Wytwarzanie", columns, rows),
    )


def _relieved(year: Year) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (
            i,
            one.name or one.member,
            kwh(one.wh) if one.wh is not None else Gap(f"rozliczenie członka {one.member}"),
            one.hours,
            kwh(one.simulated_wh),
        )
        for i, one in enumerate(year.relieved, 1)
    ]
    known = [one.wh for one in year.relieved if one.wh is not None]
    whole: Cell = kwh(sum(known)) if len(known) == len(year.relieved) else "nie ustalono"
    rows.append((None, "Razem", whole, None, kwh(sum(one.simulated_wh for one in year.relieved))))
    notes = ["Energia, do której zastosowano zasady art. 184k ust. 1: suma godzinowych ilości objętych ulgą."]
    if year.simulated:
        notes.append(
            f"Symulacja ({', '.join(year.simulated)}): przepis nie stosuje się do czasu rozstrzygnięcia Komisji "
            "Europejskiej (art. 48 ustawy z 17.08.2023, Dz.U. poz. 1762), więc tej energii nie wykazuje się jako "
            "rozliczonej według art. 184k ust. 1."
        )
    columns = ("Lp.", "Członek", "Energia [kWh]", "Okresy pełne", "Tylko symulacja [kWh]")
    return Sheet("Energia art. 184k", columns, rows, tuple(notes))


def _applied(entry: Entry, year: Year) -> Cell:
    """Whether the provision applied in all months that are told, or what would say so."""
    if year.simulated:
        keys = f"[settings] regime_status, ec_outcome i ec_outcome_date w {entry.file}"
        return Gap(f"{keys}; symulacja: {', '.join(year.simulated)}")
    return "wszystkie"


def _sources(year: Year) -> Sheet:
    rows = [(name, source, "tak" if final else "nie") for name, source, final in year.sources]
    return Sheet("Źródła", ("Miesiąc", "Źródło liczb", "Rozliczony ostatecznie"), rows)
