"""What the store knows now, settled: the one way from stands to answers, for the CLI, the page and the API alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.archive import Archive, is_archive
from central.around import measured_around
from central.cluster import Cluster
from central.cluster.papers import Unauthorised
from central.config import CentralConfig, load_config
from central.energies import energies_of
from central.estimate import Outcome
from central.estimated import ESTIMATED, NOTE, estimated_table, fill, outcomes, with_estimated
from central.estimates.file import estimates_of
from central.evidence import AnotherCentral, GatewaySeen
from central.gateways import GatewayTable
from central.master import load_master, master_tables, periods_table, span_table
from central.opened import open_store
from central.opening import Window, has_storage, months_before
from central.operator_energies import operator_energies
from central.precedence import combine
from central.readings import ReadingsStore
from central.reports.note import Note
from central.reports.summary import Summary, summarise
from central.series import AROUND
from central.settlement import settle
from central.tables import STOCKS
from central.unauthorised_marks import mark
from central.undeclared import undeclared_injection
from metering.period import Month, utc_text

LOOK_AROUND = timedelta(days=62)
"""How far outside a month stands are looked for: two equal ones may prove zeros across its ends."""

KEPT_MONTHS = 3
"""How many settled months books keep: the page of a large cluster would otherwise fill the memory month by month."""


class Settled(msgspec.Struct, frozen=True):
    """One month as the store knows it now."""

    cluster: Cluster
    month: Month
    tables: dict[str, pa.Table]
    """What went into ``settle``."""
    own: pa.Table
    """The energies of the stands alone."""
    operator: pa.Table
    """The energies of operators' files alone (``central.operator_energies.OPERATED``)."""
    undeclared: pa.Table
    """What settlement meters counted that their point doesn't declare (``central.undeclared``)."""
    estimated: pa.Table
    """The energies that are estimated (``central.estimated.ESTIMATED``), of the weeks around the month too."""
    outcomes: list[Outcome]
    """What became of each estimate that reaches into the month."""
    unauthorised: list[Unauthorised]
    """Where members' data have no valid authorisation."""
    rounding: dict[str, int]
    """What rounding to whole Wh did to operators' values; see ``operator_energies``."""
    gaps: pa.Table
    doubles: pa.Table
    lives: pa.Table
    hours: pa.Table
    shares: pa.Table
    charges: pa.Table
    totals: pa.Table
    storages: pa.Table
    stocks: pa.Table
    """What storages hold after the month."""
    summary: Summary


