"""From bytes to verdicts: stored, held, conflict, refused; and the journal that keeps the bytes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from central.cluster import load_cluster
from central.config import load_config
from central.intake import KnownMeters, take_in
from central.journal import Journal, Message
from central.keeper import Keeper, NotKeptError, replay
from central.stores.sqlite import SqliteStore
from metering.wire import (
    GatewayStatus,
    OutboxStatus,
    ReceiptsMessage,
    RequestStatus,
    Verdict,
    decode_status,
    digest,
    encode,
)
from tests.central.stands import CLUSTER, T0, message, stand


@pytest.fixture
def known(tmp_path: Path) -> KnownMeters:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    return KnownMeters(load_cluster(tmp_path / "cluster.toml"))


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "readings.sqlite")


def take(store: SqliteStore, known: KnownMeters, *messages: Message) -> list[ReceiptsMessage]:
    return take_in(store, list(enumerate(messages, 1)), known)


def verdicts(receipt: ReceiptsMessage) -> list[tuple[int, Verdict]]:
    return [(one.sequence, one.verdict) for one in receipt.receipts]


def test_each_stand_gets_its_verdict_under_its_messages_name(store: SqliteStore, known: KnownMeters) -> None:
    sent = message(stand(0, "5", sequence=1), stand(0, "5", sequence=2, meter="X"), stand(0, "6", sequence=3))
    (receipt,) = take(store, known, sent)
    assert receipt.message == digest(sent.payload)
    assert verdicts(receipt) == [(1, Verdict.STORED), (2, Verdict.HELD), (3, Verdict.CONFLICT)]
    assert "isn't in the cluster file" in receipt.receipts[1].reason
    assert "5 Wh was there first" in receipt.receipts[2].reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not a message of stands"),
        (b"\xff\x00{", "not a message of stands"),
        (b'{"v":1}', "not a message of stands"),
        (b"[" * 100_000, "not a message of stands"),
        (b'{"v":2,"gateway":"g1","outbox":"o","stands":[{}]}', "version 2"),
        (b'{"v":1,"gateway":"other","outbox":"o","stands":[{}]}', "it says gateway 'other' but came as 'g1'"),
        (b'{"v":1,"gateway":"g1","outbox":"o","stands":[]}', "not a message of stands"),
        (b" " * 300_000, "at most 262144 are read"),
    ],
)
def test_a_broken_message_is_refused_as_a_whole_and_kept_as_a_doubt(store, known, payload: bytes, reason: str) -> None:
    (receipt,) = take(store, known, Message(received=T0, gateway="g1", payload=payload))
    assert receipt.verdict is Verdict.REFUSED
    assert reason in receipt.reason
    assert receipt.receipts == ()
    assert [doubt.verdict for doubt in store.doubts()] == [Verdict.REFUSED]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wh", '"-5"'),
        ("wh", '"1e9"'),
        ("wh", '"12345678901234"'),
        ("wh", "5"),
        ("register", '"1.8.0"'),
        ("at", '"2026-06-17T00:00:00"'),
        ("at", '"2026-06-17T00:00:01Z"'),
        ("at", '"0001-01-01T00:00:00+14:00"'),
        ("quality", '"estimated"'),
        ("meter", '"a\\u0000b"'),
    ],
)
def test_one_unreadable_stand_never_costs_the_others(store, known, name: str, value: str) -> None:
    good = encode_one(stand(0, "5", sequence=1))
    fields = dict(item.split(":", 1) for item in encode_one(stand(1, "6", sequence=2)).strip("{}").split(","))
    fields[f'"{name}"'] = value
    bad = "{" + ",".join(f"{key}:{text}" for key, text in fields.items()) + "}"
    payload = f'{{"v":1,"gateway":"g1","outbox":"o","stands":[{bad},{good}]}}'.encode()
    (receipt,) = take(store, known, Message(received=T0, gateway="g1", payload=payload))
    assert verdicts(receipt) == [(2, Verdict.REFUSED), (1, Verdict.STORED)]


def encode_one(one) -> str:
    import msgspec

    return msgspec.json.encode(one).decode()


def test_a_meter_valid_at_another_time_is_held(store: SqliteStore, tmp_path: Path) -> None:
    text = CLUSTER.replace('serial = "M1"', 'serial = "M1"\nvalid_from = 2026-06-18')
    (tmp_path / "cluster.toml").write_text(text, encoding="utf-8")
    known = KnownMeters(load_cluster(tmp_path / "cluster.toml"))
    (receipt,) = take(store, known, message(stand(0, "5"), stand(22, "6")))
    assert [one.verdict for one in receipt.receipts] == [Verdict.HELD, Verdict.STORED]


def test_the_journal_keeps_the_bytes_once_and_gives_them_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    one, two = message(stand(0, "1")), Message(received=T0, gateway="g1", payload=b"\x00\xff")
    assert journal.append([one, two, one]) == [1, 2, 1]
    assert journal.append([two]) == [2]
    assert journal.append([Message(received=T0, gateway="g2", payload=two.payload)]) == [journal.last()]
    read = [(number, found.gateway, found.payload) for batch in journal.after(0, 1) for number, found in batch]
    assert [row[1:] for row in read] == [("g1", one.payload), ("g1", two.payload), ("g2", two.payload)]
    assert [number for batch in journal.after(read[0][0]) for number, _ in batch] == [row[0] for row in read[1:]]


def test_the_store_catches_up_with_the_journal_and_a_rebuild_gives_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.append([message(stand(hour, str(hour * 10))) for hour in range(5)])
    journal.append([message(stand(2, "999")), Message(received=T0, gateway="g1", payload=b"broken")])
    store, fresh = SqliteStore(tmp_path / "a.sqlite"), SqliteStore(tmp_path / "b.sqlite")
    assert replay(journal, store) == 7
    assert replay(journal, store) == 0
    replay(journal, fresh)
    first, last = T0, T0.replace(day=18)
    assert store.stands(first, last) == fresh.stands(first, last)
    assert store.doubts() == fresh.doubts()
    assert store.position() == journal.last()


CHILD = """
import sys
from pathlib import Path
from central.journal import Journal
from tests.central.stands import message, stand
journal = Journal(Path(sys.argv[1]))
n = 0
while True:
    journal.append([message(stand(n + i / 4, str(n))) for i in range(4)])
    n += 1
    print(n, flush=True)
