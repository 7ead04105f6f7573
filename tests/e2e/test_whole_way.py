"""From a register on a wire to a share in a settlement, in real processes."""

from __future__ import annotations

import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from metering.period import HOUR, utc_text
from metering.stand import Quality
from metering.wire import ClockState, StandOnWire, StandsMessage, Verdict, encode
from simulators.compare import Kind
from simulators.demo import ask, check
from simulators.ledger import keep_books, true_flows
from simulators.processes import program
from simulators.world import World
from tests.e2e.cluster import START, complete_hours, daytime_cluster, send, wait_for, wait_until

pytestmark = pytest.mark.e2e
FIRST = START + timedelta(minutes=10)
TOWN_HALL, SCHOOL, YIELD = "23010017", "23010025", "23010033"


def test_a_day_at_work_an_unknown_meter_a_conflict_and_a_broken_message(tmp_path: Path) -> None:
    cluster = daytime_cluster(tmp_path)
    file = cluster.work.path / "cluster.toml"
    known = file.read_text(encoding="utf-8")
    record = next(part for part in known.split("[[meters]]") if SCHOOL in part)
    file.write_text(known.replace("[[meters]]" + record, ""), encoding="utf-8")
    with cluster:
        wait_until(cluster, FIRST + HOUR + timedelta(minutes=10))
        found = wait_for(lambda: [f for f in ask(cluster, "findings")["findings"] if f["kind"] == "unknown_meter"])
        assert [finding["what"] for finding in found] == [SCHOOL]
        assert complete_hours(cluster) == {}

        file.write_text(known, encoding="utf-8")
        rows = ask(cluster, "stands", "--day", "2026-06-17")["stands"]
        row = next(r for r in rows if (r["meter"], r["register"], r["at"]) == (TOWN_HALL, "1-0:1.8.0", utc_text(FIRST)))
        conflicting = StandOnWire(
            sequence=1,
            meter=row["meter"],
            register=row["register"],
            wh=str(int(row["wh"]) + 1),
            resolution="1",
            at=FIRST,
            before=FIRST,
            after=FIRST,
            quality=Quality.MEASURED,
            epoch=row["epoch"],
            boot="other",
            monotonic_ms=1,
            clock=ClockState.UNKNOWN,
        )
        receipt = send(
            cluster, "townhall", encode(StandsMessage(gateway="townhall", outbox="x", stands=(conflicting,)))
        )
        assert [one.verdict for one in receipt.receipts] == [Verdict.CONFLICT]
        broken = send(cluster, "townhall", b'{"v":1,"stands":[')
        assert broken.verdict is Verdict.REFUSED

        until = FIRST + 4 * HOUR
        wait_until(cluster, until + timedelta(minutes=5))
        wait_for(lambda: len(complete_hours(cluster)) >= 4)
        checked = check(cluster, cluster.work.scenario, until)
        assert checked.differences == []
        assert checked.hours == 4
        kinds = [finding["kind"] for finding in ask(cluster, "findings", "--day", "2026-06-17")["findings"]]
        assert {"conflict", "refused"} <= set(kinds)
        assert "unknown_meter" not in kinds

        # What the school injects is not what its inverter makes: it uses part of it.
        stands = {
            (r["meter"], r["register"], r["at"]): int(float(r["wh"]))
            for r in ask(cluster, "stands", "--day", "2026-06-17")["stands"]
        }
        made = stands[YIELD, "1-0:2.8.0", utc_text(until)] - stands[YIELD, "1-0:2.8.0", utc_text(FIRST)]
        shares = ask(cluster, "shares", "--day", "2026-06-17")
        school = next(member for member in shares["members"] if member["member"] == "school")
        injected = school["injected_wh"]
        assert 0 < injected < made
        allocated = sum(row["allocated_wh"] or 0 for row in shares["rows"] if row["start"] < utc_text(until))
        covered = (hour["covered_wh"] for start, hour in complete_hours(cluster).items() if start < until)
        assert allocated == sum(covered) > 0
        before = ask(cluster, "stands", "--day", "2026-06-17")["stands"]
        cluster.kill("central", signal.SIGTERM)
        rebuilt = subprocess.run(
            [program("klaster-central"), "rebuild", str(cluster.work.path / "central.toml")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert rebuilt.returncode == 0, rebuilt.stderr
        after = ask(cluster, "stands", "--day", "2026-06-17")["stands"]
        assert {msgspec.json.encode(row) for row in before} <= {msgspec.json.encode(row) for row in after}


def test_sigkill_of_gateway_central_and_broker_loses_and_doubles_nothing(tmp_path: Path) -> None:
    cluster = daytime_cluster(tmp_path)
    with cluster:
        wait_until(cluster, FIRST + timedelta(minutes=40))
        cluster.kill("central")
        wait_until(cluster, FIRST + timedelta(minutes=70))
        cluster.start_child("central")
        wait_until(cluster, FIRST + timedelta(minutes=100))
        cluster.kill("broker")
        wait_until(cluster, FIRST + timedelta(minutes=125))
        cluster.start_child("broker")
        wait_until(cluster, FIRST + timedelta(minutes=170))
        # Down over two full hours: 3 and 4 after the first.
        cluster.kill("gateway-school")
        wait_until(cluster, FIRST + timedelta(minutes=255))
        cluster.start_child("gateway-school")
        until = FIRST + 6 * HOUR
        wait_until(cluster, FIRST + timedelta(minutes=315))
        cluster.kill("central")
        cluster.kill("broker")
        cluster.start_child("broker")
        cluster.start_child("central")
        wait_until(cluster, until + timedelta(minutes=5))
        wait_for(lambda: len(complete_hours(cluster)) >= 3)
        wait_for(lambda: until - HOUR in complete_hours(cluster))

        checked = check(cluster, cluster.work.scenario, until)
        lost = [FIRST + 3 * HOUR, FIRST + 4 * HOUR]
        for difference in checked.differences:
            if difference.kind is Kind.STAND_MISSING:
                assert difference.at in lost, difference
                assert difference.what.split()[0] in {SCHOOL, YIELD}, difference
            else:
                assert difference.kind is Kind.HOUR_MISSING, difference
                assert difference.at in {FIRST + 2 * HOUR, *lost}, difference
        found = [hour for hour in sorted(complete_hours(cluster)) if hour < until]
        assert found == [FIRST, FIRST + HOUR, FIRST + 5 * HOUR]

        scenario = cluster.work.scenario
        books = keep_books(scenario, true_flows(scenario, World(scenario), until), until)
        point = next(site.point for site in scenario.sites if site.id == "school")
        gap = (FIRST + 2 * HOUR, FIRST + 5 * HOUR)
        (finding,) = (
            f
            for f in ask(cluster, "findings", "--day", "2026-06-17")["findings"]
            if (f["kind"], f["what"], f["since"], f["until"]) == ("missing", point, utc_text(gap[0]), utc_text(gap[1]))
        )
        for direction in ("drawn", "injected"):
            true = sum(
                energy.wh
                for energy in books.energies
                if energy.point == point and energy.direction == direction and gap[0] <= energy.start < gap[1]
            )
            assert f"{direction} in all exactly {true} Wh" in finding["text"]
