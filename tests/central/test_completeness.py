"""Expected and present periods by day and source, causes, deadlines and weights: pure, of made-up tables."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from central.asked_for import AskedFor
from central.causes import Around, Causes, Recorded, Stretch
from central.cluster import cluster_of
from central.completeness import Completeness, completeness
from central.deadlines import DEADLINES, Given, operators
from central.evidence import GatewaySeen
from central.finding import Finding
from central.gap_requests import AN_HOUR, to_ask
from central.master import master_tables, periods_table
from central.missing_weight import weigh
from central.precedence import SOURCED
from central.rates import Component, Rate
from central.settings import Settings
from central.tables import GAPS, INSTANT, labels
from metering.period import Month, day_start
from metering.wire import GatewayStatus, MeterStatus

HOUR = timedelta(hours=1)
LATER = datetime(2027, 6, 1, tzinfo=UTC)
RATES = tuple(
    Rate(component=Component(name), zl_per_kwh=price)
    for name, price in (("oze", "0.01"), ("chp", "0.003"), ("network_variable", "0.2"), ("quality", "0.03"))
)


def made(
    month: Month, *, lacking: dict[str, set[datetime]] | None = None, points: int = 0, period: str = "hour"
) -> dict[str, pa.Table]:
    """A point that draws 1000 Wh and one that injects 700 Wh in every hour but those lacking."""
    more = [{"id": f"M{i}", "member": "A", "directions": ["drawn"]} for i in range(points)]
    cluster = cluster_of(
        {
            "cluster": {"name": "Test", "registered_from": date(2024, 10, 1), "period": period},
            "members": [{"id": "A"}],
            "points": [
                {"id": "D", "member": "A", "directions": ["drawn"]},
                {"id": "S", "member": "A", "directions": ["injected"], "source": "pv"},
                *more,
            ],
        },
        "cluster.toml",
    )
    periods = periods_table(cluster, month)
    starts = periods["start"].to_pylist()
    ways = [("D", "drawn", 1000), ("S", "injected", 700), *((str(one["id"]), "drawn", 1000) for one in more)]
    rows = [
        (name, way, at, wh) for name, way, wh in ways for at in starts if at not in (lacking or {}).get(name, set())
    ]
    names, _, at, wh = zip(*rows, strict=True)
    energies = pa.table(
        {
            "cluster": labels(["Test"], np.zeros(len(rows), dtype=np.int64)),
            "point": pa.array(names, pa.string()).dictionary_encode(),
            "direction": pa.array([row[1] for row in rows], pa.string()).dictionary_encode(),
            "start": pa.array(at, INSTANT),
            "wh": pa.array(wh, pa.int64()),
            "quality": pa.array(["measured"] * len(rows), pa.string()).dictionary_encode(),
            "source": pa.array(["operator" if name == "S" else "own" for name in names]).dictionary_encode(),
            "file": pa.nulls(len(rows), pa.int64()),
        }
    ).cast(SOURCED)
    return {**master_tables(cluster, RATES), "periods": periods, "energies": energies}


def gap(since: datetime, until: datetime, wh: int) -> pa.Table:
    row = {"point": "D", "direction": "drawn", "meter": "M", "since": since, "until": until, "proved": True}
    return pa.Table.from_pylist([row | {"first_wh": 0, "then_wh": wh}], schema=GAPS)


def whole(tables: dict[str, pa.Table], now: datetime = LATER, gaps: pa.Table | None = None) -> Completeness:
    return completeness(tables, GAPS.empty_table() if gaps is None else gaps, Settings(), now)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (10, 24, 24)])
@pytest.mark.parametrize(("period", "times"), [("hour", 1), ("quarter", 4)])
def test_a_local_day_expects_its_23_24_or_25_hours(month: int, day: int, hours: int, period: str, times: int) -> None:
    found = whole(made(Month(2026, month), period=period))
    assert found.by_day(found.due)[day - 1].tolist() == [hours * times] * 2
    assert not found.missing.any()


def test_only_what_has_ended_is_expected_and_what_is_missing_is_counted_by_source_and_proof() -> None:
    begin = day_start(date(2026, 10, 5))
    lacking = {"D": {begin + HOUR, begin + 2 * HOUR, begin + 6 * HOUR}}
    now = begin + 7 * HOUR + timedelta(minutes=6)
    tables = made(Month(2026, 10), lacking=lacking)
    found = whole(tables, now, gap(begin + HOUR, begin + 3 * HOUR, 1700))
    assert found.by_day(found.due)[4].tolist() == [7, 7]
    assert found.by_day(found.due)[5].tolist() == [0, 0]
    assert found.by_day(found.missing)[4].tolist() == [3, 0]
    assert found.by_day(found.proved)[4].tolist() == [2, 0]
    assert [(one.p, found.at(one.first), one.last - one.first) for one in found.stretches()] == [
        (0, begin + HOUR, 2),
        (0, begin + 6 * HOUR, 1),
    ]
    assert set(found.source[found.due[:, 0] & ~found.missing[:, 0], 0].tolist()) == {0}
    assert set(found.source[found.due[:, 1], 1].tolist()) == {1}


def test_estimates_are_counted_apart_and_an_unknown_source_is_refused() -> None:
    tables = made(Month(2026, 10))

    def said(word: str) -> dict[str, pa.Table]:
        source = pa.array([word] * tables["energies"].num_rows).dictionary_encode()
        energies = tables["energies"].drop_columns(["source"]).append_column("source", source)
        return {**tables, "energies": energies}

    assert set(whole(said("estimate")).source.flatten().tolist()) == {2}
    with pytest.raises(ValueError, match="guessed"):
        whole(said("guessed"))


def test_the_weight_of_a_period_is_the_relief_of_the_whole_cluster_in_it() -> None:
    begin = day_start(date(2026, 10, 5))
    tables = made(Month(2026, 10), lacking={"D": {begin + HOUR}})
    found = whole(tables)
    weights = weigh(found, tables, Settings())
    place = int(np.flatnonzero(found.missing[:, 0])[0])
    assert weights.guess[place, 0] == 1000
    # 70 % covered: two steps (10 %) off network and quality, no OZE and CHP fee, on 0.7 kWh.
    assert weights.relief[place] == pytest.approx(0.7 * (0.013 + 0.23 * 0.05))
    assert weights.charge[place, 0] == pytest.approx(0.243)
    assert np.count_nonzero(weights.relief) == 1


def test_a_month_of_a_thousand_points_takes_less_than_a_second_of_processor() -> None:
    tables = made(Month(2026, 10), points=998)
    begun = time.process_time()
    found = whole(tables)
    took = time.process_time() - begun
    assert found.due.shape == (745, 1000)
    assert took < 1


GATEWAY = GatewayStatus(online=True, backlog=0)


def causes(
    status: GatewayStatus | None, now: datetime, heard: datetime | None, records: tuple[Recorded, ...] = ()
) -> Causes:
    row = {"serial": "M", "point": "D", "role": "settlement", "gateway": "g", "valid_from": None, "valid_to": None}
    seen = GatewaySeen(gateway="g", status=status, heard=heard, receipted=heard)
    return Causes(Around(now=now, meters=[row], gateways=[seen], records=records))


def test_causes_are_told_from_what_gateways_say() -> None:
    at = datetime(2026, 10, 5, 12, tzinfo=UTC)
    one = Stretch(point="D", direction="drawn", since=at, until=at + 2 * HOUR)
    now = at + 3 * HOUR

    def said(status: GatewayStatus | None, heard: datetime | None, operator: str | None = None) -> list[str]:
        return [cause.cause for cause in causes(status, now, heard).of(one, operator)]

    assert said(GATEWAY, now) == ["nothing_known"]
    assert said(GatewayStatus(online=True, backlog=7), now) == ["backlog"]
    assert said(GatewayStatus(online=False), at) == ["gateway_silent"]
    failing = MeterStatus(id="M", bus="b", profile="p", last_read=at, error="no answer")
    assert said(GatewayStatus(online=True, meters=(failing,)), now) == ["meter_failing"]
    assert said(GATEWAY, now, "PGE") == ["file_awaited"]
    late = causes(GATEWAY, now + timedelta(days=4), now + timedelta(days=4)).of(one, "PGE")
    assert [(cause.cause, cause.deadline) for cause in late] == [("file_late", "n+3")]


def test_what_was_recorded_while_it_lasted_explains_what_is_older() -> None:
    at = datetime(2026, 10, 5, 12, tzinfo=UTC)
    one = Stretch(point="D", direction="drawn", since=at, until=at + 2 * HOUR)
    trouble = Finding(kind="meter_failing", what="M", text="no answer", way_out="-", identity=("g", "M"))
    now = at + timedelta(days=9)

    def said(since: datetime, until: datetime, meter: str) -> list[tuple[str, str]]:
        finding = msgspec.structs.replace(trouble, identity=("g", meter))
        record = Recorded(id="f1", finding=finding, since=since, until=until)
        return [(cause.cause, cause.finding) for cause in causes(GATEWAY, now, now, (record,)).of(one, None)]

    assert said(at - HOUR, at + HOUR, "M") == [("meter_failing", "f1")]
    assert said(at - HOUR, at + HOUR, "N") == said(at - 2 * HOUR, at, "M") == [("nothing_known", "")]


def test_deadlines_are_local_and_say_who_is_late() -> None:
    day = date(2026, 10, 22)
    assert [one.due(day).isoformat() for one in DEADLINES] == [
        "2026-10-23T07:00:00+00:00",
        "2026-10-25T11:00:00+00:00",
        "2026-10-29T23:00:00+00:00",
        "2026-11-21T23:00:00+00:00",
    ]
    now = datetime(2026, 10, 26, tzinfo=UTC)
    found = whole(made(Month(2026, 10)), now)
    known, since = np.zeros(found.due.shape, dtype=np.bool_), np.full(found.due.shape, np.inf)
    of_day = np.flatnonzero(found.days.of == day.day - 1)
    # 22 of 24 hours came two days later: 91.6 % were there, too late for n+1 and too little for n+3.
    known[of_day[:22], 1] = True
    since[of_day[:22], 1] = datetime(2026, 10, 24, tzinfo=UTC).timestamp()
    names = [[None, "PGE" if one == day else None] for one in found.days.days]
    (operator,) = operators(found, Given(known, since), names, now)
    assert (operator["operator"], operator["late"], operator["late_since"]) == ("PGE", 1, "2026-10-25T11:00:00Z")
    (told,) = operator["days"]
    assert [(one["state"], one["present_then"]) for one in told["deadlines"]] == [
        ("met_late", 0),
        ("late", 22),
        ("due", None),
        ("due", None),
    ]


def test_gateways_are_asked_once_then_after_a_growing_pause_and_never_too_often() -> None:
    at = datetime(2026, 10, 5, 12, tzinfo=UTC)
    now = at + 12 * HOUR
    known = causes(GATEWAY, now, now)
    there = [GatewaySeen(gateway="g", status=GATEWAY, heard=now, receipted=now)]
    gaps = [("D", at, at + HOUR)]
    (one,) = to_ask(gaps, known, there, [], frozenset(), now)
    assert (one.gateway, one.since, one.until, one.meters) == ("g", at, at + HOUR, ("M",))
    for times, pause in ((1, 1), (2, 4), (3, 16)):
        asked = AskedFor(gateway="g", point="D", since=at, until=at + HOUR, times=times, at=now, request="r")
        almost, then = now + pause * HOUR - timedelta(seconds=1), now + pause * HOUR
        assert to_ask(gaps, known, there, [asked], frozenset(), almost) == []
        assert to_ask(gaps, known, there, [asked], frozenset({"r"}), then) == []
        assert len(to_ask(gaps, known, there, [asked], frozenset(), then)) == 1
    busy = [GatewaySeen(gateway="g", status=GatewayStatus(online=True, backlog=1), heard=now, receipted=now)]
    assert to_ask(gaps, known, busy, [], frozenset(), now) == []
    assert to_ask([("D", now - HOUR, now)], known, there, [], frozenset(), now) == []
    assert (
        to_ask([("D", now - timedelta(days=460), now - timedelta(days=451))], known, there, [], frozenset(), now) == []
    )
    many = [("D", at - n * 2 * HOUR, at - n * 2 * HOUR + HOUR) for n in range(20)]
    assert len(to_ask(many, known, there, [], frozenset(), now)) == AN_HOUR
