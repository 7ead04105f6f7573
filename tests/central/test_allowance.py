from __future__ import annotations

from datetime import timedelta

from central.allowance import A_DAY, SHORT, Allowance
from central.checks import of_intake
from central.evidence import IntakeSeen
from central.gateways import GatewayTable
from metering.wire import GatewayStatus, OutboxStatus
from tests.central.stands import T0

DAY = "2026-06-17"


def test_while_there_is_room_any_backlog_is_taken_in():
    allowance = Allowance(lambda: SHORT)
    assert all(allowance.allows("g1", A_DAY, DAY, second) for second in range(1000))


def test_on_a_short_disk_a_gateway_gone_wild_is_put_off_and_the_others_are_not():
    free = [SHORT]
    allowance = Allowance(lambda: free[0])
    assert allowance.allows("wild", A_DAY, DAY, 0)
    free[0] -= 1
    assert allowance.allows("wild", 1, DAY, 0.5), "the disk is looked at once a second"
    assert not allowance.allows("wild", 1, DAY, 2)
    assert all(allowance.allows("g1", A_DAY // 10, DAY, 2) for _ in range(10))
    assert not allowance.allows("g1", 100, DAY, 3)
    assert allowance.allows("wild", A_DAY, "2026-06-18", 4)
    assert not allowance.allows("wild", 1, "2026-06-18", 5)
    free[0] = SHORT
    assert allowance.allows("wild", A_DAY, "2026-06-18", 6)
    assert [allowance.tell("wild", second) for second in (0, 59, 60, 61)] == [True, False, True, False]


def test_it_is_a_finding_until_ten_minutes_after(tmp_path):
    table = GatewayTable(tmp_path / "gateways.sqlite")
    table.heard("g1", GatewayStatus(online=True), T0)
    table.put_off("g1", T0)
    for minutes, kinds in ((1, ["put_off"]), (11, [])):
        seen = IntakeSeen(now=T0 + timedelta(minutes=minutes), gateways=table.all())
        assert [one.kind for one in of_intake(seen)] == kinds
    table.close()


def test_trouble_with_a_gateways_disk_is_a_finding(tmp_path):
    table = GatewayTable(tmp_path / "gateways.sqlite")
    for trouble, unwritten, count in (("", 0, 0), ("the disk is full", 3, 1), ("the outbox was damaged", 0, 1)):
        outbox = OutboxStatus(id="o", trouble=trouble, unwritten=unwritten)
        table.heard("g1", GatewayStatus(online=True, outbox=outbox), T0)
        found = of_intake(IntakeSeen(now=T0, gateways=table.all()))
        assert [one.kind for one in found] == ["outbox_trouble"] * count
        assert all(trouble in one.text for one in found)
        assert [one.first for one in found] == [str(unwritten)] * count
    table.close()
