"""What each duty is called, in both languages."""

from __future__ import annotations

from typing import Final

from central.papers.duties import Duty, DutyState, Who

WORDS: Final[dict[str, dict[str, str]]] = {
    "entry": {
        "pl": "URE: wpis do rejestru klastrów energii (14 dni)",
        "en": "URE enters the cluster in the register (14 days)",
    },
    "change": {
        "pl": "Wniosek do URE o zmianę danych w rejestrze (14 dni od zmiany)",
        "en": "Tell URE of a change of the register's data (14 days)",
    },
    "operator_contracts": {
        "pl": "Operator: umowy o świadczenie usług dystrybucji (90 dni)",
        "en": "The operator amends the contracts (90 days)",
    },
    "seller_60": {
        "pl": "Sprzedawca: rozliczenia od kompletnego wniosku (60 dni)",
        "en": "The seller begins the settlement (60 days from a complete application)",
    },
    "seller_90": {"pl": "Sprzedawca: zmiana umów (90 dni)", "en": "The seller amends the contracts (90 days)"},
    "remote_read": {
        "pl": "Operator: liczniki zdalnego odczytu (90 dni)",
        "en": "The operator installs remote-read meters (90 days)",
    },
    "annual_report": {"pl": "Sprawozdanie roczne do URE", "en": "Annual report to URE"},
    "call": {"pl": "Uzupełnienie na wezwanie URE (14 dni)", "en": "Answer URE's call (14 days)"},
    "agreement_end": {
        "pl": "Koniec porozumienia: wykreślenie z rejestru, jeżeli nie ma nowego",
        "en": "The agreement ends: strike-off where none follows",
    },
    "switch": {
        "pl": "Ostatni dzień warunków z art. 184l ust. 1; od następnego dnia obowiązują warunki z ust. 2",
        "en": "Last day of the conditions of art. 184l ust. 1; ust. 2 from the next",
    },
    "relief_ends": {"pl": "Ostatni dzień rozliczeń z art. 184k", "en": "Last day of relief by art. 184k"},
    "operator_data": {
        "pl": "Operator: komplet danych pomiarowych miesiąca",
        "en": "The operator's data of the month must be whole",
    },
}
STATES: Final = {
    "pl": {
        DutyState.DONE: "wykonane",
        DutyState.OPEN: "otwarte",
        DutyState.LATE: "po terminie",
        DutyState.PASSED: "minęło",
    },
    "en": {one: one.value for one in DutyState},
}
WHO: Final = {
    "pl": {
        Who.COORDINATOR: "koordynator",
        Who.OPERATOR: "operator",
        Who.SELLER: "sprzedawca",
        Who.URE: "URE",
        Who.NOBODY: "–",
    },
    "en": {one: "–" if one is Who.NOBODY else "URE" if one is Who.URE else one.value for one in Who},
}


def title(duty: Duty, language: str) -> str:
    """What a duty is, with its subject."""
    said = WORDS[duty.kind][language]
    return f"{said}: {duty.subject}" if duty.subject else said
