"""What the store knows now, settled: the one way from stands to answers, for the CLI, the page and the API alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa

from central.cluster import Cluster
from central.config import CentralConfig, load_config
from central.energies import energies_of
from central.findings import Finding, behind, doubles, doubts, falls, missing, new_lives, unknown_meters, unreachable
from central.gateways import GatewaySeen, GatewayTable
from central.intake import KnownMeters
from central.journal import Journal
from central.master import load_master, master_tables, periods_table
from central.opened import open_store
from central.readings import ReadingsStore, StoreDownError
from central.reports.summary import Summary, summarise
from central.settlement import settle
from metering.period import Month

LOOK_AROUND = timedelta(days=62)
"""How far outside a month stands are looked for: two equal ones may prove zeros across its ends."""

LATE = timedelta(minutes=1)
"""A message that reaches the store's server sooner after it came is not worth a finding."""


class Settled(msgspec.Struct, frozen=True):
    """One month as the store knows it now."""

    cluster: Cluster
    month: Month
    tables: dict[str, pa.Table]
    """What went into ``settle``."""
    gaps: pa.Table
    doubles: pa.Table
    lives: pa.Table
    hours: pa.Table
    shares: pa.Table
    charges: pa.Table
    summary: Summary


class Books:
    """Read access to everything that central has, beside a running service or without one."""

    def __init__(self, config: CentralConfig) -> None:
        """Read the cluster and the rates anew.

        Raises:
            ConfigError: they can't be used.
            FileNotFoundError: central has never run here: there is no readings store.
        """
        self.cluster, self.rates = load_master(config.cluster_file, config.rates_file)
        self._config = config
        self._settled: dict[Month, Settled] = {}
        self._store().close()

    @classmethod
    def open(cls, config_file: Path) -> Books:
        """The books of a configuration file; raises as ``load_config`` and the constructor do."""
        return cls(load_config(config_file))

    def settled(self, month: Month) -> Settled:
        """Settle a month from the stands that are in the store; once for all that is asked of these books.

        Raises:
            StoreDownError: the store's server can't be used.
        """
        if month not in self._settled:
            self._settled[month] = self._settle(month)
        return self._settled[month]

    def _settle(self, month: Month) -> Settled:
        store = self._store()
        try:
            stands = store.values(month.start - LOOK_AROUND, month.end + LOOK_AROUND)
        finally:
            store.close()
        master = master_tables(self.cluster, self.rates)
        found = energies_of({**master, "stands": stands})
        tables = {**master, "periods": periods_table(self.cluster, month), "energies": found.pop("energies")}
        result = settle(tables, self.cluster.settings)
        return Settled(self.cluster, month, tables, **found, **result, summary=summarise(self.cluster, [result]))

    def findings(self, month: Month, now: datetime) -> list[Finding]:
        """What isn't as it should be in a month, up to ``now``, and in the intake."""
        found: list[Finding] = []
        down = False
        try:
            settled = self.settled(month)
            found += missing(settled.tables, settled.gaps, min(now, month.end))
            found += falls(settled.gaps)
            found += doubles(settled.doubles)
            found += new_lives(settled.lives)
        except StoreDownError as error:
            down = True
            found.append(unreachable(str(error), now))
        store = self._store()
        try:
            found += self._behind(store.position(), now, down=down)
            found += unknown_meters(store.meters(), KnownMeters(self.cluster))
            found += doubts(store.doubts())
        finally:
            store.close()
        return found

    def stands(self, first: datetime, last: datetime) -> pa.Table:
        """The stands between two instants, both inclusive, as they were sent."""
        store = self._store()
        try:
            return store.stands(first, last)
        finally:
            store.close()

    def gateways(self) -> list[GatewaySeen]:
        """Every gateway ever heard."""
        if not self._config.gateways.is_file():
            return []
        table = GatewayTable(self._config.gateways, read_only=True)
        try:
            return table.all()
        finally:
            table.close()

    def _behind(self, position: int, now: datetime, *, down: bool) -> Iterator[Finding]:
        """What a store on a server lacks; an embedded one is written with the receipt."""
        if self._config.store.kind == "sqlite" or not self._config.journal.is_file():
            return
        journal = Journal(self._config.journal, read_only=True)
        try:
            count, since = journal.count_after(position), journal.received(position)
        finally:
            journal.close()
        if since is not None and (down or now - since > LATE):
            yield behind(count, since, now)

    def _store(self) -> ReadingsStore:
        return open_store(self._config, read_only=True)
