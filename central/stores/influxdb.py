"""The production store of readings: an InfluxDB server, with ``intake.sqlite`` beside it for what it can't promise.

InfluxDB overwrites a point of the same series and time without a word; so the first value of each stand is decided in
the local file, and only it is written. Every line carries the file's *fill*: a server that is filled anew never mixes
with what an earlier fill left there. Measured figures and limits: docs/central.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.config import StoreTable
from central.influx.lines import INTERVAL, INTERVAL_TAGS, STAND, interval_line, stand_line, words
from central.influx.pivot import pivoted
from central.influx.server import BadLine, InfluxServer
from central.intake_file import IntakeFile
from central.readings import INTERVALS, STANDS, VALUES, Doubt, Entry, IntervalGiven, MeterSeen, PointSeen
from metering.period import utc_text
from metering.wire import Verdict

_WINDOW = timedelta(days=31)
"""So much is asked for at once: an answer is held in memory."""
_KEY = ("meter", "register", "epoch", "_time", "gateway", "resolution", "quality", "clock")
_INSTANT = STANDS.field("at").type
_MICROS = STANDS.field("before").type
_INT, _TEXT = pa.int64(), pa.string()


class InfluxStore:
    """See ``central.readings.ReadingsStore``."""

    def __init__(self, settings: StoreTable, intake: Path, *, read_only: bool = False) -> None:
        """Open the local file; the server is spoken to when it is needed.

        Raises:
            OSError, sqlite3.Error: the file, or the token's, can't be opened.
        """
        self._server = InfluxServer(settings)
        self._file = IntakeFile(intake, read_only=read_only)
        if not read_only:
            self._file.aim(f"{settings.url} {settings.org} {settings.bucket}")
        self._bucket = settings.bucket

    def position(self) -> int:
        """See ``ReadingsStore``: how far the server is."""
        return self._file.on_server()

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``ReadingsStore``: into the file, to the server, then on."""
        outcome, firsts = self._file.admit_firsts(entries, refused, position)
        fill = self._file.fill()
        bad = self._server.write([stand_line(fill, entry) for entry in firsts])
        self._file.now_on_server(position, [_doubt(firsts[one.place], one) for one in bad])
        return outcome

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table:
        """See ``ReadingsStore``."""
        chosen = "true"
        if meters is not None:
            # A meter's id has no sign that a text of Flux would read otherwise than JSON does.
            chosen = f"contains(value: r.meter, set: {json.dumps(list(meters))})" if meters else "false"
        parts = [STANDS.empty_table(), *(self._stands(window, chosen) for window in _windows(first, last))]
        return pa.concat_tables(parts).sort_by([(name, "ascending") for name in ("meter", "register", "epoch", "at")])

    def values(self, first: datetime, last: datetime) -> pa.Table:
        """See ``ReadingsStore``."""
        # With _field kept, texts and numbers of one register stay apart: the server can't put them into one table.
        chosen = '(r._field == "text" or (r._field == "wh" and r.whole == "1"))'
        return pa.concat_tables(
            [
                VALUES.empty_table(),
                *(
                    _values(block)
                    for window in _windows(first, last)
                    for block in self._server.query(self._flux(window, chosen, ("_time", "_value", "_field", *_TAGS)))
                ),
            ]
        )

    def _stands(self, window: tuple[datetime, datetime], chosen: str) -> pa.Table:
        fields = pivoted(
            self._server.query(self._flux(window, chosen, ("_value", "_field", *_KEY))),
            _KEY,
            {"wh": _INT, "journal": _INT, "before_us": _INT, "after_us": _INT, "text": _TEXT},
        )
        at = fields["_time"].cast(_INSTANT)
        micros = at.cast(_MICROS).cast(_INT)
        made = {name: words(fields[name]).cast(_TEXT) for name in _KEY if name != "_time"} | {
            "at": at,
            "wh": pc.coalesce(fields["text"], fields["wh"].cast(_TEXT)),
            "before": pc.add(micros, fields["before_us"]).cast(_MICROS),
            "after": pc.add(micros, fields["after_us"]).cast(_MICROS),
            "journal": fields["journal"],
        }
        return pa.table([made[name] for name in STANDS.names], schema=STANDS)

    def _flux(
        self, window: tuple[datetime, datetime], chosen: str, columns: Sequence[str], measurement: str = STAND
    ) -> str:
        # Stands are at whole seconds. Half a second later 1.8, which takes stop in, and 2.x, which doesn't, agree.
        first, stop = window[0], window[1] + timedelta(milliseconds=500)
        kept = ", ".join(f'"{name}"' for name in dict.fromkeys(columns))
        mine = f'r._measurement == "{measurement}" and r.fill == "{self._file.fill()}"'
        return (
            f'from(bucket: "{self._bucket}") |> range(start: {utc_text(first)}, stop: {utc_text(stop)})\n'
            f"|> filter(fn: (r) => {mine} and {chosen})\n"
            f"|> keep(columns: [{kept}])"
        )

    def file_position(self) -> int:
        """See ``ReadingsStore``: how far the server is."""
        return self._file.files_on_server()

    def admit_file(self, file: int, given: Sequence[IntervalGiven]) -> None:
        """See ``ReadingsStore``: versions are decided in the file, then all goes to the server, then on."""
        # Decided first as a whole: what was imported is known here even while the server is down.
        rows = [row for piece in self._file.admit_file(file, given) for row in piece]
        fill = self._file.fill()
        bad = self._server.write([interval_line(fill, row) for row in rows])
        self._file.file_now_on_server(file, [_interval_doubt(file, one) for one in bad])

    def intervals(self, first: datetime, last: datetime, *, versions: bool = False) -> pa.Table:
        """See ``ReadingsStore``."""
        windows = _windows(first, last - timedelta(seconds=1))
        parts = [INTERVALS.empty_table(), *(self._intervals(window) for window in windows)]
        table = pa.concat_tables(parts)
        table = table.filter(pc.less_equal(table["file"], self._file.files_on_server()))
        keys = ("start", "point", "direction", "kind", "length", "version")
        table = table.sort_by([(name, "ascending") for name in keys])
        return table if versions else _newest(table, keys[:-1])

    def _intervals(self, window: tuple[datetime, datetime]) -> pa.Table:
        names = [name for name in INTERVAL_TAGS if name != "fill"]
        keys = (*names, "_time")
        answer = self._server.query(self._flux(window, "true", ("_value", "_field", *keys), INTERVAL))
        fields = pivoted(answer, keys, {"wh": _INT, "file": _INT, "text": _TEXT, "word": _TEXT})
        made = {name: words(fields[name]).cast(_TEXT) for name in names} | {
            "start": fields["_time"].cast(_INSTANT),
            "file": fields["file"],
            "wh": pc.coalesce(fields["text"], fields["wh"].cast(_TEXT)),
            "word": words(pc.fill_null(fields["word"], "")).cast(_TEXT),
        }
        return pa.table([made[field.name].cast(field.type) for field in INTERVALS], schema=INTERVALS)

    def points(self) -> list[PointSeen]:
        """See ``central.readings.KnowsIntervals``."""
        return self._file.points()

    def meters(self) -> list[MeterSeen]:
        """See ``ReadingsStore``."""
        return self._file.meters()

    def doubts(self) -> list[Doubt]:
        """See ``ReadingsStore``."""
        return self._file.doubts()

    def close(self) -> None:
        """See ``ReadingsStore``."""
        self._file.close()
        self._server.close()


