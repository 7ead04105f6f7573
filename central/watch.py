"""What the checks look at, gathered from the books; and what they find there now, with what was recorded before."""

from __future__ import annotations

from datetime import datetime, timedelta

from central import checks
from central.aliases import Aliases
from central.behind import settled_grid
from central.books import Books
from central.checks import store_down
from central.clock_file import clocks_known, scan_on
from central.clock_scan import ClockScan
from central.cluster.prices import price_moves
from central.evidence import Held, IntakeSeen, MonthSeen
from central.file_doubts import file_doubts
from central.finding import INTAKE, STORE, Finding, scope_of
from central.findings_file import FindingsFile, Record
from central.gaps_asked import gaps_asked
from central.intake import KnownMeters
from central.journal import Journal
from central.master import aliases_table
from central.opened import open_store
from central.point_facts import point_facts
from central.readings import StoreDownError
from central.register.standing import standing_run
from central.sqlite_file import has_table
from central.tables import OUTPUTS
from metering.period import Month

LATE = timedelta(minutes=1)
"""A message that reaches the store's server sooner after it came is not worth a finding."""

MOST_UNSEEN = 5000
"""So many messages are looked through for clocks when a question is answered; the service looks through all."""


class Watch:
    """Looks at one state of the books."""

    def __init__(self, books: Books) -> None:
        """Nothing is looked at yet."""
        self._books = books
        self._config = books.config
        self.unread = 0
        """Messages that weren't looked through for gateways' clocks: the service hasn't come to them yet."""

    def findings(self, month: Month, now: datetime) -> tuple[list[Finding], set[str]]:
        """What isn't as it should be in a month, up to ``now``, and in the intake; and the scopes looked at."""
        scopes = {INTAKE, STORE}
        try:
            found = checks.of_month(self.month_seen(month, now))
            scopes.add(scope_of(month))
            down = False
        except StoreDownError as error:
            found, down = [store_down.finding(str(error), now)], True
        return found + checks.of_intake(self.intake_seen(now, self.clocks(), down=down)), scopes

    def month_seen(self, month: Month, now: datetime) -> MonthSeen:
        """A month as the checks look at it.

        Raises:
            StoreDownError: the store's server can't be used.
        """
        settled = self._books.settled(month)
        names = ("gaps", "doubles", "lives", "hours", "shares", "charges", "own", "undeclared")
        return MonthSeen(
            month=month,
            now=now,
            tables={**settled.tables, **{name: getattr(settled, name) for name in names}, **self._books.around(month)},
            grid=settled_grid(settled.tables, settled.cluster.settings),
            rates_file=", ".join(file.name for file in self._config.rates_files),
            facts=point_facts(settled.cluster),
            limits=settled.cluster.limits,
            asked=gaps_asked(self._config.gaps),
            outcomes=settled.outcomes,
            unauthorised=settled.unauthorised,
            cluster_file=self._config.cluster_file.name,
            standing=standing_run(self._config.register, month, {name: getattr(settled, name) for name in OUTPUTS}),
        )

    def intake_seen(self, now: datetime, clocks: ClockScan, *, down: bool = False) -> IntakeSeen:
        """What the checks look at besides; ``down``: the store's server is known to be out of reach."""
        meters = KnownMeters(self._books.cluster)
        known = {point.id for point in self._books.cluster.points}
        aliases = Aliases(aliases_table(self._books.cluster))
        store = open_store(self._config, read_only=True)
        try:
            behind, since = self._behind(store.position(), now, down=down)
            problems = [(one, meters.problem(one.meter, one.last, one.gateway)) for one in store.meters()]
            doubts = store.doubts()
            points = store.points()
        finally:
            store.close()
        return IntakeSeen(
            now=now,
            cluster_file=self._config.cluster_file.name,
            held=[Held(seen=one, problem=problem) for one, problem in problems if problem],
            doubts=doubts,
            clocks=clocks.doubts,
            gateways=self._books.gateways(),
            another=self._books.another_central(),
            file_doubts=file_doubts(self._config),
            unknown_points=[one for one in points if one.point not in known and not aliases.always(*one)],
            behind=behind,
            behind_since=since,
            price_moves=price_moves(self._books.cluster),
        )

    def clocks(self) -> ClockScan:
        """What the journal tells of gateways' clocks: what the service has found, and the next messages beyond it."""
        if not self._config.journal.is_file():
            return ClockScan(0, {}, [])
        journal = Journal(self._config.journal, read_only=True)
        try:
            last = journal.last()
            scan = clocks_known(self._config.clocks, last)
            scan_on(scan, journal, last, MOST_UNSEEN)
            self.unread = last - scan.position
        finally:
            journal.close()
        return scan

    def records(self, *, closed: bool) -> list[Record]:
        """The findings that the service has recorded; without ``closed`` not those that closed by themselves."""
        if not has_table(self._config.findings_file, "looks"):
            return []
        file = FindingsFile(self._config.findings_file, read_only=True)
        try:
            return file.records(closed=closed)
        finally:
            file.close()

    def _behind(self, position: int, now: datetime, *, down: bool) -> tuple[int, datetime | None]:
        """What a store on a server lacks, and since when; an embedded one is written with the receipt."""
        if self._config.store.kind == "sqlite" or not self._config.journal.is_file():
            return 0, None
        journal = Journal(self._config.journal, read_only=True)
        try:
            count, since = journal.count_after(position), journal.received(position)
        finally:
            journal.close()
        return (count, since) if since is not None and (down or now - since > LATE) else (0, None)
