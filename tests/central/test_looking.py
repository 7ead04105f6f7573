"""Findings open and close by themselves, round by round, as stands come and files change; real databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from central.answers import Span
from central.ask import ask
from central.config import load_config
from central.finding import Finding
from central.findings_file import FindingsFile, Record
from central.journal import Message
from central.keeper import Keeper
from central.looking import Looked, look
from metering.period import HOUR, Month, utc_text
from metering.wire import BusStatus, GatewayStatus, MeterStatus, Rejected, StandOnWire, StandsMessage, encode
from tests.central.stands import CLUSTER, T0, stand
from tests.mosquitto import free_port

BOTH = ("M1", "1-0:1.8.0"), ("M2", "1-0:2.8.0")
NIGHT = T0 - timedelta(hours=2)
"""The beginning of the local day from which the points are valid."""


class Service:
    """Central's keeper and rounds of looking, without broker."""

    def __init__(self, folder: Path, store: str = "") -> None:
        self.cluster = folder / "cluster.toml"
        self.cluster.write_text(CLUSTER, encoding="utf-8")
        self.rates = folder / "rates.toml"
        self.config_file = folder / "central.toml"
        self.config_file.write_text(
            '[central]\ndata_dir = "data"\ncluster = "cluster.toml"\n' + store, encoding="utf-8"
        )
        self.keeper = Keeper(load_config(self.config_file))
        self.state = Looked()
        self.sequence = 0

    def with_rates(self, text: str) -> None:
        self.rates.write_text(text, encoding="utf-8")
        text = self.config_file.read_text(encoding="utf-8")
        self.config_file.write_text(f'{text}rates = "rates.toml"\n', encoding="utf-8")

    def send(self, *stands: StandOnWire, at: datetime, gateway: str = "g1") -> None:
        payload = encode(StandsMessage(gateway=gateway, outbox="o", stands=stands))
        self.keeper.take([Message(received=at, gateway=gateway, payload=payload)], at)

    def hours(self, *hours: float, meters: tuple[tuple[str, str], ...] = BOTH, at: datetime | None = None) -> None:
        """Stands of both meters at hours after ``T0``; each hour is 100 Wh."""
        for hour in hours:
            stands = []
            for meter, register in meters:
                self.sequence += 1
                wh = str(round(100 * hour) + 1000)
                stands.append(stand(hour, wh, sequence=self.sequence, meter=meter, register=register))
            self.send(*stands, at=at or T0 + timedelta(hours=hour, minutes=1))

    def look(self, at: datetime, *, rounds: int = 1) -> Looked:
        for _ in range(rounds):
            self.state = look(self.config_file, at, self.state)
        return self.state

    def look_at_all(self, at: datetime) -> Looked:
        self.look(at)
        while self.state.more:
            self.look(at)
        assert self.state.trouble == ""
        return self.state

    def records(self) -> list[Record]:
        file = FindingsFile(load_config(self.config_file).findings_file)
        try:
            return file.records()
        finally:
            file.close()

    def open(self) -> list[tuple[str, str]]:
        return [(one.finding.kind, one.finding.what) for one in self.records() if one.closed is None]

    def one(self, kind: str) -> Record:
        (found,) = [record for record in self.records() if record.finding.kind == kind and record.closed is None]
        return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.keeper.close()


def test_missing_hours_are_one_finding_that_grows_and_closes_when_the_backlog_comes(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.hours(3, 4, meters=BOTH[1:])
    service.look_at_all(T0 + timedelta(hours=3, minutes=10))
    first = service.one("missing")
    assert (first.finding.what, first.finding.since, first.finding.until) == ("A1", T0 + 2 * HOUR, T0 + 3 * HOUR)
    service.look_at_all(T0 + timedelta(hours=4, minutes=10))
    grown = service.one("missing")
    assert (grown.id, grown.opened, grown.finding.until) == (first.id, first.opened, T0 + 4 * HOUR)
    service.hours(3, 4, meters=BOTH[:1], at=T0 + timedelta(hours=4, minutes=20))
    state = service.look_at_all(T0 + timedelta(hours=4, minutes=20))
    assert (service.open(), state.closed) == ([], ("missing A1",))
    assert service.records()[0].closed == T0 + timedelta(hours=4, minutes=20)


def test_a_gap_has_both_stands_and_the_sum_they_prove(service: Service) -> None:
    service.hours(*range(-2, 3), 4)
    service.look_at_all(T0 + timedelta(hours=4, minutes=10))
    found = next(r.finding for r in service.records() if r.finding.what == "A1")
    assert (found.first, found.second, found.unit, found.wh) == ("1200", "1400", "Wh", 200)


def test_an_hour_is_not_missed_before_its_stands_can_be_here(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=3, minutes=4))
    assert service.open() == []


