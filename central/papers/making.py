"""The papers by name, each made from a configuration: which data it needs is gathered here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from central.books import Books
from central.cluster.loading import load_cluster
from central.cluster.model import Cluster
from central.config import CentralConfig
from central.papers.annual_report import annual_report
from central.papers.call_file import call_file
from central.papers.conditions import fulfilled
from central.papers.demand import demand
from central.papers.entry import Entry, entry_at
from central.papers.gathering import at_end_of, declared, year_of_books
from central.papers.paper import Paper
from central.papers.past import cluster_on
from central.papers.public_extract import public_extract
from central.papers.register_application import register_application
from central.papers.register_change import register_change
from central.papers.settlement_application import (
    operator_application,
    seller_application,
    sellers,
    without_seller,
)


class AskedError(Exception):
    """What was asked for can't be made: the message says why, and the way out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a paper is made for."""

    config: CentralConfig
    cluster: Cluster
    on: date
    """The local day whose data it tells."""
    now: datetime
    year: int | None = None
    seller: str = ""
    call: str = ""
    since: date | None = None
    before: Path | None = None
    """Of a change: an earlier cluster file."""

    @property
    def file(self) -> str:
        """The cluster file's name."""
        return self.config.cluster_file.name

    def entry(self) -> Entry:
        """The register's data on the day."""
        return entry_at(self.cluster, at_end_of(self.on), self.file)


def _application(asked: Asked) -> list[Paper]:
    return [register_application(asked.entry(), asked.on)]


def _change(asked: Asked) -> list[Paper]:
    if asked.before is not None:
        since = asked.since or asked.on
        old, origin = load_cluster(asked.before), asked.before.name
    elif asked.since is not None:
        since = asked.since
        old, origin = cluster_on(asked.config.cluster_file, since)
    else:
        raise AskedError("give --since DATE (the last day of the old data), or --before FILE (an earlier cluster file)")
    if since > asked.on:
        raise AskedError(f"--since {since} is after --on {asked.on}")
    before = entry_at(old, at_end_of(since), asked.file)
    return [register_change(before, asked.entry(), since, asked.on, origin)]


def _operator(asked: Asked) -> list[Paper]:
    entry = asked.entry()
    points, periods, conditions = declared(Books(asked.config), asked.on, asked.now)
    needs = demand(entry, asked.on.year - 1, points, periods)
    return [operator_application(entry, asked.on, needs, fulfilled(conditions))]


def _sellers(asked: Asked) -> list[Paper]:
    entry = asked.entry()
    names = sellers(entry)
    if asked.seller and asked.seller not in names:
        known = ", ".join(names) or "none: say it in [[points]] seller"
        raise AskedError(f'no point is supplied by "{asked.seller}" on {asked.on}; sellers: {known}')
    if not names:
        bare = ", ".join(without_seller(entry)[:5])
        raise AskedError(f"nobody said who sells to the points ({bare}): fill in [[points]] seller in {asked.file}")
    points, periods, conditions = declared(Books(asked.config), asked.on, asked.now)
    needs = demand(entry, asked.on.year - 1, points, periods)
    verdicts = fulfilled(conditions)
    return [seller_application(entry, asked.on, needs, verdicts, name) for name in names if asked.seller in {"", name}]


def _report(asked: Asked) -> list[Paper]:
    year = asked.year or asked.on.year - 1
    end = date(year, 12, 31)
    entry = entry_at(asked.cluster, at_end_of(min(end, asked.on)), asked.file)
    return [annual_report(entry, min(end, asked.on), year_of_books(Books(asked.config), year, asked.now))]


def _extract(asked: Asked) -> list[Paper]:
    return [public_extract(asked.entry(), asked.on)]


def _call(asked: Asked) -> list[Paper]:
    calls = asked.cluster.calls
    wanted = [one for one in calls if asked.call in {"", one.id}]
    if not wanted:
        known = ", ".join(one.id for one in calls) or f"none: enter it in [[calls]] of {asked.file}"
        raise AskedError(f"there is no such call; recorded: {known}")
    return [call_file(asked.entry(), asked.on, one) for one in wanted]


PAPERS: Final[dict[str, tuple[str, str, Callable[[Asked], list[Paper]]]]] = {
    "register-application": ("wniosek o wpis do rejestru URE", "art. 38ac ust. 4–6", _application),
    "register-change": ("wniosek o zmianę danych w rejestrze", "art. 38ac ust. 10", _change),
    "operator-application": ("wniosek do operatora", "art. 184l ust. 3–4", _operator),
    "seller-applications": ("wnioski do sprzedawców", "art. 184l ust. 3–4", _sellers),
    "annual-report": ("sprawozdanie roczne", "art. 38ad ust. 1", _report),
    "public-extract": ("wyciąg publiczny", "art. 38ac ust. 8", _extract),
    "call-file": ("akta wezwania URE", "art. 38ac, 38ad ust. 2–3", _call),
}
"""Each paper's name, what it is, its articles, and how it is made."""
