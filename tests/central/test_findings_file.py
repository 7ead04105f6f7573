"""Findings as records: whatever the order of looks, open is what was found at the last one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from central.finding import FINAL, Finding
from central.findings_file import FindingsFile, NotAcknowledgedError, Record

T0 = datetime(2026, 6, 17, tzinfo=UTC)
SCOPES = ("month 2026-06", "intake")


def finding(what: str, *, kind: str = "missing", until: int = 1, over: bool = False) -> Finding:
    return Finding(
        kind=kind,
        what=what,
        since=T0,
        until=T0 + timedelta(hours=until),
        first="1",
        second="2",
        unit="Wh",
        text=f"{until} periods",
        way_out="wait",
        over=over,
    )


@pytest.fixture
def file(tmp_path: Path) -> Iterator[FindingsFile]:
    made = FindingsFile(tmp_path / "findings.sqlite")
    yield made
    made.close()


def open_(file: FindingsFile) -> list[Record]:
    return [record for record in file.records() if record.closed is None]


def test_a_stretch_that_grows_is_one_record(file: FindingsFile):
    for hour in range(1, 4):
        file.looked(SCOPES[0], [finding("A1", until=hour)], T0 + timedelta(hours=hour))
    (record,) = file.records()
    assert (record.finding.until, record.finding.text) == (T0 + timedelta(hours=3), "3 periods")
    assert (record.opened, record.seen, record.closed) == (T0 + timedelta(hours=1), T0 + timedelta(hours=3), None)


def test_one_that_is_found_again_is_a_new_record_and_the_old_one_stays(file: FindingsFile):
    for hour, found in enumerate([[finding("A1")], [], [finding("A1")]]):
        change = file.looked(SCOPES[0], found, T0 + timedelta(hours=hour))
    assert [one.what for one in change.opened] == ["A1"]
    old, new = file.records()
    assert old.id == finding("A1").key
    assert new.id == f"{old.id}-2"
    assert (old.closed, new.opened, new.closed) == (T0 + timedelta(hours=1), T0 + timedelta(hours=2), None)
    assert (old.seen, new.seen) == (T0, T0 + timedelta(hours=2))


def test_a_scope_that_is_not_looked_at_stays_as_it_is(file: FindingsFile):
    file.looked(SCOPES[0], [finding("A1")], T0)
    file.looked(SCOPES[1], [], T0)
    assert [record.finding.what for record in open_(file)] == ["A1"]


def test_what_began_and_ended_between_two_looks_is_recorded_once_and_closed(file: FindingsFile):
    for _ in range(3):
        change = file.looked(SCOPES[1], [finding("M1", kind="glitch", over=True)], T0)
    assert change == type(change)()
    (record,) = file.records()
    assert record.closed == T0


def test_an_open_one_that_is_over_closes_with_its_end(file: FindingsFile):
    file.looked(SCOPES[1], [finding("M1", kind="glitch")], T0)
    file.looked(SCOPES[1], [finding("M1", kind="glitch", until=5, over=True)], T0 + timedelta(hours=6))
    (record,) = file.records()
    assert (record.closed, record.finding.until) == (T0 + timedelta(hours=6), T0 + timedelta(hours=5))


def test_a_conflict_stays_open_until_it_is_acknowledged_and_closed_ever_after(file: FindingsFile):
    conflict = finding("M1", kind="conflict")
    file.looked(SCOPES[1], [conflict], T0)
    record = file.acknowledge(conflict.key, "Anna", "the second gateway was a test", T0 + timedelta(hours=1))
    assert (record.closed, record.by) == (T0 + timedelta(hours=1), "Anna")
    file.looked(SCOPES[1], [conflict], T0 + timedelta(hours=2))
    assert file.records() == [record]


@pytest.mark.parametrize(
    ("id_", "said"),
    [
        ("nothing", "no finding nothing is recorded"),
        (finding("A1").key, "it closes by itself. Its way out: wait"),
        (finding("M2", kind="conflict").key, "was closed at 2026-06-17T03:00:00"),
    ],
)
def test_what_closes_by_itself_or_is_closed_cannot_be_acknowledged(file: FindingsFile, id_: str, said: str):
    file.looked(SCOPES[1], [finding("A1"), finding("M2", kind="conflict")], T0)
    file.looked(SCOPES[1], [finding("A1")], T0 + timedelta(hours=1))
    before = file.records()
    with pytest.raises(NotAcknowledgedError, match=said.replace("(", r"\(")):
        file.acknowledge(id_, "Anna", "because", T0 + timedelta(hours=2))
    assert file.records() == before


class Looks(RuleBasedStateMachine):
    """Looks at two scopes, acknowledgements and new connections in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "findings.sqlite"
        self.file = FindingsFile(self.path)
        self.now = T0
        self.found: dict[str, set[str]] = {scope: set() for scope in SCOPES}
        self.acknowledged: set[str] = set()

    @rule(scope=st.sampled_from(SCOPES), letters=st.sets(st.sampled_from("abcd")))
    def look(self, scope: str, letters: set[str]) -> None:
        self.now += timedelta(minutes=1)
        kind = "missing" if scope == SCOPES[0] else "conflict"
        found = [finding(letter, kind=kind) for letter in sorted(letters)]
        change = self.file.looked(scope, found, self.now)
        keys = {one.key for one in found} - self.acknowledged
        assert {one.key for one in change.opened} == keys - self.found[scope]
        assert {one.key for one in change.closed} == self.found[scope] - keys
        self.found[scope] = keys

    @rule(letter=st.sampled_from("abcd"))
    def acknowledge(self, letter: str) -> None:
        for record in open_(self.file):
            if record.finding.kind in FINAL and record.finding.what == letter:
                self.file.acknowledge(record.id, "B", "r", self.now)
                self.acknowledged.add(record.finding.key)
                self.found[SCOPES[1]].discard(record.finding.key)

    @rule()
    def open_anew(self) -> None:
        self.file.close()
        self.file = FindingsFile(self.path)

    @invariant()
    def open_is_what_was_found_at_the_last_look(self) -> None:
        records = self.file.records()
        assert len({record.id for record in records}) == len(records)
        keys = [record.finding.key for record in records if record.closed is None]
        assert len(keys) == len(set(keys))
        assert set(keys) == self.found[SCOPES[0]] | self.found[SCOPES[1]]
        assert all(record.closed is None or record.closed >= record.opened for record in records)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


TestLooks = Looks.TestCase
TestLooks.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


def test_a_finding_is_kept_as_it_was(file: FindingsFile):
    one = msgspec.structs.replace(finding("A1"), wh=5, identity=("A1", "x"), where="gateway g1")
    file.looked(SCOPES[0], [one], T0)
    assert file.records()[0].finding == one
