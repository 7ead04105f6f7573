"""Validation in the books: found by the service's rounds, accepted with a reason, and staying accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from central.acknowledging import acknowledge
from central.answers import Span
from central.ask import ask
from central.config import load_config
from central.readings import IntervalGiven
from central.stores.sqlite import SqliteStore
from metering.period import HOUR, QUARTER, Month
from tests.central.stands import CLUSTER, T0, stand
from tests.central.test_looking import Service

SPAN = Span(month=Month(2026, 6))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    made.cluster.write_text(CLUSTER.replace('source = "wind"', 'source = "pv"'), encoding="utf-8")
    yield made
    made.keeper.close()


def test_a_false_alarm_is_accepted_with_a_reason_and_stays_accepted_while_it_grows(service: Service) -> None:
    service.hours(*range(-2, 0))
    service.look_at_all(T0)
    first = service.one("pv_at_night")
    assert (first.finding.what, first.finding.where, first.finding.since) == ("F1", "injected", T0 - 2 * HOUR)
    assert (first.finding.first, first.finding.second) == ("1000", "50")
    config = load_config(service.config_file)
    acknowledge(config, first.id, "Anna Kowalska", "a floodlit test field", T0)
    service.hours(*range(25))
    service.look_at_all(T0 + timedelta(hours=24, minutes=10))
    assert [kind for kind, _ in service.open() if kind == "pv_at_night"] == []
    answer = ask("findings", service.config_file, SPAN, T0 + 24 * HOUR).value
    ever = ask("findings_ever", service.config_file, SPAN, T0 + 24 * HOUR).value
    assert answer is not None
    assert ever is not None
    assert "pv_at_night" not in {row["kind"] for row in answer["findings"]}
    (row,) = [row for row in ever["findings"] if row["kind"] == "pv_at_night"]
    assert row["acknowledged"] == {"by": "Anna Kowalska", "reason": "a floodlit test field"}


def test_a_limit_of_the_cluster_file_closes_what_is_below_it(service: Service) -> None:
    service.hours(*range(-2, 1))
    service.look_at_all(T0)
    assert service.one("pv_at_night")
    text = service.cluster.read_text(encoding="utf-8")
    service.cluster.write_text(f"{text}\n[validation]\nnight_wh = 1000\n", encoding="utf-8")
    service.look_at_all(T0 + timedelta(minutes=1))
    assert "pv_at_night" not in {kind for kind, _ in service.open()}


def test_what_a_point_injects_without_declaring_it_is_found_and_in_no_balance(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.send(
        *(stand(hour, str(500 + 7 * hour), sequence=50 + hour, register="1-0:2.8.0") for hour in range(3)),
        at=T0 + 2 * HOUR,
    )
    service.look_at_all(T0 + timedelta(hours=2, minutes=6))
    found = service.one("no_source").finding
    assert (found.what, found.since, found.until) == ("A1", T0, T0 + 2 * HOUR)
    assert (found.first, found.second) == ("14", "0")
    answer = ask("balance", service.config_file, SPAN, T0 + 2 * HOUR).value
    assert answer is not None
    # The farm's 1,000 Wh an hour (four hours), and nothing else.
    assert answer["sums"]["injected_res_wh"] == 4000


def test_operators_files_are_held_against_the_gateway_and_their_quarters_against_their_hours(service: Service) -> None:
    service.hours(*range(-2, 3))
    rows = [(T0 - HOUR, HOUR, "99.6"), (T0, HOUR, "250"), *((T0 + i * QUARTER, QUARTER, "20.4") for i in range(4))]
    given = [
        IntervalGiven("A1", "drawn", "raw", int(start.timestamp()), int(length.total_seconds()), wh, "measured", "")
        for start, length, wh in rows
    ]
    store = SqliteStore(load_config(service.config_file).readings)
    store.admit_file(1, given)
    store.close()
    limits = "\n[validation]\ndiffers_min_wh = 10\n"
    service.cluster.write_text(service.cluster.read_text(encoding="utf-8") + limits, encoding="utf-8")
    service.look_at_all(T0 + timedelta(hours=2, minutes=6))
    apart = service.one("quarters_hours").finding
    assert (apart.what, apart.since, apart.first, apart.second) == ("A1", T0, "82", "250")
    theirs = service.one("operator_differs").finding
    assert (theirs.since, theirs.until, theirs.first, theirs.second) == (T0, T0 + HOUR, "100", "82")
