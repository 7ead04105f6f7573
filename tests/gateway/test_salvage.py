"""Damage of real files: what can be read is kept, nothing false is, and the gateway goes on."""

from __future__ import annotations

import asyncio
import gc
import random
import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observation import Accepted
from gateway.outbox import KEPT, Fate, Outbox, RowState
from gateway.outbox_file import PAGE_SIZE, is_damage
from gateway.outbox_thread import OutboxThread
from gateway.resends import Resend
from gateway.sqlite_pages import file_records, page_records
from metering.wire import ResendRequest, StandOnWire
from tests.gateway.test_outbox import HOUR, NOON, STAMP, stand

METERS = [f"M{n}" for n in range(8)]
HOURS = 60
EVERYTHING = ResendRequest(id="all")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """An outbox as a killed gateway leaves it: the older half in the file, the newer in its WAL; the last hour waits."""
    folder = tmp_path_factory.mktemp("whole")
    box = Outbox.open(folder / "outbox.sqlite")
    for hour in range(HOURS):
        lives = {
            (m, "1-0:1.8.0"): Accepted("1", Decimal(100 + hour), Decimal(1), NOON, NOON + hour * HOUR) for m in METERS
        }
        box.add([stand(hour, meter=meter, wh=f"{hour * 1000 + n}.5") for n, meter in enumerate(METERS)], STAMP, lives)
        if hour == HOURS // 2:
            box._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    box.settle([Fate(number, RowState.RELEASED, "") for number in range(1, 8 * (HOURS - 1) + 1)])
    copy = tmp_path_factory.mktemp("copy")
    for file in folder.iterdir():
        shutil.copy(file, copy / file.name)
    box.close()
    return copy


def rows(box: Outbox) -> dict[int, tuple[StandOnWire, bool]]:
    found = box.waiting(10**6)
    waiting = {row.sequence: (row, True) for row in (*found.newest, *found.backlog)}
    return waiting | {row.sequence: (row, False) for row in box.again(Resend(EVERYTHING), 10**6)}


@pytest.fixture(scope="module")
def truth(whole, tmp_path_factory):
    copy = tmp_path_factory.mktemp("truth")
    shutil.copytree(whole, copy, dirs_exist_ok=True)
    box = Outbox.open(copy / "outbox.sqlite")
    found = rows(box), box.lives(), box.id
    box.close()
    assert len(found[0]) == 8 * HOURS
    return found


def damaged(whole: Path, tmp_path: Path, *, all_in_file: bool = False) -> Path:
    shutil.copytree(whole, tmp_path / "data")
    path = tmp_path / "data" / "outbox.sqlite"
    if all_in_file:
        Outbox.open(path).close()
    return path


def opened_again(path: Path, truth) -> tuple[Outbox, dict[int, tuple[StandOnWire, bool]]]:
    """Open it; what is in it must be true, and new rows must get numbers that no row ever had."""
    box = Outbox.open(path)
    found = rows(box)
    for number, (row, waits) in found.items():
        assert truth[0][number][0] == row
        assert waits or not truth[0][number][1], "it waited, and is taken for receipted"
    for key, last in box.lives().items():
        assert last.epoch == truth[1][key].epoch
    assert box.add([stand(HOURS + 5)], STAMP, {}) == 1
    if box.salvaged and found:
        assert box.waiting(0).newest[0].sequence > 8 * HOURS
    return box, found


@pytest.mark.parametrize("seed", range(25))
def test_wherever_bytes_are_flipped_the_gateway_starts_and_only_what_was_hit_is_lost(seed, whole, truth, tmp_path):
    path = damaged(whole, tmp_path)
    chance = random.Random(seed)
    target = path if seed % 3 else path.with_name("outbox.sqlite-wal")
    data = bytearray(target.read_bytes())
    for place in (chance.randrange(len(data)) for _ in range(chance.choice((1, 5, 40)))):
        data[place] ^= 1 << chance.randrange(8)
    target.write_bytes(data)
    box, found = opened_again(path, truth)
    # A page holds some twenty rows, and each of forty flips hits one page.
    assert len(found) >= 8 * HOURS // 2
    box.close()