_TAGS = ("meter", "register", "epoch", "gateway", "quality")


def _windows(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Pieces of a closed stretch; both ends of each are in it, and no instant is in two."""
    while first <= last:
        yield first, min(first + _WINDOW - timedelta(seconds=1), last)
        first += _WINDOW


def _newest(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """The last row of each key, of a table in their order."""
    if table.num_rows < 2:
        return table
    last = np.zeros(table.num_rows, dtype=bool)
    last[-1] = True
    for name in keys:
        column = table[name].combine_chunks()
        last[:-1] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return table.filter(pa.array(last))


def _interval_doubt(file: int, bad: BadLine) -> Doubt:
    reason = f"the readings store refused {bad.line}: {bad.reason}"
    return Doubt(verdict=Verdict.REFUSED, gateway=f"file {file}", journal=0, reason=reason)


def _doubt(entry: Entry, bad: BadLine) -> Doubt:
    return Doubt(
        verdict=Verdict.REFUSED,
        gateway=entry.gateway,
        journal=entry.journal,
        reason=f"the readings store refused {bad.line}: {bad.reason}",
        meter=entry.stand.meter,
        register=entry.stand.register,
        at=entry.stand.at,
        wh=entry.stand.wh,
    )


def _values(block: pa.Table) -> pa.Table:
    columns = {name: words(block[name]).cast(pa.string()) for name in _TAGS}
    columns |= {"at": block["_time"].cast(VALUES.field("at").type), "wh": block["_value"].cast(pa.string())}
    return pa.table([columns[name] for name in VALUES.names], schema=VALUES)
