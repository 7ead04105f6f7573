"""Rows of things that have readings: one of several of a point in time, a code, a meter's; and what is only changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.cluster import Cluster, load_cluster
from central.cluster.removals import removal_problems
from central.readings import MeterSeen, PointSeen

JUNE, JULY, AUGUST = (datetime(2026, month, 2, tzinfo=UTC) for month in (6, 7, 8))
HEAD = """
[cluster]
name = "T"
registered_from = 2026-01-01
[[members]]
id = "A"
[[members]]
id = "B"
"""
FIRST = """
[[points]]
id = "P"
member = "A"
directions = ["drawn"]
valid_to = 2026-07-01
"""
SECOND = """
[[points]]
id = "P"
member = "B"
directions = ["drawn"]
valid_from = 2026-07-01
"""
CODE = '[[points.aliases]]\ncode = "OLD"\n'
METER = '[[meters]]\nserial = "M"\npoint = "P"\nrole = "settlement"\n'


def cluster(folder: Path, *parts: str) -> Cluster:
    (folder / "c.toml").write_text("\n".join((HEAD, *parts)), encoding="utf-8")
    return load_cluster(folder / "c.toml")


def said(folder: Path, old: list[str], new: list[str], *, points: tuple = (), meters: tuple = ()) -> list[str]:
    before, after = cluster(folder, *old), cluster(folder, *new)
    return [str(one) for one in removal_problems(before, after, meters, points, "c.toml", "new.xlsx")]


def test_one_row_of_a_point_that_changed_hands_cannot_go_where_there_are_readings_of_its_time(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, [FIRST, SECOND], [SECOND], points=(PointSeen("P", JUNE, AUGUST),))
    assert problem.startswith(
        'c.toml: points[1] = "P": the row that is valid from the beginning to 2026-07-01T00:00:00'
    )
    assert "isn't in new.xlsx, but there are intervals of point P, from 2026-06-02" in problem
    assert problem.endswith("keep this row there, and end it with valid_to")
    (problem,) = said(tmp_path, [FIRST, SECOND], [FIRST], points=(PointSeen("P", JUNE, AUGUST),))
    assert problem.startswith('c.toml: points[2] = "P": the row that is valid from 2026-07-01T00:00:00+02:00 on')
    seen = MeterSeen(meter="M", gateway="g", first=JUNE, last=AUGUST, stands=9)
    (problem,) = said(tmp_path, [FIRST, SECOND, METER], [SECOND, METER], meters=(seen,))
    assert "9 stands of meter M" in problem


@pytest.mark.parametrize(
    "new",
    [
        [FIRST, SECOND],
        [FIRST.replace("2026-07-01", "2026-06-01"), SECOND],
        [FIRST, SECOND + "valid_to = 2026-07-15\n"],
        [FIRST.replace('"A"', '"B"').replace("valid_to = 2026-07-01", "")],
    ],
)
def test_rows_that_are_shortened_or_lengthened_are_changes(tmp_path: Path, new: list[str]) -> None:
    seen = (PointSeen("P", JUNE, AUGUST),)
    assert said(tmp_path, [FIRST, SECOND], new, points=seen) == []


def test_a_row_of_a_time_without_readings_may_go(tmp_path: Path) -> None:
    assert said(tmp_path, [FIRST, SECOND], [SECOND], points=(PointSeen("P", JULY, AUGUST),)) == []
    assert said(tmp_path, [FIRST, SECOND], [SECOND], points=(PointSeen("other", JUNE, AUGUST),)) == []


def test_a_code_under_which_values_came_cannot_go_and_holds_its_point(tmp_path: Path) -> None:
    seen = (PointSeen("OLD", JUNE, JUNE),)
    (problem,) = said(tmp_path, [FIRST + CODE, SECOND], [FIRST, SECOND], points=seen)
    assert problem.startswith('c.toml: points[1].aliases[1] = "OLD": isn\'t in new.xlsx, but there are intervals of')
    (problem,) = said(tmp_path, [FIRST + CODE, SECOND], [SECOND], points=seen)
    assert problem.startswith('c.toml: points[1] = "P"'), "of a point and its code the uppermost is named"
