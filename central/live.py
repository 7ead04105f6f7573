"""The newest live values of every meter, in memory alone: shown while they are new, never in the books.

Everything is bounded, for it comes from a network: gateways, meters of each, values of each, messages a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from central.cluster import Cluster, Meter
from central.validity import valid_instants
from metering.live import LiveValue
from metering.period import utc_text
from metering.wire import decode_live

OLDEST: Final = timedelta(minutes=5)
"""Older values aren't shown: they would be taken for present ones."""
MAX_GATEWAYS: Final = 1000
MAX_METERS: Final = 1000
"""Of one gateway."""
MAX_IN_ALL: Final = 10_000
"""Meters of all gateways together."""
_FORGET_EVERY: Final = timedelta(seconds=5)
MAX_A_SECOND: Final = 20
"""So many messages of one gateway are looked at in a second (each has up to 100 meters)."""


@dataclass(slots=True)
class _Gateway:
    second: int = 0
    messages: int = 0
    """In that second."""
    meters: dict[str, dict[str, LiveValue]] = field(default_factory=dict)


class LiveValues:
    """What the meters show at the moment."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing was heard yet."""
        self._gateways: dict[str, _Gateway] = {}
        self._forgot: datetime | None = None
        self._records: Mapping[str, list[Meter]] = {}
        self.know(cluster)

    def know(self, cluster: Cluster) -> None:
        """Take points, roles and multipliers from the cluster file as it is now."""
        records: dict[str, list[Meter]] = {}
        for meter in cluster.meters:
            records.setdefault(meter.serial, []).append(meter)
        self._records = records

    def heard(self, gateway: str, payload: bytes, now: datetime, monotonic_s: float) -> None:
        """Keep what came on a gateway's topic, in place of what is older; too many or too much is passed over.

        Raises:
            msgspec.DecodeError: it is no message of live values.
        """
        there = self._gateways.get(gateway)
        if there is None:
            if len(self._gateways) >= MAX_GATEWAYS:
                self._forget_old(now)
            if len(self._gateways) >= MAX_GATEWAYS:
                return
            there = self._gateways[gateway] = _Gateway()
        if there.second != int(monotonic_s):
            there.second, there.messages = int(monotonic_s), 0
        there.messages += 1
        if there.messages > MAX_A_SECOND:
            return
        for meter in decode_live(gateway, payload).meters:
            # A meter's values come together: what is no longer told is absent now.
            fresh = {one.name: one for one in meter.values if _is_new(one, now)}
            if meter.meter in there.meters or self._has_room(there, now):
                there.meters[meter.meter] = fresh
        # Making room may have forgotten a gateway that had no meters yet.
        self._gateways[gateway] = there

    def answer(self, now: datetime) -> dict[str, Any]:
        """What is new at ``now``, by gateway and meter.

        Power is at the point, like energies: times the meter's multiplier; other values are as the meter shows them.
        """
        rows = []
        for gateway, there in sorted(self._gateways.items()):
            for meter, values in sorted(there.meters.items()):
                new = [one for one in values.values() if _is_new(one, now)]
                if new:
                    rows.append(self._row(gateway, meter, new, now))
        return {"now": utc_text(now), "meters": rows}

    def _row(self, gateway: str, meter: str, values: list[LiveValue], now: datetime) -> dict[str, Any]:
        record = self._record(gateway, meter, now)
        return {
            "gateway": gateway,
            "meter": meter,
            "point": record.point if record else "",
            "role": record.role.value if record else "",
            "at": utc_text(min(one.at for one in values)),
            "values": [{"name": one.name, "unit": one.unit, "value": _at_the_point(one, record)} for one in values],
        }

    def _record(self, gateway: str, meter: str, now: datetime) -> Meter | None:
        """The meter's record in the cluster file that is valid now, if it is this gateway's to read."""
        for record in self._records.get(meter, ()):
            first, last = valid_instants(record)
            if (first is None or first <= now) and (last is None or now < last) and record.gateway in {"", gateway}:
                return record
        return None

    def _has_room(self, there: _Gateway, now: datetime) -> bool:
        """Whether a gateway may have one more meter."""
        if len(there.meters) >= MAX_METERS or self._count() >= MAX_IN_ALL:
            self._forget_old(now)
        return len(there.meters) < MAX_METERS and self._count() < MAX_IN_ALL

    def _count(self) -> int:
        return sum(len(one.meters) for one in self._gateways.values())

    def _forget_old(self, now: datetime) -> None:
        """Old meters and gateways make room; looked for every few seconds at most, whoever floods."""
        if self._forgot is not None and abs(now - self._forgot) < _FORGET_EVERY:
            return
        self._forgot = now
        for there in self._gateways.values():
            there.meters = {name: old for name, old in there.meters.items() if _any_new(old, now)}
        self._gateways = {name: one for name, one in self._gateways.items() if one.meters}


def _is_new(value: LiveValue, now: datetime) -> bool:
    # A clock that is ahead would keep its values new for ever.
    return abs(now - value.at) <= OLDEST


def _any_new(values: Mapping[str, LiveValue], now: datetime) -> bool:
    return any(_is_new(one, now) for one in values.values())


def _at_the_point(value: LiveValue, record: Meter | None) -> str:
    if record is None or record.multiplier == 1 or value.unit != "W":
        return value.value
    return format(Decimal(value.value) * record.multiplier, "f")
