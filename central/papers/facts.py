"""What the register holds as single facts, so that two instants can be compared (art. 38ac ust. 5 and 10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from central.papers.entry import Entry, operators
from central.papers.paper import Gap, plain
from central.papers.words import DIRECTIONS, KINDS, SOURCES


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """The name of one fact."""

    section: str
    subject: str
    field: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A fact that differs; None: it isn't there."""

    fact: Fact
    before: str | None
    after: str | None


def facts_of(entry: Entry) -> dict[Fact, str]:
    """Every fact by its name; what nobody said is empty."""
    return {Fact(section, subject, field): value for section, subject, field, value in _facts(entry)}


def _facts(entry: Entry) -> Iterator[tuple[str, str, str, str]]:
    cluster, one = entry.cluster, entry.cluster.coordinator
    yield "koordynator", "", "nazwa", one.name if one else ""
    yield "koordynator", "", "adres", one.address if one else ""
    yield "klaster", "", "obszar", cluster.area
    yield "klaster", "", "przedmiot działalności", cluster.activity
    operator = operators(entry)
    yield "klaster", "", "operator", "" if isinstance(operator, Gap) else operator
    for member in entry.members:
        yield "członek", member.id, "nazwa", member.name
        yield "członek", member.id, "rodzaj", KINDS[member.kind]
        yield "członek", member.id, "adres", member.address
    for device in entry.installations:
        yield "instalacja", device.id, "rodzaj", SOURCES[device.kind]
        yield "instalacja", device.id, "moc zainstalowana [kW]", plain(device.power_kw)
        yield "instalacja", device.id, "moc magazynu [kW]", plain(device.storage_power_kw)
        yield "instalacja", device.id, "pojemność magazynu [kWh]", plain(device.storage_kwh)
        yield "instalacja", device.id, "lokalizacja", " ".join((device.location, device.gmina)).strip()
    for point in entry.points:
        yield "punkt", point.id, "członek", point.member
        yield "punkt", point.id, "rodzaj punktu", ", ".join(DIRECTIONS[way] for way in point.directions)


def changed(before: Entry, after: Entry) -> list[Changed]:
    """Every fact that differs, in the order of the register's sections."""
    old, new = facts_of(before), facts_of(after)
    names = [*old, *(name for name in new if name not in old)]
    order = list(dict.fromkeys(name.section for name in names))
    found = [Changed(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
    return sorted(found, key=lambda one: (order.index(one.fact.section), one.fact.subject, names.index(one.fact)))
