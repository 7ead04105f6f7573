"""The outbox: every stand in an SQLite file until central's receipt, and for 450 days after.

Commits are durable (WAL, synchronous=FULL): what ``add`` has returned for survives a power cut. Beside the rows it
keeps what a restart needs of each register's life, in the same transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from gateway.carry_over import carry_over
from gateway.observation import Accepted
from gateway.outbox_file import (
    LAYOUT,
    STATES,
    OutboxError,
    connect,
    finish,
    is_damage,
    layout,
    lock,
    transaction,
)
from gateway.outbox_words import AsideRow, Fate, RowState, Stamp, Summary, Waiting
from gateway.outbox_writer import Writer
from gateway.resends import Resend, selections
from gateway.salvage import Salvaged, read_wal, rescue, salvage
from gateway.stand_row import (
    LifeRow,
    StandRow,
    from_life_row,
    from_row,
    instant,
    is_true,
    life_checksum,
    micros,
)
from gateway.words import plain
from metering.period import utc_text
from metering.stand import Stand
from metering.wire import ResendRequest, StandOnWire, decode_request
from runtime.log import logger

__all__ = ["KEPT", "AsideRow", "Fate", "Outbox", "OutboxError", "RowState", "Stamp", "Summary", "Waiting"]
_log = logger("gateway.outbox")
KEPT = timedelta(days=450)
"""So long after its instant a row stays in the file."""
_MOST_REASON = 500
_SECOND_US = 1_000_000
_ON_WIRE = """
SELECT sequence, life, at, wh, resolution, before, after, quality, machine, monotonic_ms, late_s, checksum
FROM stands WHERE
"""


class Outbox:
    """One open file. Not for the event loop's thread: every call may wait for the disk."""

    def __init__(self, path: Path, connection: sqlite3.Connection, held: BinaryIO | None = None) -> None:
        """Wrap an open connection, and the lock that makes it ours alone; use ``open`` or ``look``."""
        self._path = path
        self._held = held
        self.salvaged: Salvaged | None = None
        """What came of the damaged file that was found last, if one was."""
        self.rescued = 0
        """Stands that only a damaged WAL had when the file was opened."""
        self.damage: sqlite3.Error | None = None
        """Why nothing can be done with the file until it is mended."""
        self._use(connection)

    def _use(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        facts = dict(connection.execute("SELECT key, value FROM meta"))
        self.id: str = facts["outbox"]
        """Random: sequences of two outboxes have nothing to do with each other."""
        self._names = Writer(connection)
        highest = connection.execute("SELECT coalesce(max(sequence), 0) FROM stands").fetchone()[0]
        self._next: int = max(highest, int(facts.get("sequence", 0))) + 1

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file for a gateway's own use; make it if there is none, and anew from what is left if it's damaged.

        Raises:
            OutboxError: of a later layout, in use by another gateway, or can't be written.
        """
        held = lock(path)
        salvaged, rescued = None, 0
        try:
            finish(path)
            wal = read_wal(path)
            try:
                if carry_over(path):
                    _log.info("outbox_carried_over", file=str(path), layout=LAYOUT)
                    wal = b""
                connection = connect(path)
                rescued = rescue(connection, wal)
                if rescued:
                    _log.warning("outbox_wal_damaged", file=str(path), stands_rescued=rescued)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                salvaged = _salvaged(path, wal, error)
                connection = connect(path)
        except (sqlite3.Error, OSError) as error:
            held.close()
            raise OutboxError(f"{path}: the outbox can't be used: {error}. Nothing was changed.") from error
        except OutboxError:
            held.close()
            raise
        made = cls(path, connection, held)
        made.salvaged, made.rescued = salvaged, rescued
        return made

    def mend(self, error: sqlite3.Error) -> None:
        """After an error that says damage: set the file aside and go on with what can be read of it.

        Raises:
            sqlite3.Error, OSError: the new file can't be written; the damaged one is as it was. To be tried again.
        """
        self.damage = error
        wal = read_wal(self._path)
        self._connection.close()
        self.salvaged = _salvaged(self._path, wal, error)
        self._use(connect(self._path))
        self.damage = None

    @classmethod
    def look(cls, path: Path) -> Self:
        """Open the file to read only, beside a gateway that is using it.

        Raises:
            OutboxError: there is none, or it can't be read.
        """
        if not path.exists():
            raise OutboxError(f"{path}: there is no outbox yet; klaster-gateway run makes it")
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            if (there := layout(connection)) != LAYOUT:
                connection.close()
                raise OutboxError(f"{path}: its layout is {there}, not {LAYOUT}; klaster-gateway run carries it over")
            return cls(path, connection)
        except sqlite3.Error as error:
            raise OutboxError(f"{path}: the outbox can't be read: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        if self._held is not None:
            self._held.close()

    def add(self, stands: Sequence[Stand], stamp: Stamp, lives: Mapping[tuple[str, str], Accepted]) -> int:
        """Commit stands and the lives they come from, (meter, OBIS) to last observation; how many stands are new.

        A stand of the same meter, register, instant and epoch that is there already stays as it is.
        """
        after = self._next
        try:
            with transaction(self._connection):
                for one in stands:
                    after += self._names.stand(_on_wire(one, stamp, after), stamp.made_at)
                for (meter, register), last in lives.items():
                    self._names.life((meter, register, last.epoch), last)
        except BaseException:
            # Names that were given numbers in it are gone with it.
            self._names.read()
            raise
        new = after - self._next
        self._next = after
        return new

    def lives(self) -> dict[tuple[str, str], Accepted]:
        """What was last remembered of every register: (meter, OBIS) to its last accepted observation.

        A row that decayed on the disk is none: its register begins a new life, and nothing false is reckoned with.
        """
        names = {number: name for name, number in self._names.lives.items()}
        found = {}
        for row in map(LifeRow._make, self._connection.execute("SELECT * FROM lives")):
            name = names.get(row.life)
            if name is None or life_checksum(row, name) != row.checksum:
                _log.error("life_decayed", meter=name[0] if name else "", register=name[1] if name else "")
                continue
            found[name[:2]] = from_life_row(row, name)
        return found

    def waiting(self, limit: int, aboard: Collection[int] = ()) -> Waiting:
        """All waiting rows of the newest boundary that any row has, and up to ``limit`` of the older ones.

        Rows that are ``aboard`` a message already are passed over.
        """
        newest = "SELECT sequence FROM stands WHERE state = 0 AND at = (SELECT max(at) FROM stands) ORDER BY sequence"
        backlog = (
            "SELECT sequence FROM stands WHERE state = 0 AND at < (SELECT max(at) FROM stands) ORDER BY at, sequence"
            " LIMIT ?"
        )
        return Waiting(
            self._rows(self._ashore(self._connection.execute(newest), aboard)),
            self._rows(self._ashore(self._connection.execute(backlog, (limit + len(aboard),)), aboard)[:limit]),
        )

    @staticmethod
    def _ashore(sequences: Iterable[tuple[int]], aboard: Collection[int]) -> list[int]:
        return [sequence for (sequence,) in sequences if sequence not in aboard]

    def _rows(self, sequences: Sequence[int]) -> list[StandOnWire]:
        which = f"sequence IN ({', '.join('?' * len(sequences))}) ORDER BY at, sequence"
        return self._true(which, sequences) if sequences else []

    def again(self, resend: Resend, limit: int) -> list[StandOnWire]:
        """Up to ``limit`` further rows that a request of central's means and that aren't waiting, by sequence."""
        found: list[StandOnWire] = []
        for condition, values in selections(resend, self._names.lives):
            found += self._true(f"{condition} ORDER BY sequence LIMIT ?", (*values, limit - len(found)))
            if len(found) >= limit:
                break
        return found

    def _true(self, which: str, values: Sequence[object]) -> list[StandOnWire]:
        """The stands that satisfy ``which``; a row that decayed on the disk is set aside instead."""
        lives = {number: name for name, number in self._names.lives.items()}
        machines = {number: name for name, number in self._names.machines.items()}
        stands: list[StandOnWire] = []
        spoiled: list[Fate] = []
        for columns in self._connection.execute(_ON_WIRE + which, values).fetchall():
            row = StandRow(*columns)
            life, machine = lives.get(row.life), machines.get(row.machine)
            if life and machine and is_true(row, life, machine):
                stands.append(from_row(row, life, machine))
            else:
                spoiled.append(Fate(row.sequence, RowState.ASIDE, "it decayed on the disk: its checksum is wrong"))
        if spoiled:
            _log.error("rows_decayed", rows=len(spoiled), first=spoiled[0].sequence)
            self.settle(spoiled)
        return stands

    def settle(self, fates: Iterable[Fate]) -> None:
        """Commit what receipts say; a row that has left the queue is never brought back."""
        with transaction(self._connection):
            self._connection.executemany(
                "UPDATE stands SET state = ?1, reason = ?2 WHERE sequence = ?3 AND state <> ?1",
                [
                    (STATES.index(fate.state.value), fate.reason[:_MOST_REASON], fate.sequence)
                    for fate in fates
                    if fate.state is not RowState.WAITING
                ],
            )

    def prune(self, now: datetime) -> int:
        """Drop receipted rows older than ``KEPT``; how many. What waits is never dropped, nor the highest number."""
        with transaction(self._connection):
            dropped = self._connection.execute(
                "DELETE FROM stands WHERE at < ? AND state <> 0 AND sequence < (SELECT max(sequence) FROM stands)",
                (micros(now - KEPT) // _SECOND_US,),
            ).rowcount
        return int(dropped)

    def unsettled(self) -> dict[str, int]:
        """How many rows wait and are set aside: by the index, not by counting 450 days of rows."""
        count = self._connection.execute
        return {
            "waiting": count("SELECT count(*) FROM stands WHERE state = 0").fetchone()[0],
            "aside": count("SELECT count(*) FROM stands WHERE state = 4").fetchone()[0],
        }

    def oldest_waiting(self) -> datetime | None:
        """The instant of the oldest row without a receipt, by the index."""
        found = self._connection.execute("SELECT min(at) FROM stands WHERE state = 0").fetchone()[0]
        return None if found is None else instant(found * _SECOND_US)

    def requests(self) -> list[ResendRequest]:
        """What central has asked for and isn't answered yet, oldest first; what decayed it asks for again."""
        found = []
        for name, text in self._connection.execute("SELECT id, request FROM requests ORDER BY number").fetchall():
            try:
                found.append(decode_request(text.encode()))
            except msgspec.DecodeError as error:
                _log.error("request_decayed", request=name, error=str(error))
                self.answered(name)
        return found

    def ask(self, request: ResendRequest) -> None:
        """Keep a request until it is answered, over a restart too."""
        with transaction(self._connection):
            self._connection.execute(
                "INSERT OR IGNORE INTO requests SELECT ?, ?, coalesce(max(number), 0) + 1 FROM requests",
                (request.id, msgspec.json.encode(request).decode()),
            )

    def answered(self, request: str) -> None:
        """Forget a request."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM requests WHERE id = ?", (request,))

    def summary(self, aside: int = 100) -> Summary:
        """Counts, the oldest waiting row, and the newest ``aside`` refused rows."""
        counts = self._connection.execute("SELECT state, count(*) FROM stands GROUP BY state").fetchall()
        oldest = self._connection.execute("SELECT min(at) FROM stands WHERE state = 0").fetchone()[0]
        refused = self._connection.execute(
            "SELECT sequence, meter, register, at, wh, reason FROM stands JOIN epochs ON epochs.id = life"
            " WHERE state = 4 ORDER BY sequence DESC LIMIT ?",
            (aside,),
        )
        rows = tuple(
            AsideRow(sequence=sequence, meter=meter, register=register, at=_text(at), wh=str(wh), reason=reason)
            for sequence, meter, register, at, wh, reason in refused
        )
        return Summary(
            outbox=self.id,
            counts={STATES[state]: count for state, count in counts},
            oldest_waiting=None if oldest is None else _text(oldest),
            aside=rows,
        )


def _salvaged(path: Path, wal: bytes, error: sqlite3.Error) -> Salvaged:
    found = salvage(path, wal)
    _log.error(
        "outbox_damaged", error=str(error), set_aside=str(found.aside), stands=found.stands, waiting=found.waiting,
        registers=found.lives, same_outbox=found.same_outbox,
    )  # fmt: skip
    return found


def _on_wire(stand: Stand, stamp: Stamp, sequence: int) -> StandOnWire:
    return StandOnWire(
        sequence=sequence,
        meter=stand.meter,
        register=stand.register,
        wh=plain(stand.wh),
        resolution=plain(stand.resolution),
        at=stand.at,
        before=stand.before,
        after=stand.after,
        quality=stand.quality,
        epoch=stand.epoch,
        boot=stamp.boot,
        monotonic_ms=stamp.monotonic_ms,
        clock=stamp.clock,
    )


def _text(at: int) -> str:
    return utc_text(instant(at * _SECOND_US))