class Books:
    """Read access to everything that central has, beside a running service or without one."""

    def __init__(self, config: CentralConfig) -> None:
        """Read the cluster and the rates anew.

        Raises:
            ConfigError: they can't be used.
            FileNotFoundError: central has never run here: there is no readings store.
        """
        self.cluster, self.rates = load_master(config.cluster_file, config.rates_files)
        self.config = config
        self._estimates = [one for one in estimates_of(config.estimates) if one.undone is None]
        self._settled: dict[Month, Settled] = {}
        self._read_at: dict[Month, tuple[int, int]] = {}
        """How far the store had come when a month's stands and values were read: messages, files."""
        self._stocks: dict[Month, pa.Table] = {}
        """What storages hold after each month that was settled on the way to another."""
        self._store().close()

    @classmethod
    def open(cls, config_file: Path) -> Books:
        """The books of a configuration file; raises as ``load_config`` and the constructor do."""
        return cls(load_config(config_file))

    def anew(self) -> Self:
        """The same books as they are now; raises as the constructor does."""
        return type(self)(self.config)

    def settled(self, month: Month) -> Settled:
        """Settle a month from the stands that are in the store; once for all that is asked of these books.

        Raises:
            StoreDownError: the store's server can't be used.
        """
        if month not in self._settled:
            while len(self._settled) >= KEPT_MONTHS:
                del self._settled[next(iter(self._settled))]
            self._settled[month] = self._settle(month)
        return self._settled[month]

    def came_later(self, month: Month, stands: pa.Table, intervals: pa.Table) -> bool:
        """Whether any of these, read by now, may have come into the store since the month was settled."""
        messages, files = self._read_at[month]
        return (pc.max(stands["journal"]).as_py() or 0) > messages or (pc.max(intervals["file"]).as_py() or 0) > files

    def _settle(self, month: Month) -> Settled:
        store = self._store()
        try:
            self._read_at[month] = store.position(), store.file_position()
            stocks = self._opening(month, store)
            stands = store.values(month.start - LOOK_AROUND, month.end + LOOK_AROUND)
            intervals = store.intervals(month.start, month.end)
        finally:
            store.close()
        tables, found = self._tables(month, stands, intervals, stocks)
        found["undeclared"] = undeclared_injection({**tables, "stands": stands})
        result = settle(tables, self.cluster.settings)
        self._stocks[month] = result["stocks"]
        summary = summarise(self.cluster, [result])
        if any(one.counting for one in found["outcomes"]):
            summary.note(Note("estimated", NOTE))
        found["unauthorised"] = mark(summary, self.cluster, [month])
        return Settled(self.cluster, month, tables, **found, **result, summary=summary)

    def _tables(
        self, month: Month, stands: pa.Table, intervals: pa.Table, stocks: pa.Table
    ) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """What goes into a month's settlement, and what else its stands and intervals told."""
        settings = self.cluster.settings
        master = {**master_tables(self.cluster, self.rates), "periods": periods_table(self.cluster, month)}
        told = energies_of({**master, "stands": stands})
        own, behind = told.pop("energies"), told.pop("behind")
        operator, rounding = operator_energies(master, intervals, settings)
        energies = combine(master, own, operator, settings.precedence)
        found = {**told, "own": own, "operator": operator, "rounding": rounding}
        found["estimated"], found["outcomes"] = self._estimated(month, master, found)
        energies = with_estimated(energies, found["estimated"])
        return {**master, "energies": energies, "behind": behind, "stocks": stocks}, found

    def _opening(self, month: Month, store: ReadingsStore) -> pa.Table:
        """What storages hold when a month begins: the months since their first stand are settled in turn, once each."""
        stocks = STOCKS.empty_table()
        if not has_storage(self.cluster):
            return stocks
        window = Window(store.values, LOOK_AROUND)
        for one in months_before(month, self.cluster, store.meters(), store.points()):
            if one not in self._stocks:
                tables, _ = self._tables(one, window.around(one), store.intervals(one.start, one.end), stocks)
                # Without an energy no period is complete, and no stock changes.
                unchanged = not tables["energies"].num_rows
                self._stocks[one] = stocks if unchanged else settle(tables, self.cluster.settings)["stocks"]
            stocks = self._stocks[one]
        return stocks

    def around(self, month: Month, margin: timedelta = AROUND) -> dict[str, pa.Table]:
        """The measured energies of a month and the weeks around it, without what was estimated; see ``central.around``.

        Raises:
            StoreDownError: the store's server can't be used.
        """
        settled = self.settled(month)
        return self._around(month, settled.tables, settled.own, margin)

    def _around(
        self, month: Month, master: Mapping[str, pa.Table], own: pa.Table, margin: timedelta
    ) -> dict[str, pa.Table]:
        first, last = month.start - margin, month.end + margin
        store = self._store()
        try:
            intervals = store.intervals(first, last)
        finally:
            store.close()
        tables = {**master, "periods": span_table(self.cluster, str(month), first, last)}
        return measured_around(tables, own, intervals, self.cluster.settings)

    def _estimated(
        self, month: Month, master: Mapping[str, pa.Table], found: Mapping[str, Any]
    ) -> tuple[pa.Table, list[Outcome]]:
        """What is estimated around a month: a gap across its ends has one sum, whichever month is settled."""
        of_month = [one for one in self._estimates if one.since < month.end and one.until > month.start]
        if not of_month:
            return ESTIMATED.empty_table(), []
        first, last = month.start - LOOK_AROUND, month.end + LOOK_AROUND
        near = [one for one in self._estimates if one.since < last and one.until > first]
        measured = self._around(month, master, found["own"], LOOK_AROUND)["measured"]
        length_s = self.cluster.period.length.total_seconds()
        filled = fill(measured, found, [one for one in near if one.length_s == length_s])
        return estimated_table(self.cluster.name, filled), outcomes(filled, of_month)

    def stands(self, first: datetime, last: datetime) -> pa.Table:
        """The stands between two instants, both inclusive, as they were sent."""
        store = self._store()
        try:
            return store.stands(first, last)
        finally:
            store.close()

    def gateways(self) -> list[GatewaySeen]:
        """Every gateway ever heard."""
        with self._heard() as table:
            return [] if table is None else table.all()

    def another_central(self) -> AnotherCentral | None:
        """The last other central that was heard on this one's topics."""
        with self._heard() as table:
            return None if table is None else table.another()

    def archived(self) -> dict[int, dict[str, Any]]:
        """What the archive says of each operator's file, by its number: name, format, when it was imported, by whom."""
        if not is_archive(self.config.files):
            return {}
        archive = Archive(self.config.files, read_only=True)
        try:
            return {
                one.number: {
                    "file": one.name,
                    "format": one.layout,
                    "imported": utc_text(one.imported),
                    "who": one.who,
                }
                for one in archive.all()
            }
        finally:
            archive.close()

    @contextlib.contextmanager
    def _heard(self) -> Iterator[GatewayTable | None]:
        """What was heard of gateways; None where nothing ever was."""
        if not self.config.gateways.is_file():
            yield None
            return
        table = GatewayTable(self.config.gateways, read_only=True)
        try:
            yield table
        finally:
            table.close()

    def _store(self) -> ReadingsStore:
        return open_store(self.config, read_only=True)