def test_an_unknown_meter_is_found_until_the_cluster_file_knows_it(service: Service) -> None:
    service.cluster.write_text(CLUSTER.replace('serial = "M2"', 'serial = "M3"'), encoding="utf-8")
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=2, minutes=10))
    assert ("unknown_meter", "M2") in service.open()
    assert ("missing", "F1") in service.open()
    service.cluster.write_text(CLUSTER + "\n", encoding="utf-8")
    service.look_at_all(T0 + timedelta(hours=2, minutes=11))
    assert service.open() == []


def test_a_month_that_has_ended_incomplete_says_how_many_hours_and_which_points(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.look_at_all(T0)
    end = Month(2026, 6).end
    service.look_at_all(end + timedelta(minutes=4))
    assert ("incomplete_month", "2026-06") not in service.open()
    service.look_at_all(end + timedelta(minutes=6))
    found = service.one("incomplete_month").finding
    missing = (end - NIGHT) // HOUR - 4
    assert (found.first, found.second, found.unit) == (str(missing), "720", "hours")
    assert f"A1 {missing}, F1 {missing}" in found.text
    service.hours(*range(3, (end - T0) // HOUR + 1), at=end + timedelta(minutes=7))
    service.look_at_all(end + timedelta(minutes=8))
    assert ("incomplete_month", "2026-06") not in service.open()


def test_stands_for_a_month_long_gone_bring_it_up_again(service: Service) -> None:
    later = datetime(2028, 1, 10, 12, tzinfo=UTC)
    service.hours(*range(-2, 3))
    service.look_at_all(later)
    assert ("incomplete_month", "2026-06") not in service.open()
    service.hours(5, at=later)
    service.look_at_all(later + timedelta(seconds=1))
    assert ("incomplete_month", "2026-06") in service.open()


def test_months_before_the_cluster_are_not_brought_up_by_a_clock_that_was_never_set(service: Service) -> None:
    service.look_at_all(T0)
    service.hours((datetime(2000, 1, 1, 1, tzinfo=UTC) - T0) // HOUR, at=T0)
    service.look_at_all(T0 + timedelta(minutes=1))
    assert {one.scope for one in service.records()} <= {"intake", "month 2026-06"}


def test_at_the_start_the_last_thirteen_months_are_looked_at_a_few_at_a_time(service: Service) -> None:
    service.hours(*range(-2, 3))
    now = datetime(2027, 6, 17, 12, tzinfo=UTC)
    state = service.look(now)
    assert (state.more, len(state.due), state.due[0]) == (True, 11, "2027-04")
    service.look_at_all(now)
    incomplete = {one.finding.what for one in service.records() if one.finding.kind == "incomplete_month"}
    assert incomplete == {f"2026-{m:02}" for m in range(6, 13)} | {f"2027-{m:02}" for m in range(1, 6)}


def test_a_conflict_is_acknowledged_and_stays_closed(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.send(stand(1, "1101"), at=T0 + timedelta(hours=2, minutes=5), gateway="g2")
    service.look_at_all(T0 + timedelta(hours=2, minutes=6))
    found = service.one("conflict")
    assert (found.finding.first, found.finding.second) == ("1100", "1101")
    file = FindingsFile(load_config(service.config_file).findings_file)
    file.acknowledge(found.id, "Anna", "a test", T0 + timedelta(hours=2, minutes=7))
    file.close()
    service.look_at_all(T0 + timedelta(hours=2, minutes=8))
    assert service.open() == []
    answer = ask("findings", service.config_file, Span(month=Month(2026, 6)), T0 + timedelta(hours=2, minutes=8))
    assert answer.value is not None
    assert answer.value["findings"] == []


def test_a_rate_that_is_missing_is_named_with_its_days(service: Service) -> None:
    rates = [
        f'[[rates]]\ncomponent = "{name}"\nzl_per_kwh = "0.1"\nsource = "s"\nstatus = "verified"\n'
        + ("valid_from = 2026-06-20\n" if name == "oze" else "")
        for name in ("chp", "oze", "quality")
    ]
    service.with_rates("".join(rates))
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=2, minutes=6))
    found = {
        one.finding.what: (one.finding.first, one.finding.second, one.finding.unit)
        for one in service.records()
        if one.finding.kind == "rate_missing"
    }
    assert found == {"oze, tariff C11": ("3", "14", "days"), "network_variable, tariff C11": ("14", "14", "days")}
    service.rates.write_text("".join(rates).replace("valid_from = 2026-06-20", ""), encoding="utf-8")
    service.look_at_all(T0 + timedelta(hours=2, minutes=7))
    assert service.open() == [("rate_missing", "network_variable, tariff C11")]


def test_what_is_open_of_a_month_long_gone_closes_when_its_rate_comes(service: Service) -> None:
    rates = "".join(
        f'[[rates]]\ncomponent = "{name}"\nzl_per_kwh = "0.1"\nsource = "s"\nstatus = "verified"\n'
        for name in ("chp", "oze", "quality", "network_variable")
    )
    service.with_rates(rates.replace('"oze"\n', '"oze"\nvalid_from = 2026-07-01\n'))
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=2, minutes=6))
    assert service.open() == [("rate_missing", "oze, tariff C11")]
    service.rates.write_text(rates, encoding="utf-8")
    service.look_at_all(datetime(2028, 1, 10, tzinfo=UTC))
    assert "rate_missing" not in {kind for kind, _ in service.open()}


def test_a_gateway_that_says_nothing_a_failing_meter_and_rejected_values(service: Service) -> None:
    service.hours(*range(-2, 3))
    now = T0 + timedelta(hours=2, minutes=10)
    rejected = Rejected(register="1-0:1.8.0", problem="falls", value="3", last_value="1200", at=now, count=4)
    meter = MeterStatus(id="M1", bus="b", profile="p", last_read=now, error="no answer", rejected=(rejected,))
    status = GatewayStatus(online=True, at=now, buses=(BusStatus(id="b", link="l", connected=True),), meters=(meter,))
    service.keeper.heard("g1", status, now)
    service.look_at_all(now)
    assert sorted(service.open()) == [("glitch", "M1"), ("meter_failing", "M1")]
    glitch = service.one("glitch").finding
    assert (glitch.first, glitch.second, glitch.unit) == ("1200", "3", "Wh")
    well = msgspec.structs.replace(
        meter, error="", rejected=(msgspec.structs.replace(rejected, until=now + timedelta(minutes=1)),)
    )
    service.keeper.heard("g1", msgspec.structs.replace(status, meters=(well,)), now + timedelta(minutes=1))
    service.look_at_all(now + timedelta(minutes=2))
    assert service.open() == []
    service.keeper.heard("g1", GatewayStatus(online=False), now + timedelta(minutes=3))
    service.look_at_all(now + timedelta(minutes=4))
    silent = service.one("gateway_silent").finding
    said = (utc_text(now + timedelta(minutes=3)), utc_text(now + timedelta(minutes=4)), "instant")
    assert (silent.first, silent.second, silent.unit) == said
    service.keeper.heard("g1", status, now + timedelta(minutes=5))
    service.look_at_all(now + timedelta(minutes=6))
    assert ("gateway_silent", "g1") not in service.open()


def test_stands_from_the_future_make_a_clock_finding_with_both_instants(service: Service) -> None:
    service.hours(*range(-2, 3))
    received = T0 + timedelta(hours=2, minutes=30)
    service.hours(3, at=received)
    service.look_at_all(T0 + timedelta(hours=3, minutes=6))
    found = service.one("clock").finding
    assert (found.what, found.first, found.second) == ("g1", utc_text(T0 + 3 * HOUR), utc_text(received))


def test_a_cluster_file_that_cannot_be_used_changes_no_record(service: Service) -> None:
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=4))
    before = service.records()
    assert before
    service.cluster.write_text("[cluster", encoding="utf-8")
    assert "cluster.toml" in service.look(T0 + timedelta(hours=9)).trouble
    assert service.records() == before


