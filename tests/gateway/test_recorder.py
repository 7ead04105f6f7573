from __future__ import annotations

import sqlite3

from gateway.config import MeterSettings
from gateway.meter import Findings, Meter
from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.profile import profile
from gateway.recorder import Recorder
from runtime.clock import SystemClock
from tests.gateway.test_outbox import stand


async def test_stands_wait_in_memory_while_the_disk_refuses_and_are_written_when_it_recovers(tmp_path, monkeypatch):
    box = OutboxThread.open(tmp_path / "outbox.sqlite")
    model = profile("eastron-sdm630")
    meter = Meter(MeterSettings(id="M1", bus="b", profile=model.id), model, {})
    calls: list[str] = []
    recorder = Recorder(box, SystemClock(), lambda: calls.append("fresh"))

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "add", full)
        await recorder.keep(meter, Findings(stands=[stand(0)]))
        await recorder.keep(meter, Findings(stands=[stand(1)]))
    assert calls == []
    await recorder.keep(meter, Findings())
    assert calls == ["fresh"]
    assert (await box.run(Outbox.summary)).counts == {"waiting": 2}
    box.close()
