"""The text that goes with the evidence of a complaint: short, in Polish and in English."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from central.figures.comparing import ALL_ZONES, Line
from central.figures.complaint import Evidence, face, title
from central.figures.complaint_cells import kwh_cell
from central.figures.polish import ARTICLES, COMPONENTS, SETTLED_BY, STATUSES, why_text
from central.register.opening import Run

_NAMED = 40
"""So many differences are written out; the sheets have all."""


def complaint_text(made: Evidence) -> str:
    """The text; its lines end as this system's do."""
    return "\n".join([*_polish(made), "", "-" * 72, "", *_english(made)]) + "\n"


def _polish(made: Evidence) -> Iterator[str]:
    yield title(made).upper()
    yield from face(made)
    yield ""
    yield f"Klaster: {made.compared.cluster}{_register_number(made.run)}"
    if made.addressees:
        yield f"Adresat: {', '.join(made.addressees)}"
    yield f"Miesiąc: {made.compared.month}; punkty: {', '.join(made.points)}"
    yield ""
    yield "1. Co naliczono"
    for one in made.documents:
        yield f"   {one.document.document}, wersja {one.version} (plik {one.file}, sha256 {one.sha256})"
    if not made.documents:
        yield "   nie wprowadzono żadnego dokumentu"
    yield ""
    yield "2. Różnice (naliczono − obliczenie kontrolne, netto)"
    differing = [line for line in made.lines if line.state == "differs"]
    for line in differing[:_NAMED]:
        yield f"   {_where(line)}: {_amounts(line.theirs_zl, line.ours_zl, line.difference_zl, unit='zł')}"
        if line.difference_wh is not None:
            wh = (line.theirs_wh, line.ours_wh, line.difference_wh)
            yield f"      energia: {_amounts(*map(kwh_cell, wh), unit='kWh')}"
        if line.seems == "without_cluster":
            yield "      Naliczono tyle, ile należałoby się bez klastra."
    if len(differing) > _NAMED:
        yield f"   i {len(differing) - _NAMED} dalszych (arkusz „Różnice”)"
    if not differing:
        yield "   brak"
    money = [line.difference_zl for line in made.lines if line.difference_zl is not None]
    yield f"   Razem: {_plain(sum(money, Decimal(0)))} zł netto" if money else "   Razem: nie wiadomo"
    for line in [line for line in made.lines if line.why][:_NAMED]:
        yield f"   Nie porównano: {_where(line)}: {why_text(line.why)}"
    yield ""
    yield "3. Na czym opiera się obliczenie"
    yield f"   Przebieg {made.run.id}, skrót {made.run.row.manifest}; energie i godziny: arkusz „Godziny”."
    for component in dict.fromkeys(line.component for line in made.lines):
        yield f"   {COMPONENTS[component]}: {ARTICLES[component]} ustawy o OZE"
    yield f"   Rozliczenie z zachowaniem udziałów członków w godzinowym poborze: {SETTLED_BY[made.party]} ustawy o OZE"
    for rate in made.rates:
        yield f"   {_rate(rate)}"
    yield ""
    yield "4. Sprawdzenie: klaster-central runs export, potem klaster-central verify PLIK oblicza wszystko od nowa."


def _english(made: Evidence) -> Iterator[str]:
    simulation = made.compared.regime_status == "simulation"
    yield f"In English: evidence of a complaint, {made.compared.month}, to the {made.party}"
    if simulation:
        yield (
            "SIMULATION: the relief is suspended until the European Commission has decided (art. 48 of the Act of "
            "17.08.2023)."
        )
    yield "A control calculation of the cluster's coordinator; the operator and the seller charge."
    money = [line.difference_zl for line in made.lines if line.difference_zl is not None]
    total = f"{_plain(sum(money, Decimal(0)))} zł net" if money else "not known"
    differing, lacking = (sum(test(line) for line in made.lines) for test in (_differs, _lacks))
    yield f"Points: {', '.join(made.points)}. Lines that differ: {differing}; not or not wholly compared: {lacking}."
    yield f"Charged less reckoned: {total}. Run {made.run.id}, digest {made.run.row.manifest}."


def _differs(line: Line) -> bool:
    return line.state == "differs"


def _lacks(line: Line) -> bool:
    return bool(line.why)


def _register_number(run: Run) -> str:
    number = run.cluster.register_number
    return f", numer w rejestrze klastrów energii: {number}" if number else ""


def _where(line: Line) -> str:
    zone = "" if not line.zone else ", wszystkie strefy" if line.zone == ALL_ZONES else f", strefa {line.zone}"
    return f"{line.point}, {COMPONENTS[line.component]}{zone}"


def _amounts(theirs: Decimal | None, ours: Decimal | None, difference: Decimal | None, *, unit: str) -> str:
    shown = ["nie wiadomo" if one is None else f"{_plain(one)} {unit}" for one in (theirs, ours, difference)]
    return f"naliczono {shown[0]}, obliczenie {shown[1]}, różnica {shown[2]}"


def _plain(value: Decimal) -> str:
    return format(value, "f").replace(".", ",")


def _rate(rate: Any) -> str:
    of = " ".join(filter(None, (rate["tariff"], rate["zone"])))
    said = f"{COMPONENTS[rate['component']]}{f' ({of})' if of else ''}: {rate['zl_per_kwh'].replace('.', ',')} zł/kWh"
    decision = f", decyzja {rate['decision_no']}" if rate.get("decision_no") else ", decyzji nie podano"
    return f"{said}; źródło: {rate['source'] or 'nie podano'}{decision}; {STATUSES[rate['status']]}"
