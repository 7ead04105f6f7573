"""Words of a complaint, in Polish: it goes to the operator or the seller."""

from __future__ import annotations

from typing import Final

PARTIES: Final = {"operator": "operator systemu dystrybucyjnego", "seller": "sprzedawca"}
COMPONENTS: Final = {
    "network_variable": "składnik zmienny stawki sieciowej",
    "quality": "stawka jakościowa",
    "oze": "opłata OZE",
    "chp": "opłata kogeneracyjna",
    "network_fixed": "składnik stały stawki sieciowej",
    "capacity": "opłata mocowa",
    "subscription": "opłata abonamentowa",
    "transition": "opłata przejściowa",
    "energy": "energia czynna",
    "excise": "akcyza",
    "other": "inne",
}
ARTICLES: Final = {
    "network_variable": "art. 184k ust. 1 pkt 2, ust. 2",
    "quality": "art. 184k ust. 1 pkt 2, ust. 2",
    "oze": "art. 184k ust. 1 pkt 1 lit. a",
    "chp": "art. 184k ust. 1 pkt 1 lit. b",
}
"""Of the RES Act: why less of the component is charged."""
SETTLED_BY: Final = {"operator": "art. 184m ust. 1", "seller": "art. 184m ust. 2"}
"""Who settles, with the members' proportional shares in each hour."""
STATES: Final = {"alike": "zgodne", "differs": "różnica", "not_compared": "nie porównano"}
STATUSES: Final = {
    "verified": "zweryfikowane",
    "unverified": "niezweryfikowane",
    "illustrative": "przykładowe, nie operatora",
    "missing": "brak",
    "": "",
}
CONTROL: Final = "Obliczenie kontrolne koordynatora klastra. Opłaty naliczają operator i sprzedawca."
SIMULATION: Final = (
    "SYMULACJA: art. 184k ust. 1 ustawy o OZE nie stosuje się do czasu rozstrzygnięcia Komisji Europejskiej (art. 48 "
    "ustawy z 17.08.2023 r., Dz.U. 2023 poz. 1762). Do tego czasu nikt nie musi naliczać tak, jak liczy klaster."
)
_WHY: Final = {
    "klaster reckons nothing of it": "klaster tego nie oblicza",
    "not known to klaster: a rate is missing": "klaster nie zna: brak stawki",
    "not known to klaster: no hour is complete": "klaster nie zna: żadna godzina nie jest pełna",
    "not known to klaster: a rate of 0 doesn't tell on which per cent it is charged": (
        "klaster nie zna: stawka 0 nie mówi, od jakiej części energii naliczono opłatę"
    ),
    "no document charges it": "żaden wprowadzony dokument tego nie nalicza",
    "a document doesn't say the quantity": "dokument nie podaje ilości",
    "a document doesn't say net zł": "dokument nie podaje kwoty netto",
}


def why_text(why: str) -> str:
    """Why a line can't be compared, in Polish."""
    found = []
    for part in filter(None, why.split("; ")):
        name = part.removeprefix("the corrected document ").removesuffix(" wasn't entered")
        found.append(_WHY.get(part, f"nie wprowadzono korygowanego dokumentu {name}"))
    return "; ".join(found)
