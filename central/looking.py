"""One round of looking for findings and recording them. Runs in a worker process: what it takes and gives is plain.

A round looks at the intake, and at a few of the months that are due: the present one whenever an hour has ended, and
every one to which new stands brought something. At the service's start, and when cluster, rates or store have changed,
all months are due: since the first stand, at most ``MONTHS``, and older ones with open records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from central import checks
from central.apart import Apart
from central.asking_for_gaps import ask_for_gaps
from central.books import Books
from central.checks import store_down
from central.clock_file import ClockFile, scan_on
from central.clock_scan import ClockScan
from central.conditions.watching import look_at_conditions
from central.config import CentralConfig, load_config
from central.estimates.file import Place, changed_since
from central.evidence import GRACE
from central.files_in import files_position
from central.finding import CONDITIONS, DEADLINES, INTAKE, STORE, month_of, of_this_month, scope_of
from central.findings_file import Change, FindingsFile
from central.intake_file import IntakeFile
from central.journal import Journal
from central.opened import open_store
from central.papers.watching import look_at_deadlines
from central.readings import StoreDownError
from central.register.register_file import REGISTER
from central.watch import Watch
from metering.period import Month, day_start, floor_to, months
from runtime.config import ConfigError

MONTHS = 13
"""So many months are looked at anew, the present one included; older ones when stands for them come."""
AT_ONCE = 2
"""Months of one round."""
MESSAGES = 5000
"""Journalled messages of one round."""


class Looked(msgspec.Struct, frozen=True):
    """What a round did, and where the next one goes on."""

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    """Kind and thing of each."""
    due: tuple[str, ...] = ()
    """Months that are to be looked at, the first one first."""
    tick: datetime | None = None
    """The end of the last period whose missing values are known to the records."""
    estimates: tuple[int, int] = (0, 0)
    """How far the file of estimates had come."""
    marks: tuple[str, ...] = ()
    """What all months rest on beside the stands."""
    asked: tuple[str, ...] = ()
    """Which gateways were asked for what is missing, and of when."""
    whole: int = 0
    """Up to this message of the journal all months are looked at anyway."""
    unread: bool = False
    """Whether messages are left to be looked through."""
    deadlines: str = ""
    """What the calendar of deadlines rested on."""
    trouble: str = ""

    def after(self, trouble: str) -> Looked:
        """After a round of which nothing came: all records stay as they are, and the next one goes on from here."""
        return msgspec.structs.replace(self, opened=(), closed=(), asked=(), trouble=trouble)

    @property
    def more(self) -> bool:
        """Whether the next round has work that needn't wait."""
        return not self.trouble and (bool(self.due) or self.unread)


def look(config_file: Path, now: datetime, before: Looked) -> Looked:
    """Look and record; ``before`` is the last round. Trouble is a text, not an exception."""
    try:
        config = load_config(config_file)
        file = FindingsFile(config.findings_file)
        try:
            return _look(config, Books(config), file, now, before)
        finally:
            file.close()
    except (ConfigError, sqlite3.Error, OSError) as error:
        return before.after(str(error))