@pytest.mark.parametrize("what", ["header", "first page", "half", "no wal", "torn wal", "wal header", "empty", "noise"])
def test_a_file_that_sqlite_refuses_is_set_aside_and_read_without_it(what, whole, truth, tmp_path):
    path = damaged(whole, tmp_path, all_in_file=what in {"header", "first page", "half"})
    wal = path.with_name("outbox.sqlite-wal")
    data, log = path.read_bytes(), wal.read_bytes() if wal.exists() else b""
    match what:
        case "header":
            path.write_bytes(b"\0" * 100 + data[100:])
        case "first page":
            path.write_bytes(b"\xff" * PAGE_SIZE + data[PAGE_SIZE:])
        case "half":
            path.write_bytes(data[: len(data) // 2 + 77])
        case "no wal":
            wal.unlink()
        case "torn wal":
            wal.write_bytes(log[: len(log) // 2 + 13])
        case "wal header":
            wal.write_bytes(b"\0" * 32 + log[32:])
        case "empty":
            path.write_bytes(b"")
            wal.unlink()
        case "noise":
            path.write_bytes(random.Random(1).randbytes(len(data)))
            wal.unlink()
    before = path.read_bytes()
    box, found = opened_again(path, truth)
    if what in {"header", "first page"}:
        assert found == truth[0]
        assert box.lives() == truth[1]
        assert box.id == truth[2]
        assert (box.salvaged.stands, box.salvaged.waiting, box.salvaged.same_outbox) == (8 * HOURS, 8, True)
    if what in {"header", "first page", "half", "noise"}:
        assert box.salvaged.aside.name.startswith("outbox.damaged-2")
        assert box.salvaged.aside.read_bytes() == before
    if what == "half":
        assert found
    box.close()
    again = Outbox.open(path)
    assert again.salvaged is None
    again.close()


def test_a_killed_gateways_file_is_no_damage_and_what_was_dropped_stays_so(whole, tmp_path):
    path = damaged(whole, tmp_path)
    box = Outbox.open(path)
    assert (box.rescued, box.salvaged) == (0, None)
    assert box.prune(NOON + KEPT + 40 * HOUR) == 8 * 40
    for file in path.parent.glob("outbox.sqlite*"):
        shutil.copy(file, tmp_path / file.name)
    box.close()
    again = Outbox.open(tmp_path / "outbox.sqlite")
    assert (again.rescued, again.salvaged) == (0, None)
    assert sum(again.summary().counts.values()) == 8 * (HOURS - 40)
    again.close()


def test_damage_found_while_running_is_mended_on_the_way(whole, truth, tmp_path):
    path = damaged(whole, tmp_path, all_in_file=True)
    thread = OutboxThread.open(path)
    data = bytearray(path.read_bytes())
    for start in range(PAGE_SIZE, len(data), PAGE_SIZE):
        data[start] = 99 if start % (2 * PAGE_SIZE) else data[start]
    path.write_bytes(data)
    thread._outbox._connection.execute("PRAGMA shrink_memory")

    async def use() -> None:
        assert await thread.run(Outbox.add, [stand(HOURS + 1)], STAMP, {}) == 1
        assert (await thread.run(Outbox.waiting, 0)).newest[0].at == NOON + (HOURS + 1) * HOUR

    asyncio.run(use())
    assert 0 < thread._outbox.salvaged.stands <= 8 * HOURS
    assert "the outbox was damaged: it is set aside as outbox.damaged-" in thread.status(()).trouble
    thread.close()


def test_a_crash_between_the_new_file_and_its_place_is_finished_at_the_next_start(whole, truth, tmp_path, monkeypatch):
    path = damaged(whole, tmp_path, all_in_file=True)
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])
    replace = Path.replace

    def crash(self, target):
        if self.suffix == ".new":
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            Outbox.open(path)
    assert not path.exists()
    gc.collect()
    box, found = opened_again(path, truth)
    assert found == truth[0]
    assert len(list(path.parent.glob("outbox.damaged-*.sqlite"))) == 1
    box.close()


def test_a_row_that_decayed_is_set_aside_and_never_sent_as_true(tmp_path):
    box = Outbox.open(tmp_path / "outbox.sqlite")
    box.add([stand(0), stand(1)], STAMP, {})
    box._connection.execute("UPDATE stands SET wh = 101 WHERE sequence = 1")
    found = box.waiting(10)
    assert [row.sequence for row in (*found.newest, *found.backlog)] == [2]
    assert [(row.sequence, row.reason) for row in box.summary().aside] == [
        (1, "it decayed on the disk: its checksum is wrong")
    ]
    box.close()


@given(st.binary(max_size=PAGE_SIZE))
def test_any_bytes_are_read_as_a_page(page):
    for start in (b"\x0d", b"\x0a", b""):
        list(page_records(start + page))


def test_a_real_file_is_read_as_sqlite_reads_it(tmp_path):
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, a, b)")
        values = [None, 0, 1, -1, 127, -128, 40000, -(2**23), 2**31, 2**40, -(2**47), 2**62, 1.5, "", "żółw", b"\0\xff"]
        there = [(n, a, b) for n, (a, b) in enumerate(((a, b) for a in values for b in values), 1)]
        db.executemany("INSERT INTO t VALUES (?, ?, ?)", there)
    db.close()
    assert sorted((n, *c[1:]) for n, c in file_records(path.read_bytes(), PAGE_SIZE)) == sorted(
        there, key=lambda r: r[0]
    )


def test_only_damage_is_taken_for_damage(tmp_path):
    (tmp_path / "noise").write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        sqlite3.connect(tmp_path / "noise").execute("SELECT * FROM sqlite_schema")
    assert is_damage(caught.value)
    assert not is_damage(sqlite3.OperationalError("database or disk is full"))


def test_what_decayed_of_lives_and_requests_is_passed_over_and_never_reckoned_with(tmp_path):
    box = Outbox.open(tmp_path / "outbox.sqlite")
    life = Accepted("1", Decimal(100), Decimal(1), NOON, NOON)
    lives = {(meter, "1-0:1.8.0"): life for meter in ("M1", "M2", "M3")}
    box.add([], STAMP, lives)
    box.ask(ResendRequest(id="whole", outbox=box.id, sequences=((1, 2),)))
    box.ask(ResendRequest(id="decayed", outbox=box.id, sequences=((1, 2),)))
    box._connection.execute("UPDATE lives SET wh = wh + 1 WHERE life = 1")
    box._connection.execute("UPDATE lives SET life = 77 WHERE life = 2")
    box._connection.execute("UPDATE requests SET request = replace(request, '{', '[') WHERE id = 'decayed'")
    assert box.lives() == {("M3", "1-0:1.8.0"): lives["M3", "1-0:1.8.0"]}
    assert [one.id for one in box.requests()] == ["whole"]
    box.close()