def test_the_answer_names_the_record_and_later_ones_without_it(service: Service) -> None:
    service.hours(*range(-2, 3))
    month, now = Span(month=Month(2026, 6)), T0 + timedelta(hours=3, minutes=6)
    answer = ask("findings", service.config_file, month, now).value
    assert answer is not None
    assert [(row["what"], row["opened"]) for row in answer["findings"]] == [("A1", None), ("F1", None)]
    service.look_at_all(now)
    recorded = ask("findings", service.config_file, month, now + timedelta(minutes=30)).value
    assert recorded is not None
    assert [(row["id"], row["opened"]) for row in recorded["findings"]] == [
        (row["id"], utc_text(now)) for row in answer["findings"]
    ]
    service.hours(3, 4)
    service.look_at_all(now + HOUR)
    after = ask("findings", service.config_file, month, now + HOUR).value
    ever = ask("findings_ever", service.config_file, month, now + HOUR).value
    assert after is not None
    assert ever is not None
    assert after["findings"] == []
    assert [(row["what"], row["closed"]) for row in ever["findings"]] == [
        ("A1", utc_text(now + HOUR)),
        ("F1", utc_text(now + HOUR)),
    ]


def test_while_the_store_is_down_a_month_stays_as_it_is_and_the_intake_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    service = Service(
        tmp_path,
        f'[store]\nkind = "influxdb"\nurl = "http://127.0.0.1:{free_port()}"\nbucket = "b"\ntoken_file = "token"\n',
    )
    try:
        service.send(stand(0, "5", meter="M9"), at=T0)
        file = FindingsFile(load_config(service.config_file).findings_file)
        kept = Finding(kind="missing", what="A1", since=T0, until=T0 + HOUR, text="1 period", way_out="wait")
        file.looked("month 2026-06", [kept], T0)
        file.close()
        state = service.look(T0 + HOUR)
        assert "127.0.0.1" in state.trouble
        assert state.due == ("2026-06",)
        assert sorted(service.open()) == [
            ("missing", "A1"),
            ("store_behind", "readings store"),
            ("store_down", "readings store"),
            ("unknown_meter", "M9"),
        ]
        assert service.one("missing").seen == T0
    finally:
        service.keeper.close()


def test_what_a_check_stumbles_over_costs_its_own_scope_a_look_and_is_told(service: Service, monkeypatch) -> None:
    service.cluster.write_text(CLUSTER.replace('serial = "M2"', 'serial = "M3"'), encoding="utf-8")
    service.hours(*range(-2, 3))
    service.look_at_all(T0 + timedelta(hours=4, minutes=10))
    assert {("missing", "A1"), ("unknown_meter", "M2")} <= set(service.open())

    def stumbles(_: object) -> Iterator[Finding]:
        raise KeyError("nobody thought of that")

    with monkeypatch.context() as patched:
        patched.setattr("central.checks.OF_MONTH", (stumbles,))
        service.cluster.write_text(CLUSTER, encoding="utf-8")
        looked = service.look(T0 + timedelta(hours=5, minutes=10))
    assert "2026-06: KeyError: 'nobody thought of that' (test_looking.py:" in looked.trouble
    assert ("missing", "A1") in service.open()
    assert ("unknown_meter", "M2") not in service.open()
    assert service.look(T0 + timedelta(hours=6, minutes=10)).trouble == ""
