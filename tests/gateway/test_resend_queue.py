from __future__ import annotations

import asyncio

from gateway.outbox import Fate, Outbox, RowState
from gateway.outbox_thread import OutboxThread
from gateway.resend_queue import ResendQueue
from metering.wire import ResendRequest, encode
from tests.gateway.test_outbox import STAMP, stand


async def test_a_request_kept_over_a_restart_is_answered_once_though_another_comes_in_the_same_moment(tmp_path):
    outbox = OutboxThread.open(tmp_path / "outbox.sqlite")
    await outbox.run(Outbox.add, [stand(hour) for hour in range(3)], STAMP, {})
    await outbox.run(Outbox.settle, [Fate(number, RowState.RELEASED, "") for number in (1, 2, 3)])
    await outbox.run(Outbox.ask, ResendRequest(id="kept", outbox=outbox.id, sequences=((1, 2),)))

    queue = ResendQueue(outbox)
    new = encode(ResendRequest(id="new", outbox=outbox.id, sequences=((3, 3),)))
    sent, _ = await asyncio.gather(queue.more(10), queue.take(new))
    sent += await queue.more(10)
    assert [row.sequence for row in sent] == [1, 2, 3]
    assert await queue.more(10) == []

    await queue.landed()
    assert {(status.id, status.stands, status.done) for status in queue.statuses()} == {
        ("kept", 2, True),
        ("new", 1, True),
    }
    assert await outbox.run(Outbox.requests) == []
    outbox.close()


async def test_a_request_is_told_as_done_once_though_sending_and_settling_see_its_end_in_the_same_moment(tmp_path):
    outbox = OutboxThread.open(tmp_path / "outbox.sqlite")
    queue = ResendQueue(outbox)
    await queue.take(encode(ResendRequest(id="nothing there", outbox=outbox.id, sequences=((1, 2),))))
    assert await queue.more(10) == []

    await asyncio.gather(queue.landed(), queue.landed())
    assert [(status.id, status.done) for status in queue.statuses()] == [("nothing there", True)]
    outbox.close()
