"""Random lives of meters at two points: exchanges, epochs, two gateways, multipliers, and stands that are missing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from central.readings import STANDS
from central.tables import CLUSTER, MEMBERS, METERS, PERIODS, POINTS
from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT

NAME = {"cluster": "T"}
START = datetime(2026, 6, 17, tzinfo=UTC)
COUNT = 24
REGISTERS = (ACTIVE_IMPORT, ACTIVE_EXPORT)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def random_lives(seed: int) -> dict[str, pa.Table]:
    """The tables cluster, periods, members, points, meters and stands."""
    r = random.Random(seed)
    meters: list[dict[str, Any]] = []
    stands: list[dict[str, Any]] = []
    for point in ("A1", "A2"):
        records, rows = _point(r, point)
        meters += records
        stands += rows
    points = [
        NAME | {"point": point, "member": "A", "drawn": True, "injected": True, "res": True, "tariff": ""}
        for point in ("A1", "A2")
    ]
    return {
        "cluster": pa.Table.from_pylist([NAME | {"period": "hour", "registered_from": START}], CLUSTER),
        "periods": pa.Table.from_pylist([NAME | {"month": "2026-06", "start": at(i)} for i in range(COUNT)], PERIODS),
        "members": pa.Table.from_pylist([NAME | {"member": "A", "regime": "none"}], MEMBERS),
        "points": pa.Table.from_pylist(points, POINTS),
        "meters": pa.Table.from_pylist(meters, METERS),
        "stands": pa.Table.from_pylist(stands, STANDS),
    }


def _point(r: random.Random, point: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One to three records of meters that follow one another, most at once, and the stands of each."""
    cuts = sorted(r.sample([x / 4 for x in range(4, 4 * COUNT - 4)], r.choice([0, 1, 1, 2])))
    cuts = [float(round(cut)) if r.random() < 0.4 else cut for cut in cuts]
    bounds: list[float | None] = [None, *cuts, None]
    records, stands = [], []
    for i in range(len(bounds) - 1):
        first, last = bounds[i], bounds[i + 1]
        same = bool(records) and r.random() < 0.25
        serial = records[-1]["serial"] if same else f"{point}-{i}"
        record = NAME | {"serial": serial, "point": point, "role": "settlement"}
        record |= {"multiplier": r.choice(["1", "1", "40", "0.5", "12.5"]), "gateway": r.choice(["", "", "g1"])}
        record |= {"valid_from": None if first is None else at(first), "valid_to": None if last is None else at(last)}
        goes_on = same and r.random() < 0.4
        begin, end = (0 if first is None else first), (COUNT if last is None else last)
        for register in REGISTERS:
            rows = list(_life(r, serial, register, begin - 3 * goes_on, end + r.choice([0, 0, 2]), f"e{i}"))
            for name, hour, row in (("opening", first, rows[:1]), ("closing", last, rows[-1:])):
                if hour is not None and row and r.random() < 0.6:
                    # What people read: a bit before the first stand, a bit after the last, now and then nonsense.
                    off = r.choice([0, 3, 50, 50, -20]) * (1 if name == "closing" else -1)
                    read = max(0, int(float(row[0]["wh"])) + off)
                    record[name] = [*record.get(name, []), (register, str(read))]
            stands += rows
        records.append(record)
    return records, stands


def _life(
    r: random.Random, serial: str, register: str, begin: float, end: float, epoch: str
) -> Iterator[dict[str, Any]]:
    """A register's stands by one or two gateways; some are missing, some lie off the full hour, some begin anew."""
    wh, idle = r.choice([0.0, 1000.0, 99_990.0]), r.random() < 0.3
    gateways = r.choice([["g1"], ["g1"], ["g1", "g2"]])
    digits, reset = r.choice([0, 0, 3]), r.choice([None, None, r.uniform(begin, end)])
    hour = float(int(begin) + (begin > int(begin)))
    while hour <= end:
        if reset is not None and hour > reset:
            wh, epoch, reset = 0.0, f"{epoch}r", None
        for gateway in gateways:
            if r.random() < 0.85:
                shown = wh + (r.random() < 0.05 and gateway == "g2")
                yield _stand(r, serial, register, at(hour), f"{shown:.{digits}f}", gateway, epoch)
        if r.random() < 0.1:
            yield _stand(r, serial, register, at(hour + 0.3), f"{wh:.{digits}f}", "g1", epoch)
        wh += 0 if idle and r.random() < 0.8 else r.choice([0.0, 1.0, 7.125, 30.0])
        hour += 1


def _stand(
    r: random.Random, serial: str, register: str, when: datetime, wh: str, gateway: str, epoch: str
) -> dict[str, Any]:
    about = {"meter": serial, "register": register, "at": when, "wh": wh, "resolution": "1", "gateway": gateway}
    about |= {"quality": r.choice(["measured", "measured", "interpolated"]), "epoch": epoch, "before": when}
    return about | {"after": when, "clock": "synchronised", "journal": 1, "boot": "b", "monotonic_ms": 1}