def _look(config: CentralConfig, books: Books, file: FindingsFile, now: datetime, before: Looked) -> Looked:
    store = open_store(config, read_only=True)
    try:
        position, seen = store.position(), store.meters()
    finally:
        store.close()
    watch = Watch(books)
    marks = tuple(_marks(config))
    tick = floor_to(now - GRACE, books.cluster.period.length)
    present = Month.of(now)
    earliest = min((Month.of(one.first) for one in seen), default=present)
    anew = marks != before.marks or position < before.whole
    whole = position if anew else before.whole
    clocks = _clocks(config, position, whole)
    changes: list[Change] = []
    due = {Month.parse(text) for text in before.due}
    if anew:
        due.update(months(max(earliest, _back(present)), present))
        # What is open of an older month may have been put right too.
        due.update(one for one in map(month_of, file.open_scopes()) if one is not None)
    if tick != before.tick:
        # The month that ended in between is due once more.
        due.update(months(max(Month.of((before.tick or tick) - timedelta(seconds=1)), _back(present)), present))
    place, estimates = changed_since(config.estimates, Place(*before.estimates))
    for estimate in estimates:
        due.update(months(Month.of(estimate.since), Month.of(estimate.until - timedelta(seconds=1))))
    # Stands of a clock that was never set must not bring up months long before the cluster.
    due.update(
        one for one in clocks.touched if one >= min(Month.of(day_start(books.cluster.registered_from)), _back(present))
    )
    order = sorted((one for one in due if one <= present), reverse=True)
    apart = Apart()
    down, left, looked = _look_at_months(watch, file, order, now, changes, apart)
    if not down:
        with apart.scope(CONDITIONS):
            found_now = look_at_conditions(config, books, looked, now, idle=not order)
            changes += [] if found_now is None else [file.looked(CONDITIONS, found_now, now)]
    deadlines = before.deadlines
    with apart.scope(DEADLINES):
        deadlines, of_calendar = look_at_deadlines(config, books, before.deadlines, now)
        changes += [] if of_calendar is None else [file.looked(DEADLINES, of_calendar, now)]
    if not order and config.store.kind != "sqlite":
        down = _trouble_of_store(config, now)
    changes.append(file.looked(STORE, [store_down.finding(down, now)] if down else [], now))
    with apart.scope(INTAKE):
        changes.append(file.looked(INTAKE, checks.of_intake(watch.intake_seen(now, clocks, down=bool(down))), now))
    asked: tuple[str, ...] = ()
    if config.completeness.request and not down and not left:
        asked = ask_for_gaps(config, books.cluster, file.records(closed=False), seen, books.gateways(), now)
    return Looked(
        opened=tuple(f"{one.kind} {one.what}" for change in changes for one in change.opened),
        closed=tuple(f"{one.kind} {one.what}" for change in changes for one in change.closed),
        due=tuple(map(str, left)),
        tick=tick,
        estimates=place,
        marks=marks,
        asked=asked,
        whole=whole,
        unread=clocks.position < position,
        deadlines=deadlines,
        trouble="; ".join([*([down] if down else []), *apart.stumbled]),
    )


def _look_at_months(
    watch: Watch, file: FindingsFile, order: list[Month], now: datetime, changes: list[Change], apart: Apart
) -> tuple[str, list[Month], list[Month]]:
    """Look at the first few; why the store can't be used, the months that are left, and those that were looked at."""
    left, looked = list(order), list[Month]()
    for one in order[:AT_ONCE]:
        with apart.scope(str(one)):
            try:
                found = checks.of_month(watch.month_seen(one, now))
            except StoreDownError as error:
                return str(error), left, looked
            changes.append(file.looked(scope_of(one), [f for f in found if of_this_month(f, one)], now))
            looked.append(one)
        left.remove(one)
    return "", left, looked


def _marks(config: CentralConfig) -> Iterator[str]:
    yield str(files_position(config))
    for path in (config.cluster_file, *config.rates_files):
        yield str(path.stat().st_mtime_ns) if path else ""
    # A final or correction may have been made beside the service.
    register = config.register / REGISTER
    yield str(register.stat().st_mtime_ns) if register.is_file() else ""
    if config.store.kind != "sqlite":
        file = IntakeFile(config.intake, read_only=True)
        try:
            yield file.fill()
        finally:
            file.close()


def _clocks(config: CentralConfig, position: int, whole: int) -> ClockScan:
    """Look through the next messages whose stands are in the store; months that ``whole`` speaks for aren't told."""
    file = ClockFile(config.clocks)
    journal = Journal(config.journal, read_only=True)
    try:
        scan = file.scan(journal.last())
        begun = scan.position
        scan_on(scan, journal, min(position, whole), MESSAGES)
        scan.touched.clear()
        scan_on(scan, journal, position, MESSAGES - (scan.position - begun))
        file.keep(scan)
        return scan
    finally:
        journal.close()
        file.close()


def _trouble_of_store(config: CentralConfig, now: datetime) -> str:
    store = open_store(config, read_only=True)
    try:
        store.values(now, now)
    except StoreDownError as error:
        return str(error)
    finally:
        store.close()
    return ""


def _back(present: Month) -> Month:
    """The first of the last ``MONTHS`` months."""
    count = present.year * 12 + present.number - MONTHS
    return Month(count // 12, count % 12 + 1)
