"""The cluster's entry in the URE register at one instant, field by field (art. 38ac ust. 5 of the RES Act)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from central.cluster.model import Cluster, Installation, Member, Point
from central.cluster.spans import contract_at, members_at, points_at
from central.papers.paper import Cell, Gap, Sheet, filled
from central.papers.words import DIRECTIONS, KINDS, SOURCES
from central.validity import is_valid
from metering.point import Source


@dataclass(frozen=True, slots=True)
class Entry:
    """What is (or is to be) in the register."""

    cluster: Cluster
    at: datetime
    file: str
    """The cluster file's name: gaps are filled in there."""
    members: tuple[Member, ...]
    points: tuple[Point, ...]
    installations: tuple[Installation, ...]


def entry_at(cluster: Cluster, at: datetime, file: str) -> Entry:
    """The entry as the cluster file has it for one instant."""
    points = tuple(points_at(cluster, at))
    there = {point.id for point in points}
    devices = tuple(one for one in cluster.installations if one.point in there and is_valid(one, at))
    return Entry(cluster, at, file, tuple(members_at(cluster, at)), points, devices)


def head_sheet(entry: Entry, more: Sequence[tuple[str, Cell]] = ()) -> Sheet:
    """Coordinator, area, activity and operator; ``more`` goes before."""
    cluster, one = entry.cluster, entry.cluster.coordinator
    file = entry.file
    rows: list[tuple[str, Cell]] = [
        *more,
        ("Nazwa klastra energii", cluster.name),
        ("Koordynator – nazwa", filled(one.name if one else "", f"[coordinator] name w {file}")),
        ("Koordynator – adres", filled(one.address if one else "", f"[coordinator] address w {file}")),
        ("Koordynator – NIP", filled(one.nip if one else "", f"[coordinator] nip w {file}")),
        ("Koordynator – KRS", one.krs if one else ""),
        ("Koordynator – e-mail", one.email if one else ""),
        ("Koordynator – osoba reprezentująca", filled(one.representative if one else "", _signs(file))),
        ("Obszar działania klastra", filled(cluster.area, f"[cluster] area w {file}")),
        ("Przedmiot działalności klastra", filled(cluster.activity, f"[cluster] activity w {file}")),
        ("Operator systemu dystrybucyjnego", operators(entry)),
    ]
    return Sheet("Pismo", ("Pole", "Treść"), rows)


def _signs(file: str) -> str:
    return f"[coordinator] representative w {file}"


def operators(entry: Entry) -> str | Gap:
    """Whose network the points are connected with."""
    names = {contract_at(point, entry.at).operator for point in entry.points}
    if not entry.points or "" in names:
        return Gap(f"[[points]] operator w {entry.file}")
    return ", ".join(sorted(names))


def members_sheet(entry: Entry, *, addresses: bool) -> Sheet:
    """The members; their addresses and seats only where the paper may show them."""
    columns = ("Lp.", "Członek", "Rodzaj", *(("NIP", "Adres / siedziba", "TERYT siedziby") if addresses else ()))
    rows = []
    for i, one in enumerate(entry.members, 1):
        row: tuple[Cell, ...] = (i, filled(one.name, _of(entry, "members", one.id, "name")), KINDS[one.kind])
        if addresses:
            row += (one.nip, filled(one.address, _of(entry, "members", one.id, "address")), one.seat)
        rows.append(row)
    return Sheet("Członkowie", columns, rows)


def _of(entry: Entry, table: str, name: str, key: str) -> str:
    return f"[[{table}]] {name}: {key} w {entry.file}"


def devices_sheet(entry: Entry) -> Sheet:
    """Installations, generating units and storages: kind, installed power, place."""
    columns = ("Lp.", "Oznaczenie", "Rodzaj", "OZE", "Moc zainstalowana [kW]", "Moc magazynu [kW]",
               "Pojemność magazynu [kWh]", "Lokalizacja", "TERYT gminy", "Punkt")  # fmt: skip
    gminy = {point.id: point.gmina for point in entry.points}
    rows: list[tuple[Cell, ...]] = []
    for i, one in enumerate(entry.installations, 1):
        power: Cell = one.power_kw
        if not one.power_kw and one.kind is not Source.STORAGE:
            power = Gap(_of(entry, "installations", one.id, "power_kw"))
        stored: Cell = one.storage_power_kw if one.storage_power_kw else None
        if one.kind is Source.STORAGE and not one.storage_power_kw:
            stored = Gap(_of(entry, "installations", one.id, "storage_power_kw"))
        rows.append((
            i, one.id, SOURCES[one.kind], "tak" if one.kind.is_res else "nie", power, stored,
            one.storage_kwh if one.storage_kwh else None,
            filled(one.location, _of(entry, "installations", one.id, "location")),
            filled(one.gmina or gminy.get(one.point, ""), _of(entry, "installations", one.id, "gmina")), one.point,
        ))  # fmt: skip
    rows += _undeclared(entry, len(rows))
    return Sheet("Instalacje i magazyny", columns, rows)


def _undeclared(entry: Entry, count: int) -> Iterable[tuple[Cell, ...]]:
    """Points that inject while no installation behind them is recorded."""
    with_device = {one.point for one in entry.installations}
    bare = [point for point in entry.points if point.source and point.id not in with_device]
    for i, point in enumerate((one for one in bare if one.generates or one.injects_stored), count + 1):
        gap = Gap(f"[[installations]] za punktem {point.id} w {entry.file}")
        source = Source(point.source)
        res = "tak" if source.is_res else "nie"
        yield (i, gap, SOURCES[source], res, gap, None, None, gap, filled(point.gmina, gap.key), point.id)


def powers_sheet(entry: Entry) -> Sheet:
    """How many there are of each kind, and their power together."""
    groups = {
        "instalacje OZE": [one for one in entry.installations if one.kind.is_res],
        "inne jednostki wytwórcze": [
            one for one in entry.installations if not one.kind.is_res and one.kind is not Source.STORAGE
        ],
    }
    rows: list[tuple[Cell, ...]] = [
        (name, len(ones), total(one.power_kw for one in ones)) for name, ones in groups.items()
    ]
    stores = [one for one in entry.installations if one.storage_power_kw]
    rows.append(("magazyny energii", len(stores), total(one.storage_power_kw for one in stores)))
    return Sheet("Moce razem", ("Grupa", "Liczba", "Łączna moc zainstalowana elektryczna [kW]"), rows)


def points_sheet(entry: Entry) -> Sheet:
    """The points: where energy is drawn (PPE) and where it is injected."""
    names = {one.id: one.name or one.id for one in entry.members}
    rows = [
        (i, point.id, names[point.member], ", ".join(DIRECTIONS[way] for way in point.directions))
        for i, point in enumerate(entry.points, 1)
    ]
    return Sheet("Punkty", ("Lp.", "Kod punktu (PPE)", "Członek", "Rodzaj punktu"), rows)


def total(amounts: Iterable[int | Decimal]) -> Decimal:
    """The sum of some powers."""
    return sum((Decimal(one) for one in amounts), Decimal(0))
