"""Words of the papers: kinds of members, installations and contracts as Polish law and practice call them."""

from __future__ import annotations

from typing import Final

from central.cluster.dealings import FilingKind
from central.cluster.model import ContractKind, Kind
from metering.point import Direction, Source

KINDS: Final = {
    Kind.GMINA: "gmina",
    Kind.POWIAT: "powiat",
    Kind.WOJEWODZTWO: "województwo",
    Kind.JST_COMPANY: "spółka kapitałowa utworzona przez jednostkę samorządu terytorialnego",
    Kind.JST_SUBSIDIARY: "spółka zależna od spółki komunalnej",
    Kind.JST_UNION: "związek jednostek samorządu terytorialnego",
    Kind.COMPANY: "spółka",
    Kind.COOPERATIVE: "spółdzielnia",
    Kind.PERSON: "osoba fizyczna",
    Kind.OTHER: "inny podmiot",
}
SOURCES: Final = {
    Source.PV: "fotowoltaiczna",
    Source.WIND: "wiatrowa",
    Source.HYDRO: "wodna",
    Source.BIOGAS: "biogazowa",
    Source.BIOMASS: "biomasowa",
    Source.CHP_GAS: "kogeneracja gazowa",
    Source.STORAGE: "magazyn energii elektrycznej",
    Source.OTHER: "inna jednostka wytwórcza",
}
DIRECTIONS: Final = {Direction.DRAWN: "pobór", Direction.INJECTED: "wprowadzanie"}
CONTRACTS: Final = {ContractKind.COMPREHENSIVE: "kompleksowa", ContractKind.SEPARATE: "rozdzielona", None: ""}
FILINGS: Final = {
    FilingKind.REGISTER_APPLICATION: "wniosek o wpis do rejestru klastrów energii",
    FilingKind.REGISTER_CHANGE: "wniosek o zmianę danych w rejestrze",
    FilingKind.OPERATOR_APPLICATION: "wniosek do operatora systemu dystrybucyjnego",
    FilingKind.SELLER_APPLICATION: "wniosek do sprzedawcy",
    FilingKind.ANNUAL_REPORT: "sprawozdanie roczne",
}
