"""Names of what a statement is about, in Polish and English; what isn't here is shown as it is."""

from __future__ import annotations

from typing import Final

from central.statements.texts_en import EN
from central.statements.texts_pl import PL

MONTHS: Final = {
    "pl": ("styczeń", "luty", "marzec", "kwiecień", "maj", "czerwiec", "lipiec", "sierpień", "wrzesień",
           "październik", "listopad", "grudzień"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
KINDS: Final = {
    "pl": {
        "preliminary": "rozliczenie wstępne nr {version}",
        "final": "rozliczenie ostateczne",
        "correction": "korekta nr {version}",
    },
    "en": {
        "preliminary": "preliminary settlement no. {version}",
        "final": "final settlement",
        "correction": "correction no. {version}",
    },
}
COMPONENTS: Final = {
    "pl": {
        "network_variable": "składnik zmienny stawki sieciowej",
        "quality": "stawka jakościowa",
        "oze": "opłata OZE",
        "chp": "opłata kogeneracyjna",
        "vat": "VAT",
    },
    "en": {
        "network_variable": "variable network rate",
        "quality": "quality rate",
        "oze": "OZE fee",
        "chp": "cogeneration fee",
        "vat": "VAT",
    },
}
STATUSES: Final = {
    "pl": {
        "verified": "sprawdzona",
        "unverified": "niesprawdzona",
        "illustrative": "przykładowa",
        "missing": "brak stawki",
        "unknown": "nieznana",
    },
    "en": {one: one for one in ("verified", "unverified", "illustrative", "missing", "unknown")},
}
WAYS: Final = {
    "pl": {"drawn": "pobór", "injected": "wprowadzanie"},
    "en": {"drawn": "drawn", "injected": "injected"},
}
SOURCES: Final = {
    "pl": {
        "own": "własne odczyty",
        "operator": "plik operatora",
        "estimate": "oszacowanie",
        "readings": "plik odczytów, pochodzenie niepodane",
        "missing": "brak wartości",
    },
    "en": {
        "own": "own readings",
        "operator": "operator's file",
        "estimate": "estimate",
        "readings": "file of readings, origin not given",
        "missing": "no value",
    },
}
QUALITIES: Final = {
    "pl": {
        "measured": "zmierzone",
        "interpolated": "interpolowane",
        "estimated": "zastępcze lub szacowane",
        "substituted": "zastępcze",
        "unstated": "bez statusu",
        "unknown": "status nieznany",
    },
    "en": {
        "measured": "measured",
        "interpolated": "interpolated",
        "estimated": "substituted or estimated",
        "substituted": "substituted",
        "unstated": "no status given",
        "unknown": "status not known",
    },
}
METHODS: Final = {
    "pl": {
        "linear": "liniowa",
        "like_days": "podobne dni",
        "profile": "profil",
        "own_load_profile": "własny profil",
        "manual": "wpis ręczny",
    },
    "en": {"like_days": "like days", "own_load_profile": "own load profile"},
}
ZONES: Final = {
    "pl": {
        "peak": "szczytowa",
        "off_peak": "pozaszczytowa",
        "day": "dzienna",
        "night": "nocna",
        "morning_peak": "szczyt przedpołudniowy",
        "afternoon_peak": "szczyt popołudniowy",
        "rest": "pozostałe godziny",
    },
    "en": {"off_peak": "off-peak"},
}
COMPARED: Final = {
    "pl": {
        "drawn_wh": "energia pobrana, kWh",
        "injected_wh": "energia wprowadzona, kWh",
        "allocated_wh": "energia przydzielona, kWh",
        "relieved_wh": "energia objęta ulgą, kWh",
        "full_zl": "opłaty bez klastra, zł netto",
        "relief_zl": "ulga, zł netto",
        "charge_zl": "opłaty w klastrze, zł netto",
        "full_gross_zl": "opłaty bez klastra, zł brutto",
        "relief_gross_zl": "ulga, zł brutto",
        "charge_gross_zl": "opłaty w klastrze, zł brutto",
    },
    "en": {
        "drawn_wh": "energy drawn, kWh",
        "injected_wh": "energy injected, kWh",
        "allocated_wh": "energy allocated, kWh",
        "relieved_wh": "energy with relief, kWh",
        "full_zl": "charges without the cluster, zł net",
        "relief_zl": "relief, zł net",
        "charge_zl": "charges in the cluster, zł net",
        "full_gross_zl": "charges without the cluster, zł gross",
        "relief_gross_zl": "relief, zł gross",
        "charge_gross_zl": "charges in the cluster, zł gross",
    },
}
TEXTS: Final = {"pl": PL, "en": EN}
