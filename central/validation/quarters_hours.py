"""``quarters_hours``: an hour's own value and its four quarters' sum, from two files, too far apart."""

from __future__ import annotations

from collections.abc import Iterator

from central.differing import differing
from central.finding import Finding
from central.series import Series


def check(series: Series) -> Iterator[Finding]:
    """Only hours that came both ways."""
    yield from differing(
        series,
        "quarters_hours",
        "quarters_given",
        "hours_given",
        "findings.quarters_hours",
        "four quarters {one_num} Wh, the hour's own value {other_num} Wh",
        "ask the operator which of the two files is right; read the right one again",
    )
