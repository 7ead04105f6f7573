"""The applications for the cluster's settlement to the operator and to each seller (art. 184l ust. 3 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from central.cluster.model import Point
from central.cluster.spans import contract_at
from central.papers.entry import Entry, devices_sheet, head_sheet, operators, powers_sheet
from central.papers.paper import Cell, Gap, Paper, Sheet, file_stem, filled, kwh
from central.papers.words import CONTRACTS, DIRECTIONS


@dataclass(frozen=True, slots=True)
class MemberDemand:
    """A member's yearly demand; None: neither measured nor estimated."""

    member: str
    year: int
    wh: int | None
    metered: bool
    source: str = ""
    """Of an estimate."""


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """One condition of art. 184l as it stands."""

    article: str
    text: str
    state: str
    value: str
    threshold: str
    note: str = ""


def operator_application(
    entry: Entry, day: date, demand: Sequence[MemberDemand], conditions: Sequence[Fulfilled]
) -> Paper:
    """To the operator, with all points."""
    return _application(entry, day, demand, conditions, operators(entry), entry.points, "operatora", "do-operatora")


def seller_application(
    entry: Entry, day: date, demand: Sequence[MemberDemand], conditions: Sequence[Fulfilled], seller: str
) -> Paper:
    """To one seller, with the points that it supplies and the demand of their members' points at it."""
    mine = [point for point in entry.points if contract_at(point, entry.at).seller == seller]
    return _application(
        entry, day, demand, conditions, seller, mine, "sprzedawcy", f"do-sprzedawcy-{file_stem(seller)}"
    )


def sellers(entry: Entry) -> list[str]:
    """Who sells to the points, by name."""
    return sorted({name for point in entry.points if (name := contract_at(point, entry.at).seller)})


def without_seller(entry: Entry) -> list[str]:
    """Points that draw and of which nobody said who sells."""
    return [
        point.id for point in entry.points if "drawn" in point.directions and not contract_at(point, entry.at).seller
    ]


def _application(
    entry: Entry,
    day: date,
    demand: Sequence[MemberDemand],
    conditions: Sequence[Fulfilled],
    addressee: str | Gap,
    points: Sequence[Point],
    kind: str,
    name: str,
) -> Paper:
    number = filled(entry.cluster.register_number, f"[cluster] register_number w {entry.file}")
    head = head_sheet(
        entry,
        [
            ("Adresat", addressee),
            ("Wniosek", f"do {kind} o rozliczanie klastra energii na zasadach art. 184k"),
            ("Numer w rejestrze klastrów energii", number),
        ],
    )
    title = f"Wniosek do {kind} o rozliczenia, o których mowa w art. 184k"
    return Paper(
        name=f"wniosek-{name}",
        title=title,
        basis="art. 184l ust. 3 i 4 ustawy o OZE",
        day=day,
        sheets=(
            head,
            _points(entry, points),
            _demand(entry, {point.member for point in points}, demand),
            _conditions(conditions),
            devices_sheet(entry),
            powers_sheet(entry),
        ),
    )


def _points(entry: Entry, points: Sequence[Point]) -> Sheet:
    columns = ("Lp.", "Kod punktu (PPE)", "Członek", "Rodzaj punktu", "Grupa taryfowa", "Sprzedawca", "Umowa")
    names = {one.id: one.name or one.id for one in entry.members}
    rows: list[tuple[Cell, ...]] = []
    for i, point in enumerate(points, 1):
        contract = contract_at(point, entry.at)
        draws = "drawn" in point.directions
        seller: Cell = contract.seller
        if draws and not contract.seller:
            seller = Gap(f"[[points]] {point.id}: seller w {entry.file}")
        ways = ", ".join(DIRECTIONS[way] for way in point.directions)
        rows.append((i, point.id, names[point.member], ways, point.tariff, seller, CONTRACTS[contract.contract]))
    return Sheet("Punkty", columns, rows)


def _demand(entry: Entry, members: set[str], demand: Sequence[MemberDemand]) -> Sheet:
    names = {one.id: one.name or one.id for one in entry.members}
    mine = [one for one in demand if one.member in members]
    rows: list[tuple[Cell, ...]] = []
    for i, one in enumerate(mine, 1):
        amount: Cell = kwh(one.wh)
        basis = f"dane pomiarowe z roku {one.year}" if one.metered else "szacunek"
        if one.wh is None:
            amount, basis = Gap(f"[[demand_estimates]] {one.member} ({one.year}) w {entry.file}"), "nie ustalono"
        rows.append((i, names.get(one.member, one.member), amount, basis, one.source))
    known = [one.wh for one in mine if one.wh is not None]
    all_known = len(known) == len(mine) and mine
    rows.append((None, "Razem", kwh(sum(known)) if all_known else "nie ustalono", "", ""))
    note = (
        "Oświadczenie o łącznym rocznym zapotrzebowaniu członków (art. 184l ust. 4 pkt 1): na podstawie danych "
        "pomiarowych z roku poprzedzającego rok złożenia oświadczenia, a w razie ich braku szacunkowe."
    )
    columns = ("Lp.", "Członek", "Roczne zapotrzebowanie [kWh]", "Podstawa", "Źródło szacunku")
    return Sheet("Zapotrzebowanie", columns, rows, (note,))


def _conditions(conditions: Sequence[Fulfilled]) -> Sheet:
    rows = [(one.article, one.text, one.threshold, one.value, one.state, one.note) for one in conditions]
    note = "Oświadczenie o spełnieniu warunków (art. 184l ust. 4 pkt 2). „Nie ustalono”: dane nie wystarczają."
    return Sheet("Warunki", ("Przepis", "Warunek", "Wymagane", "Jest", "Wynik", "Uwagi"), rows, (note,))