"""


def test_sigkill_loses_no_committed_message(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for _ in range(3):
        before = sum(len(batch) for batch in Journal(path).after(0)) if path.exists() else 0
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
        acknowledged = 0
        assert child.stdout
        for line in child.stdout:
            acknowledged = int(line)
            if acknowledged >= 40:
                child.send_signal(signal.SIGKILL)
                break
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout if line.strip())])
        child.wait()
        payloads = [found.payload for batch in Journal(path).after(0) for _, found in batch]
        assert len(payloads) == len(set(payloads))
        assert len(payloads) >= max(before, acknowledged * 4)


def test_presence_and_status_are_not_stands(store: SqliteStore, known: KnownMeters) -> None:
    from metering.wire import Presence

    (receipt,) = take(store, known, Message(received=T0, gateway="g1", payload=encode(Presence(online=True))))
    assert receipt.verdict is Verdict.REFUSED


def test_a_gateway_may_not_send_for_a_meter_that_is_anothers_to_read(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "cluster.toml").write_text(
        CLUSTER.replace('serial = "M1"', 'serial = "M1"\ngateway = "g1"'), encoding="utf-8"
    )
    known = KnownMeters(load_cluster(tmp_path / "cluster.toml"))
    own, foreign = take(store, known, message(stand(0, "5")), message(stand(1, "6"), gateway="evil"))
    assert verdicts(own) == [(1, Verdict.STORED)]
    assert verdicts(foreign) == [(1, Verdict.HELD)]
    assert "gateway g1's to read" in foreign.receipts[0].reason


def test_after_a_failed_admission_the_batch_comes_first_and_is_not_passed_by(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    (tmp_path / "central.toml").write_text('[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n', encoding="utf-8")
    keeper = Keeper(load_config(tmp_path / "central.toml"))
    keeper.take([message(stand(0, "1"))], T0)
    store = keeper._admits
    real = store.admit
    monkeypatch.setattr(store, "admit", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("disk full")))
    with pytest.raises(NotKeptError, match="disk full"):
        keeper.take([message(stand(1, "2"))], T0)
    monkeypatch.setattr(store, "admit", real)
    keeper.take([message(stand(2, "3"))], T0)
    rows = store.stands(T0, T0 + timedelta(hours=9)).to_pylist()
    assert [row["wh"] for row in rows] == ["1", "2", "3"]
    assert store.position() == 3


def test_a_gateways_table_that_cannot_be_written_costs_no_receipt(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    (tmp_path / "central.toml").write_text('[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n', encoding="utf-8")
    keeper = Keeper(load_config(tmp_path / "central.toml"))

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(keeper._gateways, "receipted", full)
    monkeypatch.setattr(keeper._gateways, "heard", full)
    (receipt,) = keeper.take([message(stand(0, "1"))], T0)
    assert verdicts(receipt) == [(1, Verdict.STORED)]
    keeper.heard("g1", GatewayStatus(online=True), T0)


def test_a_status_with_a_number_beyond_all_is_refused_or_not_noted_and_receipts_go_on(tmp_path: Path) -> None:
    for key in ('"backlog":BIG', '"outbox":{"id":"o","requests":[{"id":"r","stands":BIG,"done":false}]}'):
        with pytest.raises(msgspec.DecodeError):
            decode_status(f'{{"v":1,"online":true,{key.replace("BIG", "9" * 40)}}}'.encode())
    (tmp_path / "cluster.toml").write_text(CLUSTER, encoding="utf-8")
    (tmp_path / "central.toml").write_text('[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n', encoding="utf-8")
    keeper = Keeper(load_config(tmp_path / "central.toml"))
    outbox = OutboxStatus(id="o", requests=(RequestStatus(id="r", stands=10**40, done=False),))
    keeper.heard("g1", GatewayStatus(online=True, outbox=outbox), T0)
    (receipt,) = keeper.take([message(stand(0, "5"))], T0)
    assert verdicts(receipt) == [(1, Verdict.STORED)]
    keeper.close()
