from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.faults import Fault, FaultFile, Kind, damaged, reset_reading
from simulators.reading import Reading
from simulators.servers.modbus import parse_rtu, rtu_frame


def test_a_trouble_is_seen_by_another_process_and_goes_again(tmp_path: Path) -> None:
    ours, theirs = FaultFile(tmp_path), FaultFile(tmp_path)
    assert theirs.now() == {}
    ours.set("1", Fault(kind=Kind.DELAY, seconds=1.5))
    ours.set("2", Fault(kind=Kind.RESET, at=datetime(2026, 6, 17, tzinfo=UTC)))
    assert (
        theirs.now()
        == ours.now()
        == {
            "1": Fault(kind=Kind.DELAY, seconds=1.5),
            "2": Fault(kind=Kind.RESET, at=datetime(2026, 6, 17, tzinfo=UTC)),
        }
    )
    ours.set("1", None)
    assert set(theirs.now()) == {"2"}


def test_a_file_that_cannot_be_read_leaves_the_last_troubles(tmp_path: Path) -> None:
    file = FaultFile(tmp_path)
    file.set("1", Fault(kind=Kind.SILENCE))
    assert file.now()
    file.path.write_text("{", encoding="utf-8")
    assert file.now() == {"1": Fault(kind=Kind.SILENCE)}


def test_a_reset_needs_its_instant() -> None:
    with pytest.raises(ValueError, match="instant"):
        Fault(kind=Kind.RESET)


def test_after_a_reset_the_counters_count_from_nothing() -> None:
    assert reset_reading(Reading(1500, 20, 5.0), Reading(1000, 20, 1.0)) == Reading(500, 0, 5.0)


def test_a_damaged_frame_differs_in_at_most_two_bits_of_what_is_checked_or_is_cut_off() -> None:
    frame, lot = bytes(range(40)), random.Random(7)
    spoilt = [damaged(lot, frame, 9) for _ in range(500)]
    cut = [one for one in spoilt if len(one) < len(frame)]
    assert 0 < len(cut) < len(spoilt)
    assert all(frame.startswith(one) and one for one in cut)
    for one in spoilt:
        if len(one) == len(frame):
            wrong = [(a ^ b).bit_count() for a, b in zip(one, frame, strict=True)]
            assert 1 <= sum(wrong[:9]) <= 2
            assert not any(wrong[9:])


def test_no_damaged_serial_frame_is_taken_for_a_good_one() -> None:
    frame, lot = rtu_frame(1, bytes([4, 4, 1, 2, 3, 4])), random.Random(8)
    assert all(parse_rtu(damaged(lot, frame, len(frame))) is None for _ in range(2000))
