"""The case file of a call by URE to complete something: served, due, consequence (arts. 38ac and 38ad)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from central.cluster.dealings import Call, FilingKind
from central.papers.entry import Entry, head_sheet
from central.papers.paper import Cell, Gap, Paper, Sheet, file_stem
from central.papers.words import FILINGS

TERM: Final = timedelta(days=14)
"""From the day on which the call was served."""
LEFT: Final = "pozostawienie wniosku bez rozpoznania"


def call_file(entry: Entry, day: date, call: Call) -> Paper:
    """One call with the filing that it is about."""
    filing = next((one for one in entry.cluster.filings if one.id == call.filing), None)
    due = call.served + TERM
    of_report = filing is not None and filing.kind is FilingKind.ANNUAL_REPORT
    consequence = "wezwanie dotyczy sprawozdania (art. 38ad ust. 2–3)" if of_report else LEFT
    state = "udzielono odpowiedzi"
    if call.answered is None:
        state = f"termin minął {(day - due).days} dni temu" if day > due else f"pozostało dni: {(due - day).days}"
    elif call.answered > due:
        state = f"odpowiedź po terminie o {(call.answered - due).days} dni"
    place = f"[[calls]] {call.id}: {{}} w {entry.file}"
    told: list[tuple[str, Cell]] = [
        ("Znak wezwania", call.id),
        ("Doręczono", call.served),
        ("Czego dotyczy", call.subject or Gap(place.format("subject"))),
        ("Pismo, którego dotyczy", FILINGS[filing.kind] if filing else Gap(place.format("filing"))),
        ("Pismo – oznaczenie", filing.id if filing else ""),
        ("Pismo – wysłano", filing.sent if filing else None),
        ("Pismo – adresat", filing.addressee if filing else ""),
        ("Termin uzupełnienia (14 dni od doręczenia)", due),
        ("Skutek bezskutecznego upływu", consequence),
        ("Odpowiedziano", call.answered or "nie"),
        ("Stan", state),
    ]
    rows = [
        ("Wezwanie odczytane, braki spisane", ""),
        ("Uzupełnienie przygotowane", ""),
        ("Uzupełnienie wysłane (data, sposób)", call.answered or ""),
        ("Potwierdzenie nadania w aktach", ""),
    ]
    return Paper(
        name=f"akta-wezwania-{file_stem(call.id)}",
        title=f"Akta wezwania do uzupełnienia {call.id}",
        basis="art. 38ac i art. 38ad ust. 2–3 ustawy o OZE",
        day=day,
        sheets=(head_sheet(entry, told), Sheet("Czynności", ("Czynność", "Data / uwagi"), rows)),
    )
