from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from gateway.observation import Accepted
from gateway.outbox import KEPT, Fate, Outbox, OutboxError, RowState, Stamp
from metering.stand import Quality, Stand
from metering.wire import ClockState, StandOnWire, StandsMessage, decode_stands, encode

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MILLI = timedelta(milliseconds=1)
STAMP = Stamp(boot="boot-1", monotonic_ms=5, clock=ClockState.SIMULATED, made_at=NOON)


def stand(hour: int = 0, *, meter: str = "M1", wh: object = 100, epoch: str = "1") -> Stand:
    at = NOON + hour * HOUR
    return Stand(
        meter=meter, register="1-0:1.8.0", wh=Decimal(str(wh)), resolution=Decimal(1), at=at,
        before=at - timedelta(seconds=3), after=at + timedelta(seconds=7.5), quality=Quality.INTERPOLATED, epoch=epoch,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "data" / "outbox.sqlite"


@pytest.fixture
def box(path):
    made = Outbox.open(path)
    yield made
    made.close()


def waiting(box: Outbox) -> list[StandOnWire]:
    found = box.waiting(1000)
    return found.newest + found.backlog


def test_a_row_is_what_goes_on_the_wire(box):
    box.add([stand(wh="40000003.90625")], STAMP, {})
    (row,) = waiting(box)
    payload = encode(StandsMessage(gateway="g", outbox=box.id, stands=(row,)))
    outbox, (read,) = decode_stands("g", payload)
    assert outbox == box.id
    assert read == row
    assert read.stand() == stand(wh="40000003.90625")
    assert (row.sequence, row.boot, row.monotonic_ms, row.clock) == (1, "boot-1", 5, "simulated")


def test_the_same_stand_is_kept_once_and_the_first_stays(box):
    assert box.add([stand(wh=100), stand(wh=101)], STAMP, {}) == 1
    assert box.add([stand(wh=102), stand(epoch="2", wh=5)], STAMP, {}) == 1
    assert [row.wh for row in waiting(box)] == ["100", "5"]


def test_the_newest_hour_comes_first_and_then_the_backlog_oldest_first(box):
    for hour in (2, 0, 3, 1):
        box.add([stand(hour), stand(hour, meter="M2")], STAMP, {})
    found = box.waiting(3)
    assert [row.at for row in found.newest] == [NOON + 3 * HOUR] * 2
    assert [row.at for row in found.backlog] == [NOON, NOON, NOON + HOUR]
    box.settle([Fate(row.sequence, RowState.RELEASED, "") for row in found.newest])
    found = box.waiting(99)
    assert found.newest == []
    assert [row.at for row in found.backlog] == [NOON, NOON, NOON + HOUR, NOON + HOUR, NOON + 2 * HOUR, NOON + 2 * HOUR]


def test_a_row_leaves_the_queue_once_and_never_comes_back(box):
    box.add([stand(hour) for hour in range(5)], STAMP, {})
    fates = zip(RowState, ("", "", "unknown meter", "another value", "broken"), strict=True)
    box.settle([Fate(number, state, reason) for number, (state, reason) in enumerate(fates, 1)])
    box.settle([Fate(5, RowState.WAITING, ""), Fate(2, RowState.WAITING, "")])
    summary = box.summary()
    assert summary.counts == {"waiting": 1, "released": 1, "held": 1, "conflict": 1, "aside": 1}
    assert [(row.sequence, row.reason) for row in summary.aside] == [(5, "broken")]
    assert summary.oldest_waiting == "2026-10-01T12:00:00Z"


def test_sequences_are_never_used_twice_even_after_pruning(box, path):
    box.add([stand(0), stand(1)], STAMP, {})
    box.settle([Fate(1, RowState.RELEASED, ""), Fate(2, RowState.RELEASED, "")])
    assert box.prune(NOON + KEPT + 5 * HOUR) == 1
    box.close()
    again = Outbox.open(path)
    again.add([stand(9)], STAMP, {})
    assert [row.sequence for row in waiting(again)] == [3]
    again.close()


def test_what_is_released_stays_450_days_and_what_waits_for_ever(box):
    box.add([stand(0), stand(1), stand(2)], STAMP, {})
    box.settle([Fate(1, RowState.RELEASED, ""), Fate(2, RowState.ASIDE, "x")])
    assert box.prune(NOON + KEPT) == 0
    assert box.prune(NOON + KEPT + timedelta(days=900)) == 2
    assert [row.sequence for row in waiting(box)] == [3]


def test_lives_are_remembered_with_the_rows_and_survive_a_restart(box, path):
    life = Accepted("epoch", Decimal("40000003.90625"), Decimal("3.90625"), NOON, NOON + timedelta(milliseconds=40))
    box.add([stand()], STAMP, {("M1", "1-0:1.8.0"): life})
    box.add([], STAMP, {("M1", "1-0:1.8.0"): replace(life, wh=Decimal(40000011)), ("M2", "1-0:1.8.0"): life})
    box.close()
    again = Outbox.open(path)
    assert again.lives() == {
        ("M1", "1-0:1.8.0"): replace(life, wh=Decimal(40000011)),
        ("M2", "1-0:1.8.0"): life,
    }
    assert again.id == box.id
    again.close()


def test_rows_and_lives_are_committed_together_or_not_at_all(box):
    life = Accepted("epoch", Decimal(1), Decimal(1), NOON, NOON)
    bad = msgspec.structs.replace(stand(1), epoch=None)
    with pytest.raises(sqlite3.Error):
        box.add([stand(0), bad], STAMP, {("M1", "1-0:1.8.0"): life})
    assert waiting(box) == []
    assert box.lives() == {}
    assert box.add([stand(0)], STAMP, {("M1", "1-0:1.8.0"): life}) == 1
    assert [row.sequence for row in waiting(box)] == [1]
    assert box.lives() == {("M1", "1-0:1.8.0"): life}


def test_a_file_of_a_later_version_is_refused(box, path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE key = 'layout'")
    box.close()
    with pytest.raises(OutboxError, match="layout is 7"):
        Outbox.open(path)


LAYOUT_2 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE rows (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    meter TEXT NOT NULL, register TEXT NOT NULL, wh TEXT NOT NULL, resolution TEXT NOT NULL,
    at TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, quality TEXT NOT NULL, epoch TEXT NOT NULL,
    boot TEXT NOT NULL, monotonic_ms INTEGER NOT NULL, clock TEXT NOT NULL, made_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', reason TEXT NOT NULL DEFAULT '',
    UNIQUE (meter, register, at, epoch)
) STRICT;
CREATE TABLE lives (
    meter TEXT NOT NULL, register TEXT NOT NULL, epoch TEXT NOT NULL, wh TEXT NOT NULL, step TEXT NOT NULL,
    sent TEXT NOT NULL, received TEXT NOT NULL, wraps INTEGER NOT NULL DEFAULT 0, scale TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (meter, register)
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('layout', '2'), ('outbox', 'old-box');
INSERT INTO rows VALUES
    (7, 'M1', '1-0:1.8.0', '40000003.90625', '3.90625', '2026-10-01T12:00:00Z', '2026-10-01T11:59:57Z',
     '2026-10-01T12:00:07.500000Z', 'interpolated', '1', 'boot-0', 9, 'unknown', '2026-10-01T12:00:08Z', 'waiting', ''),
    (8, 'M1', '1-0:1.8.0', '40000007.8125', '3.90625', '2026-10-01T13:00:00Z', '2026-10-01T13:00:00Z',
     '2026-10-01T13:00:00Z', 'measured', '1', 'boot-0', 99, 'unknown', '2026-10-01T13:00:01Z', 'conflict', 'another');
INSERT INTO lives VALUES
    ('M1', '1-0:1.8.0', '1', '40000007.8125', '3.90625', '2026-10-01T13:00:00Z', '2026-10-01T13:00:00.040000Z', 3, '0.1');
"""


@pytest.mark.parametrize("layout", ["1", "2"])
def test_an_outbox_of_an_earlier_layout_is_carried_over(path, layout):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.executescript(LAYOUT_2)
        if layout == "1":
            connection.execute("ALTER TABLE lives DROP COLUMN wraps")
            connection.execute("ALTER TABLE lives DROP COLUMN scale")
            connection.execute("UPDATE meta SET value = '1' WHERE key = 'layout'")
    connection.close()
    with pytest.raises(OutboxError, match="klaster-gateway run carries it over"):
        Outbox.look(path)
    box = Outbox.open(path)
    (row,) = waiting(box)
    assert (box.id, row.sequence, row.boot, row.monotonic_ms, row.clock) == ("old-box", 7, "boot-0", 9, "unknown")
    assert row.stand() == msgspec.structs.replace(stand(wh="40000003.90625"), resolution=Decimal("3.90625"))
    assert box.summary().counts == {"waiting": 1, "conflict": 1}
    life = Accepted("1", Decimal("40000007.8125"), Decimal("3.90625"), NOON + HOUR, NOON + HOUR + 40 * MILLI)
    later = replace(life, wraps=3, scale=Decimal("0.1")) if layout == "2" else life
    assert box.lives() == {("M1", "1-0:1.8.0"): later}
    box.add([stand(9)], STAMP, {})
    assert [row.sequence for row in waiting(box)] == [9, 7]
    box.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["outbox.lock", "outbox.sqlite"]


def test_two_gateways_never_share_an_outbox(box, path):
    with pytest.raises(OutboxError, match="another klaster-gateway is using"):
        Outbox.open(path)
    box.close()
    Outbox.open(path).close()


def test_looking_in_needs_an_outbox_and_never_writes(box, path):
    with pytest.raises(OutboxError, match="no outbox yet"):
        Outbox.look(path.with_name("none.sqlite"))
    box.add([stand()], STAMP, {})
    view = Outbox.look(path)
    assert view.summary().counts == {"waiting": 1}
    with pytest.raises(sqlite3.Error, match="readonly"):
        view.add([stand(1)], STAMP, {})
    view.close()


APPENDER = """
import sys
from datetime import timedelta
from pathlib import Path
from gateway.outbox import Outbox
from tests.gateway.test_outbox import STAMP, stand
box = Outbox.open(Path(sys.argv[1]))
for hour in range(100_000):
    box.add([stand(hour), stand(hour, meter="M2")], STAMP, {})
    print(hour, flush=True)
"""


def test_no_acknowledged_row_is_lost_when_the_process_is_killed(path):
    child = subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    acknowledged = -1
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged >= 200:
            os.kill(child.pid, signal.SIGKILL)
            break
    acknowledged = max([acknowledged, *(int(line) for line in child.stdout if line.strip())])
    child.wait()
    box = Outbox.open(path)
    kept = [row.at for row in box.waiting(10**6).backlog] + [row.at for row in box.waiting(1).newest]
    box.close()
    for hour in range(acknowledged + 1):
        assert kept.count(NOON + hour * HOUR) == 2
    assert len(kept) in {2 * (acknowledged + 1), 2 * (acknowledged + 2)}
