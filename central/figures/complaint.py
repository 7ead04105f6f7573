"""The evidence of a complaint: what was charged, what klaster reckons, and all that it rests on.

For the operator or the seller, so in Polish. It is a control calculation; where it is a simulation it says so first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from central.figures.comparing import ALL_ZONES, Compared, Line
from central.figures.complaint_cells import decimal_cell, kwh_cell
from central.figures.complaint_hours import hours_sheet
from central.figures.complaint_rates import rates_of, rates_sheet, zones_sheet
from central.figures.figures_file import Entered
from central.figures.points import PointOf, points_of
from central.figures.polish import ARTICLES, COMPONENTS, CONTROL, PARTIES, SIMULATION, STATES, STATUSES, why_text
from central.papers.paper import Cell, Sheet, kwh
from central.register.opening import Run
from metering.period import Month, local_text


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into the files."""

    compared: Compared
    run: Run
    party: str
    points: tuple[str, ...]
    lines: tuple[Line, ...]
    """Those of the points."""
    seen: Mapping[str, PointOf]
    documents: tuple[Entered, ...]
    """Those of the party that charge the month at the points."""
    rates: tuple[Mapping[str, Any], ...]
    """The rates that the charges rest on."""
    sheets: tuple[Sheet, ...]

    @property
    def addressees(self) -> list[str]:
        """The operator, or the sellers, of the points."""
        names = [name for point in self.points if point in self.seen for name in self._named(self.seen[point])]
        return list(dict.fromkeys(names))

    def _named(self, point: PointOf) -> list[str]:
        return point.operators if self.party == "operator" else point.sellers


def evidence(run: Run, compared: Compared, entered: Sequence[Entered], party: str, points: Collection[str]) -> Evidence:
    """The evidence for some points.

    Raises:
        RunError: the run can't be read.
        TooMuchError: there are more hours than a workbook should hold.
    """
    month = Month.parse(compared.month)
    seen = points_of(run.cluster, month)
    lines = tuple(line for line in compared.lines if line.point in points)
    charges = [row for row in run.outputs()["charges"].to_pylist() if row["point"] in points]
    codes = {code: name for name, point in seen.items() for code in point.codes}
    documents = tuple(
        one
        for one in entered
        if one.document.party.value == party
        and any(
            figure.month == compared.month and codes.get(figure.point, figure.point) in points
            for figure in one.document.figures
        )
    )
    rates = tuple(rates_of(run, charges, month))
    made = Evidence(compared, run, party, tuple(sorted(points)), lines, seen, documents, rates, ())
    sheets = [
        _differences(made),
        _charges(charges),
        _documents(made, codes),
        rates_sheet(rates),
        *zones_sheet(run, charges, month),
        hours_sheet(run, made.points),
        _digests(run),
    ]
    return Evidence(compared, run, party, made.points, lines, seen, documents, rates, tuple(sheets))


def _differences(made: Evidence) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (
            line.point,
            line.member,
            COMPONENTS[line.component],
            "wszystkie" if line.zone == ALL_ZONES else line.zone,
            kwh_cell(line.theirs_wh),
            kwh_cell(line.ours_wh),
            kwh_cell(line.difference_wh),
            line.theirs_zl,
            line.ours_zl,
            line.difference_zl,
            line.full_zl,
            STATES[line.state] + (", jak bez klastra" if line.seems == "without_cluster" else ""),
            why_text(line.why),
            ", ".join(line.documents),
            STATUSES[line.rests_on],
            ARTICLES[line.component],
        )
        for line in made.lines
    ]
    columns = (
        *("PPE", "członek", "składnik", "strefa"),
        *("naliczono kWh", "obliczenie kontrolne kWh", "różnica kWh"),
        *("naliczono zł netto", "obliczenie kontrolne zł netto", "różnica zł netto", "bez klastra zł netto"),
        *("wynik", "czego nie porównano", "dokumenty", "stawki", "podstawa"),
    )
    note = "Różnica = naliczono − obliczenie kontrolne. Pusta komórka: wartość nie jest znana; nigdy nie znaczy 0."
    return Sheet("Różnice", columns, rows, (note,))


