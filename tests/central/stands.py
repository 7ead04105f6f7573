"""Made-up stands and messages for central's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from central.journal import Message
from metering.stand import Quality
from metering.wire import ClockState, StandOnWire, StandsMessage, encode

T0 = datetime(2026, 6, 17, tzinfo=UTC)


def stand(
    hour: float, wh: str, *, sequence: int = 1, meter: str = "M1", register: str = "1-0:1.8.0", epoch: str = "e1"
) -> StandOnWire:
    at = T0 + timedelta(hours=hour)
    return StandOnWire(
        sequence=sequence,
        meter=meter,
        register=register,
        wh=wh,
        resolution="1",
        at=at,
        before=at,
        after=at,
        quality=Quality.MEASURED,
        epoch=epoch,
        boot="b",
        monotonic_ms=1,
        clock=ClockState.SIMULATED,
    )


def message(*stands: StandOnWire, gateway: str = "g1") -> Message:
    payload = encode(StandsMessage(gateway=gateway, outbox="o", stands=stands))
    return Message(received=T0, gateway=gateway, payload=payload)


CLUSTER = """
[cluster]
name = "Test"
registered_from = 2024-10-01
[[members]]
id = "A"
name = "Town hall"
kind = "gmina"
[[members]]
id = "F"
name = "Farm & <sons>"
kind = "company"
[[points]]
id = "A1"
member = "A"
directions = ["drawn"]
tariff = "C11"
valid_from = 2026-06-17
[[points]]
id = "F1"
member = "F"
directions = ["injected"]
source = "wind"
valid_from = 2026-06-17
[[meters]]
serial = "M1"
point = "A1"
role = "settlement"
[[meters]]
serial = "M2"
point = "F1"
role = "settlement"
multiplier = 10
"""
