"""A meter's exchange: what people read at it proves the energy up to it and from it on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.central.test_energies import EXPORT, IMPORT, T0, energies, meter, run, stand

NEW = "M2"


def at(hour: float):
    return T0 + timedelta(hours=hour)


def exchanged(hour: float, closing: str | None, opening: str | None, *, serial: str = NEW, multiplier: str = "1"):
    """The old meter M1 until an hour of the day, another one from it on; stands in Wh."""
    old = meter(last=at(hour)) | {"closing": [(IMPORT, closing)] if closing else None}
    new = meter(serial, first=at(hour), multiplier=multiplier) | {"opening": [(IMPORT, opening)] if opening else None}
    return [old, new]


def drawn(result) -> dict[float, int]:
    return {hour: wh for _, direction, hour, wh in energies(result) if direction == "drawn"}


def test_a_changed_multiplier_counts_from_its_record_on_and_no_stand_is_multiplied_by_two() -> None:
    stands = [stand(hour, str(1000 + 10 * hour)) for hour in range(5)]
    records = [meter(last=at(2)), meter(multiplier="40", first=at(2))]
    assert drawn(run(stands, records)) == {0: 10, 1: 10, 2: 400, 3: 400}
    # Off the grid of the stands: the hour in which it changed is nobody's.
    records = [meter(last=at(2.5)), meter(multiplier="40", first=at(2.5))]
    assert drawn(run(stands, records)) == {0: 10, 1: 10, 3: 400}


def test_both_stands_make_the_hour_of_the_exchange_one_sum_by_each_meters_own_multiplier() -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter=NEW), stand(4, "80", meter=NEW)]
    records = exchanged(2.6, "5160", "68", multiplier="10")
    assert drawn(run(stands, records)) == {1: 100, 2: 60 + 20, 3: 100}


@pytest.mark.parametrize("hour", [2, 3])
def test_the_record_may_end_at_the_full_hour_before_the_exchange_or_after_it(hour: int) -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter=NEW), stand(4, "80", meter=NEW)]
    assert drawn(run(stands, exchanged(hour, "5160", "68"))) == {1: 100, 2: 62, 3: 10}


def test_at_a_full_hour_without_a_gateways_stand_the_entered_ones_stand_in_for_it() -> None:
    stands = [stand(1, "5000"), stand(3, "70", meter=NEW)]
    assert drawn(run(stands, exchanged(2, "5160", "68"))) == {1: 160, 2: 2}
    assert drawn(run(stands, exchanged(2, "5160", None))) == {1: 160}
    assert drawn(run(stands, exchanged(2, None, "68"))) == {2: 2}


def test_without_both_stands_an_exchange_within_the_hour_leaves_it_missing() -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter=NEW), stand(4, "80", meter=NEW)]
    for closing, opening in (("5160", None), (None, "68"), (None, None)):
        assert drawn(run(stands, exchanged(2.6, closing, opening))) == {1: 100, 3: 10}


def test_what_is_missing_around_the_exchange_is_a_proved_sum_and_fills_no_hour() -> None:
    stands = [stand(0, "5000"), stand(5, "70", meter=NEW), stand(6, "71", meter=NEW)]
    result = run(stands, exchanged(2.6, "5160", "68"))
    assert drawn(result) == {5: 1}
    (gap,) = result["gaps"].to_pylist()
    assert (gap["since"], gap["until"], gap["then_wh"] - gap["first_wh"], gap["proved"]) == (at(0), at(5), 162, True)


@pytest.mark.parametrize(("closing", "opening"), [("5099", "10"), ("5200", "71")])
def test_an_entered_stand_that_contradicts_the_gateways_is_reported_and_gives_nothing(
    closing: str, opening: str
) -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter=NEW)]
    result = run(stands, exchanged(2.6, closing, opening))
    assert drawn(result) == {1: 100}
    assert [row["proved"] for row in result["gaps"].to_pylist()] == [False]


def test_a_meter_that_keeps_its_declared_id_is_told_apart_by_its_lives() -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", epoch="e2"), stand(4, "80", epoch="e2")]
    for hour in (2, 2.6, 3):
        assert drawn(run(stands, exchanged(hour, "5160", "68", serial="M1"))) == {1: 100, 2: 62, 3: 10}, hour


def test_a_life_that_goes_on_across_the_records_end_needs_no_entered_stand() -> None:
    stands = [stand(hour, str(1000 + 10 * hour)) for hour in range(5)]
    assert drawn(run(stands, exchanged(2, "9999", "1", serial="M1"))) == {0: 10, 1: 10, 2: 10, 3: 10}


def test_the_lives_are_the_gateways_alone_and_another_register_is_untouched() -> None:
    stands = [stand(1, "5000"), stand(2, "5100"), stand(3, "70", meter=NEW)]
    stands += [
        stand(1, "7", register=EXPORT),
        stand(2, "8", register=EXPORT),
        stand(3, "9", meter=NEW, register=EXPORT),
    ]
    result = run(stands, exchanged(2.6, "5160", "68"))
    assert [(row["direction"], row["last"]) for row in result["lives"].to_pylist()] == [
        ("drawn", at(2)),
        ("injected", at(2)),
    ]
    assert [hour for _, way, hour, _ in energies(result) if way == "injected"] == [1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 500), min_size=4, max_size=30), st.data())
def test_energies_and_proofs_are_what_both_meters_counted_together(rises: list[int], data: st.DataObject) -> None:
    # Quarters of an hour: full hours are read, the meters are exchanged at any quarter.
    when = data.draw(st.integers(1, len(rises) - 1))
    lost = data.draw(st.sets(st.integers(0, len(rises) // 4)))
    total = [sum(rises[:i]) for i in range(len(rises) + 1)]
    stands = []
    for quarter in range(0, len(rises) + 1, 4):
        if quarter // 4 not in lost and quarter != when:
            old = quarter < when
            shown = 5000 + total[quarter] if old else 40 + total[quarter] - total[when]
            stands.append(stand(quarter / 4, str(shown), meter="M1" if old else NEW))
    result = run(stands, exchanged(when / 4, str(5000 + total[when]), "40"))
    known = drawn(result)
    for hour, wh in known.items():
        assert wh == total[int(hour) * 4 + 4] - total[int(hour) * 4]
    for gap in result["gaps"].to_pylist():
        first, last = ((gap[name] - T0) // timedelta(minutes=15) for name in ("since", "until"))
        assert gap["then_wh"] - gap["first_wh"] == total[last] - total[first]
    hours = [(one["at"] - T0) // timedelta(hours=1) for one in stands]
    if hours and min(hours) * 4 < when < max(hours) * 4:
        proved = sum(row["then_wh"] - row["first_wh"] for row in result["gaps"].to_pylist() if row["proved"])
        whole = sum(known.values()) + proved
        assert whole == total[max(hours) * 4] - total[min(hours) * 4]
