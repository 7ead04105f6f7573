"""What a store of readings must do; the stores are in ``stores/``, and one contract test holds for all.

A store keeps every stand that could be read, keyed by meter, register, instant and epoch; the first value of a key
stays for ever. It can be thrown away and rebuilt from the journal: ``position`` says how far it has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec
import pyarrow as pa

from central.tables import INSTANT
from metering.wire import StandOnWire, Verdict

STANDS = pa.schema(
    [
        ("meter", pa.string()),
        ("register", pa.string()),
        ("epoch", pa.string()),
        ("gateway", pa.string()),
        ("at", INSTANT),
        ("wh", pa.string()),
        ("resolution", pa.string()),
        ("before", pa.timestamp("us", "UTC")),
        ("after", pa.timestamp("us", "UTC")),
        ("quality", pa.string()),
        ("clock", pa.string()),
        ("journal", pa.int64()),
    ]
)
"""Stands as they were sent: ``wh`` and ``resolution`` are exact decimals, ``journal`` the message they came in."""

VALUES = pa.schema([STANDS.field(name) for name in ("meter", "register", "epoch", "gateway", "at", "wh", "quality")])
"""What energies are made of (``central.energies``)."""


INTERVALS = pa.schema(
    [
        ("point", pa.string()),
        ("direction", pa.string()),
        ("kind", pa.string()),
        ("start", INSTANT),
        ("length", pa.int64()),
        ("version", pa.int64()),
        ("file", pa.int64()),
        ("wh", pa.string()),
        ("quality", pa.string()),
        ("word", pa.string()),
    ]
)
"""Energies of periods as operators' files say them. ``kind``: raw, netted or billing, which are different quantities.
``length`` in seconds. ``version`` counts a key's different values from 1; ``file`` is the archived file it came from.
``wh`` is an exact decimal, ``word`` the file's own status."""


class StoreDownError(Exception):
    """A store's server can't be used now; the journal has everything, and the same call can be made again later."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One stand of one journalled message."""

    journal: int
    gateway: str
    stand: StandOnWire


class IntervalGiven(NamedTuple):
    """One value of a file; the first five make its key."""

    point: str
    direction: str
    kind: str
    start: int
    """Seconds since 1970."""
    length: int
    """Seconds."""
    wh: str
    """The exact decimal, in its shortest form: equal values are equal texts."""
    quality: str
    word: str


class PointSeen(NamedTuple):
    """A point of which there are intervals, from the first one's start to the last one's end."""

    point: str
    first: datetime
    last: datetime


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A stand or message that isn't in the books, kept beside them."""

    verdict: Verdict
    """``conflict`` or ``refused``."""
    gateway: str
    journal: int
    reason: str
    meter: str = ""
    register: str = ""
    at: datetime | None = None
    first_wh: str = ""
    """The value that was there first and stays."""
    wh: str = ""
    """The value that came later."""


class MeterSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A meter of which there are stands."""

    meter: str
    gateway: str
    first: datetime
    last: datetime
    stands: int


class Admits(Protocol):
    """What gives stands their verdicts."""

    def position(self) -> int:
        """The id of the last journalled message whose content is in; 0 at first."""

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """Keep entries, conflicts and refusals, and move to ``position``.

        Gives for each entry None when it is in now (or was there with an equal value), else the value that was there
        first. Entries of one call count in their order. The same again changes nothing: a call that was cut short is
        repaired by repeating it.

        Raises:
            StoreDownError: the store's server can't be used; the position has not moved.
        """


class KnowsIntervals(Protocol):
    """What decides versions of intervals: their newest value counts, value by value, and older ones are kept."""

    def intervals(self, first: datetime, last: datetime, *, versions: bool = False) -> pa.Table:
        """Of periods that start from ``first`` to before ``last``, as ``INTERVALS``, by start and the other keys.

        The value that counts of each, or with ``versions`` all. Files count only when all of them is in.

        Raises:
            StoreDownError: the store's server can't be used.
        """

    def points(self) -> list[PointSeen]:
        """All points of which files gave intervals."""

    def file_position(self) -> int:
        """The number of the last archived file whose values are in; 0 at first."""


class ReadingsStore(Admits, KnowsIntervals, Protocol):
    """A store of readings."""

    def admit_file(self, file: int, given: Sequence[IntervalGiven]) -> None:
        """Keep what a file says anew, and move to it; files are given in the order of their numbers.

        A value that is equal to the one that counts is no new version; what a file doesn't say stays. The same again
        changes nothing: a call that was cut short is repaired by repeating it.

        Raises:
            StoreDownError: the store's server can't be used; the position has not moved.
        """

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table:
        """The stands from ``first`` to ``last``, both inclusive, as ``STANDS``; by meter, register, epoch, time.

        ``meters``: of these alone; others aren't read.

        Raises:
            StoreDownError: the store's server can't be used.
        """

    def values(self, first: datetime, last: datetime) -> pa.Table:
        """The same stands as ``VALUES``, in any order: all that a settlement needs, and faster; raises the same."""

    def meters(self) -> list[MeterSeen]:
        """All meters of which there are stands, with the gateways that read them."""

    def doubts(self) -> list[Doubt]:
        """Conflicts and refusals, in the order of the journal."""

    def close(self) -> None:
        """Give back what the store holds open."""
