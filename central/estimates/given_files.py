"""Small CSV files that a person gives with an estimate: values by period, or a profile's weights."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, TypeVar

from central.estimation.history import Unit
from central.free_days import DayKind
from metering.energy import MAX_READING_WH
from metering.period import EPOCH, local_text, on_grid
from runtime.unread import why_unread

_NAMED: Final = 20
_MOST_BYTES: Final = 5_000_000
_KINDS: Final = {kind.name.lower(): kind for kind in DayKind}
_MOST_WEIGHT: Final = Decimal(10) ** 9
K = TypeVar("K")
V = TypeVar("V")


class BadFileError(Exception):
    """A file can't be used; the message names its rows."""


def values_of(path: Path, length: timedelta) -> dict[int, int]:
    """``start,wh``: energies by the start of their period, in seconds since 1970.

    Quarters are summed where the periods are hours and all four are there.

    Raises:
        BadFileError: with its bad rows.
    """
    quarter = timedelta(minutes=15)

    def row(cells: dict[str, str]) -> tuple[int, int]:
        at = datetime.fromisoformat(cells["start"].strip())
        if at.tzinfo is None:
            raise ValueError(f"{cells['start']} needs an offset, like {local_text(datetime(2026, 10, 1, tzinfo=UTC))}")
        if not on_grid(at, min(length, quarter)):
            raise ValueError(f"{cells['start']} is no full hour or quarter")
        wh = int(cells["wh"].strip())
        if not 0 <= wh <= MAX_READING_WH:
            raise ValueError(f"{wh} Wh is out of range")
        return int((at - EPOCH).total_seconds()), wh

    found = _read(path, ("start", "wh"), row)
    length_s = int(length.total_seconds())
    return found if length <= quarter or all(start % length_s == 0 for start in found) else _hours(path, found)


def _hours(path: Path, quarters: dict[int, int]) -> dict[int, int]:
    hours: dict[int, list[int]] = {}
    for start, wh in quarters.items():
        hours.setdefault(start // 3600 * 3600, []).append(wh)
    short = [start for start, parts in hours.items() if len(parts) != 4]
    if short:
        at = local_text(EPOCH + timedelta(seconds=short[0]))
        raise BadFileError(f"{path}: {len(hours[short[0]])} of the four quarters of the hour {at} are there")
    return {start: sum(parts) for start, parts in hours.items()}


def weights_of(path: Path) -> dict[Unit, Decimal]:
    """``day,hour,weight``: day is workday, saturday or free; hour 0 to 23 of the clock; weight a decimal from 0.

    Raises:
        BadFileError: with its bad rows.
    """

    def row(cells: dict[str, str]) -> tuple[Unit, Decimal]:
        kind = _KINDS.get(cells["day"].strip())
        if kind is None:
            raise ValueError(f"day {cells['day']!r} is none of {', '.join(_KINDS)}")
        hour = int(cells["hour"].strip())
        if not 0 <= hour <= 23:
            raise ValueError(f"hour {hour} is none of 0 to 23")
        try:
            weight = Decimal(cells["weight"].strip())
        except InvalidOperation as error:
            raise ValueError(f"weight {cells['weight']!r} is no number") from error
        if not 0 <= weight <= _MOST_WEIGHT:
            raise ValueError(f"weight {weight} is out of range")
        return Unit(kind, hour), weight

    return _read(path, ("day", "hour", "weight"), row)


def _read(path: Path, columns: tuple[str, ...], row: Callable[[dict[str, str]], tuple[K, V]]) -> dict[K, V]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadFileError(f"{path}: is larger than {_MOST_BYTES} bytes")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadFileError(f"{path}: {why_unread(error)}") from error
    except UnicodeDecodeError as error:
        raise BadFileError(f"{path}: isn't UTF-8 (byte {error.start})") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    if sorted(reader.fieldnames or ()) != sorted(columns):
        raise BadFileError(f"{path}: expected the columns {','.join(columns)} in its first line")
    found: dict[K, V] = {}
    bad: list[str] = []
    try:
        for cells in reader:
            try:
                if None in cells:
                    raise ValueError("has too many cells")
                key, value = row(cells)
                if found.setdefault(key, value) != value:
                    raise ValueError("stands in an earlier row with another value")
            except ValueError as error:
                bad.append(f"{path}: line {reader.line_num}: {error}")
    except csv.Error as error:
        bad.append(f"{path}: line {reader.line_num}: {error}")
    if bad:
        more = f"\nand {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise BadFileError("\n".join(bad[:_NAMED]) + more)
    return found
