"""Messages of version 1 as they are on the wire for ever: the files in golden/v1 are never changed, only added to."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from metering.live import LiveMessage
from metering.wire import (
    GatewayStatus,
    Presence,
    ReceiptsMessage,
    ResendRequest,
    StandOnWire,
    StandsMessage,
    Verdict,
    decode_live,
    decode_presence,
    decode_receipts,
    decode_request,
    decode_stands,
    decode_status,
    digest,
    encode,
)

GOLDEN = Path(__file__).parent / "golden" / "v1"
READERS = {
    "live": partial(decode_live, "town-hall"),
    "receipts": decode_receipts,
    "status": decode_status,
    "presence": decode_presence,
    "request": decode_request,
}


def test_stands_decode_and_encode_to_the_same_bytes():
    payload = (GOLDEN / "stands.json").read_bytes()
    outbox, stands = decode_stands("town-hall", payload)
    assert all(isinstance(one, StandOnWire) for one in stands)
    assert encode(StandsMessage(gateway="town-hall", outbox=outbox, stands=tuple(stands))) == payload
    assert [one.stand().wh for one in stands] == [Decimal(1234567), Decimal("40000003.90625"), Decimal(0)]
    assert digest(payload) == "4a8eea237da63c88666466d80c2c9206"


@pytest.mark.parametrize(
    "file", sorted(path.name for path in GOLDEN.glob("*.json") if not path.name.startswith("stands"))
)
def test_every_other_message_decodes_and_encodes_to_the_same_bytes(file):
    payload = (GOLDEN / file).read_bytes()
    message = READERS[file.removesuffix(".json").split("-")[0]](payload)
    assert isinstance(message, LiveMessage | ReceiptsMessage | GatewayStatus | Presence | ResendRequest)
    assert encode(message) == payload


def test_receipts_name_their_message_by_its_digest():
    receipts = decode_receipts((GOLDEN / "receipts.json").read_bytes())
    assert receipts.message == digest((GOLDEN / "stands.json").read_bytes())
    assert [one.verdict for one in receipts.receipts] == [Verdict.STORED, Verdict.HELD, Verdict.CONFLICT]
    refusal = decode_receipts((GOLDEN / "receipts-refused.json").read_bytes())
    assert (refusal.receipts, refusal.verdict) == ((), Verdict.REFUSED)