def _charges(charges: Sequence[Mapping[str, Any]]) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (
            row["point"],
            row["member"],
            COMPONENTS[row["component"]],
            row["zone"],
            kwh(row["drawn_wh"]),
            kwh(row["relieved_wh"]),
            decimal_cell(row["rate"]),
            *(
                decimal_cell(row[name])
                for name in ("full_zl", "relief_zl", "charge_zl", "full_exact_zl", "relief_exact_zl")
            ),
            STATUSES[row["rate_status"]],
            STATUSES[row.get("zone_status") or ""],
        )
        for row in charges
    ]
    columns = (
        *("PPE", "członek", "składnik", "strefa", "pobrano kWh", "z ulgą kWh", "stawka zł/kWh"),
        *("bez klastra zł", "ulga zł", "opłata zł", "bez klastra zł dokładnie", "ulga zł dokładnie"),
        *("status stawki", "status strefy"),
    )
    note = (
        "Energia w pełnych Wh. Dla PPE, miesiąca, strefy, składnika i stawki kwota bez klastra i ulga są zaokrąglone "
        "do 0,01 zł z sum dokładnych; opłata = bez klastra − ulga. Przepisy zaokrągleń nie określają."
    )
    return Sheet("Obliczenie kontrolne", columns, rows, (note,))


def _documents(made: Evidence, codes: Mapping[str, str]) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (
            one.document.document,
            one.document.issuer,
            one.document.corrects,
            codes.get(figure.point, figure.point),
            COMPONENTS.get(figure.component, figure.component),
            figure.zone,
            kwh_cell(figure.quantity_wh),
            figure.net_zl,
            figure.vat_zl,
            figure.gross_zl,
            figure.note,
            one.version,
            one.file,
            one.sha256,
            f"{one.who}, {local_text(one.at)}",
        )
        for one in made.documents
        for figure in one.document.figures
        if figure.month == made.compared.month and codes.get(figure.point, figure.point) in made.points
    ]
    columns = (
        *(
            "dokument",
            "wystawca",
            "koryguje",
            "PPE",
            "składnik",
            "strefa",
            "ilość kWh",
            "netto zł",
            "VAT zł",
            "brutto zł",
        ),
        *("uwagi", "wersja", "plik", "sha256 pliku", "wprowadzono"),
    )
    return Sheet("Dokumenty", columns, rows)


def _digests(run: Run) -> Sheet:
    said = run.manifest
    rows: list[tuple[Cell, ...]] = [
        ("przebieg rozliczenia", said.run),
        ("klaster", said.cluster),
        ("miesiąc", said.month),
        ("wykonano", local_text(said.made)),
        ("przez", said.by),
        ("powód", said.reason),
        ("zatwierdzono", "" if run.approval is None else f"{run.approval.by}, {local_text(run.approval.at)}"),
        ("skrót przebiegu (sha256 pliku run.json)", run.row.manifest),
        ("skrót wiersza rejestru", run.row.digest),
        *((f"program: {name}", str(value)) for name, value in sorted(_made_with(run).items())),
        *((f"ustawienie: {name}", _words(value)) for name, value in sorted(said.settings.items())),
        *((f"plik {name}", one.sha256) for name, one in sorted(said.files.items())),
    ]
    note = "Przebieg sprawdza: klaster-central verify; eksportuje go: klaster-central runs export."
    return Sheet("Przebieg i skróty", ("co", "wartość"), rows, (note,))


def _made_with(run: Run) -> dict[str, Any]:
    return {name: getattr(run.manifest.code, name) for name in run.manifest.code.__struct_fields__}


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def face(made: Evidence) -> list[str]:
    """What stands above everything: what this is, and what it isn't."""
    simulation = made.compared.regime_status == "simulation"
    found = [SIMULATION] if simulation else []
    found.append(CONTROL)
    if made.run.manifest.kind == "preliminary":
        found.append("Rozliczenie wstępne, nie ostateczne.")
    if count := made.compared.incomplete_periods:
        found.append(f"Godzin niepełnych, nieujętych w obliczeniu: {count}; różnice mogą z nich wynikać.")
    if doubtful := sorted({STATUSES[line.rests_on] for line in made.lines} - {STATUSES["verified"], ""}):
        found.append(f"Stawki lub strefy, na których oparto obliczenie, w części: {', '.join(doubtful)}.")
    return found


def title(made: Evidence) -> str:
    """The title of the files."""
    return f"Reklamacja naliczenia – dowody: {made.compared.month}, {PARTIES[made.party]}"
