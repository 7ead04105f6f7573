"""A real file system that is full: mounted for the test, where that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway import recorder as recording
from gateway import reserve
from gateway.config import MeterSettings
from gateway.meter import Findings, Meter
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.profile import profile
from gateway.recorder import Recorder
from metering.period import QUARTER
from runtime.clock import SystemClock
from tests.faults.small_disk import small_disk as mounted
from tests.gateway.test_outbox import stand


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", size_mb=1) as made:
        yield made.folder


def recorder_on(folder: Path) -> tuple[OutboxThread, Recorder, Meter]:
    box = OutboxThread.open(folder / "outbox.sqlite")
    model = profile("eastron-sdm630")
    meter = Meter(MeterSettings(id="M1", bus="b", profile=model.id), model, {}, QUARTER)
    return box, Recorder(box, SystemClock(), lambda: None), meter


def fill(folder: Path) -> Path:
    """All the room that is left, to the last byte."""
    filler = folder / "log-of-something-else"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


async def test_stands_made_while_the_disk_is_full_are_kept_told_of_and_written_when_it_has_room(small_disk):
    box, recorder, meter = recorder_on(small_disk)
    hour = 0
    filler = fill(small_disk)
    while not box.unwritten and hour < 5000:
        await recorder.keep(meter, Findings(stands=[stand(hour)]))
        hour += 1
    assert box.unwritten
    for _ in range(50):
        await recorder.keep(meter, Findings(stands=[stand(hour)]))
        hour += 1
    told = box.status(())
    assert told.unwritten > 50
    assert told.lost == 0
    assert "stands are kept in memory: database or disk is full" in told.trouble
    filler.unlink()
    await recorder.keep(meter, Findings())
    assert box.status(()).unwritten == 0
    assert "kept in memory" not in box.status(()).trouble
    assert (await box.run(Outbox.summary)).counts == {"waiting": hour}
    box.close()
    again = Outbox.open(small_disk / "outbox.sqlite")
    assert again.summary().counts == {"waiting": hour}
    again.close()


async def test_the_reserve_is_given_up_for_stands_and_said(small_disk, monkeypatch):
    monkeypatch.setattr(reserve, "SIZE", 200_000)
    monkeypatch.setattr(reserve, "LITTLE", 300_000)
    box, recorder, meter = recorder_on(small_disk)
    assert (small_disk / "outbox.reserve").stat().st_size == 200_000
    filler = fill(small_disk)
    hour = 0
    while (small_disk / "outbox.reserve").exists():
        await recorder.keep(meter, Findings(stands=[stand(hour)]))
        assert box.unwritten == 0
        hour += 1
    for _ in range(20):
        await recorder.keep(meter, Findings(stands=[stand(hour)]))
        hour += 1
    assert (box.unwritten, (await box.run(Outbox.summary)).counts) == (0, {"waiting": hour})
    assert "the reserve was given up for stands" in box.status(()).trouble
    filler.unlink()
    box.look_at_disk()
    assert box.status(()).trouble == ""
    assert (small_disk / "outbox.reserve").exists()
    box.close()


async def test_what_memory_cannot_hold_is_counted_and_said(small_disk, monkeypatch):
    monkeypatch.setattr(recording, "MOST_IN_MEMORY", 10)
    box, recorder, meter = recorder_on(small_disk)
    fill(small_disk)
    hour = 0
    while box.lost < 5 and hour < 5000:
        await recorder.keep(meter, Findings(stands=[stand(hour)]))
        hour += 1
    told = box.status(())
    assert (told.unwritten, told.lost) == (10, 5)
    box.close()


def test_a_disk_that_cannot_even_be_looked_at_ends_nothing(tmp_path):
    box = OutboxThread.open(tmp_path / "data" / "outbox.sqlite")
    (tmp_path / "data").rename(tmp_path / "gone")
    with capture_logs() as said:
        box.look_at_disk()
    assert [one["event"] for one in said] == ["disk_not_looked_at"]
    box.close()
